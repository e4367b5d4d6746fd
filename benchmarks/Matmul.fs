/// Matrix products: square, as a layer does them, and quantized.
module Mlx.Benchmarks.Matmul

open Mlx.Core
open Mlx.Benchmarks.Inputs

let private square n () =
    let a, b = uniform [| n; n |], uniform [| n; n |]
    freeing (fun () -> Ops.Matmul(a, b))

let squares =
    [ for n in [ 256; 512; 1024; 2048; 4096 ] -> Row.create $"matmul_f32_{n}" (square n) ]

/// The product on so many threads of the embedded engine, to be put beside a peer's.
let private onThreads threads n () =
    if Engine.IsNative then
        raise (Skipped "a native engine chooses its threads itself")

    let run = square n ()

    fun () ->
        let before = Mlx.Cpu.Threading.ParallelFor.Degree
        Mlx.Cpu.Threading.ParallelFor.Degree <- threads

        try
            run ()
        finally
            Mlx.Cpu.Threading.ParallelFor.Degree <- before

let threads =
    [ for n in [ 512; 1024; 2048 ] do
          for threads in [ 1; 2 ] -> Row.create $"matmul_f32_{n}_t{threads}" (onThreads threads n) ]

let private dtypes = [ "f32", DType.Float32; "bf16", DType.BFloat16 ]
let private widths = [ 4096; 14336 ]

let private linear dtype m n () =
    let x, w = weights dtype [| m; 4096 |], weights dtype [| n; 4096 |]
    freeing (fun () -> Ops.Matmul(x, w.T))

let linears =
    [ for tag, dtype in dtypes do
          for m in [ 1; 8; 512 ] do
              for n in widths -> Row.create $"linear_{tag}_M{m}_K4096_N{n}" (linear dtype m n) ]

let private packed dtype m n () =
    let x, w = weights dtype [| m; 4096 |], weights dtype [| n; 4096 |]
    let struct (w, scales, biases) = Ops.Quantize(w, 64, 4)
    evaluate [| w; scales; nonNull biases |]

    freeing (fun () ->
        Ops.QuantizedMatmul(x, w, scales, biases, transpose = true, groupSize = 64, bits = 4))

let quantized =
    [ for tag, dtype in dtypes do
          for m in [ 1; 8 ] do
              for n in widths -> Row.create $"qmm_q4g64_{tag}_M{m}_K4096_N{n}" (packed dtype m n) ]
