module Mlx.Tests.Models.MistralTests

open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models.Golden
open Mlx.Tests.Models.Tiny

let private logits config parameters tokens =
    Mistral.logits config parameters (batch tokens) |> Tensor.squeezeAxis 0

let private goldens =
    [ for name, tolerance in folders do
          testCase $"{name}: logits of the prompt" (fun () ->
              let config, model = Mistral.load (path name)
              let expected = expected name
              let logits = logits config model expected.Prompt
              Expect.isLessThan (distance logits expected.Prefill) tolerance "logits")

          testCase $"{name}: logits of one token after the other" (fun () ->
              let config, model = Mistral.load (path name)
              let expected = expected name

              let read (cache, worst) i =
                  let logits, cache =
                      Mistral.next config model cache (batch [| expected.Greedy[i] |])

                  let row = expected.Decode |> Tensor.narrow 0 i (i + 1)
                  cache, max worst (distance logits row)

              let _, cache = Mistral.next config model Cache.empty (batch expected.Prompt)
              let _, worst = List.fold read (cache, 0.0) [ 0..7 ]
              Expect.isLessThan worst tolerance "logits")

          testCase $"{name}: greedy text" (fun () ->
              let config, model = Mistral.load (path name)
              let expected = expected name

              // Rounding decides where two tokens are that close.
              let sure =
                  expected.Margin
                  |> Array.tryFindIndex (fun margin -> margin < 2.0 * tolerance)
                  |> Option.defaultValue expected.Greedy.Length

              let options =
                  { GenerateOptions.defaults with
                      MaxTokens = expected.Greedy.Length
                      StopAtEos = false }

              let written =
                  Generate.tokens (Mistral.languageModel config model) options expected.Prompt
                  |> Array.ofSeq

              Expect.hasLength written expected.Greedy.Length "tokens"
              Expect.equal (Array.take sure written) (Array.take sure expected.Greedy) "tokens") ]

let private caches =
    [ testCase "reading in parts gives the logits of reading at once" (fun () ->
          let model = model small
          // Over the end of the first room of 256.
          let tokens = ids 300

          let read cache part =
              let logits, cache = Mistral.forward small model cache (batch part)
              Tensor.squeezeAxis 0 logits, cache

          let parts, _ =
              [ tokens[..99]; tokens[100..254]; tokens[255..255]; tokens[256..256]; tokens[257..] ]
              |> List.mapFold read Cache.empty

          Expect.isLessThan
              (distance (Tensor.concatenate 0 parts) (logits small model tokens))
              1e-4
              "logits")

      testCase "a cache is a value: reading on from it twice gives the same" (fun () ->
          let model = model small
          let _, cache = Mistral.next small model Cache.empty (batch (ids 10))
          let first, _ = Mistral.next small model cache (batch [| 3 |])
          let other, _ = Mistral.next small model cache (batch [| 4 |])
          Tree.eval [ first; other ] |> ignore
          let again, _ = Mistral.next small model cache (batch [| 3 |])
          Expect.equal (distance first again) 0.0 "logits"
          Expect.isGreaterThan (distance first other) 0.0 "another token, other logits")

      testCase "generation is what reading all again for each token gives" (fun () ->
          let model = model small

          let slow (tokens: int[]) =
              let last = logits small model tokens |> Tensor.narrow 0 -1 tokens.Length
              last |> Tensor.argmax |> Tensor.item

          let prompt = ids 250

          let expected =
              (prompt, [ 1..12 ])
              ||> List.fold (fun tokens _ -> Array.append tokens [| slow tokens |])
              |> Array.skip prompt.Length

          let options = { GenerateOptions.defaults with MaxTokens = 12 }

          let written =
              Generate.tokens (Mistral.languageModel small model) options prompt |> Array.ofSeq

          Expect.equal written expected "tokens")

      testCase "a window hides what lies behind it" (fun () ->
          // One layer: what it sees is all that its logits depend on.
          let config = { small with NumHiddenLayers = 1; SlidingWindow = Some 5 }

          let model = model config
          let tokens = ids 12

          let changed i =
              let other = Array.copy tokens
              other[i] <- (other[i] + 1) % 50
              let last x = x |> Tensor.narrow 0 11 12
              distance (logits config model tokens |> last) (logits config model other |> last)

          Expect.equal (changed 6) 0.0 "the sixth before the last is out of sight"
          Expect.isGreaterThan (changed 7) 0.0 "the fifth is not")

      testCase "with a window, cached is uncached" (fun () ->
          let config = { small with SlidingWindow = Some 7 }
          let model = model config
          let tokens = ids 20

          let read cache token =
              let logits, cache = Mistral.next config model cache (batch [| token |])
              logits, cache

          let rows, _ = tokens |> List.ofArray |> List.mapFold read Cache.empty

          Expect.isLessThan
              (distance (Tensor.concatenate 0 rows) (logits config model tokens))
              1e-4
              "logits"

          let options = { GenerateOptions.defaults with MaxTokens = 1 }

          let next (tokens: int[]) =
              Generate.tokens (Mistral.languageModel config model) options tokens |> Seq.head

          let stepwise =
              Generate.tokens
                  (Mistral.languageModel config model)
                  { options with MaxTokens = 10 }
                  tokens
              |> Array.ofSeq

          let again =
              (tokens, [ 1..10 ])
              ||> List.fold (fun all _ -> Array.append all [| next all |])
              |> Array.skip tokens.Length

          Expect.equal stepwise again "tokens") ]

let private training =
    [ testCase "the loss of untrained parameters is about that of guessing" (fun () ->
          let inputs = batch (ids 32)
          let loss = Mistral.loss small (model small) (inputs, inputs) |> Tensor.toFloat
          Expect.isTrue (abs (loss - log 50.0) < 1.0) $"{loss} is near ln 50")

      testCase "gradients reach every parameter" (fun () ->
          let inputs = batch (ids 32)
          let slope = grad (Mistral.loss small) (model small) (inputs, inputs)

          for path, leaf in Tree.named slope do
              let norm = leaf |> Tensor.square |> Tensor.sum |> Tensor.toFloat
              Expect.isTrue (norm > 0.0 && System.Double.IsFinite norm) $"{path}: {norm}")

      testCase "parameters have the names of a checkpoint" (fun () ->
          let paths = Tree.paths (model small)
          Expect.contains paths "model.layers.1.self_attn.q_proj.weight" "a projection"
          Expect.contains paths "model.embed_tokens.weight" "the embedding"
          Expect.contains paths "lm_head.weight" "the output"
          let tied = { small with TieWordEmbeddings = true }
          Expect.isFalse (Tree.paths (model tied) |> Array.contains "lm_head.weight") "tied") ]

let tests = testList "Mistral" (goldens @ caches @ training)
