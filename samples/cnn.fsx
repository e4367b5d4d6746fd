(**
# A network of convolutions

Which way do the stripes of a noisy picture run? A pattern may begin anywhere, so the network looks
at all places alike.

    dotnet fsi samples/cnn.fsx
*)
#load "mlx.fsx"

open System
open Mlx
open Mlx.Core

let size = 12
let directions = 4

(**
## Pictures

Waves of random phase in four directions. Shapes are (picture, row, column, channel), as everywhere
in MLX: the channel is last.
*)
let pictures count =
    random {
        let! direction = Random.randint 0 directions [ count ]
        let! phase = Random.uniformIn 0.0 (2.0 * Math.PI) [ count ]
        let! noise = Random.normal [ count; size; size ]

        let angle = Math.PI / 4.0 * Tensor.rearrange "n -> n 1 1" [] direction
        let across = Tensor.arange size
        let along = Tensor.cos angle * across + Tensor.sin angle * Tensor.expandDims 1 across
        let waves = Tensor.sin (1.2 * along + Tensor.rearrange "n -> n 1 1" [] phase)
        return Tensor.rearrange "n row column -> n row column 1" [] (waves + noise), direction
    }

let seen = pictures 640 |> Random.run (Key.ofSeed 0) |> Tree.eval
let unseen = pictures 256 |> Random.run (Key.ofSeed 1) |> Tree.eval

printfn "%A of %A" (Tensor.shape (fst seen)) (Tensor.dtype (fst seen))
(* prints
[640; 12; 12; 1] of Float32
*)

(**
## Model

Two convolutions, each followed by a norm and a pool, then the mean over all places.
*)
type Block = { Conv: Conv2d; Norm: GroupNorm }
type Cnn = { First: Block; Second: Block; Out: Linear }

let block inputs outputs =
    random {
        let! conv = Conv2d.init inputs outputs (3, 3)
        let! norm = GroupNorm.init outputs
        return { Conv = conv; Norm = norm }
    }

let init =
    random {
        let! first = block 1 8
        let! second = block 8 16
        let! out = Linear.init 16 directions
        return { First = first; Second = second; Out = out }
    }

let applyBlock p x =
    x
    |> Conv2d.apply { Conv.defaults with Padding = 1, 1 } p.Conv
    |> GroupNorm.apply (Neighbours 4) p.Norm
    |> Nn.relu
    |> Pool.max (Pool.window [ 2; 2 ])

let forward model x =
    x
    |> applyBlock model.First
    |> applyBlock model.Second
    |> Tensor.reduceBy Tensor.meanAxes "n row column channel -> n channel" []
    |> Linear.apply model.Out

let model = Random.run (Key.ofSeed 2) init

printfn
    "%d numbers to learn, answers %A"
    (Tree.size model)
    (Tensor.shape (forward model (fst unseen)))
(* prints
1364 numbers to learn, answers [256; 4]
*)

(**
## Training
*)
let loss model (x, direction) = forward model x |> Loss.crossEntropy direction |> Tensor.mean

let accuracy (x, direction) model = Metrics.accuracy (forward model x) direction

let trained =
    train {
        start model
        minimize loss
        using (Optim.adamW 5e-3)
        over (Data.shuffled 32 (Key.ofSeed 3) seen)
        epochs 5
        quietly
    }

let right = trained.Parameters |> accuracy unseen |> Tensor.toFloat

printfn "%d steps; %.0f %% of the unseen ones right" trained.Steps (100.0 * right)
(* prints
100 steps; 100 % of the unseen ones right
*)

(**
## Moved pictures

The network has learnt directions, not places: a picture that is shifted around its edges mostly
gets the same answer, though its edges meet inside it now.
*)
let moved = fst unseen |> Tensor.rollAxes [ 3; 5 ] [ 1; 2 ]
let guess x = forward trained.Parameters x |> Tensor.argmaxAxis -1
let agree = Tensor.equal (guess (fst unseen)) (guess moved) |> Tensor.astype DType.Float32

printfn "%.0f %% the same" (100.0 * Tensor.toFloat (Tensor.mean agree))
(* prints
95 % the same
*)
