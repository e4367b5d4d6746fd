namespace Mlx.Models

open System
open System.IO
open System.Text.Json

/// A part of a JSON file that knows where it stands, so that errors can say so. A null field
/// counts as absent.
[<Sealed>]
type internal JsonPart(source: string, path: string, element: JsonElement) =
    let at (name: string) = if path = "" then name else $"{path}.{name}"

    member _.Element = element
    member _.Kind = element.ValueKind

    /// Refuses the file because of this part.
    member _.Fail(problem: string) : 'T =
        let problem = if path = "" then problem else $"{path}: {problem}"
        raise (ModelException(source, [ problem ]))

    member this.Try(name: string) : JsonPart option =
        if element.ValueKind <> JsonValueKind.Object then
            this.Fail "an object is wanted"
        else
            match element.TryGetProperty name with
            | true, value when value.ValueKind <> JsonValueKind.Null ->
                Some(JsonPart(source, at name, value))
            | _ -> None

    member this.Need(name: string) : JsonPart =
        match this.Try name with
        | Some part -> part
        | None -> this.Fail $"{name} is missing"

    member this.Text: string =
        if element.ValueKind <> JsonValueKind.String then
            this.Fail "a string is wanted"
        else
            nonNull (element.GetString())

    member this.Int: int =
        match element.ValueKind with
        | JsonValueKind.Number ->
            match element.TryGetInt32() with
            | true, x -> x
            | _ -> this.Fail "a whole number is wanted"
        | _ -> this.Fail "a whole number is wanted"

    member this.Flag: bool =
        match element.ValueKind with
        | JsonValueKind.True -> true
        | JsonValueKind.False -> false
        | _ -> this.Fail "true or false is wanted"

    member this.TryText name = this.Try name |> Option.map _.Text
    member this.TextOr(name, otherwise) = this.TryText name |> Option.defaultValue otherwise

    member this.FlagOr(name, otherwise) =
        this.Try name |> Option.map _.Flag |> Option.defaultValue otherwise

    member this.Items: seq<JsonPart> =
        if element.ValueKind <> JsonValueKind.Array then
            this.Fail "a list is wanted"
        else
            element.EnumerateArray() |> Seq.mapi (fun i e -> JsonPart(source, $"{path}[{i}]", e))

    member this.Fields: seq<string * JsonPart> =
        if element.ValueKind <> JsonValueKind.Object then
            this.Fail "an object is wanted"
        else
            element.EnumerateObject()
            |> Seq.map (fun p -> p.Name, JsonPart(source, at p.Name, p.Value))

    /// What <c>read</c> makes of a file. Whatever is wrong with it becomes a ModelException.
    static member Read (path: string) (largest: int64) (read: JsonPart -> 'T) : 'T =
        let fail problem (cause: exn | null) = raise (ModelException(path, [ problem ], cause))

        try
            if FileInfo(path).Length > largest then
                fail $"larger than {largest >>> 20} MiB, which no such file is" null

            use document = JsonDocument.Parse(ReadOnlyMemory(File.ReadAllBytes path))
            read (JsonPart(path, "", document.RootElement))
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException as e -> fail "there is no such file" e
        | :? JsonException as e -> fail $"not valid JSON: {e.Message}" e
        // A string of half a surrogate pair, or of bytes that are no UTF-8.
        | :? InvalidOperationException as e -> fail $"not valid JSON: {e.Message}" e
