/// Fused steps over a table of models and a table of optimizers: a constant number of crossings, one
/// trace, accumulation, mixed precision and checkpointing inside.
module Mlx.Tests.Functional.FusedTests

open System
open Expecto
open Mlx

/// A model with its loss and batch behind one question: what does a step of an optimizer cost?
[<AbstractClass>]
type private Model(name: string) =
    member _.Name = name

    /// The cost of a step, and how many tensors the state holds.
    abstract Cost: Optimizer -> StepExplanation * int

    /// The losses of some steps.
    abstract Losses: Optimizer -> (DType option) -> float list

let private modelOf name (init: Random<'P>) (loss: 'P -> 'B -> Tensor) (batch: Random<'B>) =
    let draw () = Random.run (Key.ofSeed 4) (Random.zip init batch)

    { new Model(name) with
        override _.Cost optimizer =
            let parameters, batch = draw ()
            let step = TrainStep.fuse optimizer loss
            use state = TrainStep.start optimizer parameters
            use state = TrainStep.run step batch state
            TrainStep.explain step batch state, Tree.count (TrainStep.current state)

        override _.Losses optimizer dtype =
            let parameters, batch = draw ()

            let loss =
                match dtype with
                | Some dtype -> Precision.computeIn dtype loss
                | None -> loss

            let step = TrainStep.fuse optimizer loss
            let mutable state = TrainStep.start optimizer parameters

            let losses =
                [ for _ in 1..12 do
                      state <- TrainStep.run step batch state
                      TrainStep.loss state ]

            let wrong =
                [ for path, leaf in Tree.named (TrainStep.parameters state) do
                      if leaf.DType <> DType.Float32 then
                          path ]

            Expect.isEmpty wrong "master weights are float32"
            state.Dispose()
            losses }

let private labels classes n = Random.randint 0 classes [ n ]
let private classify logits y = logits |> Loss.crossEntropy y |> Tensor.mean

let private mlp =
    modelOf
        "mlp"
        (Random.zip (Linear.init 6 8) (Linear.init 8 3))
        (fun (a, b) (x, y) -> classify (x |> Linear.apply a |> Nn.gelu |> Linear.apply b) y)
        (Random.zip (Random.normal [ 8; 6 ]) (labels 3 8))

let private cnn =
    let conv = Conv.defaults

    modelOf
        "cnn"
        (random {
            let! first = Conv2d.init 1 4 (3, 3)
            and! second = Conv2d.init 4 4 (3, 3)
            and! out = Linear.init 16 3
            return first, second, out
        })
        (fun (a, b, out) (x, y) ->
            let features = x |> Conv2d.apply conv a |> Nn.relu |> Conv2d.apply conv b |> Nn.relu
            classify (features |> Tensor.reshape [ -1; 16 ] |> Linear.apply out) y)
        (Random.zip (Random.normal [ 4; 6; 6; 1 ]) (labels 3 4))

let private rnn =
    modelOf
        "rnn"
        (Random.zip (Lstm.init 4 6) (Linear.init 6 3))
        (fun (lstm, out) (x, y) ->
            let last = (snd (Lstm.applyFrom None lstm x)).Hidden
            classify (last |> Linear.apply out) y)
        (Random.zip (Random.normal [ 4; 5; 4 ]) (labels 3 4))

let private transformer =
    let config = Transformer.config (Attention.heads 2)

    modelOf
        "transformer"
        (random {
            let! embedding = Embedding.init 7 8
            and! encoder = TransformerEncoder.init 2 config.Heads 8 16
            return embedding, encoder
        })
        (fun (embedding, encoder) (ids, y) ->
            let x = ids |> Embedding.apply embedding
            let h = x |> TransformerEncoder.apply config Mask.Causal encoder
            classify (h *@ Tensor.transpose embedding.Weight |> Tensor.reshape [ -1; 7 ]) y)
        (Random.zip (Random.randint 0 7 [ 2; 5 ]) (labels 7 10))

let private models = [ mlp; cnn; rnn; transformer ]
let private isWeight (path: string) = path.EndsWith "weight"

let private optimizers: (string * Optimizer) list =
    [ "sgd", Optim.sgd (0.05, momentum = 0.9, nesterov = true)
      "rmsprop", Optim.rmsprop 0.01
      "adagrad", Optim.adagrad 0.05
      "adaDelta", Optim.adaDelta 1.0
      "adam", Optim.adam (0.01, biasCorrection = true)
      "clipped adamW", Optim.clipByGlobalNorm 1.0 >> Optim.adamW (0.01, mask = isWeight)
      "adamax", Optim.adamax 0.01
      "lion", Optim.lion 0.002
      "adafactor", Optim.adafactor (learningRate = 0.01)
      "muon", Optim.byPath [ isWeight, Optim.muon 0.01 ] (Optim.adam 0.01)
      "accumulate", Optim.accumulate 2 (Optim.adam 0.01)
      "finite", Optim.skipNonFinite (Optim.adam 0.01)
      "ema", Optim.adam 0.01 >> Optim.ema 0.9
      "scheduled", Optim.sgd (Schedule.warmupCosine 3 50 0.05) ]

/// Each pair; on MLX, which runs a C compiler for each trace, each model with every fourth one.
let private pairs =
    [ for i, model in List.indexed models do
          for k, optimizer in List.indexed optimizers do
              if not Mlx.Core.Engine.IsMlx || (k + i) % 4 = 0 then
                  model, optimizer ]

let private costs =
    [ for model, (name, optimizer) in pairs ->
          testCase $"{model.Name} by {name}: few crossings, one trace" (fun () ->
              use _ = Mlx.Core.Scope.Enter()
              let cost, tensors = model.Cost optimizer
              Expect.isGreaterThan tensors 4 "the state holds tensors"
              // Append the batch, call, evaluate, look at the memory.
              Expect.equal cost.Crossings 4L "crossings"
              Expect.equal cost.Retraces 0 "retraces after the first step"
              Expect.equal cost.Traces.Traces.Count 1 $"{cost.Traces}"
              Expect.isGreaterThan cost.Graph.Count tensors "nodes"
              Expect.isGreaterThan cost.PeakBytes 0L "bytes") ]

let private mixed =
    [ for model in models do
          for dtype in [ DType.BFloat16; DType.Float16 ] ->
              testCase $"{model.Name} computes in {dtype}, its weights in float32" (fun () ->
                  use _ = Mlx.Core.Scope.Enter()
                  let optimizer = Optim.adam 0.02
                  let exact = model.Losses optimizer None
                  let rounded = model.Losses optimizer (Some dtype)
                  Expect.isLessThan (List.last rounded) rounded.Head "falls"
                  // bfloat16 has 8 bits, so a loss about 1 is met to a few hundredths.
                  Expect.isLessThan (abs (rounded.Head - exact.Head)) 0.03 "the first loss"
                  Expect.isLessThan (abs (List.last rounded - List.last exact)) 0.1 "the last") ]

type private Deep = { Blocks: Linear list }

let private examples =
    [ testCase "accumulated steps are one step of the whole batch" (fun () ->
          let init = Random.zip (Linear.init 5 4) (Linear.init 4 2) |> Random.run (Key.ofSeed 0)

          let loss (a, b) (x, y) =
              x |> Linear.apply a |> Nn.tanh |> Linear.apply b |> Loss.mse y |> Tensor.mean

          let x, y =
              Random.zip (Random.normal [ 12; 5 ]) (Random.normal [ 12; 2 ])
              |> Random.run (Key.ofSeed 1)

          let part i = x[4 * i .. 4 * i + 3, *], y[4 * i .. 4 * i + 3, *]
          let whole = Optim.adam 0.05
          let parts = Optim.accumulate 3 whole
          let step = TrainStep.fuse whole loss
          let partStep = TrainStep.fuse parts loss
          use expected = TrainStep.start whole init |> TrainStep.run step (x, y)
          let mutable state = TrainStep.start parts init

          for i in 0..2 do
              state <- TrainStep.run partStep (part i) state

          Assert.closeTrees
              1e-5
              1e-5
              (TrainStep.parameters expected)
              (TrainStep.parameters state)
              "parameters"

          Expect.equal step.Traces.Retraces 0 "one trace"
          Expect.equal partStep.Traces.Retraces 0 "one trace for all parts"
          state.Dispose())

      testCase "a checkpointed step is the same step and holds less" (fun () ->
          let depth, width, rows = 12, 32, 512

          let init =
              Random.replicate depth (Linear.init width width)
              |> Random.map (fun blocks -> { Blocks = blocks })
              |> Random.run (Key.ofSeed 0)

          let block (p: Linear, x) =
              (x, seq { 1..6 }) ||> Seq.fold (fun x _ -> x + Tensor.tanh (Linear.apply p x))

          let loss around (p: Deep) x =
              (x, p.Blocks)
              ||> List.fold (fun x b -> around block (b, x))
              |> Tensor.square
              |> Tensor.mean

          let x = Random.normal [ rows; width ] |> Random.run (Key.ofSeed 1) |> Tensor.eval
          let optimizer = Optim.sgd 1e-3

          let run around =
              let step = TrainStep.fuse optimizer (loss around)
              use state = TrainStep.start optimizer init
              use state = TrainStep.run step x state
              let cost = TrainStep.explain step x state
              TrainStep.parameters state, cost

          let plain, whole = run (fun f x -> f x)
          let again, part = run checkpoint
          Assert.closeTrees 1e-5 1e-6 plain again "parameters"
          Expect.equal part.Crossings whole.Crossings "crossings"

          // MLX orders the ops of a graph in its own way, which keeps most of what was computed.
          if not Mlx.Core.Engine.IsMlx then
              Expect.isLessThan part.PeakBytes (whole.PeakBytes * 2L / 3L) "peak bytes")

      testCase "a stage scales the loss: what float16 would lose arrives" (fun () ->
          use _ = Mlx.Core.Scope.Enter()

          // The slope by w is 2^-26, which float16 rounds to 0.
          let tiny (w: Tensor) x = Tensor.sum (w * x) * 0.00012207031 * 0.00012207031

          let moved optimizer dtype =
              let step = TrainStep.fuse optimizer (Precision.computeIn dtype tiny)
              let start = Tensor.ones [ 1 ]
              let state = TrainStep.start optimizer start
              use state = TrainStep.run step (Tensor.ones [ 1 ]) state
              let loss = TrainStep.loss state
              Tensor.toFloat (start - TrainStep.parameters state), loss

          let rate = Optim.sgd 8388608.0
          let exact, loss = moved rate DType.Float32
          Expect.floatClose Accuracy.medium exact 0.125 "in float32"
          Expect.equal (fst (moved rate DType.Float16)) 0.0 "lost"
          let arrived, unscaled = moved (Optim.staticLossScale 32768.0 rate) DType.Float16
          Expect.floatClose Accuracy.medium arrived exact "scaled it arrives"
          Expect.floatClose Accuracy.low unscaled loss "the loss answered is not scaled"
          let dynamic = rate |> Optim.dynamicLossScale ()
          Expect.equal (moved dynamic DType.Float32) (exact, loss) "a power of 2")

      testCase "an explanation names what changed" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let optimizer = Optim.sgd 0.1
          let loss (p: Linear) (x, y) = Linear.apply p x |> Loss.mse y |> Tensor.mean
          let step = TrainStep.fuse optimizer loss
          let batch n = Tensor.ones [ n; 2 ], Tensor.ones [ n; 1 ]
          let model = Linear.init 2 1 |> Random.run (Key.ofSeed 0)
          use state = TrainStep.start optimizer model
          use state = TrainStep.run step (batch 4) state
          use state = TrainStep.run step (batch 3) state
          use state = TrainStep.run step (batch 4) state
          let cost = TrainStep.explain step (batch 4) state
          let last = Seq.last cost.Traces.Traces

          Expect.equal
              [ for c in last.Changes -> string c ]
              [ "'batch.0': shape (3, 2), before (4, 2)"
                "'batch.1': shape (3, 1), before (4, 1)" ]
              "why"

          for part in
              [ "crossings a step  4"
                "retraces          0"
                "graph nodes"
                "peak bytes"
                "7 calls, 2 traces"
                "trace 2, unlike trace 1 in" ] do
              Expect.stringContains (string cost) part "the text"

          use again = TrainStep.run step (batch 4) state
          Expect.isFalse (Double.IsNaN(TrainStep.loss again)) "the state was not used up") ]

let tests = costs @ mixed @ examples
