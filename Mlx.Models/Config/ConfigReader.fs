namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text.Json

/// Reads the fields of a config.json and keeps what is wrong with them, so that one error can tell
/// all of it. A field that is null counts as absent, as it does for Hugging Face.
[<Sealed>]
type internal ConfigReader
    private (source: string, prefix: string, root: JsonElement, problems: List<string>) =

    let tryField (name: string) =
        match root.TryGetProperty name with
        | true, value when value.ValueKind <> JsonValueKind.Null -> Some value
        | _ -> None

    let wrong name wanted (value: JsonElement) =
        let text = value.GetRawText()
        let text = if text.Length > 40 then text[..39] + "..." else text
        problems.Add $"{prefix}{name}: {wanted} is wanted, {text} was found"

    let get name wanted (read: JsonElement -> 'T option) absent =
        match tryField name with
        | None -> absent ()
        | Some value ->
            match read value with
            | Some x -> x
            | None ->
                wrong name wanted value
                Unchecked.defaultof<'T>

    let required name () =
        problems.Add $"{prefix}{name}: missing"
        Unchecked.defaultof<'T>

    let asInt low high (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.Number ->
            // Some writers store whole numbers as 4096.0.
            match e.TryGetDouble() with
            | true, x when x = Math.Floor x && x >= float low && x <= float high -> Some(int x)
            | _ -> None
        | _ -> None

    let asFloat low high (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.Number ->
            match e.TryGetDouble() with
            | true, x when x >= low && x <= high -> Some x
            | _ -> None
        | _ -> None

    let between (low: int) (high: int) = $"a whole number from {low} to {high}"

    static member OfText (source: string) (json: string) =
        let root =
            try
                use document = JsonDocument.Parse json
                document.RootElement.Clone()
            with :? JsonException as e ->
                raise (ModelException(source, [ $"not valid JSON: {e.Message}" ], e))

        if root.ValueKind <> JsonValueKind.Object then
            raise (
                ModelException(source, [ $"a JSON object is wanted, {root.ValueKind} was found" ])
            )

        ConfigReader(source, "", root, List())

    static member OfFile(path: string) =
        let text =
            try
                // No configuration is that large; a wrong file might be.
                if FileInfo(path).Length > 16L * 1024L * 1024L then
                    raise (
                        ModelException(path, [ "larger than 16 MiB, which no configuration is" ])
                    )

                File.ReadAllText path
            with
            | :? FileNotFoundException
            | :? DirectoryNotFoundException as e ->
                raise (ModelException(path, [ "there is no such file" ], e))

        ConfigReader.OfText path text

    /// The fields of an object inside, with the problems of both in one list.
    member _.Inner(name: string) : ConfigReader option =
        match tryField name with
        | Some value when value.ValueKind = JsonValueKind.Object ->
            Some(ConfigReader(source, $"{prefix}{name}.", value, problems))
        | Some value ->
            wrong name "an object" value
            None
        | None -> None

    /// Where it is read from: a path, or the name of a configuration.
    member _.Source = source

    /// A problem with a field.
    member _.Problem(name: string, text: string) = problems.Add $"{prefix}{name}: {text}"

    member _.Has name = (tryField name).IsSome

    /// Whether a field is there and an object.
    member _.IsObject name =
        match tryField name with
        | Some value -> value.ValueKind = JsonValueKind.Object
        | None -> false

    member _.Names = [ for field in root.EnumerateObject() -> field.Name ]

    /// Whether a field is there and false.
    member _.IsFalse name =
        match tryField name with
        | Some value -> value.ValueKind = JsonValueKind.False
        | None -> false

    member _.Int(name, low, high) = get name (between low high) (asInt low high) (required name)

    member _.IntOr(name, low, high, otherwise) =
        get name (between low high) (asInt low high) (fun () -> otherwise)

    member _.TryInt(name, low, high) =
        get name (between low high) (asInt low high >> Option.map Some) (fun () -> None)

    member _.Float(name, low, high) =
        get name $"a number from {low} to {high}" (asFloat low high) (required name)

    member _.FloatOr(name, low, high, otherwise) =
        get name $"a number from {low} to {high}" (asFloat low high) (fun () -> otherwise)

    member _.TryFloat(name, low, high) =
        let read = asFloat low high >> Option.map Some
        get name $"a number from {low} to {high}" read (fun () -> None)

    member _.BoolOr(name, otherwise) =
        let read (e: JsonElement) =
            match e.ValueKind with
            | JsonValueKind.True -> Some true
            | JsonValueKind.False -> Some false
            | _ -> None

        get name "true or false" read (fun () -> otherwise)

    member _.TryString name =
        let read (e: JsonElement) =
            match e.ValueKind with
            | JsonValueKind.String -> Some(Some(nonNull (e.GetString())))
            | _ -> None

        get name "a string" read (fun () -> None)

    /// A list of strings; None where there is none.
    member _.TryStrings name =
        let read (e: JsonElement) =
            if e.ValueKind <> JsonValueKind.Array then
                None
            else
                let all = [ for item in e.EnumerateArray() -> item ]

                if all |> List.forall (fun item -> item.ValueKind = JsonValueKind.String) then
                    Some(Some [ for item in all -> nonNull (item.GetString()) ])
                else
                    None

        get name "a list of strings" read (fun () -> None)

    /// A number or a list of numbers.
    member _.Ints(name, low, high) =
        let read (e: JsonElement) =
            match e.ValueKind with
            | JsonValueKind.Array ->
                let all = [ for item in e.EnumerateArray() -> asInt low high item ]
                if List.forall Option.isSome all then Some(List.choose id all) else None
            | _ -> asInt low high e |> Option.map List.singleton

        get name $"a token id below {high + 1}, or a list of them" read (fun () -> [])

    /// <exception cref="T:Mlx.Models.ModelException">Something was wrong; it tells all of
    /// it.</exception>
    member _.Check() =
        if problems.Count > 0 then
            raise (ModelException(source, List.ofSeq problems))
