/// The forward pass of transformer encoder layers, as `mlx.nn.TransformerEncoderLayer` is by
/// default: norm first, relu, four times as wide inside, no mask, no dropout.
module Mlx.Benchmarks.Encoder

open Mlx.Core
open Mlx.Benchmarks.Inputs

type private Layer =
    { Norm1: MlxArray * MlxArray
      Q: MlxArray
      K: MlxArray
      V: MlxArray
      O: MlxArray
      Norm2: MlxArray * MlxArray
      Up: MlxArray * MlxArray
      Down: MlxArray * MlxArray }

let private init d =
    let matrix (output: int) input = weights DType.Float32 [| output; input |]
    let norm () = ones [| d |], zeros [| d |]

    { Norm1 = norm ()
      Q = matrix d d
      K = matrix d d
      V = matrix d d
      O = matrix d d
      Norm2 = norm ()
      Up = matrix (4 * d) d, zeros [| 4 * d |]
      Down = matrix d (4 * d), zeros [| d |] }

let private norm (weight: MlxArray, bias: MlxArray) x = Fast.LayerNorm(x, weight, bias)
let private linear (w: MlxArray, b: MlxArray) (x: MlxArray) = Ops.AddMM(b, x, w.T)

let private attention heads layer (x: MlxArray) =
    let b, s, d = x.Dim 0, x.Dim 1, x.Dim 2

    let project (w: MlxArray) =
        Ops.Matmul(x, w.T) |> reshape [| b; s; heads; d / heads |] |> transpose [| 0; 2; 1; 3 |]

    let scale = 1f / sqrt (float32 (d / heads))

    let y =
        Fast.ScaledDotProductAttention(project layer.Q, project layer.K, project layer.V, scale)

    Ops.Matmul(y |> transpose [| 0; 2; 1; 3 |] |> reshape [| b; s; d |], layer.O.T)

let private apply heads x layer =
    let x = x + attention heads layer (norm layer.Norm1 x)
    let inner = Ops.Maximum(linear layer.Up (norm layer.Norm2 x), MlxArray.op_Implicit 0f)
    x + linear layer.Down inner

let private forward batch length d heads count isCompiled () =
    let layers = List.init count (fun _ -> init d)
    let x = uniform [| batch; length; d |]
    let run x = List.fold (apply heads) x layers

    if isCompiled then
        let run = Transforms.Compile(fun (x: MlxArray) -> run x)
        freeing (fun () -> run.Invoke x)
    else
        freeing (fun () -> run x)

let rows =
    [ for b, s, d, h, l in [ 16, 32, 64, 4, 2; 16, 64, 128, 4, 4; 8, 128, 256, 8, 6 ] do
          let name = $"encoder_fwd_B{b}_S{s}_d{d}_h{h}_L{l}"
          Row.create name (forward b s d h l false)
          Row.create $"{name}_compiled" (forward b s d h l true) ]
