/// Train steps: forward, backward, Adam, and the evaluation of loss, parameters and state; written
/// as a user of Mlx.Functional writes them.
module Mlx.Benchmarks.Train

open System
open Mlx
open Mlx.Core

type private Mlp = { First: Linear; Second: Linear; Third: Linear }

let private mlp inputs hidden outputs =
    random {
        let! first = Linear.init inputs hidden
        let! second = Linear.init hidden hidden
        let! third = Linear.init hidden outputs
        return { First = first; Second = second; Third = third }
    }

let private mlpLoss p (x, y) =
    x
    |> Linear.apply p.First
    |> Nn.relu
    |> Linear.apply p.Second
    |> Nn.relu
    |> Linear.apply p.Third
    |> Loss.crossEntropy y
    |> Tensor.mean

type private Cnn = { Conv1: Conv2d; Conv2: Conv2d; Head: Linear }

let private cnn =
    random {
        let! conv1 = Conv2d.init 1 16 (3, 3)
        let! conv2 = Conv2d.init 16 32 (3, 3)
        let! head = Linear.init 1568 10
        return { Conv1 = conv1; Conv2 = conv2; Head = head }
    }

let private cnnLoss p (x, y) =
    let conv = Conv2d.apply { Conv.defaults with Stride = 2, 2; Padding = 1, 1 }

    x
    |> conv p.Conv1
    |> Nn.relu
    |> conv p.Conv2
    |> Nn.relu
    |> Tensor.flattenAxes 1 -1
    |> Linear.apply p.Head
    |> Loss.crossEntropy y
    |> Tensor.mean

let private key = Key.ofSeed

let private batch (shape: int list) classes =
    let draw =
        random {
            let! x = Random.uniform shape
            let! y = Random.randint 0 classes [ shape.Head ]
            return x, y
        }

    Random.run (key 7) draw |> Tree.eval

let private optimizer = Optim.adam 1e-3

/// A step at a time, each graph built anew.
let private plain init loss shape classes () =
    let batch = batch shape classes
    let step = TrainStep.plain optimizer loss
    let mutable state = TrainStep.snapshot (key 1) optimizer (Random.run (key 0) init)

    let run () =
        use scope = Scope.Enter()
        let value, next = step state batch
        Tree.eval (value, next) |> ignore
        Tree.leaves (state.Parameters, state.Optimizer) |> Array.iter _.Dispose()
        state <- Tree.map scope.Keep next

    Work.ofRun run

let private fused init loss shape classes () =
    let batch = batch shape classes
    let step = TrainStep.fuse optimizer loss
    let mutable state = TrainStep.start optimizer (Random.run (key 0) init)

    { Work.ofRun (fun () -> state <- TrainStep.run step batch state) with
        CountsCrossings = true }

let private both name init loss shape classes =
    [ { Name = name; Setup = plain init loss shape classes }
      { Name = $"{name}_compiled"; Setup = fused init loss shape classes } ]

let rows =
    [ for b, i, h, o in [ 32, 128, 256, 10; 64, 512, 1024, 100; 128, 784, 2048, 10 ] do
          yield! both $"mlp_train_B{b}_{i}_{h}_{o}" (mlp i h o) mlpLoss [ b; i ] o
      yield! both "cnn_train_B32_28x28" cnn cnnLoss [ 32; 28; 28; 1 ] 10 ]
