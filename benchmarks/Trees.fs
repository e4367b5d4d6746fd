/// Parameters to their tensors and back, as every transform over a tree does it.
module Mlx.Benchmarks.Trees

open Mlx
open Mlx.Benchmarks.Inputs

type private Layer =
    { Query: Tensor
      Key: Tensor
      Value: Tensor
      Output: Tensor
      Gate: Tensor
      Up: Tensor
      Down: Tensor
      AttentionNorm: Tensor
      MlpNorm: Tensor
      Bias: Tensor }

type private Model = { Layers: Layer[] }

let private layer _ =
    let leaf = zeros [| 1 |]

    { Query = leaf
      Key = leaf
      Value = leaf
      Output = leaf
      Gate = leaf
      Up = leaf
      Down = leaf
      AttentionNorm = leaf
      MlpNorm = leaf
      Bias = leaf }

/// A hundred times in a run.
let private flattenUnflatten () =
    let mutable model = { Layers = Array.init 30 layer }

    let run () =
        for _ in 1..100 do
            model <- Tree.leaves model |> Tree.ofLeaves model

    { Work.ofRun run with Divisor = 100.0 }

let rows = [ { Name = "tree_flatten_unflatten_300"; Setup = flattenUnflatten } ]
