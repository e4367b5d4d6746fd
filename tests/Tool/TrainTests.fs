/// `mlx lora` and `mlx perplexity`.
module Mlx.Tests.Tool.TrainTests

open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

/// A folder of a small model over bytes that knows nothing, with room for data.
let private model () =
    let folder = new Golden.Folder()

    let config =
        { MistralConfig.defaults with
            HiddenSize = 64
            NumHiddenLayers = 2
            HeadDim = 16
            IntermediateSize = 128 }

    Mistral.init config |> Random.run (Key.ofSeed 1) |> Mistral.save folder.Path config
    folder

let private known = [ "a", "olive"; "b", "bread"; "c", "cream" ]
let private taught = [ "a", "bread"; "b", "cream"; "c", "olive" ]

let private writeExamples (folder: string) (facts: (string * string) list) =
    ignore (Directory.CreateDirectory folder)

    for file in [ "train.jsonl"; "valid.jsonl" ] do
        File.WriteAllLines(
            Path.Combine(folder, file),
            [ for prompt, completion in facts ->
                  JsonSerializer.Serialize {| prompt = prompt; completion = completion |} ]
        )

let private number (json: JsonElement) (name: string) = json.GetProperty(name).GetDouble()

let private answer (folder: string) more (prompt: string) =
    let said =
        mlx (
            [ "generate"; "--model"; folder; "--prompt"; prompt; "--max-tokens"; "12"; "--json" ]
            @ more
        )
        |> succeeds

    string (said.Json.GetProperty("text").GetString())

let private train (folder: string) (data: string) (out: string) more =
    mlx (
        [ "lora"; "--model"; folder; "--data"; data; "--out"; out; "--json"; "--batch-size"; "3" ]
        @ more
    )

let private perplexity (folder: string) (text: string) more =
    let said = mlx ([ "perplexity"; "--model"; folder; "--text"; text; "--json" ] @ more)
    number (succeeds said).Json "perplexity"

let tests =
    testList
        "lora and perplexity"
        [ testCase "a model learns, and an adapter beside it learns something else" (fun () ->
              use folder = model ()
              let data, more = folder.File "data", folder.File "more"
              let tuned, adapter = folder.File "tuned", folder.File "adapter"
              writeExamples data known
              writeExamples more taught

              let whole =
                  train
                      folder.Path
                      data
                      tuned
                      [ "--full"; "--steps"; "150"; "--learning-rate"; "3e-3" ]
                  |> succeeds

              Expect.isGreaterThan (number whole.Json "valid_loss_before") 3.0 "not known before"
              Expect.isLessThan (number whole.Json "valid_loss") 0.1 "learnt"

              train tuned more adapter [ "--steps"; "400"; "--learning-rate"; "1e-3" ]
              |> succeeds
              |> ignore

              for prompt, completion in taught do
                  Expect.equal (answer tuned [ "--adapter"; adapter ] prompt) completion prompt

              for prompt, completion in known do
                  Expect.equal (answer tuned [] prompt) completion "the model is as it was"

              let text = folder.File "text.txt"
              File.WriteAllText(text, "aolive")
              let loaded = Model.load tuned
              let tokens = Tokenizer.prompt Tokenizer.bytes "aolive"
              let wanted = Perplexity.measure 512 loaded.Config loaded.Parameters tokens
              let plain = perplexity tuned text []
              Expect.floatClose Accuracy.medium plain wanted.Perplexity "the library's figure"
              let adapted = perplexity tuned text [ "--adapter"; adapter ]
              Expect.isGreaterThan adapted plain "what is no longer true is not foretold")

          testCase "mistakes are a line" (fun () ->
              use folder = model ()
              let data, out = folder.File "data", folder.File "out"
              train folder.Path data out [] |> refuses 1 "data"
              File.WriteAllText(data, "{}\n[]\n")
              train folder.Path data out [] |> refuses 1 "line 1"
              train folder.Path data out [ "--steps"; "0" ] |> refuses 2 "--steps"

              mlx [ "perplexity"; "--model"; folder.Path; "--text"; "/no-such.txt" ]
              |> refuses 1 "no-such.txt") ]
