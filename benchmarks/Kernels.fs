/// One operation each on arrays of a real model's size.
module Mlx.Benchmarks.Kernels

open System
open Mlx.Core
open Mlx.Benchmarks.Inputs

let private on name (shapes: int[] list) (f: MlxArray list -> MlxArray) =
    Row.create name (fun () ->
        let inputs = List.map normal shapes
        freeing (fun () -> f inputs))

let private one name shape (f: MlxArray -> MlxArray) =
    on name [ shape ] (fun inputs -> f inputs.Head)

let private million name f =
    Row.create name (fun () ->
        let x = uniform [| 1_000_000 |]
        freeing (fun () -> f x))

let private drawn name draw = Row.create name (fun () -> freeing draw)

let private square = [| 4096; 4096 |]
let private row = [| 4096 |]

let rows =
    [ one "softmax_4096x4096" square (fun x -> Ops.Softmax(x, axis = -1))
      on "layer_norm_4096x4096" [ square; row; row ] (fun inputs ->
          Fast.LayerNorm(inputs[0], inputs[1], inputs[2]))
      on "rms_norm_4096x4096" [ square; row ] (fun inputs -> Fast.RmsNorm(inputs[0], inputs[1]))
      one "rope_B1_H32_L512_D128" [| 1; 32; 512; 128 |] (fun x -> Fast.Rope(x, 128))
      on
          "sdpa_causal_B1_H32_KV8_L512_D128"
          [ [| 1; 32; 512; 128 |]; [| 1; 8; 512; 128 |]; [| 1; 8; 512; 128 |] ]
          (fun qkv -> Fast.CausalAttention(qkv[0], qkv[1], qkv[2], 1f / sqrt 128f))
      on "conv2d_32x56x56x64_128_3x3" [ [| 32; 56; 56; 64 |]; [| 128; 3; 3; 64 |] ] (fun inputs ->
          Ops.Conv2d(inputs[0], inputs[1], stride = 1, padding = 1))
      Row.create "fft_c64_2p20" (fun () ->
          let x = (normal [| 1 <<< 20 |]).AsType DType.Complex64 |> evaluated
          freeing (fun () -> Fourier.Fft x))
      million "sort_1M" Ops.Sort
      million "argsort_1M" Ops.ArgSort
      million "cumsum_1M" (fun x -> Ops.CumSum(x, 0))
      drawn "random_normal_1M" (fun () -> MlxRandom.Normal(ReadOnlySpan [| 1_000_000 |]))
      drawn "random_uniform_1M" (fun () -> MlxRandom.Uniform(ReadOnlySpan [| 1_000_000 |]))
      one "sum_axis0_4096x4096" square (fun x -> Ops.Sum(x, axis = 0))
      one "sum_axis1_4096x4096" square (fun x -> Ops.Sum(x, axis = 1))
      one "sum_all_4096x4096" square Ops.Sum
      one "transpose_copy_4096x4096" square (fun x -> Ops.Contiguous x.T) ]
