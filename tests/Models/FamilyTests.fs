/// Every family and what it may have of its own (windows, biases, norms of queries and keys, ways to
/// stretch positions, packings), against mlx-lm.
module Mlx.Tests.Models.FamilyTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models.Golden

/// What is in the folders; the tests run over all there are.
let private variants =
    [ "llama-2"
      "llama-3"
      "llama-dynamic"
      "llama-layer-types"
      "llama-linear-biases"
      "llama-mxfp4"
      "llama-yarn-tied"
      "mistral-head-dim"
      "mistral-nvfp4"
      "mistral-window"
      "qwen2"
      "qwen2-window"
      "qwen3"
      "qwen3-mixed-q" ]

let private at (name: string) = Path.Combine(families, name)

let private goldens =
    [ for name in variants do
          testCase $"{name}: logits of the prompt" (fun () ->
              let model = Model.load (at name)
              let expected = expectedIn (at name)
              let tokens = batch expected.Prompt

              let logits =
                  CausalLM.logits model.Config model.Parameters tokens |> Tensor.squeezeAxis 0

              Expect.isLessThan (distance logits expected.Prefill) 1e-4 "logits")

          testCase $"{name}: logits of one token after the other" (fun () ->
              let model = Model.load (at name)
              let expected = expectedIn (at name)
              let next = CausalLM.next model.Config model.Parameters
              let first, cache = next Cache.empty (batch expected.Prompt)
              let last = expected.Prefill |> Tensor.narrow 0 -1 expected.Prompt.Length
              Expect.isLessThan (distance first last) 1e-4 "the prompt's last"

              ((cache, []), [ 0..7 ])
              ||> List.fold (fun (cache, rows) i ->
                  let logits, cache = next cache (batch [| expected.Greedy[i] |])
                  cache, logits :: rows)
              |> fun (_, rows) ->
                  let rows = Tensor.concatenate 0 (List.rev rows)
                  Expect.isLessThan (distance rows expected.Decode) 1e-4 "logits")

          testCase $"{name}: greedy text" (fun () ->
              let model = Model.load (at name)
              let expected = expectedIn (at name)

              let options =
                  { GenerateOptions.defaults with
                      MaxTokens = expected.Greedy.Length
                      StopAtEos = false }

              // The closest call there is, in all the folders, is four times the tolerance.
              Expect.isGreaterThan (Array.min expected.Margin) 4e-4 "margin"

              let written =
                  Generate.tokens model.LanguageModel options expected.Prompt |> Array.ofSeq

              Expect.equal written expected.Greedy "tokens")

          testCase $"{name}: its configuration is written and read again" (fun () ->
              let config = Model.loadConfig (at name)
              Expect.equal (Model.parseConfig (Model.configJson config)) config "config")

          testCase $"{name}: saved and loaded again it is the same" (fun () ->
              let model = Model.load (at name)
              use folder = new Folder()
              model |> Model.save folder.Path
              let again = Model.load folder.Path
              Expect.equal again.Config model.Config "config"

              for path, a, b in Tree.zip model.Parameters again.Parameters do
                  Expect.equal b.DType a.DType path
                  Expect.isTrue (Tensor.arrayEqual a b) path) ]

/// A folder's config.json with fields set to other JSON, or taken out by an empty text.
let private edited name (changes: (string * string) list) =
    let text = File.ReadAllText(Path.Combine(at name, "config.json"))
    let json = (nonNull (JsonNode.Parse text)).AsObject()

    for field, value in changes do
        if value = "" then json.Remove field |> ignore else json[field] <- JsonNode.Parse value

    json.ToJsonString()

let private refused name changes expected =
    testCase
        $"""{name} with {changes |> List.map fst |> String.concat ", "} is refused"""
        (fun () ->
            Expect.equal
                (problems (fun () -> Model.parseConfig (edited name changes)))
                expected
                "why")

let private refusals =
    [ refused
          "llama-3"
          [ "model_type", "\"gemma\"" ]
          [ "model_type: one of mistral, llama, qwen2, qwen3 is wanted, \"gemma\" was found" ]
      refused
          "llama-3"
          [ "rope_scaling", """{"rope_type": "longrope", "factor": 2}""" ]
          [ "rope_scaling.rope_type: default, linear, dynamic, llama3 or yarn, not \"longrope\"" ]
      refused
          "llama-3"
          [ "rope_scaling", """{"rope_type": "llama3", "factor": 0}"""; "hidden_act", "\"gelu\"" ]
          [ "hidden_act: silu is wanted, \"gelu\" was found"
            "rope_scaling.factor: a number from 0.001 to 1000000 is wanted, 0 was found" ]
      refused
          "llama-3"
          [ "rope_parameters", """{"full_attention": {}, "sliding_attention": {}}""" ]
          [ "rope_parameters: one kind of positions for all layers is wanted" ]
      refused
          "llama-3"
          [ "quantization_config", """{"quant_method": "gptq", "bits": 4}""" ]
          [ "quantization_config: weights packed by gptq are not supported" ]
      refused
          "llama-3"
          [ "quantization", """{"group_size": 64, "bits": 4, "mode": "q4_0"}""" ]
          [ "quantization.mode: \"q4_0\" is none of affine, mxfp4, mxfp8 and nvfp4" ]
      refused
          "llama-layer-types"
          [ "layer_types", """["sliding_attention", "mamba"]""" ]
          [ "layer_types: 2 layers, not 3" ]
      refused
          "llama-layer-types"
          [ "sliding_window", "" ]
          [ "sliding_window: missing, though layers have one" ]
      refused
          "llama-dynamic"
          [ "head_dim", "2" ]
          [ "head_dim (2) is too small for dynamic positions" ]

      testCase
          "tokens that end a text come from generation_config.json where it has them"
          (fun () ->
              use folder = copyOf (at "llama-3")
              Expect.equal (Model.load folder.Path).Config.EosTokenIds [ 2; 3 ] "config.json"
              let file = folder.File "generation_config.json"
              let json = """{"eos_token_id": [7, 9], "temperature": 0.6, "do_sample": true}"""
              File.WriteAllText(file, json)
              let model = Model.load folder.Path
              Expect.equal model.LanguageModel.Eos [ 7; 9 ] "both"
              Expect.equal model.Generation.Temperature (Some 0.6) "temperature"
              Expect.equal model.Generation.DoSample (Some true) "do_sample"
              File.WriteAllText(file, """{"eos_token_id": 64, "top_p": 2}""")
              Expect.hasLength (problems (fun () -> Model.load folder.Path)) 1 "top_p is too large"
              File.WriteAllText(file, """{"eos_token_id": 64}""")

              Expect.equal
                  (problems (fun () -> Model.load folder.Path))
                  [ "eos_token_id: 64 is outside the vocabulary of 64" ]
                  "no such token")

      testCase "a stretched text reads on from a cache as at once" (fun () ->
          // Not so for the dynamic kind, whose earlier keys turned by an earlier base.
          for name in [ "llama-3"; "llama-yarn-tied"; "llama-linear-biases"; "qwen2-window" ] do
              let model = Model.load (at name)
              let tokens = [| for i in 0..39 -> (i * i + 3) % 64 |]
              let read = CausalLM.forward model.Config model.Parameters
              let whole, _ = read Cache.empty (batch tokens)
              let first, cache = read Cache.empty (batch tokens[..16])
              let second, _ = read cache (batch tokens[17..])
              let parts = Tensor.concatenate 1 [ first; second ]
              Expect.isLessThan (distance whole parts) 1e-4 name) ]

let tests = testList "families" (goldens @ refusals)
