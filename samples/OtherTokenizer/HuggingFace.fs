/// Hugging Face's tokenizers, through the package Tokenizers.DotNet, at the seam of Mlx.Models.
module OtherTokenizer.HuggingFace

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json
open Mlx.Models

/// A stream for any tokenizer that decodes all at once: what a longer text adds to a shorter one is
/// new. An end that is no whole character may still become one, so it waits.
type private Growing(decode: int[] -> string) =
    let ids = List<int>()
    let mutable shown = ""

    let fresh (text: string) =
        let piece = text.Substring(min shown.Length text.Length)
        shown <- text
        piece

    interface ITextStream with
        member _.Push id =
            ids.Add id
            let text = decode (ids.ToArray())
            if text.EndsWith '\uFFFD' then "" else fresh text

        member _.Finish() = fresh (decode (ids.ToArray()))

/// What the package does not tell, its file does: added tokens, and the one that begins a text.
let private added (path: string) =
    use json = JsonDocument.Parse(File.ReadAllText path)

    [ for token in json.RootElement.GetProperty("added_tokens").EnumerateArray() ->
          nonNull (token.GetProperty("content").GetString()), token.GetProperty("id").GetInt32() ]

let load (path: string) (size: int) (eos: int list) : ITokenizer =
    let library = new Tokenizers.DotNet.Tokenizer(path)
    let tokens = dict (added path)
    let decode (ids: int[]) = library.Decode(Array.map uint32 ids)
    let encode (text: string) = library.Encode text |> Array.map int
    // An empty text is encoded as what goes before every text.
    let before = encode ""

    { new ITokenizer with
        member _.VocabSize = size
        member _.Bos = Array.tryHead before
        member _.Eos = eos
        // The library always looks for special tokens, so this one trusts its text.
        member _.Encode text = (encode text)[before.Length ..]
        member this.EncodeMarkup text = this.Encode text
        member _.Decode ids = decode (Array.ofSeq ids)
        member this.DecodeMarkup ids = this.Decode ids
        member _.NewStream() = Growing decode

        member _.TokenId text =
            match tokens.TryGetValue text with
            | true, id -> Some id
            | _ -> None

        // What a token adds after another one.
        member this.Bytes id =
            let x = this.Encode "x"
            let text = decode (Array.append x [| id |])
            Encoding.UTF8.GetBytes(text.Substring(decode(x).Length)) }
