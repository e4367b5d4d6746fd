/// What a tokenizer.json may say beside its model: a small one of our own, changed in one way after
/// another, and what Hugging Face's library (tokenizers 0.22.2) makes of each.
module Mlx.Tests.Models.Tokenizers.FeatureTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open Mlx.Models
open Mlx.Tests.Models.Golden
open Mlx.Tests.Models.Tokenizers.GoldenTests

let private parse (text: string) = (nonNull (JsonNode.Parse text)).AsObject()

let private baseText = lazy File.ReadAllText(Path.Combine(path "features", "base.json"))

/// The tokenizer with members set: of its model where their names begin so.
let private changed (changes: JsonObject) =
    let json = parse baseText.Value

    for change in changes do
        let value =
            match change.Value with
            | null -> null
            | value -> value.DeepClone()

        match change.Key.Split '.' with
        | [| "model"; name |] -> (nonNull json["model"]).[name] <- value
        | _ -> json[change.Key] <- value

    json

let private load (json: JsonObject) =
    use folder = new Folder()
    File.WriteAllText(folder.File "tokenizer.json", json.ToJsonString())
    Tokenizer.load folder.Path

let private ids (node: JsonNode | null) =
    [| for id in (nonNull node).AsArray() -> (nonNull id).GetValue<int>() |]

let private agrees (texts: string[]) (feature: JsonObject) =
    let changes = (nonNull feature["changes"]).AsObject()
    let tokenizer = load (changed changes)
    let name = changes.ToJsonString()

    for text, case in Seq.zip texts ((nonNull feature["cases"]).AsArray()) do
        let case = (nonNull case).AsObject()
        Expect.equal (tokenizer.EncodeMarkup text) (ids case["ids"]) $"{name}: %A{text}"
        let any = ids case["any"]
        let decoded = (nonNull case["decoded"]).GetValue<string>()
        Expect.equal (tokenizer.Decode any) decoded $"{name}: %A{any}"
        let streamed = Tokenizer.stream tokenizer any |> String.concat ""
        Expect.equal streamed decoded $"{name}: streamed %A{any}"

let private refused (changes: string) (part: string) =
    try
        load (changed (parse changes)) |> ignore
        failtest $"{changes}: it was accepted"
    with :? ModelException as e ->
        Expect.stringContains e.Message part changes

let private unsupported =
    [ """{"normalizer": {"type": "Precompiled"}}""", "normalizer: the normalizer Precompiled"
      """{"normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}]}}""",
      "normalizer.normalizers[0]: the normalizer Nmt"
      """{"pre_tokenizer": {"type": "BertPreTokenizer"}}""", "the pre_tokenizer BertPreTokenizer"
      """{"decoder": {"type": "CTC"}}""", "the decoder CTC"
      """{"post_processor": {"type": "RobertaProcessing"}}""", "RobertaProcessing"
      """{"model": {"type": "Unigram"}}""", "model: the model Unigram is not supported"
      """{"model": {"type": "WordPiece"}}""", "WordPiece"
      """{"model.dropout": 0.1}""", "dropout"
      """{"model.end_of_word_suffix": "</w>"}""", "end_of_word_suffix"
      """{"model.merges": ["t h", "x"]}""", "model.merges[1]: two tokens"
      """{"model.merges": [["t", "zzz"]]}""", "model.merges[0]: the token zzz is not in"
      """{"model.unk_token": "zzz"}""", "unk_token: zzz"
      """{"model.vocab": {"a": -1}, "model.merges": [], "model.unk_token": null}""", "id -1"
      """{"model.vocab": {"a": 2000000000}, "model.merges": [], "model.unk_token": null}""",
      "2000000000"
      """{"model.vocab": ["a"]}""", "model.vocab: an object is wanted"
      """{"added_tokens": [{"id": "x"}]}""", "added_tokens[0].id: a whole number"
      """{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}}}""", "the pattern (a"
      """{"pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Some"}}""",
      "the behavior Some" ]

let tests =
    testList
        "TokenizerJson"
        [ testCase "every feature does what Hugging Face's library does" (fun () ->
              let root = parse (File.ReadAllText(Path.Combine(path "features", "cases.json")))
              let texts = (nonNull root["texts"]).AsArray()
              let texts = [| for t in texts -> (nonNull t).GetValue<string>() |]
              let features = (nonNull root["features"]).AsArray()
              Expect.isGreaterThan features.Count 40 "features"

              for feature in features do
                  agrees texts ((nonNull feature).AsObject()))

          testCase "what is not supported is named, by its place" (fun () ->
              for changes, part in unsupported do
                  refused changes part) ]
