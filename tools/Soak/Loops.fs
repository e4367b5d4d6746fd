/// Training, differentiation and generation, over and over, on one thread.
module Mlx.Soak.Loops

open System
open Mlx
open Mlx.Core
open Mlx.Models

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

let private language () =
    let config =
        { MistralConfig.defaults with
            SlidingWindow = Some 300
            NumHiddenLayers = 2
            EosTokenIds = [] }

    Mistral.init config |> Random.run (Key.ofSeed 0) |> Mistral.languageModel config

let private sampling = { Sample.temperature 1.0 with TopP = 0.95; RepetitionPenalty = 1.1 }

/// One long text, once its window is full.
let private text () =
    let options =
        { GenerateOptions.defaults with
            MaxTokens = Int32.MaxValue
            Sampling = sampling
            LogProbs = Some 3 }

    let run = Generate.run Tokenizer.bytes (language ()) options [ 1; 2; 3 ]
    let tokens = run.GetEnumerator()

    let read count =
        for _ in 1..count do
            tokens.MoveNext() |> ignore

    read 1_000
    read, tokens.Dispose

/// Rows that join and leave, with prompts of many lengths.
let private batches () =
    let model = language ()

    let round () =
        [ for length in [ 3; 40; 7; 350 ] -> Seq.init length (fun i -> i % 200) ]
        |> Generate.batch
            Tokenizer.bytes
            model
            { GenerateOptions.defaults with MaxTokens = 5; Sampling = sampling }
        |> ignore

    let run count =
        for _ in 1..count do
            round ()

    run, ignore

let all =
    [ { Name = "fused train steps"; Count = 20_000; Start = fused }
      { Name = "unfused train steps"; Count = 20_000; Start = scoped }
      { Name = "unfused, left to the collector"; Count = 20_000; Start = careless }
      { Name = "gradients"; Count = 200_000; Start = gradients }
      { Name = "generated tokens"; Count = 20_000; Start = text }
      { Name = "batches of texts"; Count = 500; Start = batches } ]
