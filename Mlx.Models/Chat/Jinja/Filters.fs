namespace Mlx.Models.Jinja

open System
open System.Collections.Generic

/// Jinja's filters and tests, by name.
module internal Filters =
    /// Arguments of a call: by place, else by name.
    [<Struct>]
    type private Given =
        { Positional: Value list
          Named: (string * Value) list }

        member this.Try(place: int, name: string) =
            match List.tryItem place this.Positional with
            | Some value -> Some value
            | None -> this.Named |> List.tryFind (fun (n, _) -> n = name) |> Option.map snd

        member this.Need(place, name: string) =
            match this.Try(place, name) with
            | Some value -> value
            | None -> Value.fail $"the argument {name} is missing"

        member this.Flag(place, name) = this.Try(place, name) |> Option.exists Value.truth

        member this.Text(place, name, otherwise) =
            match this.Try(place, name) with
            | None -> otherwise
            | Some value -> Value.text value

        member this.Int(place, name, otherwise: int) =
            match this.Try(place, name) with
            | Some(Value.Int n) when n >= -1000000L && n <= 1000000L -> int n
            | None -> otherwise
            | Some other ->
                Value.fail $"{name}: a whole number is wanted, {Value.repr other} was given"

    let private wantText (value: Value) =
        match value with
        | Value.Text s -> s
        | other -> Value.text other

    /// An item of a mapping, or of a list, by the path `a.b.0`.
    let private attribute (path: Value) (value: Value) =
        let step (value: Value) (name: string) =
            match value, Int32.TryParse name with
            | Value.Dict items, _ ->
                Mapping.tryFind name items |> ValueOption.defaultValue (Value.Undefined name)
            | Value.Namespace items, _ ->
                match items.TryGetValue name with
                | true, found -> found
                | _ -> Value.Undefined name
            | (Value.List items | Value.Tuple items), (true, i) when i < items.Length -> items[i]
            | _ -> Value.Undefined name

        (value, (Value.text path).Split '.') ||> Array.fold step

    let private isNumber (value: Value) =
        match value with
        | Value.Int _
        | Value.Float _ -> true
        | _ -> false

    let private test name (value: Value) (arguments: Value list) : bool =
        let other () =
            match arguments with
            | other :: _ -> other
            | [] -> Value.fail $"the test {name} wants an argument"

        let whole () =
            match value with
            | Value.Int i -> i
            | other -> Value.fail $"a whole number is wanted, {Value.kind other} was found"

        match name with
        | "defined" ->
            (match value with
             | Value.Undefined _ -> false
             | _ -> true)
        | "undefined" ->
            (match value with
             | Value.Undefined _ -> true
             | _ -> false)
        | "none" ->
            (match value with
             | Value.Nil -> true
             | _ -> false)
        | "string" ->
            (match value with
             | Value.Text _ -> true
             | _ -> false)
        | "boolean" ->
            (match value with
             | Value.Bool _ -> true
             | _ -> false)
        | "true" ->
            (match value with
             | Value.Bool b -> b
             | _ -> false)
        | "false" ->
            (match value with
             | Value.Bool b -> not b
             | _ -> false)
        | "integer" ->
            (match value with
             | Value.Int _ -> true
             | _ -> false)
        | "float" ->
            (match value with
             | Value.Float _ -> true
             | _ -> false)
        // In Python a truth value is a number.
        | "number" ->
            (match value with
             | Value.Bool _ -> true
             | _ -> isNumber value)
        | "mapping" ->
            (match value with
             | Value.Dict _ -> true
             | _ -> false)
        | "callable" ->
            (match value with
             | Value.Function _ -> true
             | _ -> false)
        | "iterable"
        | "sequence" ->
            match value with
            | Value.Undefined _
            | Value.Text _
            | Value.List _
            | Value.Tuple _
            | Value.Dict _ -> true
            | _ -> false
        | "equalto"
        | "eq"
        | "=="
        | "sameas" -> Value.Same(value, other ())
        | "ne"
        | "!=" -> not (Value.Same(value, other ()))
        | "lt"
        | "<"
        | "lessthan" -> Value.compare value (other ()) < 0
        | "gt"
        | ">"
        | "greaterthan" -> Value.compare value (other ()) > 0
        | "le"
        | "<=" -> Value.compare value (other ()) <= 0
        | "ge"
        | ">=" -> Value.compare value (other ()) >= 0
        | "in" -> Value.contains value (other ())
        | "even" -> whole () % 2L = 0L
        | "odd" -> whole () % 2L <> 0L
        | "divisibleby" ->
            match other () with
            | Value.Int 0L -> Value.fail "division by zero"
            | Value.Int n -> whole () % n = 0L
            | _ -> Value.fail "divisibleby wants a whole number"
        | "lower" ->
            (let s = wantText value in s.ToLowerInvariant() = s && Seq.exists Char.IsLetter s)
        | "upper" ->
            (let s = wantText value in s.ToUpperInvariant() = s && Seq.exists Char.IsLetter s)
        | other -> Value.fail $"the test {other} is not supported"

    /// `x is name(arguments)`.
    let isTrue (name: string) (value: Value) (arguments: Value list) : bool =
        test name value arguments

    let private select keep (items: Value) (given: Given) =
        let chosen: Value -> bool =
            match given.Positional with
            | [] -> Value.truth
            | name :: rest -> fun item -> test (Value.text name) item rest

        Value.items items |> Array.filter (fun item -> chosen item = keep) |> Value.List

    let private selectAttribute keep (items: Value) (given: Given) =
        let chosen: Value -> bool =
            match given.Positional with
            | [] -> Value.fail "the name of an attribute is wanted"
            | [ name ] -> attribute name >> Value.truth
            | name :: check :: rest ->
                fun item -> test (Value.text check) (attribute name item) rest

        Value.items items |> Array.filter (fun item -> chosen item = keep) |> Value.List

    /// How filters that order compare: letters by their small forms, unless told otherwise.
    let private sortKey caseSensitive (value: Value) =
        match value with
        | Value.Text s when not caseSensitive -> Value.Text(s.ToLowerInvariant())
        | other -> other

    let private by (given: Given) place (item: Value) =
        match given.Try(place, "attribute") with
        | Some(Value.Nil)
        | None -> item
        | Some path -> attribute path item

    let private sorted caseSensitive (key: Value -> Value) reversed (items: Value[]) =
        let compare a b =
            Value.compare (sortKey caseSensitive (key a)) (sortKey caseSensitive (key b))

        // Equals keep their order, turned around or not.
        let compare = if reversed then (fun a b -> compare b a) else compare
        List.sortWith compare (List.ofArray items) |> Array.ofList

    let private unique (given: Given) (items: Value[]) =
        let seen = HashSet<Value>()

        items
        |> Array.filter (fun item ->
            seen.Add(sortKey (given.Flag(0, "case_sensitive")) (by given 1 item)))

    let private add (a: Value) (b: Value) =
        match a, b with
        | Value.Int x, Value.Int y -> Value.Int(Checked.(+) x y)
        | _ ->
            match Value.number a, Value.number b with
            | ValueSome x, ValueSome y -> Value.Float(x + y)
            | _ -> Value.fail $"{Value.kind a} and {Value.kind b} cannot be added"

    let private toInt (value: Value) (otherwise: Value) =
        match value with
        | Value.Int _ -> value
        | Value.Bool b -> Value.Int(if b then 1L else 0L)
        | Value.Float f when abs f < 9e18 -> Value.Int(int64 f)
        | Value.Text s ->
            match Int64.TryParse(s.Trim()), Double.TryParse(s.Trim()) with
            | (true, n), _ -> Value.Int n
            | _, (true, f) when abs f < 9e18 -> Value.Int(int64 f)
            | _ -> otherwise
        | _ -> otherwise

    let private toFloat (value: Value) (otherwise: Value) =
        match value, Value.number value with
        | _, ValueSome f -> Value.Float f
        | Value.Text s, _ ->
            match Double.TryParse(s, Globalization.CultureInfo.InvariantCulture) with
            | true, f -> Value.Float f
            | _ -> otherwise
        | _ -> otherwise

    let private round (value: Value) (given: Given) =
        match Value.number value with
        | ValueNone -> Value.fail $"round wants a number, not {Value.kind value}"
        | ValueSome x ->
            let scale = Math.Pow(10.0, float (given.Int(0, "precision", 0)))

            match given.Text(1, "method", "common") with
            | "common" -> Value.Float(Math.Round(x * scale, MidpointRounding.ToEven) / scale)
            | "ceil" -> Value.Float(Math.Ceiling(x * scale) / scale)
            | "floor" -> Value.Float(Math.Floor(x * scale) / scale)
            | other -> Value.fail $"the rounding {other} is not supported"

    let private indent (s: string) (given: Given) =
        let prefix =
            match given.Try(0, "width") with
            | Some(Value.Text s) -> s
            | _ -> String(' ', max 0 (min 1000 (given.Int(0, "width", 4))))

        let first = given.Flag(1, "first")
        let blank = given.Flag(2, "blank")

        s.Split '\n'
        |> Array.mapi (fun i line ->
            if (i > 0 || first) && (blank || line <> "" || i = 0) then prefix + line else line)
        |> Value.join "\n"

    let private escape (s: string) =
        s
            .Replace("&", "&amp;")
            .Replace("<", "&lt;")
            .Replace(">", "&gt;")
            .Replace("'", "&#39;")
            .Replace("\"", "&#34;")

    let private toJson (value: Value) (given: Given) =
        let indent =
            match given.Try(1, "indent") with
            | Some(Value.Int n) -> Some(int (max 0L (min n 64L)))
            | _ -> None

        if given.Named |> List.exists (fun (name, v) -> name = "ensure_ascii" && Value.truth v) then
            Value.fail "tojson with ensure_ascii is not supported"

        let item, key =
            match given.Try(2, "separators") with
            | Some(Value.Tuple [| item; key |] | Value.List [| item; key |]) ->
                Value.text item, Value.text key
            | _ -> (if indent.IsSome then "," else ", "), ": "

        Json.write
            { Indent = indent; Item = item; Key = key; Sorted = given.Flag(3, "sort_keys") }
            value

    let private pairs (value: Value) =
        match value with
        | Value.Dict items -> [| for e in items -> Value.Tuple [| Value.Text e.Key; e.Value |] |]
        | Value.Undefined _ -> [||]
        | other -> Value.fail $"a mapping is wanted, {Value.kind other} was found"

    let private dictSort (value: Value) (given: Given) =
        let place = if given.Text(1, "by", "key") = "value" then 1 else 0

        let key (pair: Value) =
            match pair with
            | Value.Tuple parts -> parts[place]
            | other -> other

        pairs value |> sorted (given.Flag(0, "case_sensitive")) key (given.Flag(2, "reverse"))

    let private extreme (pick: int -> bool) (items: Value[]) =
        match items with
        | [||] -> Value.Undefined "the first item of nothing"
        | _ -> items |> Array.reduce (fun a b -> if pick (Value.compare b a) then b else a)

    let private reverse (value: Value) =
        match value with
        | Value.Text s ->
            Value.items (Value.Text s)
            |> Array.rev
            |> Array.map Value.text
            |> String.Concat
            |> Value.Text
        | other -> Value.List(Array.rev (Value.items other))

    /// `value | name(arguments)`.
    let rec apply
        (name: string)
        (value: Value)
        (positional: Value list)
        (named: (string * Value) list)
        =
        let given = { Positional = positional; Named = named }
        let text s = Value.Text s
        let list items = Value.List items

        /// A method of strings under the name of a filter.
        let viaMethod () =
            match Methods.find (text (wantText value)) name with
            | Some(Value.Function(_, call)) -> call positional named
            | _ -> Value.fail $"the filter {name} is not supported"

        match name with
        | "default"
        | "d" ->
            let otherwise = given.Try(0, "default_value") |> Option.defaultValue (text "")

            match value with
            | Value.Undefined _ -> otherwise
            | _ when given.Flag(1, "boolean") && not (Value.truth value) -> otherwise
            | _ -> value
        | "length"
        | "count" -> Value.Int(int64 (Value.length value))
        | "trim" ->
            match given.Try(0, "chars") with
            | Some(Value.Text set) -> text ((wantText value).Trim(set.ToCharArray()))
            | _ -> text ((wantText value).Trim())
        | "upper"
        | "lower"
        | "capitalize" -> viaMethod ()
        | "title" -> text (Methods.title (wantText value))
        | "replace" ->
            let old = wantText (given.Need(0, "old"))

            if old = "" then
                Value.fail "replace wants a text to look for"

            text (
                Value.replace
                    (wantText value)
                    old
                    (wantText (given.Need(1, "new")))
                    (given.Int(2, "count", -1))
            )
        | "join" ->
            Value.items value
            |> Array.map (fun item -> Value.text (by given 1 item))
            |> Value.join (given.Text(0, "d", ""))
            |> text
        | "list" -> list (Value.items value)
        | "string" -> text (Value.text value)
        | "safe" -> value
        | "escape"
        | "e" -> text (escape (wantText value))
        | "first" ->
            Value.items value
            |> Array.tryHead
            |> Option.defaultValue (Value.Undefined "the first item of nothing")
        | "last" ->
            Value.items value
            |> Array.tryLast
            |> Option.defaultValue (Value.Undefined "the last item of nothing")
        | "int" -> toInt value (given.Try(0, "default") |> Option.defaultValue (Value.Int 0L))
        | "float" ->
            toFloat value (given.Try(0, "default") |> Option.defaultValue (Value.Float 0.0))
        | "abs" ->
            match value with
            | Value.Int i -> Value.Int(abs i)
            | Value.Float f -> Value.Float(abs f)
            | other -> Value.fail $"abs wants a number, not {Value.kind other}"
        | "round" -> round value given
        | "sum" ->
            let start = given.Try(1, "start") |> Option.defaultValue (Value.Int 0L)
            (start, Value.items value) ||> Array.fold (fun sum item -> add sum (by given 0 item))
        | "min" -> extreme (fun c -> c < 0) (Value.items value)
        | "max" -> extreme (fun c -> c > 0) (Value.items value)
        | "reverse" -> reverse value
        | "sort" ->
            let reversed = given.Flag(0, "reverse")

            Value.items value
            |> sorted (given.Flag(1, "case_sensitive")) (by given 2) reversed
            |> list
        | "unique" -> list (unique given (Value.items value))
        | "dictsort" -> list (dictSort value given)
        | "items" -> list (pairs value)
        | "map" ->
            match given.Positional, given.Try(1000, "attribute") with
            | [], Some path ->
                let otherwise = given.Try(1000, "default")

                Value.items value
                |> Array.map (fun item ->
                    match attribute path item, otherwise with
                    | Value.Undefined _, Some value -> value
                    | found, _ -> found)
                |> list
            | filter :: rest, _ ->
                Value.items value
                |> Array.map (fun item -> apply (Value.text filter) item rest named)
                |> list
            | [], None -> Value.fail "map wants a filter or an attribute"
        | "select" -> select true value given
        | "reject" -> select false value given
        | "selectattr" -> selectAttribute true value given
        | "rejectattr" -> selectAttribute false value given
        | "attr" -> attribute (given.Need(0, "name")) value
        | "batch" ->
            let size = max 1 (given.Int(0, "linecount", 1))
            Value.items value |> Array.chunkBySize size |> Array.map Value.List |> list
        | "wordcount" ->
            let words =
                (wantText value).Split(Array.empty<char>, StringSplitOptions.RemoveEmptyEntries)

            Value.Int(int64 words.Length)
        | "indent" -> text (indent (wantText value) given)
        | "tojson" -> text (toJson value given)
        | other -> Value.fail $"the filter {other} is not supported"
