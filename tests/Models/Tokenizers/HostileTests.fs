/// Files of strangers: each is refused, or serves, in bounded time and memory.
module Mlx.Tests.Models.Tokenizers.HostileTests

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Json
open Expecto
open Mlx.Models
open Mlx.Tests.Models.Golden
open Mlx.Tests.Models.Tokenizers.GoldenTests

let private within (seconds: float) name (work: unit -> unit) =
    let watch = Stopwatch.StartNew()
    work ()
    Expect.isLessThan watch.Elapsed.TotalSeconds seconds $"{name}: seconds"

let private inFolder (file: string) (bytes: byte[]) (check: string -> unit) =
    use folder = new Folder()
    File.WriteAllBytes(folder.File file, bytes)
    check folder.Path

let private refuses file (bytes: byte[]) =
    inFolder file bytes (fun folder ->
        Expect.throwsT<ModelException> (fun () -> Tokenizer.load folder |> ignore) file)

let private json model = $"""{{"model": {{"type": "BPE", {model}}}}}"""

/// A million merges: of the names of all pairs of a thousand tokens.
let private million () =
    let names = [| for i in 0..999 -> $"a{i}." |]
    let vocab = StringBuilder()
    let merges = StringBuilder()
    names |> Array.iteri (fun i name -> vocab.Append($"\"{name}\":{i},") |> ignore)

    for i in 0..999 do
        for j in 0..999 do
            vocab.Append($"\"{names[i]}{names[j]}\":{1000 + 1000 * i + j},") |> ignore
            merges.Append($"\"{names[i]} {names[j]}\",") |> ignore

    let trimmed (s: StringBuilder) = s.ToString().TrimEnd ','
    json $"\"vocab\": {{{trimmed vocab}}}, \"merges\": [{trimmed merges}]"

let private garbage (random: Random) (original: byte[]) =
    let bytes = Array.copy original

    for _ in 0 .. random.Next 8 do
        bytes[random.Next bytes.Length] <- byte (random.Next 256)

    if random.Next 3 = 0 then bytes[.. random.Next bytes.Length] else bytes

/// Loads it, and where that goes well, encodes and decodes with it.
let private survives file (bytes: byte[]) =
    inFolder file bytes (fun folder ->
        try
            let t = Tokenizer.load folder
            let ids = t.EncodeMarkup "Hello <s> é漢\U0001F389  world 123"
            t.Decode ids |> ignore
        with :? ModelException ->
            ())

let tests =
    testList
        "Tokenizer.load of hostile files"
        [ testCase "no tokenizer at all" (fun () ->
              use folder = new Folder()

              try
                  Tokenizer.load folder.Path |> ignore
                  failtest "there is one"
              with :? ModelException as e ->
                  Expect.stringContains e.Message "tokenizer.json, tokenizer.model" "names"

              Expect.throwsT<ModelException>
                  (fun () -> Tokenizer.load "/no/such/folder" |> ignore)
                  "no folder")

          testCase "what is no JSON, and JSON that is too deep" (fun () ->
              for text in [ ""; "{"; "[]"; "nul"; "{\"model\": 3}"; String('[', 100_000) ] do
                  refuses "tokenizer.json" (Encoding.UTF8.GetBytes text)
                  refuses "tekken.json" (Encoding.UTF8.GetBytes text)

              refuses
                  "tokenizer.json"
                  (Encoding.UTF8.GetBytes "{\"model\": {\"vocab\": {\"\\ud800\": 1}}}"))

          testCase "a million merges load, and are quick to use" (fun () ->
              let bytes = Encoding.UTF8.GetBytes(million ())

              within 30.0 "load" (fun () ->
                  inFolder "tokenizer.json" bytes (fun folder ->
                      let t = Tokenizer.load folder
                      Expect.equal t.VocabSize 1_001_000 "tokens"
                      t.Encode(String('a', 100_000)) |> ignore)))

          testCase "merges in circles end" (fun () ->
              // Each token can be reached from the other; a merge still makes two symbols one.
              let model =
                  json
                      "\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2, \"ba\": 3, \"aba\": 4}, \
                       \"merges\": [\"a b\", \"b a\", \"ab a\", \"a ba\"]"

              inFolder "tokenizer.json" (Encoding.UTF8.GetBytes model) (fun folder ->
                  let t = Tokenizer.load folder
                  let ids = t.Encode(String.replicate 50_000 "ab")
                  Expect.equal (t.Decode(Array.truncate 3 ids)) "ab ab ab" "joined with spaces"))

          testCase "normalizers that double the text at every step are stopped" (fun () ->
              let double = """{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"""

              let steps = String.concat "," (List.replicate 60 double)

              let text =
                  $"""{{"normalizer": {{"type": "Sequence", "normalizers": [{steps}]}},
                  "model": {{"vocab": {{"a": 0}}, "merges": []}}}}"""

              inFolder "tokenizer.json" (Encoding.UTF8.GetBytes text) (fun folder ->
                  let t = Tokenizer.load folder

                  within 10.0 "encode" (fun () ->
                      Expect.throwsT<ModelException>
                          (fun () -> t.Encode "aaaa" |> ignore)
                          "growth")))

          testCase "a pattern that backtracks without end is stopped" (fun () ->
              let text =
                  """{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+b"},
                  "behavior": "Isolated"}, "model": {"vocab": {"a": 0}, "merges": []}}"""

              inFolder "tokenizer.json" (Encoding.UTF8.GetBytes text) (fun folder ->
                  let t = Tokenizer.load folder

                  within 25.0 "encode" (fun () ->
                      Expect.throwsT<ModelException>
                          (fun () -> t.Encode(String('a', 64)) |> ignore)
                          "pattern")))

          testCase "long words of every kind take linear time" (fun () ->
              for name in [ "sentencepiece"; "bytefallback"; "bytelevel"; "tekken" ] do
                  let t = Tokenizer.load (path name)

                  for text in [ String('a', 300_000); String.replicate 150_000 "th" ] do
                      within 10.0 name (fun () ->
                          let ids = t.Encode text
                          Expect.equal (t.Decode ids) text name))

          testCase "spoilt files are refused or serve" (fun () ->
              let seed = Random.Shared.Next()
              let random = Random seed
              let small = File.ReadAllBytes(Path.Combine(path "features", "base.json"))
              let tekken = File.ReadAllBytes(Path.Combine(path "tekken", "tekken.json"))
              let model = File.ReadAllBytes(Path.Combine(path "sentencepiece", "tokenizer.model"))
              // Its first pieces, then its settings.
              let model = Array.append model[..20_000] model[model.Length - 1000 ..]

              try
                  for _ in 1..150 do
                      survives "tokenizer.json" (garbage random small)
                      survives "tekken.json" (garbage random tekken)
                      survives "tokenizer.model" (garbage random model)
              with e ->
                  failtest $"seed {seed}: {e}")

          testCase "garbage beside a good tokenizer is told" (fun () ->
              use folder = new Folder()
              let file = "tokenizer.json"
              File.Copy(Path.Combine(path "bytelevel", file), folder.File file)
              File.WriteAllText(folder.File "tokenizer_config.json", "{\"bos_token\": [1]}")

              Expect.throwsT<ModelException>
                  (fun () -> Tokenizer.load folder.Path |> ignore)
                  "tokenizer_config.json") ]
