namespace Mlx.Models

open System
open System.Globalization
open System.Text

/// Bytes to text as they arrive. Pieces end where characters end.
type internal IByteStream =
    abstract Push: bytes: byte[] -> string
    abstract Finish: unit -> string

module internal Utf8 =
    /// Half a surrogate pair has no UTF-8: it becomes a replacement character.
    let whole (text: string) =
        let mutable broken = false
        let mutable i = 0

        while not broken && i < text.Length do
            if not (Char.IsSurrogate text[i]) then i <- i + 1
            elif i + 1 < text.Length && Char.IsSurrogatePair(text[i], text[i + 1]) then i <- i + 2
            else broken <- true

        if broken then Encoding.UTF8.GetString(Encoding.UTF8.GetBytes text) else text

    /// The byte that a token like `<0x41>` stands for.
    let byteToken (token: string) =
        if
            token.Length = 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] = '>'
        then
            match
                Byte.TryParse(
                    token.AsSpan(3, 2),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture
                )
            with
            | true, b -> ValueSome b
            | _ -> ValueNone
        else
            ValueNone

    /// Every longest broken part of a character becomes one replacement character, as Unicode
    /// recommends.
    let standard () : IByteStream =
        let decoder = Encoding.UTF8.GetDecoder()

        let convert (bytes: byte[]) flush =
            let text = Array.zeroCreate<char>(decoder.GetCharCount(bytes, 0, bytes.Length, flush))
            String(text, 0, decoder.GetChars(bytes, 0, bytes.Length, text, 0, flush))

        { new IByteStream with
            member _.Push bytes = convert bytes false
            member _.Finish() = convert [||] true }

    /// Every byte that begins no character becomes a replacement character, as SentencePiece has
    /// it.
    let byteWise () : IByteStream =
        let held = Array.zeroCreate<byte> 4
        let mutable count = 0

        let drain (text: StringBuilder) final =
            let mutable more = count > 0

            while more do
                let mutable rune = Unchecked.defaultof<Rune>
                let mutable used = 0
                let bytes = ReadOnlySpan(held, 0, count)

                match Rune.DecodeFromUtf8(bytes, &rune, &used) with
                | Buffers.OperationStatus.NeedMoreData when not final -> more <- false
                | status ->
                    if status <> Buffers.OperationStatus.Done then
                        used <- 1

                    text.Append(rune.ToString()) |> ignore
                    Array.Copy(held, used, held, 0, count - used)
                    count <- count - used
                    more <- count > 0

        { new IByteStream with
            member _.Push bytes =
                let text = StringBuilder()

                for b in bytes do
                    held[count] <- b
                    count <- count + 1
                    drain text false

                text.ToString()

            member _.Finish() =
                let text = StringBuilder()
                drain text true
                text.ToString() }
