namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text

/// SentencePiece's tokenizer.model: a protobuf message with pieces, their scores and kinds.
module internal SentencePiece =
    let private largest = 256L <<< 20

    type private Kind =
        | Normal = 1
        | Unknown = 2
        | Control = 3
        | UserDefined = 4
        | Unused = 5
        | Byte = 6

    [<Struct>]
    type private Piece = { Text: string; Score: float32; Kind: Kind }

    /// The fields of a protobuf message: number, value of a number, bytes of everything else.
    let private fields (source: string) (data: ReadOnlyMemory<byte>) =
        let found = List<struct (int * uint64 * ReadOnlyMemory<byte>)>()
        let mutable at = 0

        let broken () =
            raise (ModelException(source, [ $"no protobuf message: broken at byte {at}" ]))

        let varint () =
            let mutable value = 0UL
            let mutable shift = 0
            let mutable more = true

            while more do
                if at >= data.Length || shift > 63 then
                    broken ()

                let b = data.Span[at]
                value <- value ||| (uint64 (b &&& 0x7Fuy) <<< shift)
                shift <- shift + 7
                more <- b >= 0x80uy
                at <- at + 1

            value

        let take (length: uint64) =
            if length > uint64 (data.Length - at) then
                broken ()

            let bytes = data.Slice(at, int length)
            at <- at + int length
            bytes

        while at < data.Length do
            let key = varint ()
            let number = int (min (key >>> 3) 0x7FFFFFFFUL)

            match int (key &&& 7UL) with
            | 0 -> found.Add(struct (number, varint (), ReadOnlyMemory.Empty))
            | 1 -> found.Add(struct (number, 0UL, take 8UL))
            | 2 -> found.Add(struct (number, 0UL, take (varint ())))
            | 5 -> found.Add(struct (number, 0UL, take 4UL))
            | _ -> broken ()

        found

    type private Spec =
        { Pieces: Piece[]
          Bos: int
          Eos: int
          DummyPrefix: bool
          RemoveExtra: bool
          EscapeSpaces: bool
          UnknownSurface: string }

    let private piece source data =
        let mutable piece = { Text = ""; Score = 0f; Kind = Kind.Normal }

        for struct (number, value, bytes) in fields source data do
            match number with
            | 1 -> piece <- { piece with Text = Encoding.UTF8.GetString bytes.Span }
            | 2 when bytes.Length = 4 ->
                piece <- { piece with Score = BitConverter.ToSingle bytes.Span }
            | 3 -> piece <- { piece with Kind = enum<Kind>(int value) }
            | _ -> ()

        piece

    let private parse (source: string) (data: byte[]) : Spec =
        let pieces = List<Piece>()
        let problems = List<string>()

        let mutable spec =
            { Pieces = [||]
              Bos = 1
              Eos = 2
              DummyPrefix = true
              RemoveExtra = true
              EscapeSpaces = true
              UnknownSurface = " \u2047 " }

        for struct (number, _, bytes) in fields source (ReadOnlyMemory data) do
            match number with
            | 1 -> pieces.Add(piece source bytes)
            | 2 ->
                for struct (number, value, bytes) in fields source bytes do
                    match number with
                    | 3 when value <> 2UL ->
                        let kind = [| ""; "unigram"; "BPE"; "word"; "character" |]
                        let name = if value < 5UL then kind[int value] else string value
                        problems.Add $"a model of kind {name} is not supported; BPE is"
                    | 24 when value <> 0UL ->
                        problems.Add "treat_whitespace_as_suffix is not supported"
                    | 41 -> spec <- { spec with Bos = int value }
                    | 42 -> spec <- { spec with Eos = int value }
                    | 44 ->
                        let surface = Encoding.UTF8.GetString bytes.Span
                        spec <- { spec with UnknownSurface = surface }
                    | _ -> ()
            | 3 ->
                for struct (number, value, bytes) in fields source bytes do
                    match number with
                    | 2 when bytes.Length > 0 ->
                        problems.Add "a normalizer with a table of characters is not supported"
                    | 3 -> spec <- { spec with DummyPrefix = value <> 0UL }
                    | 4 -> spec <- { spec with RemoveExtra = value <> 0UL }
                    | 5 -> spec <- { spec with EscapeSpaces = value <> 0UL }
                    | _ -> ()
            | _ -> ()

        if pieces.Count = 0 then
            problems.Add "it has no pieces: it is no SentencePiece model"

        if pieces.Exists(fun p -> p.Kind = Kind.Byte && (Utf8.byteToken p.Text).IsNone) then
            problems.Add "a piece for a byte is none"

        if pieces.Exists(fun p -> p.Kind = Kind.Unused) then
            problems.Add "unused pieces are not supported"

        if problems.Count > 0 then
            raise (ModelException(source, List.ofSeq problems))

        { spec with Pieces = pieces.ToArray() }

    let private space = "\u2581"

    let private normalize (spec: Spec) (text: string) =
        let text =
            if spec.RemoveExtra then
                String.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            else
                text

        if text = "" then
            ""
        else
            let text = if spec.DummyPrefix then " " + text else text
            if spec.EscapeSpaces then text.Replace(" ", space, StringComparison.Ordinal) else text

    /// Text to ids. Neighbours join where they are a piece together, that of the highest score
    /// first.
    let private encoder (spec: Spec) =
        let ids = Dictionary<string, int>(StringComparer.Ordinal)
        let bytes = Array.create 256 -1
        let mutable unknown = 0
        let mutable longest = 0

        spec.Pieces
        |> Array.iteri (fun id piece ->
            match piece.Kind with
            | Kind.Normal
            | Kind.UserDefined ->
                ids.TryAdd(piece.Text, id) |> ignore
                longest <- max longest piece.Text.Length
            | Kind.Unknown -> unknown <- id
            | Kind.Byte ->
                match Utf8.byteToken piece.Text with
                | ValueSome b -> bytes[int b] <- id
                | ValueNone -> ()
            | _ -> ())

        let whole =
            Trie(
                spec.Pieces
                |> Seq.mapi (fun id p -> p.Kind, (p.Text, id))
                |> Seq.filter (fun (kind, _) -> kind = Kind.UserDefined)
                |> Seq.map snd
            )

        let longest = longest
        let unknown = unknown
        let isWhole id = id >= 0 && spec.Pieces[id].Kind = Kind.UserDefined

        let joins =
            { new IJoins with
                member _.Find(left, right, text, start, length) =
                    if length > longest || isWhole left || isWhole right then
                        ValueNone
                    else
                        match ids.TryGetValue(text.Substring(start, length)) with
                        | true, id ->
                            ValueSome { Priority = -(float spec.Pieces[id].Score); Id = id }
                        | _ -> ValueNone }

        fun (text: string) ->
            let text = normalize spec text
            let merger = Merger joins
            merger.Begin text
            let mutable i = 0

            while i < text.Length do
                match whole.Longest(text, i) with
                | ValueSome(struct (id, length)) ->
                    merger.Add(id, i, length)
                    i <- i + length
                | ValueNone ->
                    let length = if Char.IsHighSurrogate text[i] then 2 else 1

                    let id =
                        match ids.TryGetValue(text.Substring(i, length)) with
                        | true, id -> id
                        | _ -> -1

                    merger.Add(id, i, length)
                    i <- i + length

            let result = List<int>()
            let mutable afterUnknown = false

            merger.Finish(fun id start length ->
                if id >= 0 then
                    result.Add id
                    afterUnknown <- false
                else
                    let utf8 = Encoding.UTF8.GetBytes(text, start, length)

                    if utf8 |> Array.forall (fun b -> bytes[int b] >= 0) then
                        for b in utf8 do
                            result.Add bytes[int b]
                    elif not afterUnknown then
                        result.Add unknown
                        afterUnknown <- true)

            result

    /// Ids to text. The space that encoding put before a text goes again.
    let private stream (spec: Spec) markup : ITextStream =
        let decoder = Utf8.byteWise ()
        let mutable atStart = true
        let mutable spaceSeen = false
        let mutable empty = true

        let surface (piece: Piece) =
            match piece.Kind with
            | Kind.Control -> if markup then piece.Text else ""
            | Kind.Unknown -> spec.UnknownSurface
            | _ ->
                spaceSeen <-
                    atStart
                    && (spec.DummyPrefix || spec.RemoveExtra)
                    && piece.Text.StartsWith(space, StringComparison.Ordinal)

                let text = if spaceSeen then piece.Text.Substring 1 else piece.Text
                spaceSeen <- spaceSeen && not spec.RemoveExtra
                text.Replace(space, " ", StringComparison.Ordinal)

        let push id =
            if id < 0 then
                TokenTable.negative id
            elif id >= spec.Pieces.Length then
                ""
            else
                let piece = spec.Pieces[id]

                match Utf8.byteToken piece.Text with
                | ValueSome b when piece.Kind = Kind.Byte -> decoder.Push [| b |]
                | _ ->
                    let before = decoder.Finish()
                    empty <- empty && before = ""
                    atStart <- atStart && not spaceSeen && empty
                    before + surface piece

        { new ITextStream with
            member _.Push id =
                let text = push id
                empty <- empty && text = ""
                text

            member _.Finish() = decoder.Finish() }

    let load (path: string) (config: TokenizerConfig) : ITokenizer =
        if FileInfo(path).Length > largest then
            raise (ModelException(path, [ $"larger than {largest >>> 20} MiB" ]))

        let spec = parse path (File.ReadAllBytes path)
        let encode = encoder spec

        let control =
            spec.Pieces
            |> Seq.mapi (fun id p -> id, p)
            |> Seq.filter (fun (_, p) -> p.Kind = Kind.Control)
            |> Seq.map (fun (id, p) -> AddedTokens.plain id p.Text)
            |> List.ofSeq

        let segments = AddedTokens.finder id control

        let encodeAll specials (text: string) =
            let ids = List<int>()

            for segment in segments specials text true do
                match segment with
                | Segment.Token id -> ids.Add id
                | Segment.Text(part, _) -> ids.AddRange(encode part)

            ids.ToArray()

        let tokens =
            TokenTable.ofPairs path (spec.Pieces |> Seq.mapi (fun id p -> struct (id, p.Text)))

        let byText = Dictionary<string, int>(StringComparer.Ordinal)
        spec.Pieces |> Array.iteri (fun id p -> byText.TryAdd(p.Text, id) |> ignore)
        let kindOf token = spec.Pieces[byText[token]].Kind
        let known id = id >= 0 && id < spec.Pieces.Length

        FileTokenizer
            { Source = path
              Tokens = tokens
              Specials = HashSet<int>(control |> Seq.map _.Id)
              Bos = if known spec.Bos && config.AddBos <> Some false then Some spec.Bos else None
              Eos =
                List.distinct (
                    [ if known spec.Eos then
                          spec.Eos ]
                    @ config.EosIds
                )
              Encode = encodeAll
              Stream = stream spec
              Find =
                fun token ->
                    match byText.TryGetValue token with
                    | true, id -> Some id
                    | _ -> None
              Bytes =
                fun token ->
                    match kindOf token, Utf8.byteToken token with
                    | Kind.Byte, ValueSome b -> [| b |]
                    | Kind.Unknown, _ -> Encoding.UTF8.GetBytes spec.UnknownSurface
                    | _ ->
                        let text = token.Replace(space, " ", StringComparison.Ordinal)
                        Encoding.UTF8.GetBytes text }
