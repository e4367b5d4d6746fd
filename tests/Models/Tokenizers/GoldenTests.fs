/// The folders of tests/data/tokenizer: tokenizers of each format, and what the libraries they come
/// from make of texts and ids.
module Mlx.Tests.Models.Tokenizers.GoldenTests

open System
open System.IO
open System.Text
open System.Text.Json
open Expecto
open FsCheck.FSharp
open Mlx.Models

let path (name: string) = Path.Combine(AppContext.BaseDirectory, "data", "tokenizer", name)

let private cases name (list: string) =
    let text = File.ReadAllText(Path.Combine(path name, "cases.json"))
    let root = JsonDocument.Parse(text).RootElement

    match root.TryGetProperty list with
    | true, cases -> [ for case in cases.EnumerateArray() -> case ]
    | _ -> []

let private ids (case: JsonElement) (name: string) =
    [| for id in case.GetProperty(name).EnumerateArray() -> id.GetInt32() |]

let private text (case: JsonElement) (name: string) = nonNull (case.GetProperty(name).GetString())

let private streamed tokenizer ids = Tokenizer.stream tokenizer ids |> String.concat ""

/// Decoded at once and token by token.
let private decodes (tokenizer: ITokenizer) ids wanted =
    Expect.equal (tokenizer.Decode ids) wanted $"decode %A{ids}"
    Expect.equal (streamed tokenizer ids) wanted $"stream %A{ids}"

let private property name check = testPropertyWithConfig FsCheckConfig.defaultConfig name check

/// A text without half characters, which UTF-8 has not.
let private whole (text: string | null) =
    Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(string text))

/// Texts with what is hard: spaces, marks, characters of all lengths, what patterns look for.
let private anyText =
    let bits =
        [ " "; "  "; "\n"; "\t"; "a"; "the"; "ing"; "'s"; "'LL"; "1"; "2024"; "é"; "e\u0301" ]
        @ [ "ñ"; "漢"; "字"; "한"; "\U0001F389"; "\U0001D49C"; "\U00020000"; "<0x0A>"; "▁" ]
        @ [ "_"; "!?"; "</s>"; "[INST]"; "\u200D"; "\u0000"; "\uFFFD" ]

    Gen.elements bits |> Gen.arrayOf |> Gen.map (String.concat "") |> Arb.fromGen

let private names = [ "sentencepiece"; "bytefallback"; "bytelevel"; "tekken" ]

let private loaded = dict [ for name in names -> name, lazy Tokenizer.load (path name) ]

let private tokenizer name = loaded[name].Value

let private goldens =
    [ testCase "sentencepiece: ids and texts of Google's library" (fun () ->
          let t = tokenizer "sentencepiece"

          for case in cases "sentencepiece" "cases" do
              let text, wanted = text case "text", ids case "ids"
              Expect.equal (t.Encode text) wanted $"encode %A{text}"
              decodes t wanted (nonNull (case.GetProperty("decoded").GetString()))

          Expect.equal (t.Bos, t.Eos, t.VocabSize) (Some 1, [ 2 ], 32000) "the model's own")

      testCase "sentencepiece: any ids, with bytes that are no UTF-8" (fun () ->
          let cases = cases "sentencepiece" "decode_only"
          Expect.isGreaterThan cases.Length 10 "cases"

          for case in cases do
              decodes (tokenizer "sentencepiece") (ids case "ids") (text case "decoded"))

      for name in [ "bytefallback"; "bytelevel" ] do
          testCase $"{name}: ids and texts of Hugging Face's library" (fun () ->
              let t = tokenizer name

              for case in cases name "cases" do
                  let input, wanted = text case "text", ids case "ids"
                  Expect.equal (t.EncodeMarkup input) wanted $"encode %A{input}"
                  Expect.equal (t.DecodeMarkup wanted) (text case "decoded") $"decode %A{wanted}"
                  decodes t wanted (text case "decoded_skip_special")
                  let special = Array.append (Option.toArray t.Bos) (t.EncodeMarkup input)
                  Expect.equal special (ids case "ids_special") $"with Bos, %A{input}")

      testCase "tekken: ids and texts of tiktoken" (fun () ->
          let t = tokenizer "tekken"

          for case in cases "tekken" "cases" do
              let text, wanted = text case "text", ids case "ids"
              Expect.equal (t.Encode text) wanted $"encode %A{text}"
              decodes t wanted text) ]

let private laws =
    [ for name in names do
          let bytes = name = "bytelevel" || name = "tekken"

          property $"{name}: decoding undoes encoding" (fun () ->
              Prop.forAll anyText (fun text ->
                  let t = tokenizer name
                  // SentencePiece writes spaces as this character.
                  t.Decode(t.Encode text) = text.Replace('▁', if bytes then '▁' else ' ')))

          property $"{name}: streamed pieces are the whole text, for any ids" (fun (data: int[]) ->
              let t = tokenizer name
              let ids = data |> Array.map (fun id -> abs (id % t.VocabSize))
              streamed t ids = t.Decode ids)

      for name in names do
          property $"{name}: the bytes of tokens are those of the text" (fun (data: int[]) ->
              let t = tokenizer name
              let ids = data |> Array.map (fun id -> abs (id % t.VocabSize))
              let bytes = ids |> Array.collect t.Bytes
              // Between texts, so that no space goes.
              let start = (t.Encode "x")
              let text = t.Decode(Array.append start ids)
              let wanted = "x" + Encoding.UTF8.GetString bytes
              text = wanted || text.Contains '\uFFFD' && wanted.Contains '\uFFFD')

      for name in [ "bytelevel"; "tekken" ] do
          property $"{name}: any text comes back" (fun (text: string | null) ->
              let t = tokenizer name
              t.Decode(t.Encode(whole text)) = whole text)

          testCase $"{name}: a piece never ends inside a character" (fun () ->
              let t = tokenizer name
              let stream = t.NewStream()
              let pieces = [ for id in t.Encode "é漢\U0001F389 \U0001D49C!" -> stream.Push id ]
              Expect.isFalse (pieces |> List.exists (Seq.contains '\uFFFD')) "whole characters"
              Expect.equal (stream.Finish()) "" "nothing is left") ]

let private specials =
    [ testCase "special tokens are tokens in markup only" (fun () ->
          let json, tekken = tokenizer "bytelevel", tokenizer "tekken"
          let markup = "<|begin_of_text|>hi<|eot_id|>"
          let ids = json.EncodeMarkup markup
          Expect.equal (ids[0], Array.last ids) (2000, 2004) "tokens"
          Expect.equal (json.Decode ids) "hi" "they stand for no text"
          Expect.equal (json.DecodeMarkup ids) markup "or are written out"
          Expect.equal (json.Decode(json.Encode markup)) markup "as text they stay text"
          Expect.equal (json.TokenId "<|eot_id|>") (Some 2004) "by its text"
          Expect.equal (json.TokenId "no such token") None "none"
          let ids = tekken.EncodeMarkup "<s>[INST]hi[/INST]"
          Expect.equal (ids[0], ids[1], Array.last ids) (1, 3, 4) "tokens"
          Expect.equal (tekken.DecodeMarkup ids) "<s>[INST]hi[/INST]" "written out"
          Expect.equal (tekken.TokenId "[TOOL_CALLS]") (Some 9) "by its text"
          Expect.equal (tekken.Bos, tekken.Eos) (Some 1, [ 2 ]) "begin and end"
          let pieces = tokenizer "sentencepiece"
          Expect.equal (pieces.EncodeMarkup "<s>Hello</s>") [| 1; 22557; 2 |] "control pieces"
          Expect.isFalse (pieces.Encode "<s>Hello</s>" |> Array.contains 1) "text") ]

let tests = testList "Tokenizer.load" (goldens @ laws @ specials)
