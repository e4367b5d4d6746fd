/// One vector of half precision times packed integers: on wide vectors a kernel of its own.
module Mlx.Tests.Core.QuantizedProducts

open System
open Expecto
open Mlx
open Mlx.Core

/// Elements of many sizes, some groups all zero.
let private vector (dtype: DType) (count: int) =
    let dice = System.Random count

    [| for i in 0 .. count - 1 ->
           if i / 32 % 7 = 3 then
               0.0f
           else
               float32 ((dice.NextDouble() - 0.5) * Math.Pow(2.0, float (dice.Next 12 - 6))) |]
    |> Tensor.ofArray
    |> Tensor.reshape [ 1; count ]
    |> Tensor.astype dtype

let private matrix (dtype: DType) (rows: int) (columns: int) (group: int) =
    Random.normal [ rows; columns ]
    |> Random.run (Key.ofSeed (rows + columns))
    |> Tensor.astype dtype
    |> Tensor.quantize { Packing.affine with GroupSize = group }

/// The same with scales and biases in float32, so that numbers are not rounded to half precision.
let private precise (w: Packed) =
    { w with
        Scales = Tensor.astype DType.Float32 w.Scales
        Biases = w.Biases |> Option.map (Tensor.astype DType.Float32) }

let tests =
    testList
        "quantized products"
        [ for dtype in [ DType.BFloat16; DType.Float16 ] do
              for group in [ 32; 64; 128 ] do
                  testCase $"{dtype}, groups of {group}: the vector times the numbers" (fun () ->
                      if Engine.IsMlx then
                          skiptest "MLX's CPU backend sums in half precision"

                      for rows, columns in [ 1, 128; 7, 256; 33, 1152; 300, 4096 ] do
                          let w = matrix dtype rows columns group
                          let x = vector dtype columns
                          let y = x |> Tensor.quantizedMatmul w |> Tensor.astype DType.Float32
                          let wide = Tensor.astype DType.Float64
                          let numbers = wide (Tensor.dequantize (precise w))
                          let exact = wide x @@ Tensor.transpose numbers
                          let most t = Tensor.toFloat (Tensor.max (Tensor.abs t))

                          // The result is rounded, and x to 14 bits of the largest in a group: off by
                          // a uniform step each, which codes of up to 15 multiply.
                          let unit = if dtype = DType.BFloat16 then 1.0 / 256.0 else 1.0 / 1024.0
                          let steps = 1.5e-3 * sqrt (float columns) * most w.Scales * most x
                          let allowed = Tensor.abs exact * unit + steps
                          let off = Tensor.abs (wide y - exact) / allowed |> Tensor.max
                          Expect.isLessThan (Tensor.toFloat off) 1.0 $"{rows} by {columns}")

          testCase "what is not finite stays so" (fun () ->
              let w = matrix DType.BFloat16 9 256 64

              for wrong in [ nanf; infinityf ] do
                  let x: float32[] = vector DType.Float32 256 |> Tensor.toArray
                  x[70] <- wrong
                  let x = Tensor.ofArray x |> Tensor.reshape [ 1; 256 ]
                  let half = x |> Tensor.astype DType.BFloat16 |> Tensor.quantizedMatmul w
                  let isFinite = half |> Tensor.isfinite |> Tensor.any |> Tensor.item
                  Expect.isFalse isFinite $"{wrong}") ]
