/// Decoding and prefill of Mistral-shaped models with random weights.
module Mlx.Benchmarks.Mistral

open System
open Mlx
open Mlx.Core
open Mlx.Models

let private tiny =
    { MistralConfig.defaults with
        VocabSize = 1000
        HiddenSize = 64
        NumHiddenLayers = 3
        NumAttentionHeads = 8
        NumKeyValueHeads = 2
        HeadDim = 8
        IntermediateSize = 160
        BosTokenId = None
        EosTokenIds = [] }

let private medium =
    { tiny with
        VocabSize = 8192
        HiddenSize = 1024
        NumHiddenLayers = 8
        NumAttentionHeads = 16
        NumKeyValueHeads = 4
        HeadDim = 64
        IntermediateSize = 2816 }

/// As `mlx.nn.quantize` does it: a matrix whose inputs are no multiple of the group stays as it is.
let private quantized (model: Mistral) = model |> Nn.quantize Packing.affine (fun _ -> true)

let private asIs (model: Mistral) = model

let private create config dtype change =
    use scope = Scope.Enter()

    Random.run (Key.ofSeed 0) (Mistral.init config)
    |> Tree.map (Tensor.astype dtype)
    |> change
    |> Tree.eval
    |> Tree.map scope.Keep

let private prompt config length =
    let random = System.Random 7
    Array.init length (fun _ -> random.Next config.VocabSize)

/// Each run begins after the prompt and its first token; every token is read.
let private decode config dtype change length tokens () =
    let model = Mistral.languageModel config (create config dtype change)
    let options = { GenerateOptions.defaults with MaxTokens = Int32.MaxValue }
    let ids = Generate.tokens model options (prompt config length)
    let mutable reading = ids.GetEnumerator()

    { Work.ofRun (fun () ->
          for _ in 1..tokens do
              reading.MoveNext() |> ignore) with
        Prepare =
            fun () ->
                reading.Dispose()
                reading <- ids.GetEnumerator()
                reading.MoveNext() |> ignore
        Divisor = float tokens }

let private prefill config dtype length () =
    let model = create config dtype asIs
    let tokens = MlxArray.From(prompt config length, ReadOnlySpan [| 1; length |])
    Inputs.freeing (fun () -> fst (Mistral.next config model Cache.empty tokens))

let rows =
    let decode name config dtype change length tokens =
        { Name = $"mistral_{name}_decode_per_token"
          Setup = decode config dtype change length tokens }

    let prefill name config dtype length =
        Row.create $"mistral_{name}" (prefill config dtype length)

    [ decode "tiny_f32" tiny DType.Float32 asIs 17 16
      decode "tiny_q4g64" tiny DType.Float32 quantized 17 16
      decode "medium_f32" medium DType.Float32 asIs 32 16
      decode "medium_bf16" medium DType.BFloat16 asIs 32 4
      decode "medium_q4g64_f32" medium DType.Float32 quantized 32 4
      decode "medium_q4g64_bf16" medium DType.BFloat16 quantized 32 2
      prefill "tiny_f32_prefill17" tiny DType.Float32 17
      prefill "medium_f32_prefill128" medium DType.Float32 128
      prefill "medium_bf16_prefill32" medium DType.BFloat16 32 ]
