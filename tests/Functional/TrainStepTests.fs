module Mlx.Tests.Functional.TrainStepTests

open System
open System.IO
open Expecto
open Mlx

type private Block = { Up: Linear; Down: Linear }
type private Model = { In: Linear; Blocks: Block list; Out: Linear }

let private init depth =
    random {
        let! first = Linear.init 3 8

        let! blocks =
            Random.replicate
                depth
                (random {
                    let! up = Linear.init 8 16
                    let! down = Linear.init 16 8
                    return { Up = up; Down = down }
                })

        let! out = Linear.init 8 2
        return { In = first; Blocks = blocks; Out = out }
    }

let private forward (p: Model) x =
    let block x (b: Block) = x + (x |> Linear.apply b.Up |> Nn.gelu |> Linear.apply b.Down)
    List.fold block (Linear.apply p.In x) p.Blocks |> Linear.apply p.Out

let private loss p (x, y) = forward p x |> Loss.crossEntropy y |> Tensor.mean

let private batch n seed =
    Random.run
        (Key.ofSeed seed)
        (random {
            let! x = Random.normal [ n; 3 ]
            let! y = Random.randint 0 2 [ n ]
            return x, y
        })

let private optimizer =
    Optim.clipByGlobalNorm 1.0 >> Optim.adamW (Schedule.warmupCosine 3 50 0.01)

let private model depth = init depth |> Random.run (Key.ofSeed 0)

/// The state after so many fused steps, the losses on the way read after the last one.
let private steps count (step: TrainStep<_, _, Tensor>) batch state =
    let mutable state = state

    for i in 1..count do
        state <- TrainStep.run step (batch i) state

    state

/// Handles and bytes that are in use when nothing waits for its finalizer.
let private settled () =
    Mlx.Tests.Suite.quiesce ()
    Engine.LiveHandles, Mlx.Core.Memory.Active

let private crossings depth =
    let step = TrainStep.fuse optimizer loss
    let b = batch 4 0
    use state = TrainStep.start optimizer (model depth) |> steps 3 step (fun _ -> b)
    // Finalizers cross too.
    settled () |> ignore
    let before = Engine.Crossings
    use state = state |> steps 10 step (fun _ -> b)
    (Engine.Crossings - before) / 10L, Tree.count (TrainStep.current state)

type private Noise = { W: Tensor }

let private examples =
    [ testCase "fused steps are the unfused ones" (fun () ->
          let step = TrainStep.fuse optimizer loss
          let mutable plain = TrainStep.snapshot (Key.ofSeed 0) optimizer (model 2)
          let mutable fused = TrainStep.startFrom plain

          for i in 1..8 do
              let b = batch 4 i
              let value, next = TrainStep.plain optimizer loss plain b
              plain <- next
              fused <- TrainStep.run step b fused

              Expect.floatClose
                  { absolute = 1e-6; relative = 1e-5 }
                  (TrainStep.loss fused)
                  (Tensor.toFloat value)
                  $"loss {i}"

          Assert.closeTrees 1e-4 1e-5 plain (TrainStep.current fused) "state")

      testCase "a step costs at most 12 crossings, whatever the depth" (fun () ->
          let shallow, few = crossings 2
          let deep, many = crossings 24
          Expect.isGreaterThan many (5 * few) "the deep model has many more tensors"
          Expect.equal deep shallow "crossings"
          Expect.isLessThanOrEqual deep 12L "crossings")

      testCase "one trace serves all steps of a signature" (fun () ->
          let mutable traces = 0

          let counted p b =
              traces <- traces + 1
              loss p b

          let step = TrainStep.fuse optimizer counted
          use state = TrainStep.start optimizer (model 1) |> steps 5 step (batch 4)
          let first = traces
          use state = state |> steps 5 step (batch 4)
          Expect.equal traces first "no more"
          use state = state |> steps 1 step (batch 6)
          Expect.isGreaterThan traces first "another shape"
          let second = traces
          use _ = state |> steps 4 step (fun i -> batch (if i % 2 = 0 then 4 else 6) i)
          Expect.equal traces second "both are known")

      testCase "a state goes into one step only, a fork into another" (fun () ->
          let step = TrainStep.fuse optimizer loss
          let b = batch 4 0
          let state = TrainStep.start optimizer (model 1) |> steps 1 step (fun _ -> b)
          use copy = TrainStep.fork state
          use next = TrainStep.run step b state

          Expect.throwsT<ObjectDisposedException>
              (fun () -> TrainStep.run step b state |> ignore)
              "used up"

          Expect.throwsT<ObjectDisposedException>
              (fun () -> TrainStep.parameters state |> ignore)
              "unreadable"

          use again = TrainStep.run step b copy

          Assert.closeTrees
              0.0
              0.0
              (TrainStep.current next)
              (TrainStep.current again)
              "both went the same way")

      testCase "the tree to start from stays usable" (fun () ->
          let step = TrainStep.fuse optimizer loss
          let p = model 1
          let before = Tree.map (fun x -> x + 0.0) p |> Tree.eval
          use _ = TrainStep.start optimizer p |> steps 3 step (batch 4)
          Assert.closeTrees 0.0 0.0 before p "untouched")

      testCase "a step that fails leaves the state as it was" (fun () ->
          let mutable isBroken = false

          let fragile p b =
              if isBroken then
                  raise (TimeoutException "broken")

              loss p b

          let step = TrainStep.fuse optimizer fragile
          let state = TrainStep.start optimizer (model 1) |> steps 2 step (batch 4)
          let before = TrainStep.current state
          isBroken <- true

          Expect.throwsT<TimeoutException>
              (fun () -> TrainStep.run step (batch 7 0) state |> ignore)
              "a new trace fails"

          isBroken <- false
          Assert.closeTrees 0.0 0.0 before (TrainStep.current state) "as it was"
          use _ = TrainStep.run step (batch 7 0) state
          ())

      testCase "randomness goes on from step to step" (fun () ->
          let noisy (p: Noise) () =
              Random.normal [ 1 ] |> Random.map (fun n -> Tensor.sum (p.W * n))

          let optimizer = Optim.sgd 0.0
          let step = TrainStep.fuseRandom optimizer noisy
          let mutable state = TrainStep.start optimizer { W = Tensor.ones [ 1 ] }
          let losses = ResizeArray()

          for _ in 1..5 do
              state <- TrainStep.run step () state
              losses.Add(TrainStep.loss state)

          Expect.hasLength (Seq.distinct losses) 5 "five draws"
          let mutable plain = TrainStep.snapshot (Key.ofSeed 0) optimizer { W = Tensor.ones [ 1 ] }

          for want in losses do
              let value, next = TrainStep.plainRandom optimizer noisy plain ()
              plain <- next
              Expect.floatClose Accuracy.medium (Tensor.toFloat value) want "the same unfused")

      testCase "any pure step can be fused" (fun () ->
          let fibonacci (a: Tensor, b: Tensor) (n: Tensor) =
              {| Sum = a + b + n; Name = "s" |}, (b, a + b)

          let step = TrainStep.ofFunction fibonacci
          let zero = Tensor.scalar 0
          let mutable state = TrainStep.startFrom (Tensor.scalar 0, Tensor.scalar 1)

          for _ in 1..10 do
              state <- TrainStep.run step zero state

          Expect.equal (TrainStep.current state |> fst |> Tensor.item) 55 "the tenth"
          Expect.equal (TrainStep.result state).Name "s" "results are trees")

      testCase "a state of another structure is refused" (fun () ->
          let step = TrainStep.ofFunction (fun (xs: Tensor list) () -> (), xs @ xs)
          let state = TrainStep.startFrom [ Tensor.scalar 0 ]

          Expect.throwsT<InvalidOperationException>
              (fun () -> TrainStep.run step () state |> ignore)
              "grows")

      testCase "a checkpoint goes on to the bit" (fun () ->
          let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.safetensors")
          let step = TrainStep.fuse optimizer loss
          use half = TrainStep.start optimizer (model 1) |> steps 5 step (batch 4)

          try
              half |> TrainStep.current |> Checkpoint.save file
              use whole = half |> steps 5 step (batch 4)

              let loaded =
                  TrainStep.snapshot (Key.ofSeed 9) optimizer (model 1) |> Checkpoint.load file

              use resumed = TrainStep.startFrom loaded |> steps 5 step (batch 4)

              Assert.closeTrees
                  0.0
                  0.0
                  (TrainStep.current whole)
                  (TrainStep.current resumed)
                  "bit for bit"
          finally
              File.Delete file)

      testCase "a checkpoint of another model is told in full" (fun () ->
          let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.safetensors")

          try
              Checkpoint.save file (model 2)

              match Assert.catch (fun () -> Checkpoint.load file (model 3) |> ignore) with
              | :? TreeMismatchException as e -> Expect.hasLength e.Missing 4 "a block is missing"
              | e -> failtest $"{e}"
          finally
              File.Delete file)

      testCase "thousands of steps run in flat memory" (fun () ->
          let step = TrainStep.fuse optimizer loss
          let b = batch 4 0
          let mutable state = TrainStep.start optimizer (model 1) |> steps 100 step (fun _ -> b)
          let handles, memory = settled ()
          state <- state |> steps (if Engine.IsMlx then 5_000 else 20_000) step (fun _ -> b)
          Expect.isLessThanOrEqual Engine.LiveHandles handles "handles, before any collection"
          Expect.isLessThanOrEqual Mlx.Core.Memory.Active (memory + 65536L) "bytes"
          state.Dispose())

      testCase "unfused steps in scopes run in flat memory" (fun () ->
          let b = batch 4 0
          let plain = TrainStep.plain optimizer loss
          let mutable state = TrainStep.snapshot (Key.ofSeed 0) optimizer (model 1)

          let step () =
              let next =
                  Tree.scoped (fun () ->
                      let _, next = plain state b
                      Tree.eval next)

              // The key passes through: it is the same tensor.
              Tree.dispose (state.Parameters, state.Optimizer)
              state <- next

          for _ in 1..20 do
              step ()

          let handles, memory = settled ()

          for _ in 1 .. (if Engine.IsMlx then 500 else 5_000) do
              step ()

          Expect.isLessThanOrEqual Engine.LiveHandles handles "handles, before any collection"
          let _, memoryAfter = settled ()
          Expect.isLessThanOrEqual memoryAfter (memory + 65536L) "bytes") ]

let tests = examples
