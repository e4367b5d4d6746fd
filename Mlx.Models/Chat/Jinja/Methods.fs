namespace Mlx.Models.Jinja

open System

/// The methods of Python's strings, dictionaries and lists.
module internal Methods =
    let private text at (arguments: Value list) =
        match List.tryItem at arguments with
        | Some(Value.Text s) -> s
        | Some other -> Value.fail $"a string is wanted, {Value.kind other} was given"
        | None -> Value.fail "an argument is missing"

    let private trimSet (arguments: Value list) =
        match arguments with
        | []
        | Value.Nil :: _ -> None
        | _ -> Some((text 0 arguments).ToCharArray())

    let private limit at (arguments: Value list) =
        match List.tryItem at arguments with
        | Some(Value.Int n) -> int (max -1L (min n 1000000L))
        | None -> -1
        | Some other -> Value.fail $"a whole number is wanted, {Value.kind other} was given"

    let private strings (parts: seq<string>) = Value.List [| for part in parts -> Value.Text part |]

    let private split (s: string) (arguments: Value list) =
        let most = limit 1 arguments

        match arguments with
        | []
        | Value.Nil :: _ when most < 0 ->
            strings (s.Split(Array.empty<char>, StringSplitOptions.RemoveEmptyEntries))
        | []
        | Value.Nil :: _ -> Value.fail "split with a limit wants a separator here"
        | _ ->
            match text 0 arguments with
            | "" -> Value.fail "the separator is empty"
            | by when most < 0 -> strings (s.Split by)
            | by -> strings (s.Split(by, most + 1))

    let private rsplit (s: string) (arguments: Value list) =
        match limit 1 arguments, arguments with
        | most, Value.Text by :: _ when by <> "" && most >= 0 ->
            let all = s.Split by

            if all.Length <= most + 1 then
                strings all
            else
                let head = String.Join(by, Array.take (all.Length - most) all)
                strings (Seq.append [ head ] (Array.skip (all.Length - most) all))
        | _ -> split s (List.truncate 1 arguments)

    let private affix (has: string -> bool) (arguments: Value list) =
        match arguments with
        | Value.Tuple options :: _ -> options |> Array.exists (Value.text >> has)
        | _ -> has (text 0 arguments)
        |> Value.Bool

    let private capitalize (s: string) =
        if s = "" then
            ""
        else
            s.Substring(0, 1).ToUpperInvariant() + s.Substring(1).ToLowerInvariant()

    let title (s: string) =
        let mutable inWord = false

        String.map
            (fun c ->
                let shown = if inWord then Char.ToLowerInvariant c else Char.ToUpperInvariant c
                inWord <- Char.IsLetter c
                shown)
            s

    let private all (is: char -> bool) (s: string) = s <> "" && Seq.forall is s

    let private partition (s: string) by (at: int) =
        if at < 0 then
            Value.Tuple [| Value.Text s; Value.Text ""; Value.Text "" |]
        else
            Value.Tuple
                [| Value.Text(s.Substring(0, at))
                   Value.Text by
                   Value.Text(s.Substring(at + String.length by)) |]

    let private ofText (s: string) (name: string) : (Value list -> Value) option =
        let ordinal = StringComparison.Ordinal
        let answer value = Some(fun (_: Value list) -> Value.Text value)
        let holds (b: bool) = Some(fun (_: Value list) -> Value.Bool b)

        match name with
        | "strip" ->
            Some(fun a ->
                match trimSet a with
                | Some set -> Value.Text(s.Trim set)
                | None -> Value.Text(s.Trim()))
        | "lstrip" ->
            Some(fun a ->
                match trimSet a with
                | Some set -> Value.Text(s.TrimStart set)
                | None -> Value.Text(s.TrimStart()))
        | "rstrip" ->
            Some(fun a ->
                match trimSet a with
                | Some set -> Value.Text(s.TrimEnd set)
                | None -> Value.Text(s.TrimEnd()))
        | "split" -> Some(split s)
        | "rsplit" -> Some(rsplit s)
        | "splitlines" -> Some(fun _ -> strings ((s.TrimEnd '\n').Split '\n'))
        | "startswith" -> Some(affix (fun part -> s.StartsWith(part, ordinal)))
        | "endswith" -> Some(affix (fun part -> s.EndsWith(part, ordinal)))
        | "replace" ->
            Some(fun a ->
                match limit 2 a, text 0 a with
                | -1, "" -> Value.fail "replace wants a text to look for"
                | most, old -> Value.Text(Value.replace s old (text 1 a) most))
        | "find" -> Some(fun a -> Value.Int(int64 (s.IndexOf(text 0 a, ordinal))))
        | "rfind" -> Some(fun a -> Value.Int(int64 (s.LastIndexOf(text 0 a, ordinal))))
        | "count" -> Some(fun a -> Value.Int(int64 ((s.Split(text 0 a)).Length - 1)))
        | "join" ->
            Some(fun a ->
                match a with
                | items :: _ ->
                    Value.items items |> Array.map Value.text |> Value.join s |> Value.Text
                | [] -> Value.fail "join wants a list")
        | "partition" -> Some(fun a -> partition s (text 0 a) (s.IndexOf(text 0 a, ordinal)))
        | "rpartition" -> Some(fun a -> partition s (text 0 a) (s.LastIndexOf(text 0 a, ordinal)))
        | "removeprefix" ->
            Some(fun a ->
                let part = text 0 a
                Value.Text(if s.StartsWith(part, ordinal) then s.Substring part.Length else s))
        | "removesuffix" ->
            Some(fun a ->
                let part = text 0 a
                let has = part <> "" && s.EndsWith(part, ordinal)
                Value.Text(if has then s.Substring(0, s.Length - part.Length) else s))
        | "upper" -> answer (s.ToUpperInvariant())
        | "lower" -> answer (s.ToLowerInvariant())
        | "capitalize" -> answer (capitalize s)
        | "title" -> answer (title s)
        | "isdigit" -> holds (all Char.IsDigit s)
        | "isnumeric" -> holds (all Char.IsNumber s)
        | "isalpha" -> holds (all Char.IsLetter s)
        | "isalnum" -> holds (all Char.IsLetterOrDigit s)
        | "isspace" -> holds (all Char.IsWhiteSpace s)
        | "isupper" -> holds (s.ToUpperInvariant() = s && Seq.exists Char.IsLetter s)
        | "islower" -> holds (s.ToLowerInvariant() = s && Seq.exists Char.IsLetter s)
        | "format"
        | "encode"
        | "center"
        | "ljust"
        | "rjust"
        | "zfill"
        | "index"
        | "swapcase"
        | "translate"
        | "expandtabs"
        | "casefold" -> Value.fail $"the string method {name} is not supported"
        | _ -> None

    let private immutable name : (Value list -> Value) option =
        Some(fun _ -> Value.fail $"{name} would change a value, which chat templates may not")

    /// The method of a value, if it has one by this name.
    let find (value: Value) (name: string) : Value option =
        let method: (Value list -> Value) option =
            match value, name with
            | Value.Text s, _ -> ofText s name
            | Value.Dict items, "items" ->
                Some(fun _ ->
                    Value.List [| for e in items -> Value.Tuple [| Value.Text e.Key; e.Value |] |])
            | Value.Dict items, "keys" ->
                Some(fun _ -> Value.List [| for e in items -> Value.Text e.Key |])
            | Value.Dict items, "values" ->
                Some(fun _ -> Value.List [| for e in items -> e.Value |])
            | Value.Dict items, "get" ->
                Some(fun a ->
                    match Mapping.tryFind (text 0 a) items with
                    | ValueSome found -> found
                    | ValueNone -> List.tryItem 1 a |> Option.defaultValue Value.Nil)
            | Value.Dict _, "copy" -> Some(fun _ -> value)
            | Value.Dict _, ("update" | "pop" | "setdefault" | "clear" | "popitem") ->
                immutable name
            | Value.List _, ("append" | "extend" | "insert" | "pop" | "remove" | "clear") ->
                immutable name
            | Value.List _, ("sort" | "reverse") -> immutable name
            | (Value.List items | Value.Tuple items), "index" ->
                Some(fun a ->
                    match Array.tryFindIndex (fun x -> Value.Same(x, List.head a)) items with
                    | Some i -> Value.Int(int64 i)
                    | None -> Value.fail "no such item in the list")
            | (Value.List items | Value.Tuple items), "count" ->
                Some(fun a ->
                    let same = items |> Array.filter (fun x -> Value.Same(x, List.head a))
                    Value.Int(int64 same.Length))
            | _ -> None

        method
        |> Option.map (fun call ->
            Value.Function(
                name,
                fun arguments named ->
                    if named.IsEmpty then
                        call arguments
                    else
                        Value.fail $"{name} takes no named arguments here"
            ))
