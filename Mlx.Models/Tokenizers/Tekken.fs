namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text

/// Mistral's tekken.json: special tokens first, then byte sequences in the order they join in.
module internal Tekken =
    let private largest = 256L <<< 20

    /// What older files leave to the reader.
    let private customary =
        [ "<unk>"; "<s>"; "</s>"; "[INST]"; "[/INST]"; "[AVAILABLE_TOOLS]"; "[/AVAILABLE_TOOLS]" ]
        @ [ "[TOOL_RESULTS]"; "[/TOOL_RESULTS]"; "[TOOL_CALLS]"; "[IMG]"; "<pad>"; "[IMG_BREAK]" ]
        @ [ "[IMG_END]"; "[PREFIX]"; "[MIDDLE]"; "[SUFFIX]"; "[SYSTEM_PROMPT]" ]
        @ [ "[/SYSTEM_PROMPT]"; "[TOOL_CONTENT]" ]

    let private specials (root: JsonPart) count =
        let names = Array.init count (fun i -> $"<SPECIAL_{i}>")

        match root.Try "special_tokens" with
        | None ->
            customary
            |> List.iteri (fun i name ->
                if i < count then
                    names[i] <- name)
        | Some part ->
            for item in part.Items do
                let rank = (item.Need "rank").Int

                if rank < 0 || rank >= count then
                    item.Fail $"rank: a number from 0 to {count - 1} is wanted"

                names[rank] <- (item.Need "token_str").Text

        names

    /// Bytes as a text, a character a byte: a key that can be cut.
    let private latin (bytes: ReadOnlySpan<byte>) = Encoding.Latin1.GetString bytes

    let private words (root: JsonPart) most =
        [| for item in (root.Need "vocab").Items |> Seq.truncate most do
               let text = (item.Need "token_bytes").Text

               match
                   (try
                       Some(Convert.FromBase64String text)
                    with :? FormatException ->
                        None)
               with
               | Some bytes -> latin (ReadOnlySpan bytes)
               | None -> item.Fail "token_bytes: no base64" |]

    let private encoder offset (words: string[]) =
        let ranks = Dictionary<string, int>(StringComparer.Ordinal)
        words |> Array.iteri (fun rank word -> ranks.TryAdd(word, rank) |> ignore)
        let longest = words |> Seq.map _.Length |> Seq.fold max 0

        let joins =
            { new IJoins with
                member _.Find(_, _, text, start, length) =
                    if length > longest then
                        ValueNone
                    else
                        match ranks.TryGetValue(text.Substring(start, length)) with
                        | true, rank -> ValueSome { Priority = float rank; Id = offset + rank }
                        | _ -> ValueNone }

        let single =
            [| for b in 0..255 ->
                   match ranks.TryGetValue(string (char b)) with
                   | true, rank -> offset + rank
                   | _ -> -1 |]

        fun () ->
            let merger = Merger joins

            fun (piece: string) (ids: List<int>) ->
                let word = latin (ReadOnlySpan(Encoding.UTF8.GetBytes piece))

                match ranks.TryGetValue word with
                | true, rank -> ids.Add(offset + rank)
                | _ ->
                    merger.Begin word
                    word |> Seq.iteri (fun i c -> merger.Add(single[int c], i, 1))
                    merger.Finish(fun id _ _ -> ids.Add id)

    let private stream offset (names: string[]) (words: string[]) markup : ITextStream =
        let decoder = Utf8.standard ()

        { new ITextStream with
            member _.Push id =
                if id < 0 then
                    TokenTable.negative id
                elif id < offset then
                    if markup then decoder.Finish() + names[id] else decoder.Finish()
                elif id - offset < words.Length then
                    decoder.Push(Encoding.Latin1.GetBytes words[id - offset])
                else
                    ""

            member _.Finish() = decoder.Finish() }

    let private build (path: string) (config: TokenizerConfig) (root: JsonPart) : ITokenizer =
        let c = root.Need "config"
        let size = (c.Need "default_vocab_size").Int
        let offset = (c.Need "default_num_special_tokens").Int

        if offset < 0 || size < offset || size > (1 <<< 22) then
            c.Fail "default_vocab_size and default_num_special_tokens are no sizes"

        let pattern = Pattern.regex c (c.Need "pattern").Text
        let names = specials root offset
        let words = words root (size - offset)

        for b in 0..255 do
            if not (Array.contains (string (char b)) words) then
                (root.Need "vocab").Fail $"no token for the byte {b}"

        let newEncoder = encoder offset words
        let segments = names |> Seq.mapi AddedTokens.plain |> List.ofSeq |> AddedTokens.finder id

        let encode specials text =
            let ids = List<int>()
            let encode = newEncoder ()

            for segment in segments specials text true do
                match segment with
                | Segment.Token id -> ids.Add id
                | Segment.Text(part, _) ->
                    let mutable last = 0

                    let cut stop =
                        if stop > last then
                            encode (part.Substring(last, stop - last)) ids
                            last <- stop

                    for struct (start, length) in Pattern.find pattern part do
                        cut start
                        cut (start + length)

                    cut part.Length

            ids.ToArray()

        let find token =
            match Array.IndexOf(names, token) with
            | -1 ->
                let word = latin (ReadOnlySpan(Encoding.UTF8.GetBytes token))

                match Array.IndexOf(words, word) with
                | -1 -> None
                | rank -> Some(offset + rank)
            | id -> Some id

        let tokens = Array.append names words

        FileTokenizer
            { Source = path
              Tokens = tokens |> Array.map (fun token -> token: string | null)
              Specials = HashSet<int>(seq { 0 .. offset - 1 })
              Bos = if config.AddBos = Some false then None else find "<s>"
              Eos = List.distinct (Option.toList (find "</s>") @ config.EosIds)
              Encode = encode
              Stream = stream offset names words
              Find = find
              Bytes = Encoding.Latin1.GetBytes }

    let load (path: string) (config: TokenizerConfig) : ITokenizer =
        JsonPart.Read path largest (build path config)
