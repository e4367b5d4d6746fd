/// One operation on a million floats.
module Mlx.Benchmarks.Elementwise

open System
open Mlx.Core
open Mlx.Benchmarks.Inputs

let private unary name (f: MlxArray -> MlxArray) =
    Row.create $"ew_{name}_1M" (fun () ->
        let a = uniform [| 1_000_000 |]
        freeing (fun () -> f a))

let private binary name (f: MlxArray * MlxArray -> MlxArray) =
    Row.create $"ew_{name}_1M" (fun () ->
        let a, b = uniform [| 1_000_000 |], uniform [| 1_000_000 |]
        freeing (fun () -> f (a, b)))

let private geluTanh (x: MlxArray) =
    0.5f * x * (1f + Ops.Tanh(sqrt (2f / MathF.PI) * (x + 0.044715f * x * x * x)))

let rows =
    [ binary "add" Ops.Add
      binary "multiply" Ops.Multiply
      unary "exp" Ops.Exp
      unary "sin" Ops.Sin
      unary "sqrt_abs" (Ops.Abs >> Ops.Sqrt)
      unary "gelu_tanh" geluTanh
      Row.create "ew_gelu_tanh_1M_compiled" (fun () ->
          let a = uniform [| 1_000_000 |]
          let f = Transforms.Compile(fun (x: MlxArray) -> geluTanh x)
          freeing (fun () -> f.Invoke a)) ]
