namespace Mlx.Models

open System

/// Text as it may be shown: what might turn out to be the beginning of a stop string is held back
/// until that is known. Of stop strings the one that is complete first ends the text.
[<Sealed>]
type internal StopText(stream: ITextStream, stops: string list) =
    let mutable held = ""

    let find (text: string) =
        stops
        |> List.map (fun stop -> text.IndexOf(stop, StringComparison.Ordinal), stop)
        |> List.filter (fun (at, _) -> at >= 0)
        |> function
            | [] -> None
            | found -> Some(List.minBy fst found)

    /// The end of a text that a stop string may begin with.
    let begun (text: string) =
        let isBegun (length: int) =
            stops
            |> List.exists (fun stop ->
                length < stop.Length
                && String.CompareOrdinal(text, text.Length - length, stop, 0, length) = 0)

        let longest = stops |> List.map _.Length |> List.fold max 0
        seq { min text.Length longest .. -1 .. 1 } |> Seq.tryFind isBegun |> Option.defaultValue 0

    let show (piece: string) =
        if stops.IsEmpty then
            piece, None
        else
            let text = held + piece

            match find text with
            | Some(at, stop) ->
                held <- ""
                text[.. at - 1], Some stop
            | None ->
                let length = begun text
                held <- text[text.Length - length ..]
                text[.. text.Length - length - 1], None

    /// What a token lets be shown, and the stop string that it completes.
    member _.Push(id: int) : string * string option = show (stream.Push id)

    /// What is left at the end.
    member _.Finish() : string * string option =
        match show (stream.Finish()) with
        | text, None ->
            let rest = held
            held <- ""
            text + rest, None
        | stopped -> stopped
