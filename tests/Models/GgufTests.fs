/// Models in gguf files: a Llama with every kind of packing and Llama 3's positions, and a Qwen2
/// with biases, whose answers mlx-lm's models computed from the numbers that the blocks stand for.
module Mlx.Tests.Models.GgufTests

open System.Collections.Generic
open System.IO
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Golden

let private at (name: string) = Path.Combine(families, name)

/// The tensors and the metadata of a file, written again after a change.
let private rewrite
    name
    (change: Dictionary<string, Tensor> -> Dictionary<string, GgufValue> -> unit)
    =
    let folder = new Folder()
    let file = Gguf.Load(Path.Combine(at name, "model.gguf"))
    let arrays, metadata = Dictionary file.Arrays, Dictionary file.Metadata
    change arrays metadata
    Gguf.Save(folder.File "model.gguf", arrays, metadata)
    folder

let tests =
    testList
        "gguf"
        [ for name in [ "llama-gguf"; "qwen2-gguf" ] do
              testCase $"{name}: logits and text" (fun () ->
                  let model = Model.load (at name)
                  let expected = expectedIn (at name)

                  // Computed in float16 otherwise, whose rounding is larger than any mistake.
                  let parameters =
                      model.Parameters
                      |> Convert.parameters { Convert.defaults with DType = Some DType.Float32 }

                  let tokens = batch expected.Prompt

                  let logits =
                      CausalLM.logits model.Config parameters tokens |> Tensor.squeezeAxis 0

                  Expect.isLessThan (distance logits expected.Prefill) 1e-4 "logits"
                  let half = CausalLM.logits model.Config model.Parameters tokens
                  Expect.equal half.DType DType.Float16 "the dtype of what is stored"

                  let options = { GenerateOptions.defaults with MaxTokens = 16; StopAtEos = false }

                  let text =
                      Generate.tokens
                          (CausalLM.languageModel model.Config parameters)
                          options
                          expected.Prompt

                  Expect.equal (Array.ofSeq text) expected.Greedy "tokens")

          testCase "the configuration is that of the metadata" (fun () ->
              let config = (Model.load (Path.Combine(at "llama-gguf", "model.gguf"))).Config
              Expect.equal config.ModelType "llama" "general.architecture"
              Expect.equal config.HeadDim 16 "rope.dimension_count"
              Expect.equal config.NumKeyValueHeads 1 "attention.head_count_kv"
              Expect.equal config.BosTokenId (Some 1) "tokenizer.ggml.bos_token_id"
              Expect.equal config.EosTokenIds [ 2 ] "tokenizer.ggml.eos_token_id"

              Expect.equal
                  config.RopeScaling
                  (Some(
                      RopeScaling.Llama3
                          { Factor = 8.0
                            LowFreqFactor = 1.0
                            HighFreqFactor = 4.0
                            OriginalMaxPositionEmbeddings = 8192 }
                  ))
                  "rope_freqs.weight"

              let packing path =
                  config.Quantization |> Option.bind (Quantization.at path) |> Option.map _.Bits

              Expect.equal (packing "model.embed_tokens") (Some 8) "Q8_0"
              Expect.equal (packing "model.layers.0.self_attn.o_proj") (Some 4) "Q4_0"
              let qwen = (Model.load (at "qwen2-gguf")).Config
              Expect.isTrue qwen.TieWordEmbeddings "there is no output.weight"
              Expect.equal qwen.Quantization None "float16")

          testCase "a folder of it is the same model" (fun () ->
              use target = new Folder()
              Convert.defaults |> Convert.folder (at "llama-gguf") target.Path
              let a, b = Model.load (at "llama-gguf"), Model.load target.Path
              Expect.equal b.Config a.Config "config"

              for path, a, b in Tree.zip a.Parameters b.Parameters do
                  Expect.isTrue (Tensor.arrayEqual a b) path)

          testCase "frequencies that are not Llama 3's are refused" (fun () ->
              use folder =
                  rewrite "qwen2-gguf" (fun arrays _ ->
                      arrays["rope_freqs.weight"] <- Tensor.ofSeq [ for i in 1.0 .. 8.0 -> i ])

              Expect.equal
                  (problems (fun () -> Model.load folder.Path))
                  [ "rope_freqs.weight: they are not those of Llama 3" ]
                  "problems")

          testCase "what is wrong is told by the names of a checkpoint" (fun () ->
              use folder =
                  rewrite "qwen2-gguf" (fun arrays metadata ->
                      arrays.Remove "blk.1.attn_q.bias" |> ignore
                      arrays["blk.0.ffn_up.weight"] <- Tensor.zeros [ 2; 2 ]
                      metadata["qwen2.context_length"] <- GgufValue.Numbers(Tensor.scalar 64))

              Expect.equal
                  (problems (fun () -> Model.load folder.Path))
                  [ "model.layers.1.self_attn.q_proj.bias: missing"
                    "model.layers.0.mlp.up_proj.weight: (48, 32) is wanted, (2, 2) was found" ]
                  "problems")

          testCase "absurd numbers are refused" (fun () ->
              use folder =
                  rewrite "qwen2-gguf" (fun _ metadata ->
                      metadata["qwen2.block_count"] <- GgufValue.Numbers(Tensor.scalar 2000000000)
                      metadata["qwen2.embedding_length"] <- GgufValue.Numbers(Tensor.scalar -1))

              Expect.hasLength (problems (fun () -> Model.load folder.Path)) 2 "problems"

              use other =
                  rewrite "qwen2-gguf" (fun _ metadata ->
                      metadata["general.architecture"] <- GgufValue.Text "mamba")

              Expect.stringContains
                  (problems (fun () -> Model.load other.Path) |> List.head)
                  "\"mamba\" was found"
                  "the family")

          testCase "of several files one is to be named" (fun () ->
              use folder = copyOf (at "qwen2-gguf")
              File.Copy(folder.File "model.gguf", folder.File "other.gguf")

              Expect.equal
                  (problems (fun () -> Model.load folder.Path))
                  [ "several models are there, name one: model.gguf, other.gguf" ]
                  "problems"

              Expect.equal (Model.load (folder.File "other.gguf")).Config.ModelType "qwen2" "one") ]
