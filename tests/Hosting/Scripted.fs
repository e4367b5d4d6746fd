/// A model that writes what the last letter of its prompt stands for, so that each kind of answer
/// can be asked for.
module Mlx.Tests.Hosting.Scripted

open System
open System.Collections.Generic
open System.Text
open Mlx
open Mlx.Models
open Mlx.Hosting
open Mlx.Tests.Models

/// The token that Mistral's calls begin with; it is no text.
let private mark = "[TOOL_CALLS]"

let private call = """{"name": "get_weather", "arguments": {"city": "Hanoi"}}"""

/// What each letter makes it write, token by token. After a small letter it writes the alphabet,
/// without end.
let private scripts =
    dict
        [ 'W', [ "Hello"; " "; "wor"; "ld"; "!" ]
          'S', [ "one "; "two "; "ST"; "OP"; " three" ]
          'Q', [ "I look.\n"; "<tool"; "_call>\n"; call; "\n</tool_call>"; "\n" ]
          'L', [ "{\"name\": \"get_weather\","; " \"parameters\": {\"city\": \"Hanoi\"}}" ]
          'M', [ mark; "[" + call.TrimEnd '}'; "}, \"id\": \"abcdefghi\"}]" ]
          'J', [ "{\"no\": "; "\"call\"}" ]
          'U', [ "é"; "漢"; "\U0001F389" ] ]

let private bos, eos, first = 256, 257, 258

/// The tokens after the bytes, and the one that follows each token.
let private pieces, private followers =
    let pieces = List<string>()

    let next =
        [| for b in 0..255 ->
               if b >= int 'a' && b <= int 'z' then int 'a' + (b - int 'a' + 1) % 26 else eos |]

    let after = List<int>(Array.append next [| eos; eos |])

    for script in scripts do
        after[int script.Key] <- first + pieces.Count

        for i, piece in List.indexed script.Value do
            pieces.Add piece
            let isLast = i = script.Value.Length - 1
            after.Add(if isLast then eos else first + pieces.Count)

    pieces.ToArray(), after.ToArray()

let private vocabulary = first + pieces.Length

let private bytesOf id =
    if id < 0 || id >= vocabulary then raise (ArgumentOutOfRangeException(nameof id))
    elif id < bos then [| byte id |]
    elif id < first || pieces[id - first] = mark then [||]
    else Encoding.UTF8.GetBytes pieces[id - first]

let private stream () : ITextStream =
    let decoder = Encoding.UTF8.GetDecoder()

    let text (bytes: byte[]) flush =
        let chars = Array.zeroCreate<char>(decoder.GetCharCount(bytes, 0, bytes.Length, flush))
        String(chars, 0, decoder.GetChars(bytes, 0, bytes.Length, chars, 0, flush))

    { new ITextStream with
        member _.Push id = text (bytesOf id) false
        member _.Finish() = text [||] true }

let tokenizer: ITokenizer =
    { new ITokenizer with
        member _.VocabSize = vocabulary
        member _.Bos = Some bos
        member _.Eos = [ eos ]
        member _.Encode text = Encoding.UTF8.GetBytes text |> Array.map int
        member this.EncodeMarkup text = Array.append [| bos |] (this.Encode text)
        member this.Decode ids = Tokenizer.stream this ids |> String.concat ""
        member this.DecodeMarkup ids = this.Decode ids
        member _.Bytes id = bytesOf id

        member _.TokenId text =
            match Array.IndexOf(pieces, text) with
            | -1 -> None
            | i -> Some(first + i)

        member _.NewStream() = stream () }

/// The conversation's texts after one another; what it mentions says how calls are written.
let private template (mention: string) =
    ChatTemplate.parse
        Map.empty
        ("{#- "
         + mention
         + " -#}{% for m in messages %}{% if m.content == 'refuse' %}"
         + "{{ raise_exception('no such talk') }}{% endif %}{{ m.content }}{% endfor %}")

let options = { HostingOptions.defaults with Rows = 4; Queue = 64; MaxTokens = 64 }

/// One whose calls are written as the mention says: Qwen's, Mistral's, else Llama's.
let hosted (mention: string) (options: HostingOptions) : HostedModel =
    let table = Tensor.ofArray followers
    let model = Tiny.scripted vocabulary [ eos ] (fun tokens -> table |> Tensor.take 0 tokens)

    new HostedModel(
        "scripted",
        tokenizer,
        Some(template mention),
        model,
        200,
        Sample.greedy,
        options
    )

let qwen () = hosted "<tool_call>" options
