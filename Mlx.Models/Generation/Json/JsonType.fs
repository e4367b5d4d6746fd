namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text.Json
open Microsoft.FSharp.Reflection

/// .NET and F# types as schemas, and values of them from JSON.
[<RequireQualifiedAccess>]
module internal JsonType =
    /// The property of a union's object that names the case.
    let private caseName = "case"

    let private quote (name: string) = JsonSerializer.Serialize name

    let private (|Generic|_|) (t: Type) =
        if t.IsGenericType then
            Some(t.GetGenericTypeDefinition(), List.ofArray (t.GetGenericArguments()))
        else
            None

    let private isOption (t: Type) =
        match t with
        | Generic(d, _) -> d = typedefof<option<_>> || d = typedefof<voption<_>>
        | _ -> false

    let private integers =
        [ typeof<sbyte>, bigint SByte.MinValue, bigint SByte.MaxValue
          typeof<byte>, 0I, bigint (int Byte.MaxValue)
          typeof<int16>, bigint (int Int16.MinValue), bigint (int Int16.MaxValue)
          typeof<uint16>, 0I, bigint (int UInt16.MaxValue)
          typeof<int>, bigint Int32.MinValue, bigint Int32.MaxValue
          typeof<uint32>, 0I, bigint UInt32.MaxValue
          typeof<int64>, bigint Int64.MinValue, bigint Int64.MaxValue
          typeof<uint64>, 0I, bigint UInt64.MaxValue ]

    let private isNumber (t: Type) = t = typeof<float> || t = typeof<float32> || t = typeof<decimal>

    let private isPlainUnion (t: Type) =
        FSharpType.IsUnion t
        && FSharpType.GetUnionCases t |> Array.forall (fun c -> c.GetFields().Length = 0)

    let private nameOf (t: Type) = string t

    let private unsupported (t: Type) : 'T =
        let problem =
            $"{t} has no JSON schema here: records, unions, options, lists, arrays, sets, maps of "
            + "strings, tuples, enums, texts, numbers and bools have"

        raise (NotSupportedException problem)

    /// The schema of a type. Records and unions have definitions, for they may contain themselves.
    let schema (root: Type) : JsonSchema =
        let definitions = Dictionary<string, JsonShape>()

        let rec shape (t: Type) : JsonShape =
            match integers |> List.tryFind (fun (i, _, _) -> i = t) with
            | Some(_, least, most) -> JsonShape.Integer(least, most)
            | None when t = typeof<string> -> JsonShape.String
            | None when t = typeof<bool> -> JsonShape.Boolean
            | None when t = typeof<char> -> JsonShape.Letter
            | None when isNumber t -> JsonShape.Number
            | None when t.IsEnum -> JsonShape.Literals [ for name in Enum.GetNames t -> quote name ]
            | None when t.IsArray && t.GetArrayRank() = 1 ->
                JsonShape.Array(shape (nonNull (t.GetElementType())), 0, None)
            | None when FSharpType.IsTuple t ->
                JsonShape.Tuple [ for part in FSharpType.GetTupleElements t -> shape part ]
            | None ->
                match t with
                | Generic(_, [ value ]) when isOption t ->
                    // Null within null could not be told from it.
                    if isOption value then
                        unsupported t

                    JsonShape.AnyOf [ shape value; JsonShape.Null ]
                | Generic(d, [ item ]) when
                    d = typedefof<_ list> || d = typedefof<Set<_>> || d = typedefof<seq<_>>
                    ->
                    JsonShape.Array(shape item, 0, None)
                | Generic(d, [ key; value ]) when d = typedefof<Map<_, _>> && key = typeof<string> ->
                    JsonShape.Map(shape value)
                | _ when FSharpType.IsRecord t || FSharpType.IsUnion t ->
                    let name = nameOf t

                    if not (definitions.ContainsKey name) then
                        definitions[name] <- JsonShape.Null
                        definitions[name] <- if FSharpType.IsRecord t then record t else union t

                    JsonShape.Ref name
                | _ -> unsupported t

        and property (name: string) (t: Type) : JsonField =
            match t with
            | Generic(_, [ value ]) when isOption t && not (isOption value) ->
                { Name = name; Value = shape value; IsRequired = false }
            | _ -> { Name = name; Value = shape t; IsRequired = true }

        and record (t: Type) : JsonShape =
            JsonShape.Object
                [ for field in FSharpType.GetRecordFields t ->
                      property field.Name field.PropertyType ]

        and union (t: Type) : JsonShape =
            let cases = FSharpType.GetUnionCases t

            if isPlainUnion t then
                JsonShape.Literals [ for case in cases -> quote case.Name ]
            else
                JsonShape.AnyOf
                    [ for case in cases ->
                          let fields = List.ofArray (case.GetFields())

                          if fields |> List.exists (fun field -> field.Name = caseName) then
                              unsupported t

                          let tag =
                              { Name = caseName
                                Value = JsonShape.Literals [ quote case.Name ]
                                IsRequired = true }

                          let own = [ for f in fields -> property f.Name f.PropertyType ]
                          JsonShape.Object(tag :: own) ]

        let root = shape root

        { Root = root
          Definitions = Map [ for KeyValue(name, shape) in definitions -> name, shape ] }

    /// An F# list or the like of items whose type is known only here.
    let private ofItems (t: Type) (item: Type) (values: objnull list) : objnull =
        let items = Array.CreateInstance(item, values.Length)
        values |> List.iteri (fun i value -> items.SetValue(value, i))

        let convert (owner: string) (name: string) : objnull =
            let m = nonNull ((nonNull (typeof<list<int>>.Assembly.GetType owner)).GetMethod name)
            m.MakeGenericMethod(item).Invoke(null, [| box items |])

        match t with
        | Generic(d, _) when d = typedefof<_ list> ->
            convert "Microsoft.FSharp.Collections.ListModule" "OfArray"
        | Generic(d, _) when d = typedefof<Set<_>> ->
            convert "Microsoft.FSharp.Collections.SetModule" "OfArray"
        | _ -> box items

    /// The value of a type that JSON of its schema says.
    let rec read (t: Type) (json: JsonElement) : objnull =
        if t = typeof<string> then
            box (json.GetString())
        elif t = typeof<bool> then
            box (json.GetBoolean())
        elif t = typeof<char> then
            box ((nonNull (json.GetString()))[0])
        elif t = typeof<float> then
            box (json.GetDouble())
        elif t = typeof<float32> then
            box (json.GetSingle())
        elif t = typeof<decimal> then
            box (json.GetDecimal())
        elif integers |> List.exists (fun (i, _, _) -> i = t) then
            let culture = Globalization.CultureInfo.InvariantCulture
            Convert.ChangeType(bigint.Parse(json.GetRawText(), culture) |> decimal, t, culture)
        elif t.IsEnum then
            Enum.Parse(t, nonNull (json.GetString()))
        elif t.IsArray then
            items t (nonNull (t.GetElementType())) json
        elif FSharpType.IsTuple t then
            let parts = Seq.zip (FSharpType.GetTupleElements t) (json.EnumerateArray())
            FSharpValue.MakeTuple([| for part, json in parts -> read part json |], t)
        else
            match t with
            | Generic(_, [ value ]) when isOption t -> option t value (Some json)
            | Generic(d, [ item ]) when
                d = typedefof<_ list> || d = typedefof<Set<_>> || d = typedefof<seq<_>>
                ->
                items t item json
            | Generic(d, [ _; value ]) when d = typedefof<Map<_, _>> ->
                let pair = typedefof<_ * _>.MakeGenericType(typeof<string>, value)

                let pairs =
                    [ for entry in json.EnumerateObject() ->
                          FSharpValue.MakeTuple([| entry.Name; read value entry.Value |], pair) ]

                Activator.CreateInstance(t, ofItems typeof<obj> pair pairs)
            | _ when FSharpType.IsRecord t ->
                let fields = FSharpType.GetRecordFields t
                let values = [| for f in fields -> field f.Name f.PropertyType json |]
                FSharpValue.MakeRecord(t, values)
            | _ when isPlainUnion t ->
                FSharpValue.MakeUnion(case t (nonNull (json.GetString())), [||])
            | _ when FSharpType.IsUnion t ->
                let case = case t (nonNull ((json.GetProperty caseName).GetString()))
                let values = [| for f in case.GetFields() -> field f.Name f.PropertyType json |]
                FSharpValue.MakeUnion(case, values)
            | _ -> unsupported t

    and private items (t: Type) (item: Type) (json: JsonElement) : objnull =
        ofItems t item [ for value in json.EnumerateArray() -> read item value ]

    and private case (t: Type) (name: string) : UnionCaseInfo =
        FSharpType.GetUnionCases t |> Array.find (fun case -> case.Name = name)

    and private field (name: string) (t: Type) (json: JsonElement) : objnull =
        match json.TryGetProperty name, t with
        | (true, value), _ -> read t value
        | _, Generic(_, [ value ]) -> option t value None
        | _ -> unsupported t

    and private option (t: Type) (value: Type) (json: JsonElement option) : objnull =
        let cases = FSharpType.GetUnionCases t

        match json with
        | Some json when json.ValueKind <> JsonValueKind.Null ->
            FSharpValue.MakeUnion(cases[1], [| read value json |])
        | _ -> FSharpValue.MakeUnion(cases[0], [||])
