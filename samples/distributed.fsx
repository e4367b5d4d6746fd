(**
# Several processes

Each process runs the same program on its part of the data, and they agree on the gradients. The
program does not change with their number: alone, a process is a group of one.

    dotnet fsi samples/distributed.fsx

With real MLX (`MLX_ENGINE=native`), a file `hosts.json` of `[["10.0.0.1:5000"], ["10.0.0.2:5000"]]`
makes a ring of two machines, each started with its rank:

    MLX_HOSTFILE=hosts.json MLX_RANK=0 dotnet fsi samples/distributed.fsx
    MLX_HOSTFILE=hosts.json MLX_RANK=1 dotnet fsi samples/distributed.fsx

The embedded engine runs alone.
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

let group = Distributed.init ()
let rank, size = Distributed.rank group, Distributed.size group

printfn "process %d of %d" rank size
(* prints
process 0 of 1
*)

(**
## Collectives

Every process calls them, in the same order. With more processes the sum would be over all, and
`allGather` would join their rows.
*)
let mine = Tensor.ofRows [ [ float32 rank; 1f ] ]

printfn "%O" (mine |> Distributed.allSum group)
printfn "%O" (mine |> Distributed.allMax group)
printfn "%A" (mine |> Distributed.allGather group |> Tensor.shape)
(* prints
array([[0, 1]], dtype=float32)
array([[0, 1]], dtype=float32)
[1; 2]
*)

(**
Messages go from one to another: `send` answers what it sends, `recv` what comes. Nobody is there to
talk to:
*)
if size = 1 then
    try
        mine |> Distributed.send group 1 |> ignore
    with :? MlxException ->
        printfn "refused: alone"
(* prints
refused: alone
*)

(**
## Data

The key of the data has the rank in it, so that each process draws samples of its own; that of the
model has not, so that all begin alike.
*)
let truth = Tensor.ofRows [ [ 2.0; -1.0; 0.5 ] ]

let samples count =
    random {
        let! x = Random.normal [ count; 3 ]
        let! noise = Random.normal [ count; 1 ]
        return x, x *@ Tensor.transpose truth + 0.1 * noise
    }

let data = samples (1024 / size) |> Random.run (Key.ofSeed (100 + rank)) |> Tree.eval
let model = Linear.init 3 1 |> Random.run (Key.ofSeed 0)

(**
## Gradients

`averageGradients` takes any tree: small leaves travel together. In a group of one it answers the
tree that it was given.
*)
let loss model (x, y) = Linear.apply model x |> Loss.mse y |> Tensor.mean

let averaged = grad loss model data |> Distributed.averageGradients group

printfn "%A" (Tree.paths averaged)
(* prints
[|"weight"; "bias"|]
*)

(**
## Training

As a stage of the optimizer the average is part of the fused step: the one line that makes this
training distributed.
*)
let trained =
    train {
        start model
        minimize loss
        using (Distributed.averageStage group >> Optim.adam 5e-2)
        over (Data.shuffled (128 / size) (Key.ofSeed rank) data)
        epochs 20
        quietly
    }

let weight = trained.Parameters.Weight
let far = Tensor.toFloat (Tensor.max (Tensor.abs (weight - truth)))

printfn "%d steps, weights within 0.05: %b" trained.Steps (far < 0.05)
(* prints
160 steps, weights within 0.05: true
*)

(**
All processes have made the same steps, so they hold the same model.
*)
let spread = (weight |> Distributed.allMax group) - (weight |> Distributed.allMin group)

printfn "apart by %.1f" (Tensor.toFloat (Tensor.max spread))
(* prints
apart by 0.0
*)
