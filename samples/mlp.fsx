(**
# A network of dense layers

Learns a function of two numbers from samples. Parameters are a record, the network a function, and
a training step one compiled graph.

    dotnet fsi samples/mlp.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

(**
## Data

The height of a saddle with ripples, at random places.
*)
let height (x: Tensor) = x[*, 0..0] * x[*, 1..1] + 0.3 * Tensor.sin (4.0 * x[*, 0..0])

let samples count =
    random {
        let! x = Random.uniformIn -1.0 1.0 [ count; 2 ]
        return x, height x
    }

let seen = samples 1024 |> Random.run (Key.ofSeed 0) |> Tree.eval
let unseen = samples 256 |> Random.run (Key.ofSeed 1) |> Tree.eval

(**
## Model

Any number of layers: a list in a record is a tree of tensors as well.
*)
type Mlp = { Layers: Linear list; Out: Linear }

let init sizes =
    random {
        let! layers = sizes |> List.pairwise |> Random.traverse (fun (n, m) -> Linear.init n m)
        let! out = Linear.init (List.last sizes) 1
        return { Layers = layers; Out = out }
    }

let forward model x =
    (x, model.Layers)
    ||> List.fold (fun x layer -> x |> Linear.apply layer |> Nn.gelu)
    |> Linear.apply model.Out

let model = init [ 2; 64; 64 ] |> Random.run (Key.ofSeed 2)

printfn "%s" (Tree.summary model)
(* prints
layers.0.weight  (64, 2)   float32    128
layers.0.bias    (64)      float32     64
layers.1.weight  (64, 64)  float32  4,096
layers.1.bias    (64)      float32     64
out.weight       (1, 64)   float32     64
out.bias         (1)       float32      1
total                               4,417 (17,668 bytes)
*)

(**
Shapes are checked without computing anything, and mistakes are told by the paths of the record.
*)
let loss model (x, y) = forward model x |> Loss.mse y |> Tensor.mean

let wrong = { model with Out = { model.Out with Weight = Tensor.zeros [ 1; 32 ] } }

printfn "%O" (Shape.check loss wrong unseen)
(* prints
1 mismatch:
  addmm: Last dimension of first input with shape (256,64) must match second to last dimension
      of second input with shape (32,1).
    (1)        from out.bias
    (256, 64)  from layers.1.bias ... layers.1.weight, 5 in all
    (32, 1)    from out.weight
*)

(**
## Training
*)
let trained =
    train {
        start model
        minimize loss
        using (Optim.clipByGlobalNorm 1.0 >> Optim.adamW (Schedule.cosine 1e-2 320))
        over (Data.shuffled 64 (Key.ofSeed 3) seen)
        epochs 20
        validate "unseen" Every.Epoch (fun model -> loss model unseen)
        quietly
    }

let error model = loss model unseen |> Tensor.toFloat

printfn "%d steps" trained.Steps
printfn "unseen: error %.4f before, %.4f after" (error model) (error trained.Parameters)
(* prints
320 steps
unseen: error 0.1580 before, 0.0001 after
*)

(**
## The step alone

What `train { }` runs. State stays on the engine's side between steps; a step crosses over to it a
constant number of times, however large the model.
*)
let optimizer = Optim.adamW 1e-3
let step = TrainStep.fuse optimizer loss
let cost = TrainStep.start optimizer model |> TrainStep.explain step seen

printfn "at most 12 crossings: %b, retraces: %d" (cost.Crossings <= 12) cost.Retraces
(* prints
at most 12 crossings: true, retraces: 0
*)

(**
## Slopes by input

The same network, derived by where it is asked: the gradient of the surface, at many places at once.
*)
let surface (place: Tensor) = forward trained.Parameters (Tensor.expandDims 0 place) |> Tensor.sum
let places = Tensor.ofRows [ [ 0.5; 0.5 ]; [ -0.2; 0.8 ] ]
let slopes = places |> vmap (gradient surface)
let exact = places |> vmap (gradient (fun p -> height (Tensor.expandDims 0 p) |> Tensor.sum))

printfn
    "within 0.2 of the exact slopes: %b"
    (Tensor.toFloat (Tensor.max (Tensor.abs (slopes - exact))) < 0.2)
(* prints
within 0.2 of the exact slopes: true
*)
