/// Adapters against mlx-lm's (logits, gradients, merged weights), and what training them must keep.
module Mlx.Tests.Models.LoraTests

open System.IO
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Golden

let private at (name: string) = Path.Combine(families, name)

/// Adapters that mlx-lm made beside folders of ours: LoRA beside packings of all kinds, DoRA beside
/// numbers.
let private recorded = [ "adapter-lora", "qwen3-mixed-q"; "adapter-dora", "llama-3" ]

let private ids = [| 1; 9; 22; 5; 40; 17; 33; 8 |]

let private nextTokens () = batch ids[..6], batch ids[1..]

let private goldens =
    [ for folder, name in recorded do
          testCase $"{folder}: logits, loss and gradients are mlx-lm's" (fun () ->
              let model = Model.load (at name)
              let _, adapter = model.Parameters |> Lora.load (at folder)

              let expected =
                  Safetensors.Load(Path.Combine(at folder, "expected.safetensors")).Arrays

              let attached adapter = model.Parameters |> Lora.attach adapter
              let logits = CausalLM.logits model.Config (attached adapter) (batch ids)

              Expect.isLessThan
                  (distance (Tensor.squeezeAxis 0 logits) expected["logits"])
                  1e-4
                  "logits"

              let loss adapter = CausalLM.loss model.Config (attached adapter)
              let value, slopes = valueAndGrad loss adapter (nextTokens ())
              Expect.isLessThan (distance value expected["loss"]) 1e-5 "loss"
              Expect.isGreaterThan (Tree.count slopes) 8 "gradients"

              for path, slope in Tree.named slopes do
                  let want = expected["grad." + path]
                  let size = want |> Tensor.abs |> Tensor.max |> Tensor.toFloat
                  Expect.isLessThan (distance slope want) (1e-4 * (1.0 + size)) path)

          testCase $"{folder}: merged as mlx-lm merges, and as it computes" (fun () ->
              let model = Model.load (at name)
              let _, adapter = model.Parameters |> Lora.load (at folder)

              let expected =
                  Safetensors.Load(Path.Combine(at folder, "expected.safetensors")).Arrays
              // As numbers: packing again rounds.
              let plain = Nn.dequantize model.Parameters |> Precision.cast DType.Float32
              let merged = plain |> Lora.merge adapter
              let named = dict (Tree.named merged)

              for entry in expected do
                  if entry.Key.StartsWith "fused." then
                      let path = entry.Key.Substring 6 + ".weight"
                      Expect.isLessThan (distance named[path] entry.Value) 1e-5 path

              let logits p = CausalLM.logits model.Config p (batch ids)
              let attached = model.Parameters |> Lora.attach adapter
              Expect.isLessThan (distance (logits merged) (logits attached)) 1e-4 "logits"
              let packed = model.Parameters |> Lora.merge adapter
              Expect.equal (Tree.structure packed) (Tree.structure model.Parameters) "packed again")

          testCase $"{folder}: blocks computed again give the same loss and gradients" (fun () ->
              let model = Model.load (at name)
              let _, adapter = model.Parameters |> Lora.load (at folder)

              let batch =
                  { Inputs = fst (nextTokens ())
                    Targets = snd (nextTokens ())
                    Weights = Tensor.ones [ 1; 7 ] }

              let loss isCheckpointed adapter =
                  model.Parameters
                  |> Lora.attach adapter
                  |> FineTune.loss isCheckpointed model.Config

              let kept, slopes = valueAndGrad (loss false) adapter batch
              let again, slopes' = valueAndGrad (loss true) adapter batch
              Expect.isLessThan (distance kept again) 1e-6 "loss"

              for path, a, b in Tree.zip slopes slopes' do
                  Expect.isLessThan (distance a b) 1e-5 path)

          testCase $"{folder}: written and read again it is the same" (fun () ->
              let model = Model.load (at name)
              let lora, adapter = model.Parameters |> Lora.load (at folder)
              use target = new Folder()
              adapter |> Lora.save target.Path lora
              let lora', adapter' = model.Parameters |> Lora.load target.Path
              Expect.equal lora' lora "settings"

              for path, a, b in Tree.zip adapter adapter' do
                  Expect.isTrue (Tensor.arrayEqual a b) path)

      testCase "an adapter of another model is refused by path" (fun () ->
          let model = Model.load (at "llama-2")

          Expect.contains
              (problems (fun () -> model.Parameters |> Lora.load (at "adapter-lora")))
              "model.layers.0.self_attn.q_proj.lora_a: (32, 3) is wanted, (64, 3) was found"
              "shapes"

          use folder = copyOf (at "adapter-dora")
          File.WriteAllText(folder.File "adapter_config.json", """{"fine_tune_type": "full"}""")

          Expect.equal
              (problems (fun () -> model.Parameters |> Lora.load folder.Path))
              [ "fine_tune_type: lora or dora is wanted, \"full\" was found"
                "num_layers: missing"
                "lora_parameters: missing" ]
              "settings")

      testCase "a fresh adapter changes nothing, and gradients are finite differences" (fun () ->
          for name in [ "llama-2"; "qwen3-mixed-q" ] do
              let model = Model.load (at name)
              let lora = { Lora.defaults with Rank = 2; Scale = 1.0 }
              let adapter = Lora.init lora model.Parameters |> Random.run (Key.ofSeed 3)
              let logits p = CausalLM.logits model.Config p (batch ids)
              let attached = model.Parameters |> Lora.attach adapter
              Expect.isLessThan (distance (logits attached) (logits model.Parameters)) 1e-5 name

              let draw seed =
                  Tree.leaves adapter
                  |> Array.mapi (fun i x ->
                      Random.normal (Tensor.shape x) |> Random.run (Key.ofSeed (seed + i)))
                  |> Tree.ofLeaves adapter

              let point = Tree.map2 (fun x d -> x + 0.05 * d) adapter (draw 100)
              let along = draw 200

              let loss (adapter: Adapter) =
                  CausalLM.loss
                      model.Config
                      (model.Parameters |> Lora.attach adapter)
                      (nextTokens ())

              let slopes = grad (fun adapter () -> loss adapter) point ()
              let products = Tree.map2 (fun g d -> Tensor.sum (g * d)) slopes along
              let want = Tree.leaves products |> Array.sumBy Tensor.toFloat
              let step = 2e-3
              let moved h = Tree.map2 (fun x d -> x + h * d) point along |> loss |> Tensor.toFloat
              let got = (moved step - moved -step) / (2.0 * step)

              Expect.isLessThan
                  (abs (got - want))
                  (0.02 * (1.0 + abs want))
                  $"{name}: {got}, {want}") ]

/// Two letters turned around: 20 letters make 400 pairs, of which 80 are never shown.
module private Task =
    let private letters = 20
    let private first = 10

    let examples, unseen =
        let pairs =
            [| for a in 0 .. letters - 1 do
                   for b in 0 .. letters - 1 -> a + first, b + first |]

        System.Random(1).Shuffle pairs
        List.ofArray pairs[80..], List.ofArray pairs[..79]

    let toExample (a, b) : Example = { Tokens = [| 1; a; b; 3; b; a |]; PromptLength = 4 }

    /// The share of unseen pairs that come out turned around to the letter.
    let exactMatch (model: Model) : float =
        let options = { GenerateOptions.defaults with MaxTokens = 2; StopAtEos = false }

        unseen
        |> List.averageBy (fun (a, b) ->
            let written = Generate.tokens model.LanguageModel options [ 1; a; b; 3 ] |> List.ofSeq
            if written = [ b; a ] then 1.0 else 0.0)

    let options =
        { FineTune.defaults with
            Steps = 300
            BatchSize = 32
            Optimizer = Optim.skipNonFinite (Optim.clipByGlobalNorm 1.0 >> Optim.adamW 2e-3)
            Show = false }

let private task =
    [ for name in [ "llama-2"; "llama-mxfp4" ] do
          testCase
              $"{name} learns with an adapter what it cannot do, and keeps it when merged"
              (fun () ->
                  let model = Model.load (at name)
                  let before = Task.exactMatch model
                  Expect.isLessThan before 0.05 "before"
                  let lora = { Lora.defaults with Rank = 16; Scale = 4.0 }
                  let examples = Task.examples |> List.map Task.toExample
                  let trained = FineTune.lora Task.options lora model examples
                  let adapter = trained.Parameters

                  // Neither gradients nor memories of what is frozen.
                  let memories = trained.Snapshot.Optimizer |> Map.keys |> List.ofSeq

                  for path in memories do
                      if path.Contains "model." then
                          Expect.isTrue (path.EndsWith "lora_a" || path.EndsWith "lora_b") path

                  let attached p = model |> Model.withParameters p
                  let after = Task.exactMatch (attached (model.Parameters |> Lora.attach adapter))
                  Expect.isGreaterThan after 0.9 $"exact match {before} before, {after} after"
                  use folder = new Folder()
                  adapter |> Lora.save folder.Path lora
                  let _, again = model.Parameters |> Lora.load folder.Path
                  use merged = new Folder()

                  model.Parameters
                  |> Nn.dequantize
                  |> Lora.merge again
                  |> attached
                  |> Model.save merged.Path

                  Expect.equal
                      (Task.exactMatch (Model.load merged.Path))
                      after
                      "merged and reloaded"

                  printfn
                      $"{name}: exact match {before:F2} before, {after:F2} after, merged the same") ]

let private running =
    [ testCase "a run that is broken off goes on to the bit" (fun () ->
          let model = Model.load (at "llama-3")
          let examples = Task.examples |> List.map Task.toExample
          let lora = { Lora.defaults with Rank = 2; IsDora = true; NumLayers = Some 1 }
          use folder = new Folder()
          let file = folder.File "run.safetensors"
          let options = { Task.options with Steps = 8; SaveEvery = Some(4, file) }
          let whole = FineTune.lora options lora model examples
          FineTune.lora { options with Steps = 4 } lora model examples |> ignore

          let rest =
              FineTune.lora
                  { options with SaveEvery = None; ResumeFrom = Some file }
                  lora
                  model
                  examples

          Expect.equal rest.Steps 8 "steps"

          for path, a, b in Tree.zip whole.Parameters rest.Parameters do
              Expect.isTrue (Tensor.arrayEqual a b) path)

      testCase "all parameters are trained, unless they are packed" (fun () ->
          let model = Model.load (at "qwen2")
          let examples = Task.examples |> List.map Task.toExample
          let losses = System.Collections.Generic.List<float>()

          let options =
              { Task.options with
                  Steps = 30
                  IsCheckpointed = true
                  OnStep = fun _ loss -> losses.Add loss }

          let trained = FineTune.full options model examples
          Expect.hasLength losses 30 "steps"
          Expect.isLessThan losses[29] (losses[0] / 2.0) "the loss falls"

          for path, a, b in Tree.zip model.Parameters trained.Parameters do
              Expect.isGreaterThan (distance a b) 0.0 path

          let packed = Model.load (at "llama-mxfp4")

          Expect.throwsT<System.ArgumentException>
              (fun () -> FineTune.full options packed examples |> ignore)
              "packed")

      testCase "prompts, ends and missing rows count for nothing" (fun () ->
          let example tokens prompt : Example = { Tokens = tokens; PromptLength = prompt }
          let examples = [ example [| 1; 2; 3; 4 |] 2; example [| 1; 5 |] 0; example [| 7 |] 0 ]
          let options = { FineTune.defaults with BatchSize = 4; MaxLength = 3 }
          let only = FineTune.batches options examples 1 |> Seq.exactlyOne
          Expect.equal (Tensor.shape only.Inputs) [ 4; 32 ] "shape"
          let weights: float32[] = only.Weights |> Tensor.toArray

          let counted =
              [ for i, w in Array.indexed weights do
                    if w > 0.0f then
                        i ]

          Expect.equal counted [ 0; 33 ] "the last of the first, the second of the longer"
          let inputs: int[] = only.Inputs |> Tensor.toArray
          Expect.equal inputs[32..34] [| 1; 2; 0 |] "cut at three tokens"
          let all = FineTune.batches { options with MasksPrompts = false } examples 1
          let weights = (Seq.exactlyOne all).Weights |> Tensor.sum |> Tensor.toFloat
          Expect.equal weights 3.0 "unmasked")

      testCase "examples are read from JSON lines, and what is none is told by line" (fun () ->
          use folder = new Folder()
          let path = folder.File "train.jsonl"

          File.WriteAllLines(
              path,
              [ """{"text": "ab"}"""; ""; """{"prompt": "a", "completion": "b", "id": 3}""" ]
          )

          Expect.equal
              (Examples.load Tokenizer.bytes None path)
              [ { Tokens = [| 256; 97; 98; 257 |]; PromptLength = 0 }
                { Tokens = [| 256; 97; 98; 257 |]; PromptLength = 2 } ]
              "examples"

          let chat (turns: (string * string) list) opens =
              [| for _, content in turns do
                     5
                     yield! Tokenizer.bytes.Encode content
                 if opens then
                     5 |]

          File.WriteAllText(
              path,
              """{"messages": [{"role": "user", "content": "a"},"""
              + """ {"role": "assistant", "content": "b"}]}"""
          )

          Expect.equal
              (Examples.load Tokenizer.bytes (Some chat) path)
              [ { Tokens = [| 5; 97; 5; 98 |]; PromptLength = 3 } ]
              "messages"

          // By a template of the folder: its prompt is what comes before the answer.
          let template =
              "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
              + "{% if add_generation_prompt %}<assistant>{% endif %}"

          File.WriteAllText(folder.File "chat_template.jinja", template)

          let chat = ChatTemplate.load folder.Path |> Option.map (Examples.chat Tokenizer.bytes)

          let turn = Examples.load Tokenizer.bytes chat path |> List.exactlyOne
          Expect.equal (Tokenizer.bytes.Decode turn.Tokens) "<user>a<assistant>b" "the whole"
          Expect.equal turn.PromptLength "<user>a<assistant>".Length "the prompt"

          File.WriteAllLines(
              path,
              [ "{"
                "[]"
                """{"txt": "a"}"""
                """{"messages": [{"role": "user", "content": "a"}]}""" ]
          )

          Expect.equal
              (problems (fun () -> Examples.load Tokenizer.bytes None path))
              [ "line 1: not valid JSON"
                "line 2: an object is wanted"
                "line 3: text, prompt and completion, or messages are wanted"
                "line 4: messages need a chat template, and the model has none" ]
              "problems")

      testCase "a model that knows nothing hesitates among all tokens" (fun () ->
          let model = Model.load (at "llama-2")
          let blank = model.Parameters |> Tree.map Tensor.zerosLike
          let tokens = [| for i in 0..49 -> (i * i + 3) % 64 |]
          let measured = Perplexity.measure 20 model.Config blank tokens
          Expect.isLessThan (abs (measured.Perplexity - 64.0)) 1e-3 "the vocabulary"
          Expect.equal measured.Tokens (19 + 19 + 9) "all but the first of each window"
          let whole = Perplexity.measure 50 model.Config model.Parameters tokens

          let loss =
              CausalLM.loss model.Config model.Parameters (batch tokens[..48], batch tokens[1..])

          Expect.isLessThan (abs (whole.Nats - Tensor.toFloat loss)) 1e-5 "nats"
          Expect.isGreaterThan whole.StandardError 0.0 "error") ]

let tests = testList "Lora" (goldens @ task @ running)
