namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text

/// <summary>
/// Turns tokens into text as they arrive. A character whose bytes are spread over several tokens
/// comes out whole, with the last of them: all pieces together are what decoding all tokens at once
/// gives.
/// </summary>
/// <example><code>
/// let stream = Tokenizer.bytes.NewStream()
/// [ 226; 130; 172 ] |> List.map (fun id -> (stream.Push id).Length) // € is three bytes
/// // => [0; 0; 1]
/// </code></example>
type ITextStream =
    /// <summary>The text that this token completes; often a word, sometimes nothing.</summary>
    abstract Push: id: int -> string

    /// <summary>What is left at the end: a replacement character where a character was cut
    /// off.</summary>
    abstract Finish: unit -> string

/// <summary>
/// Text to token ids and back: the seam at which any tokenizer is plugged in.
/// </summary>
/// <example><code>
/// let ids = Tokenizer.bytes.Encode "Hi"
/// ids, Tokenizer.bytes.Decode ids
/// // => ([|72; 105|], "Hi")
/// </code></example>
type ITokenizer =
    /// <summary>One more than the largest id.</summary>
    abstract VocabSize: int

    /// <summary>The token that a text begins with, if the model was trained so.</summary>
    abstract Bos: int option

    /// <summary>The tokens that end a text.</summary>
    abstract Eos: int list

    /// <summary>
    /// The ids of a text, without Bos and Eos. A special token that is written out in the text is
    /// text like any other, so text of strangers cannot end a turn.
    /// </summary>
    abstract Encode: text: string -> int[]

    /// <summary>
    /// The ids of a text in which special tokens are written out, as chat templates write them.
    /// </summary>
    abstract EncodeMarkup: text: string -> int[]

    /// <summary>The text of ids; special tokens stand for no text.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such id.</exception>
    abstract Decode: ids: seq<int> -> string

    /// <summary>The bytes that a token adds in the middle of a text, perhaps part of a character;
    /// none where it stands for no text, as Bos and Eos do. Constrained generation looks at all of
    /// them.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such id.</exception>
    abstract Bytes: id: int -> byte[]

    /// <summary>The text of ids with special tokens written out.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such id.</exception>
    abstract DecodeMarkup: ids: seq<int> -> string

    /// <summary>The token that a text is as a whole, <c>[TOOL_CALLS]</c> for instance.</summary>
    abstract TokenId: text: string -> int option

    /// <summary>A decoder for one text as its tokens arrive; special tokens stand for no
    /// text.</summary>
    abstract NewStream: unit -> ITextStream

/// <summary>Ready-made tokenizers.</summary>
[<RequireQualifiedAccess>]
module Tokenizer =
    /// The ids after the 256 bytes.
    let private bos, eos = 256, 257

    let private unknown (id: int) =
        let problem = "the byte tokenizer has the ids 0 to 257"
        raise (ArgumentOutOfRangeException(nameof id, id, problem))

    type private ByteStream() =
        let decoder = Encoding.UTF8.GetDecoder()
        // A byte ends at most one character and spoils one before it: two UTF-16 units each.
        let text = Array.zeroCreate<char> 8

        let convert (bytes: ReadOnlySpan<byte>) flush =
            String(text, 0, decoder.GetChars(bytes, Span text, flush))

        interface ITextStream with
            member _.Push id =
                if id >= 0 && id < 256 then
                    let one = byte id
                    convert (ReadOnlySpan &one) false
                elif id = bos || id = eos then
                    ""
                else
                    unknown id

            member _.Finish() = convert ReadOnlySpan.Empty true

    /// <summary>
    /// The tokens are the 256 bytes of UTF-8, then 256 to begin and 257 to end a text: no training,
    /// no files, every text has one encoding. Bytes that are no UTF-8 decode as replacement
    /// characters.
    /// </summary>
    let bytes: ITokenizer =
        { new ITokenizer with
            member _.VocabSize = 258
            member _.Bos = Some bos
            member _.Eos = [ eos ]
            member _.Encode text = Encoding.UTF8.GetBytes text |> Array.map int
            member this.EncodeMarkup text = this.Encode text
            member this.DecodeMarkup ids = this.Decode ids
            member _.TokenId _ = None

            member this.Decode ids =
                let stream = this.NewStream()
                let text = StringBuilder()

                for id in ids do
                    text.Append(stream.Push id) |> ignore

                text.Append(stream.Finish()).ToString()

            member _.Bytes id =
                if id >= 0 && id < 256 then [| byte id |]
                elif id = bos || id = eos then [||]
                else unknown id

            member _.NewStream() = ByteStream() }

    /// <summary>The text of tokens, piece by piece as they arrive; empty pieces are left
    /// out.</summary>
    /// <example><code>
    /// [ 226; 130; 172; 33 ] // three bytes of one character, and one of another
    /// |> Tokenizer.stream Tokenizer.bytes
    /// |> Seq.map String.length
    /// |> List.ofSeq
    /// // => [1; 1]
    /// </code></example>
    let stream (tokenizer: ITokenizer) (ids: seq<int>) : seq<string> =
        seq {
            let stream = tokenizer.NewStream()

            for id in ids do
                match stream.Push id with
                | "" -> ()
                | piece -> piece

            match stream.Finish() with
            | "" -> ()
            | rest -> rest
        }

    /// <summary>The ids of a prompt: Bos where the tokenizer has one, then the text.</summary>
    /// <example><code>
    /// Tokenizer.prompt Tokenizer.bytes "Hi"
    /// // => [|256; 72; 105|]
    /// </code></example>
    let prompt (tokenizer: ITokenizer) (text: string) : int[] =
        Array.append (Option.toArray tokenizer.Bos) (tokenizer.Encode text)
