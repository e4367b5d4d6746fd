namespace Mlx.Hosting

open System
open System.Text
open System.Text.Json
open Mlx.Models

/// Finds calls of functions in what a model writes.
type internal ICallReader =
    /// The text that is to be shown, now that this came.
    abstract Push: id: int * text: string -> string
    /// What is left to show, and the calls, now that the answer has ended.
    abstract Finish: unit -> string * ToolCall list

/// How models write calls: each family in its own way, which its chat template shows.
module internal ToolCalls =
    /// Nine letters and digits, which is what Mistral's templates ask of an id.
    let private newId () =
        Random.Shared.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 9)

    let private field (e: JsonElement) (names: string list) : JsonElement option =
        names
        |> List.tryPick (fun name ->
            match e.TryGetProperty name with
            | true, value -> Some value
            | _ -> None)

    /// Arguments are an object, or a text that holds one.
    let private arguments (e: JsonElement) : JsonElement option =
        match field e [ "arguments"; "parameters" ] with
        | Some value when value.ValueKind = JsonValueKind.Object -> Some value
        | Some value when value.ValueKind = JsonValueKind.String ->
            try
                use document = JsonDocument.Parse(nonNull (value.GetString()))
                Some(document.RootElement.Clone())
            with :? JsonException ->
                None
        | _ -> None

    let private call (e: JsonElement) : ToolCall option =
        if e.ValueKind <> JsonValueKind.Object then
            None
        else
            match field e [ "name" ], arguments e with
            | Some name, Some arguments when name.ValueKind = JsonValueKind.String ->
                let id =
                    match field e [ "id" ] with
                    | Some id when id.ValueKind = JsonValueKind.String -> nonNull (id.GetString())
                    | _ -> newId ()

                Some { Id = id; Name = nonNull (name.GetString()); Arguments = arguments }
            | _ -> None

    /// The values of a text of JSON, several after one another or in lists; None where it is
    /// something else.
    let private values (text: string) : JsonElement list option =
        let rec read (bytes: byte[]) found =
            let isBetween b = b = byte ';' || b = byte ',' || b <= byte ' '
            let bytes = Array.skipWhile isBetween bytes

            if bytes.Length = 0 then
                Some(List.rev found)
            else
                let mutable reader = Utf8JsonReader(ReadOnlySpan bytes, false, JsonReaderState())
                let mutable document: JsonDocument | null = null

                if JsonDocument.TryParseValue(&reader, &document) then
                    use document = nonNull document
                    let root = document.RootElement.Clone()

                    let all =
                        if root.ValueKind = JsonValueKind.Array then
                            List.rev [ for item in root.EnumerateArray() -> item ]
                        else
                            [ root ]

                    read bytes[int reader.BytesConsumed ..] (all @ found)
                else
                    None

        try
            read (Encoding.UTF8.GetBytes text) []
        with :? JsonException ->
            None

    /// The calls of a text, if it is nothing else.
    let private calls (text: string) : ToolCall list option =
        values text
        |> Option.map (List.map call)
        |> Option.bind (fun all ->
            if all.IsEmpty || List.exists Option.isNone all then None else Some(List.choose id all))

    /// No tools were offered: all is text.
    let none: ICallReader =
        { new ICallReader with
            member _.Push(_, text) = text
            member _.Finish() = "", [] }

    /// Text up to a token, and calls after it: Mistral.
    let private afterToken (start: int) : ICallReader =
        let after = StringBuilder()
        let mutable begun = false

        { new ICallReader with
            member _.Push(id, text) =
                begun <- begun || id = start

                if begun then
                    after.Append text |> ignore
                    ""
                else
                    text

            member _.Finish() =
                match calls (after.ToString()) with
                | Some calls -> "", calls
                | None -> after.ToString(), [] }

    /// An answer that is a call as a whole: Llama. What begins otherwise is text.
    let private wholeAnswer (known: string -> bool) (start: int option) : ICallReader =
        let held = StringBuilder()
        let mutable shown = false

        let mayBeCall id =
            let text = held.ToString().TrimStart()
            Some id = start || text = "" || text[0] = '{'

        { new ICallReader with
            member _.Push(id, text) =
                if shown then
                    text
                else
                    held.Append text |> ignore
                    shown <- not (mayBeCall id)
                    if shown then held.ToString() else ""

            member _.Finish() =
                match calls (held.ToString()) with
                | Some calls when not shown && calls |> List.forall (fun c -> known c.Name) ->
                    "", calls
                | _ -> (if shown then "" else held.ToString()), [] }

    /// Calls between marks in the text: Qwen.
    let private betweenMarks (opening: string) (closing: string) : ICallReader =
        let ordinal = StringComparison.Ordinal
        let found = ResizeArray<ToolCall>()
        let mutable held = ""
        let mutable inside = false

        /// What at the end of a text may be the begin of a mark.
        let partial (text: string) (mark: string) =
            seq { min text.Length (mark.Length - 1) .. -1 .. 1 }
            |> Seq.tryFind (fun n -> text.EndsWith(mark.Substring(0, n), ordinal))
            |> Option.defaultValue 0

        let rec scan (shown: string) =
            if inside then
                match held.IndexOf(closing, ordinal) with
                | -1 -> shown
                | stop ->
                    let inner = held.Substring(0, stop)
                    held <- held.Substring(stop + closing.Length)
                    inside <- false

                    match calls inner with
                    | Some calls ->
                        found.AddRange calls
                        scan shown
                    | None -> scan (shown + opening + inner + closing)
            else
                match held.IndexOf(opening, ordinal) with
                | -1 ->
                    let keep = partial held opening
                    let text = held.Substring(0, held.Length - keep)
                    held <- held.Substring(held.Length - keep)
                    shown + text
                | start ->
                    let text = held.Substring(0, start)
                    held <- held.Substring(start + opening.Length)
                    inside <- true
                    scan (shown + text)

        { new ICallReader with
            member _.Push(_, text) =
                held <- held + text
                // Between and after calls there is only white space.
                let shown = scan ""
                if found.Count > 0 && String.IsNullOrWhiteSpace shown then "" else shown

            member _.Finish() =
                let rest =
                    if not inside then
                        held
                    else
                        // A model that ends right after the call leaves the mark out.
                        match calls held with
                        | Some calls ->
                            found.AddRange calls
                            ""
                        | None -> opening + held

                let rest = if found.Count > 0 && String.IsNullOrWhiteSpace rest then "" else rest
                rest, List.ofSeq found }

    /// The reader for a model's own way.
    let ofTemplate
        (tokenizer: ITokenizer)
        (template: ChatTemplate)
        (tools: Tool list)
        : ICallReader =
        let known name = tools |> List.exists (fun t -> t.Name = name)

        match template.Mentions "[TOOL_CALLS]", tokenizer.TokenId "[TOOL_CALLS]" with
        | _ when tools.IsEmpty -> none
        | true, Some start -> afterToken start
        | true, None -> betweenMarks "[TOOL_CALLS]" "\n\n\n"
        | _ when template.Mentions "<tool_call>" -> betweenMarks "<tool_call>" "</tool_call>"
        | _ -> wholeAnswer known (tokenizer.TokenId "<|python_tag|>")

    /// The answer is arguments of one function, or one call of several: what a guide makes of it.
    let forced (name: string option) : ICallReader =
        let held = StringBuilder()

        { new ICallReader with
            member _.Push(_, text) =
                held.Append text |> ignore
                ""

            member _.Finish() =
                let text = held.ToString()

                match name, values text with
                | Some name, Some [ arguments ] ->
                    "", [ { Id = newId (); Name = name; Arguments = arguments } ]
                | None, Some _ -> "", calls text |> Option.defaultValue []
                // Cut off before its end.
                | _ -> text, [] }

    /// The schema of a call of one of several functions.
    let schema (tools: Tool list) : string =
        let one (tool: Tool) =
            let name = JsonSerializer.Serialize tool.Name
            let arguments = tool.Parameters.GetRawText()

            $"{{\"type\":\"object\",\"properties\":{{\"name\":{{\"const\":{name}}},"
            + $"\"arguments\":{arguments}}},\"required\":[\"name\",\"arguments\"]}}"

        let all = tools |> List.map one |> String.concat ","
        $"{{\"anyOf\":[{all}]}}"
