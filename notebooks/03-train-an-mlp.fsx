(**
# Training a small network

Two spirals, wound into each other: no line separates them, a small network does. A model is a
record of its parameters and a function; training is a description, `train { }`, that runs.
*)
#load "mlx.fsx"

open System
open Mlx
open Mlx.Core
open Plotly.NET

let numbers (t: Tensor) =
    let values: float32[] = Tensor.toArray t
    Array.map float values

(**
## Data

200 points on each arm, with a little noise. Randomness takes a key: the same key, the same points.
*)
let arm turn =
    random {
        let! noise = Random.normal [ 200; 2 ]
        let t = Tensor.linspace 0.3 1.0 200
        let angle = 9.0 * t + turn
        let points = Tensor.stack 1 [ t * Tensor.cos angle; t * Tensor.sin angle ]
        return points + 0.02 * noise
    }

let first, second = Random.zip (arm 0.0) (arm Math.PI) |> Random.run (Key.ofSeed 0)
let points = Tensor.concatenate 0 [ first; second ]

let labels =
    Tensor.concatenate 0 [ Tensor.zerosOf DType.Int32 [ 200 ]; Tensor.onesOf DType.Int32 [ 200 ] ]

let dots (points: Tensor) name =
    Chart.Point(x = numbers points[*, 0], y = numbers points[*, 1], Name = name)

[ dots first "first"; dots second "second" ] |> Chart.combine |> Display.show

(**
## Model

A record of layers, how to draw one, and how to apply it.
*)
type Mlp = { Hidden1: Linear; Hidden2: Linear; Out: Linear }

let init =
    random {
        let! hidden1 = Linear.init 2 32
        let! hidden2 = Linear.init 32 32
        let! out = Linear.init 32 2
        return { Hidden1 = hidden1; Hidden2 = hidden2; Out = out }
    }

let forward model x =
    x
    |> Linear.apply model.Hidden1
    |> Nn.tanh
    |> Linear.apply model.Hidden2
    |> Nn.tanh
    |> Linear.apply model.Out

let model = Random.run (Key.ofSeed 1) init

Display.tree model |> Display.show

(**
## Training

The loss is a pure function of model and batch. Loss, gradients and optimizer become one compiled
step.
*)
let loss model (x, labels) = forward model x |> Loss.crossEntropy labels |> Tensor.mean

let accuracy model = Metrics.accuracy (forward model points) labels

let trained =
    train {
        start model
        minimize loss
        using (Optim.adamW 1e-2)
        over (Data.shuffled 100 (Key.ofSeed 2) (points, labels))
        epochs 100
        validate "accuracy" Every.Epoch accuracy
        quietly
    }

trained.History |> Display.show

(**
## Its course
*)
let course name =
    let metrics = trained.History |> List.filter (fun m -> m.Name = name)
    Chart.Line(x = (metrics |> List.map _.Step), y = (metrics |> List.map _.Value), Name = name)

[ course "loss"; course "accuracy" ]
|> Chart.combine
|> Chart.withXAxisStyle "step"
|> Display.show

printfn "right: %.0f %%" (100.0 * Tensor.toFloat (accuracy trained.Parameters))

(**
## What it learnt

The probability of the second arm, at every place of the square.
*)
let side = Tensor.linspace -1.1 1.1 120
let across = side |> Tensor.broadcastTo [ 120; 120 ]
let grid = Tensor.stack -1 [ across; Tensor.transpose across ] |> Tensor.reshape [ -1; 2 ]

let belief =
    forward trained.Parameters grid
    |> Tensor.softmax -1
    |> Tensor.take 1 (Tensor.scalar 1)
    |> Tensor.reshape [ 120; 120 ]

// Rows of a picture run downwards, the axis upwards.
belief |> Tensor.take 0 (Tensor.ofSeq [ 119..-1..0 ]) |> Display.show
