namespace Mlx.Models.Jinja

open System
open System.Globalization
open System.Text
open System.Text.Json

/// JSON as Python's `json` reads and writes it.
module internal Json =
    let rec ofElement (element: JsonElement) : Value =
        match element.ValueKind with
        | JsonValueKind.String -> Value.Text(nonNull (element.GetString()))
        | JsonValueKind.True -> Value.Bool true
        | JsonValueKind.False -> Value.Bool false
        | JsonValueKind.Number ->
            let text = element.GetRawText()

            match element.TryGetInt64() with
            | true, i when text.IndexOfAny [| '.'; 'e'; 'E' |] < 0 -> Value.Int i
            | _ -> Value.Float(element.GetDouble())
        | JsonValueKind.Array ->
            Value.List [| for item in element.EnumerateArray() -> ofElement item |]
        | JsonValueKind.Object ->
            Value.ofPairs [ for p in element.EnumerateObject() -> p.Name, ofElement p.Value ]
        | _ -> Value.Nil

    let private quote (into: StringBuilder) (s: string) =
        into.Append '"' |> ignore

        for c in s do
            match c with
            | '"' -> into.Append "\\\"" |> ignore
            | '\\' -> into.Append @"\\" |> ignore
            | '\n' -> into.Append @"\n" |> ignore
            | '\r' -> into.Append @"\r" |> ignore
            | '\t' -> into.Append @"\t" |> ignore
            | '\b' -> into.Append @"\b" |> ignore
            | '\012' -> into.Append @"\f" |> ignore
            | c when c < ' ' -> into.Append($@"\u%04x{int c}") |> ignore
            | c -> into.Append c |> ignore

        into.Append '"' |> ignore

    type Layout =
        {
            /// Spaces a level; None writes one line.
            Indent: int option
            Item: string
            Key: string
            Sorted: bool
        }

    /// What Hugging Face's `tojson` writes: characters as they are, a space after comma and colon.
    let write (layout: Layout) (value: Value) : string =
        let into = StringBuilder()

        let line depth =
            match layout.Indent with
            | Some n -> into.Append('\n').Append(' ', n * depth) |> ignore
            | None -> ()

        let rec put depth (value: Value) =
            Value.fits (int64 into.Length)

            match value with
            | Value.Text s -> quote into s
            | Value.Nil -> into.Append "null" |> ignore
            | Value.Bool b -> into.Append(if b then "true" else "false") |> ignore
            | Value.Int i -> into.Append(i.ToString CultureInfo.InvariantCulture) |> ignore
            | Value.Float f when Double.IsNaN f -> into.Append "NaN" |> ignore
            | Value.Float f when Double.IsInfinity f ->
                into.Append(if f > 0.0 then "Infinity" else "-Infinity") |> ignore
            | Value.Float f -> into.Append(Value.float f) |> ignore
            | Value.List [||]
            | Value.Tuple [||] -> into.Append "[]" |> ignore
            | Value.List items
            | Value.Tuple items ->
                into.Append '[' |> ignore

                items
                |> Array.iteri (fun i item ->
                    if i > 0 then
                        into.Append layout.Item |> ignore

                    line (depth + 1)
                    put (depth + 1) item)

                line depth
                into.Append ']' |> ignore
            | Value.Dict items when items.Count = 0 -> into.Append "{}" |> ignore
            | Value.Dict items ->
                into.Append '{' |> ignore
                let pairs = [ for e in items -> e.Key, e.Value ]

                let pairs =
                    if layout.Sorted then
                        pairs |> List.sortWith (fun (a, _) (b, _) -> String.CompareOrdinal(a, b))
                    else
                        pairs

                pairs
                |> List.iteri (fun i (name, item) ->
                    if i > 0 then
                        into.Append layout.Item |> ignore

                    line (depth + 1)
                    quote into name
                    into.Append layout.Key |> ignore
                    put (depth + 1) item)

                line depth
                into.Append '}' |> ignore
            | other -> Value.fail $"{Value.kind other} has no JSON"

        put 0 value
        into.ToString()
