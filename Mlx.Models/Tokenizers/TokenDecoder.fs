namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text

/// Takes tokens, or pieces of text, one after the other.
type internal Sink = { Push: string -> unit; Finish: unit -> unit }

/// <summary>
/// From tokens to text: the <c>decoder</c> of a tokenizer.json. Each step passes on what it is sure
/// of and keeps the rest, so that a text comes out the same in one go and token by token.
/// </summary>
module internal TokenDecoder =
    type private Step = Sink -> Sink

    let private strict = UTF8Encoding(false, true)

    let private mapped f : Step = fun next -> { next with Push = f >> next.Push }

    /// Tokens that stand for bytes become text. Where a run of them is no UTF-8, each of them
    /// becomes a replacement character; so nothing is certain before the run ends.
    let private byteFallback: Step =
        fun next ->
            let run = List<byte>()

            let flush () =
                if run.Count > 0 then
                    let bytes = run.ToArray()
                    run.Clear()

                    match
                        (try
                            ValueSome(strict.GetString bytes)
                         with :? DecoderFallbackException ->
                             ValueNone)
                    with
                    | ValueSome text -> next.Push text
                    | ValueNone ->
                        for _ in bytes do
                            next.Push "\uFFFD"

            { Push =
                fun token ->
                    match Utf8.byteToken token with
                    | ValueSome b -> run.Add b
                    | ValueNone ->
                        flush ()
                        next.Push token
              Finish =
                fun () ->
                    flush ()
                    next.Finish() }

    let private byteLevel: Step =
        fun next ->
            let decoder = Utf8.standard ()

            { Push = fun token -> next.Push(decoder.Push(ByteLevel.toBytes token))
              Finish =
                fun () ->
                    next.Push(decoder.Finish())
                    next.Finish() }

    let private leading (content: char) most (text: string) =
        let mutable n = 0

        while n < most && n < text.Length && text[n] = content do
            n <- n + 1

        n

    let private trailing (content: char) most (text: string) =
        let mutable n = 0

        while n < most && n < text.Length && text[text.Length - 1 - n] = content do
            n <- n + 1

        n

    let private stripEach content start stop =
        mapped (fun token ->
            let token = token.Substring(leading content start token)
            token.Substring(0, token.Length - trailing content stop token))

    /// The same for tokens that have become one text.
    let private stripWhole content start stop : Step =
        fun next ->
            let mutable remaining = start
            let mutable held = ""

            { Push =
                fun piece ->
                    let n = leading content remaining piece
                    remaining <- if n < piece.Length then 0 else remaining - n
                    let text = held + piece.Substring n
                    let keep = trailing content stop text
                    held <- text.Substring(text.Length - keep)
                    next.Push(text.Substring(0, text.Length - keep))
              Finish = next.Finish }

    let private metaspace (replacement: string) prefixed : Step =
        fun next ->
            let mutable first = true

            { next with
                Push =
                    fun token ->
                        let blank = if first && prefixed then "" else " "
                        first <- false
                        next.Push(token.Replace(replacement, blank, StringComparison.Ordinal)) }

    let private spaced: Step =
        fun next ->
            let mutable first = true

            { next with
                Push =
                    fun token ->
                        next.Push(if first then token else " " + token)
                        first <- false }

    /// The step, and whether what comes out of it is one text, no longer tokens.
    let private ofPart (part: JsonPart) fused : Step * bool =
        match (part.Need "type").Text with
        | "Replace" ->
            match Pattern.read (part.Need "pattern") with
            | Pattern.Text wanted when wanted.Length = 1 || wanted <> "" && not fused ->
                let content = (part.Need "content").Text

                mapped (fun token -> token.Replace(wanted, content, StringComparison.Ordinal)),
                fused
            | Pattern.Text _ -> part.Fail "a Replace after Fuse is supported for single characters"
            | Pattern.Regex _ -> part.Fail "a Replace of a Regex is not supported in a decoder"
        | "ByteFallback" when not fused -> byteFallback, false
        | "ByteLevel" when not fused -> byteLevel, true
        | "Fuse" -> id, true
        | "Strip" ->
            let content = (part.Need "content").Text

            if content.Length <> 1 then
                part.Fail "content: a single character is wanted"
            else
                let strip = if fused then stripWhole else stripEach
                strip content[0] (part.Need "start").Int (part.Need "stop").Int, fused
        | "Metaspace" when not fused ->
            let prefixed =
                match part.TryText "prepend_scheme" with
                | Some scheme -> scheme <> "never"
                | None -> part.FlagOr("add_prefix_space", true)

            metaspace (part.TextOr("replacement", "\u2581")) prefixed, false
        | other ->
            let place = if fused then " after Fuse" else ""
            part.Fail $"the decoder {other} is not supported{place}"

    let rec private steps (part: JsonPart) =
        match (part.Need "type").Text with
        | "Sequence" ->
            [ for item in (part.Need "decoders").Items do
                  yield! steps item ]
        | _ -> [ part ]

    let read (part: JsonPart option) : Sink -> Sink =
        match part with
        | None -> spaced
        | Some part ->
            let all = steps part

            if all.Length > 64 then
                part.Fail "more than 64 steps"
            else
                // A step is given the sink after it, so the last one is applied first.
                let (chain: Step), _ =
                    ((id, false), all)
                    ||> List.fold (fun (before, fused) part ->
                        let step, fused = ofPart part fused
                        (step >> before), fused)

                chain

    /// The bytes that a token adds in the middle of a text.
    let bytes (part: JsonPart option) : string -> byte[] =
        let kinds =
            match part with
            | None -> []
            | Some part -> [ for step in steps part -> (step.Need "type").Text ]

        if List.contains "ByteLevel" kinds then
            ByteLevel.toBytes
        else
            let decode = read part

            fun token ->
                match Utf8.byteToken token with
                | ValueSome b when List.contains "ByteFallback" kinds -> [| b |]
                | _ ->
                    let text = StringBuilder()

                    let sink =
                        decode
                            { Push = fun piece -> text.Append piece |> ignore
                              Finish = ignore }

                    // What steps do to the start of a text, they do to this.
                    sink.Push "x"
                    text.Clear() |> ignore
                    sink.Push token
                    Encoding.UTF8.GetBytes(text.ToString())
