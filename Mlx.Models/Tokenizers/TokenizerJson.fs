namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text
open System.Text.Json

/// Hugging Face's tokenizer.json: normalizer, pre-tokenizer, a BPE model, decoder.
module internal TokenizerJson =
    let private largest = 256L <<< 20

    /// The `model`: pieces to ids.
    type private Model =
        {
            Vocabulary: Dictionary<string, int>
            /// Ids of tokens of one character, by its code.
            Characters: Dictionary<int, int>
            Merges: Dictionary<uint64, struct (int * int)>
            Unknown: int voption
            FuseUnknown: bool
            /// The ids of `<0x00>` to `<0xFF>`, for characters that no token has.
            Bytes: int voption[]
            /// A piece that is a token as a whole is that token, whatever merges say.
            IgnoreMerges: bool
        }

    let private pair left right = uint64 (uint32 left) <<< 32 ||| uint64 (uint32 right)

    let private vocabulary (part: JsonPart) =
        let vocabulary = Dictionary<string, int>(StringComparer.Ordinal)

        for token, id in part.Fields do
            vocabulary[token] <- id.Int

        vocabulary

    /// A merge is a text of two tokens with a space between, or a list of two.
    let private mergedPair (part: JsonPart) =
        if part.Kind = JsonValueKind.Array then
            match [ for item in part.Items -> item.Text ] with
            | [ left; right ] -> struct (left, right)
            | _ -> part.Fail "two tokens are wanted"
        else
            match part.Text.Split ' ' with
            | [| left; right |] -> struct (left, right)
            | _ -> part.Fail "two tokens with a space between are wanted"

    let private merges (vocabulary: Dictionary<string, int>) (part: JsonPart) =
        let merges = Dictionary<uint64, struct (int * int)>()

        let id (item: JsonPart) (token: string) =
            match vocabulary.TryGetValue token with
            | true, id -> id
            | _ -> item.Fail $"the token {token} is not in the vocabulary"

        let mutable rank = 0

        for item in part.Items do
            let struct (left, right) = mergedPair item
            merges[pair (id item left) (id item right)] <- struct (rank, id item (left + right))
            rank <- rank + 1

        merges

    let private model (part: JsonPart) : Model =
        match part.TextOr("type", "BPE") with
        | "BPE" -> ()
        | other -> part.Fail $"the model {other} is not supported; BPE is"

        for name in [ "continuing_subword_prefix"; "end_of_word_suffix" ] do
            if part.TextOr(name, "") <> "" then
                part.Fail $"{name} is not supported"

        match part.Try "dropout" with
        | Some dropout when dropout.Element.GetRawText().Trim('0', '.') <> "" ->
            part.Fail "dropout is not supported"
        | _ -> ()

        let vocabulary = vocabulary (part.Need "vocab")
        let characters = Dictionary<int, int>()

        for entry in vocabulary do
            let mutable rune = Unchecked.defaultof<Rune>

            if entry.Key.Length <= 2 && Rune.TryGetRuneAt(entry.Key + " ", 0, &rune) then
                if rune.Utf16SequenceLength = entry.Key.Length then
                    characters[rune.Value] <- entry.Value

        let find token =
            match vocabulary.TryGetValue token with
            | true, id -> ValueSome id
            | _ -> ValueNone

        let fallback = part.FlagOr("byte_fallback", false)

        { Vocabulary = vocabulary
          Characters = characters
          Merges = merges vocabulary (part.Need "merges")
          Unknown =
            match part.TryText "unk_token" with
            | None -> ValueNone
            | Some token ->
                match find token with
                | ValueSome id -> ValueSome id
                | ValueNone -> part.Fail $"unk_token: {token} is not in the vocabulary"
          FuseUnknown = part.FlagOr("fuse_unk", false)
          Bytes = [| for b in 0..255 -> if fallback then find $"<0x%02X{b}>" else ValueNone |]
          IgnoreMerges = part.FlagOr("ignore_merges", false) }

    /// The symbols that a piece begins as, characters where they are tokens.
    let private addSymbols (m: Model) (merger: Merger) (piece: string) =
        let mutable i = 0
        let mutable unknown = false
        let utf8 = Array.zeroCreate<byte> 4

        for rune in piece.EnumerateRunes() do
            let length = rune.Utf16SequenceLength

            match m.Characters.TryGetValue rune.Value with
            | true, id ->
                merger.Add(id, i, length)
                unknown <- false
            | _ ->
                let bytes = ReadOnlySpan(utf8, 0, rune.EncodeToUtf8(Span utf8))
                let mutable all = true

                for b in bytes do
                    all <- all && m.Bytes[int b].IsSome

                if all then
                    for b in bytes do
                        merger.Add(m.Bytes[int b].Value, i, 0)

                    unknown <- false
                else
                    match m.Unknown with
                    | ValueSome id ->
                        if not (unknown && m.FuseUnknown) then
                            merger.Add(id, i, length)

                        unknown <- true
                    // Without a token for what is unknown, Hugging Face leaves it out.
                    | ValueNone -> ()

            i <- i + length

    let private encoder (m: Model) =
        let joins =
            { new IJoins with
                member _.Find(left, right, _, _, _) =
                    match m.Merges.TryGetValue(pair left right) with
                    | true, struct (rank, id) -> ValueSome { Priority = float rank; Id = id }
                    | _ -> ValueNone }

        fun () ->
            let merger = Merger joins

            fun (piece: string) (ids: List<int>) ->
                match m.IgnoreMerges, m.Vocabulary.TryGetValue piece with
                | true, (true, id) -> ids.Add id
                | _ ->
                    merger.Begin piece
                    addSymbols m merger piece
                    merger.Finish(fun id _ _ -> ids.Add id)

    /// The token that the post-processor puts before a text, where it says so.
    let rec private beginning (part: JsonPart) : string option =
        match (part.Need "type").Text with
        | "TemplateProcessing" ->
            match Seq.tryHead (part.Need "single").Items with
            | Some first -> first.Try "SpecialToken" |> Option.map (fun t -> (t.Need "id").Text)
            | None -> None
        | "Sequence" -> Seq.tryPick beginning (part.Need "processors").Items
        | "ByteLevel" -> None
        | other -> part.Fail $"the post_processor {other} is not supported"

    let private build (path: string) (config: TokenizerConfig) (root: JsonPart) : ITokenizer =
        let m = model (root.Need "model")
        let normalize = Normalizer.read (root.Try "normalizer")
        let preTokenize = PreTokenizer.read (root.Try "pre_tokenizer")
        let decode = TokenDecoder.read (root.Try "decoder")

        let added =
            match root.Try "added_tokens" with
            | None -> []
            | Some part ->
                // A token that the model has too has the model's id, whatever stands here.
                [ for item in part.Items do
                      let token = AddedTokens.read item

                      match m.Vocabulary.TryGetValue token.Content with
                      | true, id -> { token with Id = id }
                      | _ -> token ]

        let tokens =
            TokenTable.ofPairs
                path
                (seq {
                    for entry in m.Vocabulary -> struct (entry.Value, entry.Key)
                    for token in added -> struct (token.Id, token.Content)
                })

        let late, early = added |> List.partition _.Normalized
        let findEarly = AddedTokens.finder id early
        let findLate = AddedTokens.finder normalize late
        let newEncoder = encoder m

        let encode specials text =
            let ids = List<int>()
            let encode = newEncoder ()

            for outer in findEarly specials text true do
                match outer with
                | Segment.Token id -> ids.Add id
                | Segment.Text(part, first) ->
                    for inner in findLate specials (normalize part) first do
                        match inner with
                        | Segment.Token id -> ids.Add id
                        | Segment.Text(part, first) ->
                            for piece in preTokenize { Text = part; First = first } do
                                if piece.Text <> "" then
                                    encode piece.Text ids

            ids.ToArray()

        let ids = Dictionary<string, int>(m.Vocabulary, StringComparer.Ordinal)

        for token in added do
            ids[token.Content] <- token.Id

        let find token =
            match ids.TryGetValue token with
            | true, id -> Some id
            | _ -> None

        let specials = HashSet<int>(added |> Seq.filter _.Special |> Seq.map _.Id)
        let none = HashSet<int>()

        let bos =
            match root.Try "post_processor" |> Option.bind beginning, config.AddBos with
            | Some token, _ -> find token
            | None, Some true -> config.Named.TryFind "bos_token" |> Option.bind find
            | None, _ -> None

        let eos =
            (config.Named.TryFind "eos_token" |> Option.bind find |> Option.toList) @ config.EosIds

        // A file alone does not say which token ends a text: these are the names of the families.
        let eos =
            match eos with
            | [] -> List.choose find [ "</s>"; "<|end_of_text|>"; "<|eot_id|>"; "<|im_end|>" ]
            | some -> List.distinct some

        FileTokenizer
            { Source = path
              Tokens = tokens
              Specials = specials
              Bos = bos
              Eos = eos
              Encode = encode
              Stream =
                fun markup -> TokenTable.stream tokens (if markup then none else specials) decode
              Find = find
              Bytes = TokenDecoder.bytes (root.Try "decoder") }

    let load (path: string) (config: TokenizerConfig) : ITokenizer =
        JsonPart.Read path largest (build path config)
