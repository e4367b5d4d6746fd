/// Training and differentiation, over and over, on one thread.
module Mlx.Soak.Loops

open System
open Mlx
open Mlx.Core

type private Mlp = { Hidden: Linear; Out: Linear }

let private init =
    random {
        let! hidden = Linear.init 8 16
        let! out = Linear.init 16 4
        return { Hidden = hidden; Out = out }
    }

let private loss p (x, y) =
    x
    |> Linear.apply p.Hidden
    |> Nn.relu
    |> Linear.apply p.Out
    |> Loss.crossEntropy y
    |> Tensor.mean

let private batch () =
    random {
        let! x = Random.normal [ 16; 8 ]
        let! y = Random.randint 0 4 [ 16 ]
        return x, y
    }
    |> Random.run (Key.ofSeed 1)
    |> Tree.eval

let private model () = Random.run (Key.ofSeed 0) init
let private optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.adam 1e-3

/// A loop: given how often, it answers how to run so many rounds more, and what ends it.
type Loop = { Name: string; Count: int; Start: unit -> (int -> unit) * (unit -> unit) }

let private fused () =
    let data = batch ()
    let step = TrainStep.fuse optimizer loss
    let mutable state = TrainStep.start optimizer (model ())

    let run count =
        for _ in 1..count do
            state <- TrainStep.run step data state

    run,
    fun () ->
        state.Dispose()
        Tree.dispose data

/// Everything but the new state dies with the scope of its round.
let private scoped () =
    let data = batch ()
    let step = TrainStep.plain optimizer loss
    let mutable state = TrainStep.snapshot (Key.ofSeed 0) optimizer (model ())

    let round () =
        let next = Tree.scoped (fun () -> Tree.eval (snd (step state data)))
        Tree.dispose (state.Parameters, state.Optimizer)
        state <- next

    let run count =
        for _ in 1..count do
            round ()

    run, fun () -> Tree.dispose (state, data)

/// Nobody frees anything: finalizers, told the real sizes, keep up with the loop.
let private careless () =
    let data = batch ()
    let step = TrainStep.plain optimizer loss
    let mutable state = TrainStep.snapshot (Key.ofSeed 0) optimizer (model ())

    let run count =
        for _ in 1..count do
            state <- Tree.eval (snd (step state data))

    run, fun () -> Tree.dispose (state, data)

let private gradients () =
    let x = Tensor.ofArray [| 1f .. 32f |]
    let slope = grad (fun x () -> x |> Tensor.sin |> Tensor.multiply x |> Tensor.sum)

    let run count =
        for _ in 1..count do
            use g = slope x ()
            Tensor.eval g |> ignore

    run, fun () -> x.Dispose()

let all =
    [ { Name = "fused train steps"; Count = 20_000; Start = fused }
      { Name = "unfused train steps"; Count = 20_000; Start = scoped }
      { Name = "unfused, left to the collector"; Count = 20_000; Start = careless }
      { Name = "gradients"; Count = 200_000; Start = gradients } ]
