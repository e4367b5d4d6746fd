/// Inputs of the workloads, evaluated before the clock runs.
module Mlx.Benchmarks.Inputs

open System
open Mlx.Core

// F# passes an array for a span only where it sees the parameter's type at once.
let reshape (shape: int[]) (a: MlxArray) = a.Reshape(ReadOnlySpan shape)
let transpose (axes: int[]) (a: MlxArray) = a.Transpose(ReadOnlySpan axes)
let evaluate (arrays: MlxArray[]) = MlxArray.Eval(ReadOnlySpan arrays)

let evaluated (a: MlxArray) =
    a.Eval()
    a

let zeros (shape: int[]) = Ops.Zeros(ReadOnlySpan shape) |> evaluated

let ones (shape: int[]) = Ops.Ones(ReadOnlySpan shape) |> evaluated

let uniform (shape: int[]) = MlxRandom.Uniform(ReadOnlySpan shape) |> evaluated

let normal (shape: int[]) = MlxRandom.Normal(ReadOnlySpan shape) |> evaluated

/// Weights as a layer has them: small, in the dtype it computes in.
let weights dtype (shape: int[]) =
    use scope = Scope.Enter()
    scope.Keep((normal shape * 0.02f).AsType dtype) |> evaluated

/// Runs a workload whose arrays are gone at the end of the run.
let freeing (work: unit -> MlxArray) () =
    use scope = Scope.Enter()
    scope |> ignore
    (work ()).Eval()
