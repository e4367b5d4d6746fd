namespace Mlx.Hosting

open System.Text.Json

/// The fields of an object in a request; what is wrong with one refuses the request by its path. A
/// field that is null counts as absent.
[<Sealed>]
type internal Fields(path: string, element: JsonElement) =
    let at (name: string) = if path = "" then name else $"{path}.{name}"

    let shown (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.Object -> "an object"
        | JsonValueKind.Array -> "an array"
        | JsonValueKind.String -> "a string"
        | JsonValueKind.Number -> "a number"
        | JsonValueKind.Null
        | JsonValueKind.Undefined -> "null"
        | _ -> "a boolean"

    let wrongType name wanted e : 'T =
        let message = $"Invalid type for '{at name}': expected {wanted}, but got {shown e} instead."
        Api.refuse (at name) "invalid_type" message

    let wrongValue name message : 'T =
        Api.refuse (at name) "invalid_value" $"Invalid value for '{at name}': {message}."

    do
        if element.ValueKind <> JsonValueKind.Object then
            let place = if path = "" then "the body" else $"'{path}'"
            let param = if path = "" then null else path
            let message = $"Invalid type for {place}: expected an object, but got {shown element}."
            Api.refuse param "invalid_type" message

    let find (name: string) =
        match element.TryGetProperty name with
        | true, value when value.ValueKind <> JsonValueKind.Null -> Some value
        | _ -> None

    member _.Path(name: string) = at name
    member _.Element = element
    member _.Try(name: string) = find name

    member _.Wrong(name, wanted, e) : 'T = wrongType name wanted e
    member _.Refuse(name, message) : 'T = wrongValue name message

    member _.Need(name: string) : JsonElement =
        match find name with
        | Some value -> value
        | None ->
            let message = $"Missing required parameter: '{at name}'."
            Api.refuse (at name) "missing_required_parameter" message

    member _.TryText(name: string) : string option =
        find name
        |> Option.map (fun e ->
            if e.ValueKind = JsonValueKind.String then
                nonNull (e.GetString())
            else
                wrongType name "a string" e)

    member this.Text(name: string) : string =
        this.Need name |> ignore
        (this.TryText name).Value

    member _.TryNumber(name, low: float, high: float) : float option =
        find name
        |> Option.map (fun e ->
            match e.ValueKind = JsonValueKind.Number && fst (e.TryGetDouble()) with
            | false -> wrongType name "a number" e
            | true ->
                let x = e.GetDouble()

                if x >= low && x <= high then
                    x
                else
                    wrongValue name $"expected a number from {low} to {high}")

    member this.Number(name: string, low: float, high: float) : float =
        this.Need name |> ignore
        this.TryNumber(name, low, high).Value

    member _.TryInt(name, low: int, high: int) : int option =
        find name
        |> Option.map (fun e ->
            if e.ValueKind <> JsonValueKind.Number then
                wrongType name "an integer" e
            else
                match e.TryGetInt64() with
                | true, n when n >= int64 low && n <= int64 high -> int n
                | true, _ -> wrongValue name $"expected an integer from {low} to {high}"
                | _ -> wrongType name "an integer" e)

    member _.TryFlag(name: string) : bool option =
        find name
        |> Option.map (fun e ->
            match e.ValueKind with
            | JsonValueKind.True -> true
            | JsonValueKind.False -> false
            | _ -> wrongType name "a boolean" e)

    member _.TryItems(name: string, most: int) : JsonElement list option =
        find name
        |> Option.map (fun e ->
            if e.ValueKind <> JsonValueKind.Array then wrongType name "an array" e
            elif e.GetArrayLength() > most then wrongValue name $"expected at most {most} items"
            else List.ofSeq (e.EnumerateArray()))

    member _.TryObject(name: string) : Fields option =
        find name |> Option.map (fun e -> Fields(at name, e))

    /// A text, or several.
    member _.TryTexts(name: string, most: int) : string list option =
        find name
        |> Option.map (fun e ->
            match e.ValueKind with
            | JsonValueKind.String -> [ nonNull (e.GetString()) ]
            | JsonValueKind.Array when e.GetArrayLength() <= most ->
                [ for item in e.EnumerateArray() ->
                      if item.ValueKind = JsonValueKind.String then
                          nonNull (item.GetString())
                      else
                          wrongType name "an array of strings" item ]
            | JsonValueKind.Array -> wrongValue name $"expected at most {most} items"
            | _ -> wrongType name "a string or an array of strings" e)
