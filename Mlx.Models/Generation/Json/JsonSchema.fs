namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text.Json
open System.Text.Json.Nodes

/// <summary>What a JSON value may be.</summary>
[<RequireQualifiedAccess>]
type JsonShape =
    /// Only null.
    | Null
    /// True or false.
    | Boolean
    /// A whole number within bounds; the least is 0 or less, the most 0 or more.
    | Integer of least: bigint * most: bigint
    /// A number, written without an exponent.
    | Number
    /// Any text.
    | String
    /// A text of one character (one unit of UTF-16).
    | Letter
    /// One of these values, each as JSON.
    | Literals of string list
    /// A list of so many items of a shape.
    | Array of item: JsonShape * least: int * most: int option
    /// A list with an item of each shape.
    | Tuple of JsonShape list
    /// An object with these properties, in this order.
    | Object of JsonField list
    /// An object with any names and values of a shape.
    | Map of JsonShape
    /// One of several.
    | AnyOf of JsonShape list
    /// What the definition of this name says.
    | Ref of string

/// <summary>A property of an object.</summary>
and JsonField =
    {
        /// Its name.
        Name: string
        /// Its value.
        Value: JsonShape
        /// Whether it is always there.
        IsRequired: bool
    }

/// <summary>What a JSON text may be: a subset of JSON Schema.</summary>
type JsonSchema =
    {
        /// The whole.
        Root: JsonShape
        /// The shapes that have names, for those that contain themselves.
        Definitions: Map<string, JsonShape>
    }

/// <summary>Schemas of JSON texts.</summary>
[<RequireQualifiedAccess>]
module JsonSchema =
    let private any = "any value"

    /// <summary>Any JSON value.</summary>
    let anything: JsonSchema =
        let value = JsonShape.Ref any

        let all =
            [ JsonShape.Null
              JsonShape.Boolean
              JsonShape.Number
              JsonShape.String
              JsonShape.Array(value, 0, None)
              JsonShape.Map value ]

        { Root = value; Definitions = Map [ any, JsonShape.AnyOf all ] }

    /// <summary>Any JSON object.</summary>
    let anyObject: JsonSchema = { anything with Root = JsonShape.Map(JsonShape.Ref any) }

    /// Whole numbers as far as 64 bits go.
    let private integer = JsonShape.Integer(bigint Int64.MinValue, bigint Int64.MaxValue)

    /// Says nothing of what a value may be.
    let private annotations =
        set
            [ "$schema"
              "$id"
              "$defs"
              "definitions"
              "title"
              "description"
              "default"
              "examples"
              "deprecated"
              "$comment"
              "strict"
              "name" ]

    [<Sealed>]
    type private Reader() =
        let problems = List<string>()

        member _.Problems = List.ofSeq problems

        member private _.Wrong (path: string) (problem: string) : JsonShape =
            problems.Add $"{path}: {problem}"
            JsonShape.Null

        member private this.Count (path: string) (o: JsonElement) (name: string) : int option =
            match o.TryGetProperty name with
            | true, value ->
                match value.ValueKind = JsonValueKind.Number, value.TryGetInt32() with
                | true, (true, count) when count >= 0 -> Some count
                | _ ->
                    this.Wrong $"{path}/{name}" "a whole number from 0 on is wanted" |> ignore
                    None
            | _ -> None

        member private this.List (path: string) (value: JsonElement) : JsonElement list =
            if value.ValueKind = JsonValueKind.Array && value.GetArrayLength() > 0 then
                List.ofSeq (value.EnumerateArray())
            else
                this.Wrong path "a list of one or more is wanted" |> ignore
                []

        /// Keywords other than those that a kind of value has.
        member private this.Only (path: string) (o: JsonElement) (known: string list) =
            for property in o.EnumerateObject() do
                if
                    not (annotations.Contains property.Name || List.contains property.Name known)
                then
                    this.Wrong $"{path}/{property.Name}" "this keyword is not supported" |> ignore

        member private this.Object (path: string) (o: JsonElement) : JsonShape =
            this.Only path o [ "type"; "properties"; "required"; "additionalProperties" ]

            match o.TryGetProperty "properties" with
            | true, properties when properties.ValueKind = JsonValueKind.Object ->
                let required =
                    match o.TryGetProperty "required" with
                    | true, names when names.ValueKind = JsonValueKind.Array ->
                        set [ for name in names.EnumerateArray() -> name.ToString() ]
                    | _ -> Set.empty

                let names = set [ for property in properties.EnumerateObject() -> property.Name ]

                for name in required - names do
                    this.Wrong $"{path}/required" $"there is no property \"{name}\"" |> ignore

                JsonShape.Object
                    [ for property in properties.EnumerateObject() ->
                          { Name = property.Name
                            Value = this.Shape $"{path}/properties/{property.Name}" property.Value
                            IsRequired = required.Contains property.Name } ]
            | true, _ -> this.Wrong $"{path}/properties" "an object is wanted"
            | _ ->
                match o.TryGetProperty "additionalProperties" with
                | true, value when value.ValueKind = JsonValueKind.Object ->
                    JsonShape.Map(this.Shape $"{path}/additionalProperties" value)
                | true, value when value.ValueKind = JsonValueKind.False -> JsonShape.Object []
                | _ -> anyObject.Root

        member private this.Array (path: string) (o: JsonElement) : JsonShape =
            this.Only path o [ "type"; "items"; "minItems"; "maxItems"; "prefixItems" ]
            let least = this.Count path o "minItems" |> Option.defaultValue 0
            let most = this.Count path o "maxItems"

            if most.IsSome && most.Value < least then
                this.Wrong $"{path}/maxItems" "it is less than minItems" |> ignore

            match o.TryGetProperty "prefixItems", o.TryGetProperty "items" with
            | (true, items), _ ->
                JsonShape.Tuple
                    [ for i, item in List.indexed (this.List $"{path}/prefixItems" items) ->
                          this.Shape $"{path}/prefixItems/{i}" item ]
            | _, (true, item) -> JsonShape.Array(this.Shape $"{path}/items" item, least, most)
            | _ -> JsonShape.Array(JsonShape.Ref any, least, most)

        member private this.OfType (path: string) (o: JsonElement) (name: string) : JsonShape =
            match name with
            | "object" -> this.Object path o
            | "array" -> this.Array path o
            | simple ->
                this.Only path o [ "type" ]

                match simple with
                | "string" -> JsonShape.String
                | "integer" -> integer
                | "number" -> JsonShape.Number
                | "boolean" -> JsonShape.Boolean
                | "null" -> JsonShape.Null
                | _ -> this.Wrong $"{path}/type" $"there is no type \"{simple}\""

        /// The shape that a schema says, and its path in the text for what is wrong.
        member this.Shape (path: string) (o: JsonElement) : JsonShape =
            let has (name: string) =
                o.ValueKind = JsonValueKind.Object && fst (o.TryGetProperty name)

            let get (name: string) = o.GetProperty name

            let choice (name: string) =
                this.Only path o [ name; "type" ]

                JsonShape.AnyOf
                    [ for i, part in List.indexed (this.List $"{path}/{name}" (get name)) ->
                          this.Shape $"{path}/{name}/{i}" part ]

            match o.ValueKind with
            | JsonValueKind.True -> JsonShape.Ref any
            | JsonValueKind.Object when has "$ref" ->
                let target = (get "$ref").ToString()
                let name = target.Substring(target.LastIndexOf '/' + 1)

                if target = "#" then
                    JsonShape.Ref "#"
                elif target.StartsWith "#/$defs/" || target.StartsWith "#/definitions/" then
                    JsonShape.Ref name
                else
                    this.Wrong $"{path}/$ref" $"\"{target}\" is no definition of this schema"
            | JsonValueKind.Object when has "const" ->
                JsonShape.Literals [ JsonSerializer.Serialize(get "const") ]
            | JsonValueKind.Object when has "enum" ->
                JsonShape.Literals
                    [ for value in this.List $"{path}/enum" (get "enum") ->
                          JsonSerializer.Serialize value ]
            | JsonValueKind.Object when has "anyOf" -> choice "anyOf"
            | JsonValueKind.Object when has "oneOf" -> choice "oneOf"
            | JsonValueKind.Object when has "type" ->
                let kind = get "type"

                match kind.ValueKind with
                | JsonValueKind.String -> this.OfType path o (kind.ToString())
                | _ ->
                    JsonShape.AnyOf
                        [ for name in this.List $"{path}/type" kind ->
                              this.OfType path o (name.ToString()) ]
            | JsonValueKind.Object when has "properties" -> this.Object path o
            | JsonValueKind.Object when has "items" -> this.Array path o
            | JsonValueKind.Object ->
                this.Only path o []
                JsonShape.Ref any
            | _ -> this.Wrong path "a schema is an object, or true"

        /// The definitions that a schema has.
        member this.Definitions(o: JsonElement) : Map<string, JsonShape> =
            Map
                [ for part in [ "$defs"; "definitions" ] do
                      match o.ValueKind = JsonValueKind.Object, o with
                      | true, o when fst (o.TryGetProperty part) ->
                          for definition in (o.GetProperty part).EnumerateObject() ->
                              let path = $"#/{part}/{definition.Name}"
                              definition.Name, this.Shape path definition.Value
                      | _ -> () ]

    /// <summary>
    /// Reads a JSON Schema. The subset: <c>type</c>, <c>properties</c>, <c>required</c>,
    /// <c>additionalProperties</c> of an object without properties, <c>items</c>,
    /// <c>prefixItems</c>, <c>minItems</c>, <c>maxItems</c>, <c>enum</c>, <c>const</c>,
    /// <c>anyOf</c>, <c>oneOf</c>, and <c>$ref</c> to <c>$defs</c>. An object with properties has no
    /// others.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">It is no such schema; all that is wrong is told
    /// at once.</exception>
    /// <example><code>
    /// let schema = JsonSchema.parse """{"type": "array", "items": {"type": "integer"}}"""
    /// </code></example>
    let parse (text: string) : JsonSchema =
        let source = "JSON schema"

        try
            use json = JsonDocument.Parse text
            let reader = Reader()
            let root = reader.Shape "#" json.RootElement
            let definitions = reader.Definitions json.RootElement

            if not reader.Problems.IsEmpty then
                raise (ModelException(source, reader.Problems))

            { Root = root
              Definitions =
                (anything.Definitions, definitions)
                ||> Map.fold (fun all name shape -> Map.add name shape all)
                |> Map.add "#" root }
        with :? JsonException as e ->
            raise (ModelException(source, [ e.Message ], e))

    let private node (text: string) : JsonNode | null = JsonNode.Parse text
    let private typed (name: string) = JsonObject([ KeyValuePair("type", node $"\"{name}\"") ])

    let private list (items: seq<JsonNode | null>) : JsonArray = JsonArray(Array.ofSeq items)

    let rec private write (shape: JsonShape) : JsonNode =
        match shape with
        | JsonShape.Null -> typed "null"
        | JsonShape.Boolean -> typed "boolean"
        | JsonShape.Integer _ -> typed "integer"
        | JsonShape.Number -> typed "number"
        | JsonShape.String
        | JsonShape.Letter -> typed "string"
        | JsonShape.Literals texts ->
            JsonObject([ KeyValuePair("enum", list (Seq.map node texts) :> JsonNode | null) ])
        | JsonShape.Array(item, least, most) ->
            let o = typed "array"
            o["items"] <- write item

            if least > 0 then
                o["minItems"] <- least

            most |> Option.iter (fun most -> o["maxItems"] <- most)
            o
        | JsonShape.Tuple items ->
            let o = typed "array"
            o["prefixItems"] <- list [ for item in items -> write item ]
            o
        | JsonShape.Object properties ->
            let o = typed "object"
            let all = JsonObject()

            for property in properties do
                all[property.Name] <- write property.Value

            o["properties"] <- all
            let required = properties |> List.filter _.IsRequired
            o["required"] <- list [ for p in required -> node (JsonSerializer.Serialize p.Name) ]
            o["additionalProperties"] <- false
            o
        | JsonShape.Map value ->
            let o = typed "object"
            o["additionalProperties"] <- write value
            o
        | JsonShape.AnyOf parts ->
            let o = JsonObject()
            o["anyOf"] <- list [ for part in parts -> write part ]
            o
        | JsonShape.Ref name when name = any -> JsonObject()
        | JsonShape.Ref "#" -> JsonObject([ KeyValuePair("$ref", node "\"#\"") ])
        | JsonShape.Ref name ->
            JsonObject([ KeyValuePair("$ref", node (JsonSerializer.Serialize $"#/$defs/{name}")) ])

    /// <summary>The schema as JSON: to show it to a model.</summary>
    /// <example><code>
    /// JsonSchema.parse """{"type": "integer"}""" |> JsonSchema.toText
    /// // => {"type":"integer"}
    /// </code></example>
    let toText (schema: JsonSchema) : string =
        let root = write schema.Root

        let definitions =
            schema.Definitions |> Map.filter (fun name _ -> name <> any && name <> "#")

        if not definitions.IsEmpty then
            let all = JsonObject()

            for KeyValue(name, shape) in definitions do
                all[name] <- write shape

            root["$defs"] <- all

        root.ToJsonString()
