(**
# Quantization

Weights in few bits: groups of neighbours share a scale, and the product unpacks them as it goes.
Models shrink to a fourth or less, and generating text, which reads all weights for each token,
becomes that much faster.

    dotnet fsi samples/quantization.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

let weight = Random.normal [ 256; 512 ] |> Random.run (Key.ofSeed 0)
let norm = Tensor.norm >> Tensor.toFloat

/// The error of a tensor, relative to what it stands for.
let error (exact: Tensor) x = norm (x - exact) / norm exact

(**
## Bits and errors

A packed tensor is a record: codes, a scale and a bias for each group. As with any tree, its bytes
can be asked for. Each bit halves the error.
*)
let affine bits = { Packing.affine with Bits = bits }

printfn "bits  bytes  error"

for bits in [ 2; 3; 4; 5; 6; 8 ] do
    let packed = weight |> Tensor.quantize (affine bits)
    printfn "%4d %6d  %.4f" bits (Tree.bytes packed) (error weight (Tensor.dequantize packed))

printfn "  32 %6d" (Tree.bytes weight)
(* prints
bits  bytes  error
   2  49152  0.3935
   3  65536  0.1902
   4  81920  0.0908
   5  98304  0.0442
   6 114688  0.0217
   8 147456  0.0054
  32 524288
*)

(**
## Smaller groups

A group of 32 needs more scales, and fits closer.
*)
for group in [ 128; 64; 32 ] do
    let packed = weight |> Tensor.quantize { Packing.affine with GroupSize = group }

    printfn
        "groups of %3d: %d bytes, error %.3f"
        group
        (Tree.bytes packed)
        (error weight (Tensor.dequantize packed))
(* prints
groups of 128: 73728 bytes, error 0.100
groups of  64: 81920 bytes, error 0.091
groups of  32: 98304 bytes, error 0.081
*)

(**
## Small floats

Instead of integers with scale and bias, floats of 4 or 8 bits with one scale.
*)
for packing in [ Packing.mxfp4; Packing.nvfp4; Packing.mxfp8 ] do
    let packed = weight |> Tensor.quantize packing

    printfn
        "%s: %d bytes, error %.3f"
        packing.Mode
        (Tree.bytes packed)
        (error weight (Tensor.dequantize packed))
(* prints
mxfp4: 69632 bytes, error 0.121
nvfp4: 73728 bytes, error 0.095
mxfp8: 135168 bytes, error 0.075
*)

(**
## Products

x wᵀ with w packed is the product with what w stands for, without unpacking it in memory.
*)
let x = Random.normal [ 4; 512 ] |> Random.run (Key.ofSeed 1)
let packed = weight |> Tensor.quantize (affine 8)
let exact = x *@ Tensor.transpose weight
let product = x |> Tensor.quantizedMatmul packed
let unpacked = x *@ Tensor.transpose (Tensor.dequantize packed)

printfn
    "%A, as with the unpacked weights: %b"
    (Tensor.shape product)
    (error unpacked product < 1e-4)

printfn "error by the packing: %.3f" (error exact product)
(* prints
[4; 256], as with the unpacked weights: true
error by the packing: 0.005
*)

(**
## Tuning around packed weights

Slopes pass through a packed product. So a packed layer stays as it is, and a small correction of
low rank is learnt beside it: LoRA. Here it learns what packing into 2 bits has lost, as far as rank
8 goes.
*)
type Lora = { A: Tensor; B: Tensor }

let coarse = weight |> Tensor.quantize (affine 2)

let init =
    random {
        let! a = Random.normalIn 0.0 0.05 [ 512; 8 ]
        return { A = a; B = Tensor.zeros [ 8; 256 ] }
    }

let forward lora x = (x |> Tensor.quantizedMatmul coarse) + x *@ lora.A *@ lora.B

let loss lora (x, y) = forward lora x |> Loss.mse y |> Tensor.mean

let inputs = Random.normal [ 1024; 512 ] |> Random.run (Key.ofSeed 2)
let batch = inputs, inputs *@ Tensor.transpose weight
let untrained = Random.run (Key.ofSeed 3) init

let tuned =
    train {
        start untrained
        minimize loss
        using (Optim.adam 3e-3)
        over [ batch ]
        steps 60
        quietly
    }

let before, after = loss untrained batch, loss tuned.Parameters batch

printfn "packed %d bytes, correction %d" (Tree.bytes coarse) (Tree.bytes untrained)
printfn "the error falls: %b" (Tensor.toFloat after < 0.95 * Tensor.toFloat before)
(* prints
packed 49152 bytes, correction 24576
the error falls: true
*)
