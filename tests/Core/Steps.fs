/// The fused step: a constant number of crossings, state on the engine's side, failures without
/// harm.
module Mlx.Tests.Core.Steps

open System
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.Core.Functions

let private width = 4

let private loss (layers: int) (a: MlxArray[]) =
    let x, y = a[layers], a[layers + 1]
    let h = Seq.fold (fun h i -> Ops.Matmul(h, a[i])) x (seq { 0 .. layers - 1 })
    [| Ops.Mean(Ops.Square(h - y)) |]

/// [loss; weights...] -> [loss; weights...], the batch appended to the arguments.
let private training layers =
    let gradients = new ValueAndGradFunction(many (loss layers), span [| 0 .. layers - 1 |])

    let step (a: MlxArray[]) =
        let weights = a[1..layers]
        let struct (values, grads) = gradients.Apply(span (Array.append weights a[layers + 1 ..]))
        Array.append [| values[0] |] (Array.map2 (fun w g -> w - 0.1f * g) weights grads)

    new CompiledFunction(many step)

let private state layers =
    use scope = Scope.Enter()
    let weights = Array.init layers (fun _ -> Ops.Eye width)
    new ArrayVector(span (Array.append [| MlxArray.Scalar 0f |] weights))

let private batch () =
    let x = Ops.Reshape(Ops.ARange(0.0, 16.0), span [| 4; 4 |]) / 16f
    [| x; x * 2f |]

let private crossings layers =
    use scope = Scope.Enter()
    use step = training layers
    use state = state layers
    let batch = batch ()

    for _ in 1..3 do
        step.Step(state, span batch)

    let before = Engine.Crossings
    step.Step(state, span batch)
    (state.Get 0).Item<float32>() |> ignore
    Engine.Crossings - before

let suite () =
    Mlx.Tests.Suite.leakFree
        "steps"
        [ testCase "a step and reading its loss cross at most 12 times, whatever the depth"
          <| fun () ->
              let two = crossings 2
              Expect.isLessThanOrEqual two 12L "crossings"
              Expect.equal (crossings 24) two "24 layers as 2"
          testCase "the loss falls, and the state can be looked at"
          <| fun () ->
              use scope = Scope.Enter()
              use step = training 2
              use state = state 2

              let losses =
                  [ for _ in 1..50 ->
                        step.Step(state, span (batch ()))
                        use l = state.Get 0
                        l.Item<float32>() ]

              Expect.isLessThan (List.last losses) (0.5f * losses.Head) "loss"
              Expect.equal state.Count 3 "loss and two weights"
              Expect.equal ((state.Get 2).Shape.ToArray()) [| 4; 4 |] "a weight"
          testCase "a step that throws leaves the state as it was"
          <| fun () ->
              use scope = Scope.Enter()
              use step = training 2
              use state = state 2
              let batch = batch ()
              step.Step(state, span batch)
              let before = (state.Get 1).ToArray<float32>()
              Expect.throws (fun () -> step.Step(state, span [| batch[0] |])) "an argument short"

              Expect.throws
                  (fun () -> step.Step(state, span [| Ops.Ones(span [| 3 |]); batch[1] |]))
                  "a bad shape"

              Expect.equal state.Count 3 "count"
              Expect.equal ((state.Get 1).ToArray<float32>()) before "weights"
              step.Step(state, span batch)
          testCase "steps run in flat memory"
          <| fun () ->
              use step = training 2
              use state = state 2

              let once () =
                  use scope = Scope.Enter()
                  step.Step(state, span (batch ()))

              for _ in 1..50 do
                  once ()

              let handles, bytes = Engine.LiveHandles, Memory.Active

              for _ in 1..500 do
                  once ()

              Expect.equal Engine.LiveHandles handles "handles"
              Expect.equal Memory.Active bytes "bytes"
          testCase "vectors"
          <| fun () ->
              use scope = Scope.Enter()
              use v = new ArrayVector(span [| MlxArray.Scalar 1f |])
              v.Append(MlxArray.Scalar 2f)
              v.Append(span [| MlxArray.Scalar 3f; MlxArray.Scalar 4f |])
              v.Truncate 3
              v.Eval()

              Expect.equal
                  (v.ToArray() |> Array.map (fun a -> a.Item<float32>()))
                  [| 1f; 2f; 3f |]
                  "elements"

              raises<ArgumentOutOfRangeException, _> [ "3" ] (fun () -> v.Get 3)
              raises<ArgumentOutOfRangeException, _> [] (fun () -> v.Truncate 4) ]
