/// Every optimizer and stage in fused steps, and what stages around optimizers promise.
module Mlx.Tests.Functional.OptimStageTests

open System
open Expecto
open Mlx

let private isWeight (path: string) = path.EndsWith "weight"

let private rows: (string * Optimizer) list =
    [ "sgd", Optim.sgd (0.05, momentum = 0.9, nesterov = true)
      "rmsprop", Optim.rmsprop 0.01
      "adagrad", Optim.adagrad 0.1
      "adaDelta", Optim.adaDelta 5.0
      "adam", Optim.adam (0.02, biasCorrection = true)
      "adamW", Optim.adamW (0.02, mask = isWeight)
      "adamax", Optim.adamax 0.02
      "lion", Optim.lion (0.005, weightDecay = 0.01)
      "adafactor", Optim.adafactor (learningRate = 0.05, beta1 = 0.9)
      "muon", Optim.byPath [ isWeight, Optim.muon 0.02 ] (Optim.adam 0.02)
      "accumulate", Optim.accumulate 3 (Optim.clipByGlobalNorm 5.0 >> Optim.adam 0.05)
      "finite", Optim.skipNonFinite (Optim.adam 0.02)
      "ema", Optim.adam 0.02 >> Optim.ema 0.9
      "staticLossScale", Optim.staticLossScale 8.0 (Optim.adam 0.02)
      "dynamicLossScale", Optim.adam 0.02 |> Optim.dynamicLossScale (initial = 4.0, interval = 100)
      "masterWeights", Optim.masterWeights (Optim.adam 0.02)
      "oneCycle", Optim.sgd (Schedule.oneCycle 150 0.3, momentum = 0.9) ]

let private init depth =
    random {
        let! first = Linear.init 3 6
        let! hidden = Random.replicate depth (Linear.init 6 6)
        return first :: hidden
    }
    |> Random.run (Key.ofSeed 0)

let private forward (layers: Linear list) x =
    (x, layers) ||> List.fold (fun x layer -> Linear.apply layer x |> Nn.tanh)

let private squares layers (x, y) = forward layers x |> Loss.mse y |> Tensor.mean

let private absolutes layers (x, y) = forward layers x |> Loss.logCosh y |> Tensor.mean

let private batch () =
    let x = Random.normal [ 8; 3 ] |> Random.run (Key.ofSeed 1)
    let y = Tensor.tanh (x |> Tensor.sumKeep [ 1 ] |> Tensor.broadcastTo [ 8; 6 ])
    x, y * 0.5

let private stepsOn batch count step state =
    (state, seq { 1..count }) ||> Seq.fold (fun state _ -> TrainStep.run step batch state)

let private steps count step state = stepsOn (batch ()) count step state

let private crossings optimizer depth =
    let step = TrainStep.fuse optimizer squares
    // Making a batch crosses too.
    let batch = batch ()
    use state = TrainStep.start optimizer (init depth) |> stepsOn batch 2 step
    // Finalizers cross too.
    Mlx.Tests.Suite.quiesce ()
    let before = Engine.Crossings
    use _ = state |> stepsOn batch 4 step
    Engine.Crossings - before

let private row (name, optimizer: Optimizer) =
    testList
        name
        [ testCase "trains on two losses" (fun () ->
              for loss in [ squares; absolutes ] do
                  use _ = Mlx.Core.Scope.Enter()
                  let step = TrainStep.fuse optimizer loss
                  let before = loss (init 1) (batch ()) |> Tensor.toFloat
                  let state = TrainStep.start optimizer (init 1) |> steps 150 step
                  let after = loss (TrainStep.parameters state) (batch ()) |> Tensor.toFloat
                  Expect.isLessThan after (before / 2.0) $"{name} falls from {before}"
                  state.Dispose())

          testCase "fused steps are the unfused ones, and go on from a state" (fun () ->
              use _ = Mlx.Core.Scope.Enter()
              let step = TrainStep.fuse optimizer squares
              let mutable plain = TrainStep.snapshot (Key.ofSeed 0) optimizer (init 1)
              let state = TrainStep.startFrom plain |> steps 4 step
              let half = TrainStep.current state
              let state = state |> steps 3 step
              let resumed = TrainStep.startFrom half |> steps 3 step
              let whole = TrainStep.current state
              Assert.closeTrees 0.0 0.0 whole (TrainStep.current resumed) "resumed"

              for _ in 1..7 do
                  plain <- TrainStep.plain optimizer squares plain (batch ()) |> snd

              Assert.closeTrees 1e-3 1e-4 plain whole "unfused"
              state.Dispose()
              resumed.Dispose())

          testCase "crossings of a step do not grow with the model" (fun () ->
              use _ = Mlx.Core.Scope.Enter()
              let shallow, deep = crossings optimizer 1, crossings optimizer 8
              Expect.equal deep shallow "crossings"
              Expect.isLessThanOrEqual (deep / 4L) 12L "crossings of one step") ]

let private first () = {| W = Tensor.ofSeq [ 1.0; -2.0 ] |}
let private slope (values: float list) = {| W = Tensor.ofSeq values |}

/// The parameters after each of these gradients, and the last state.
let private walk optimizer (gradients: float list list) =
    let p = first ()

    ((p, Optim.init optimizer p), gradients)
    ||> List.mapFold (fun (p, state) g ->
        let next, state = Optim.update optimizer (slope g) state p
        next, (next, state))
    |> fun (all, (_, state)) -> all, state

let private stages =
    [ testCase "an accumulated step is one step with the mean" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let p = first ()
          let inner = Optim.adam (Schedule.linear 0.5 0.1 4, biasCorrection = true)

          let all, _ =
              walk
                  (Optim.accumulate 2 inner)
                  [ [ 1.0; 3.0 ]; [ 2.0; -1.0 ]; [ 0.0; 4.0 ]; [ 1.0; 1.0 ] ]

          let want, _ = walk inner [ [ 1.5; 1.0 ]; [ 0.5; 2.5 ] ]
          Assert.closeTrees 0.0 0.0 p all[0] "nothing yet"
          Assert.closeTrees 1e-6 1e-6 want[0] all[1] "first"
          Assert.closeTrees 0.0 0.0 all[1] all[2] "nothing yet"
          Assert.closeTrees 1e-6 1e-6 want[1] all[3] "second")

      testCase "16-bit gradients add up in float32" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let p = {| W = Tensor.zerosOf DType.Float16 [] |}
          let optimizer = Optim.accumulate 3 (Optim.sgd 1.0)
          // In float16 1/4096 vanishes beside 1, twice.
          let slopes = [ 1.0; 1.0 / 4096.0; 1.0 / 1024.0 ]

          let last, state =
              ((p, Optim.init optimizer p), slopes)
              ||> List.fold (fun (p, state) g ->
                  let g = {| W = Tensor.scalar g |> Tensor.astype DType.Float16 |}
                  Optim.update optimizer g state p)

          Expect.equal state["accumulate.sum.w"].DType DType.Float32 "sum"
          Expect.equal last.W.DType DType.Float16 "parameter"
          let want = float (Half.op_Explicit (-(Seq.sum slopes) / 3.0): Half)
          Expect.equal (Tensor.toFloat last.W) want "rounded once")

      testCase "a step that is not finite is no step" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let inner = Optim.adam (Schedule.linear 0.5 0.1 4, biasCorrection = true)
          let bad = [ [ nan; 1.0 ]; [ infinity; 0.0 ] ]
          let good = [ [ 1.0; 3.0 ]; [ 2.0; -1.0 ] ]

          let all, state = walk (Optim.skipNonFinite inner) [ good[0]; bad[0]; bad[1]; good[1] ]

          let want, _ = walk inner good
          Assert.closeTrees 1e-6 1e-6 want[0] all[0] "first"
          Assert.closeTrees 0.0 0.0 all[0] all[2] "skipped"
          Assert.closeTrees 1e-6 1e-6 want[1] all[3] "second"
          Expect.equal (Tensor.toFloat state["finite.steps"]) 2.0 "counted"
          Expect.equal (Tensor.toFloat state["step"]) 4.0 "all")

      testCase "a loss scale falls at once and rises after a while" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let inner = Optim.adam (Schedule.linear 0.5 0.1 4, biasCorrection = true)
          let optimizer = inner |> Optim.dynamicLossScale (initial = 8.0, interval = 2)
          // What losses times 8, 8, 4 and 4 give: the second is none, the fourth the second in a row.
          let scaled = [ [ 8.0; 24.0 ]; [ infinity; 0.0 ]; [ 8.0; -4.0 ]; [ 4.0; 4.0 ] ]
          let all, state = walk optimizer scaled
          let want, _ = walk inner [ [ 1.0; 3.0 ]; [ 2.0; -1.0 ]; [ 1.0; 1.0 ] ]
          Assert.closeTrees 1e-6 1e-6 want[0] all[0] "first"
          Assert.closeTrees 0.0 0.0 all[0] all[1] "left out"
          Assert.closeTrees 1e-6 1e-6 want[1] all[2] "second"
          Assert.closeTrees 1e-6 1e-6 want[2] all[3] "third"
          Expect.equal (Tensor.toFloat (Optim.lossScale state)) 8.0 "grown"
          Expect.equal (Tensor.toFloat state["loss_scale.steps"]) 3.0 "counted"
          let loss = Optim.scaleLoss state (Tensor.ofSeq [ 2.0 ] |> Tensor.astype DType.Float16)
          Expect.equal loss.DType DType.Float32 "in float32"
          Expect.equal (Tensor.toFloat loss) 16.0 "scaled"
          Expect.equal (Optim.lossScale Map.empty |> Tensor.toFloat) 1.0 "without a stage")

      testCase "steps too small for 16 bits add up in the copies" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let p = {| W = Tensor.onesOf DType.BFloat16 [] |}
          let slope = {| W = Tensor.scalar (1f / 1024f) |> Tensor.astype DType.BFloat16 |}

          let after optimizer =
              ((p, Optim.init optimizer p), seq { 1..8 })
              ||> Seq.fold (fun (p, state) _ -> Optim.update optimizer slope state p)

          let kept, state = after (Optim.masterWeights (Optim.sgd 1.0))
          let lost, _ = after (Optim.sgd 1.0)
          Expect.equal kept.W.DType DType.BFloat16 "parameter"
          Expect.equal state["master.weight.w"].DType DType.Float32 "copy"
          Expect.equal (Tensor.toFloat kept.W) (1.0 - 8.0 / 1024.0) "all eight"
          Expect.equal (Tensor.toFloat lost.W) 1.0 "swallowed")

      testCase "averages follow the parameters from the first on" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let p = first ()
          // Decay shrinks parameters even at a gradient of 0: the average begins before it.
          let optimizer = Optim.decoupledWeightDecay (0.5, 1.0) >> Optim.sgd 1.0 >> Optim.ema 0.75
          let before = Optim.averaged (Optim.init optimizer p) p
          Assert.closeTrees 0.0 0.0 p before "before any step"
          let all, state = walk optimizer [ [ 1.0; 0.0 ]; [ 0.0; 2.0 ] ]
          let blend (a: Tensor) (b: Tensor) = 0.75 * a + 0.25 * b
          let want = blend (blend p.W all[0].W) all[1].W
          Assert.close 1e-6 1e-6 want (Optim.averaged state all[1]).W "average"

          let e =
              Assert.catch (fun () -> Optim.averaged (Optim.init (Optim.sgd 1.0) p) p |> ignore)

          Expect.stringContains e.Message "Optim.ema" "says what is missing")

      testCase "a mask says what decays, a path who is trained by what" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let layer = { Weight = Tensor.ones [ 1; 1 ]; Bias = Some(Tensor.ones [ 1 ]) }
          let still = Tree.map Tensor.zerosLike layer

          let step optimizer slope =
              Optim.update optimizer slope (Optim.init optimizer layer) layer
              |> fst
              |> Tree.leaves
              |> Array.map Tensor.toFloat

          let decayed = step (Optim.adamW (0.5, weightDecay = 0.5, mask = isWeight)) still
          Expect.equal decayed [| 0.75; 1.0 |] "the weight only"

          let parted =
              Optim.byPath
                  [ isWeight, Optim.sgd 0.5; (fun _ -> true), Optim.sgd 0.25 ]
                  (Optim.sgd 0.125)

          Expect.equal (step parted layer) [| 0.5; 0.75 |] "the first that chooses")

      testCase "kernels of four axes are factored, and the dimensions shown" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let p = Random.normal [ 4; 3; 2; 5 ] |> Random.run (Key.ofSeed 3)

          for optimizer in [ Optim.adafactor (); Optim.muon 0.1 ] do
              let next, _ = Optim.update optimizer p (Optim.init optimizer p) p
              Expect.equal (Tensor.shape next) [ 4; 3; 2; 5 ] "shape"
              Expect.isTrue (next |> Tensor.isfinite |> Tensor.all |> Tensor.item) "finite"
              Expect.isFalse (Tensor.arrayEqual p next) "moved"

          let state = Optim.init (Optim.adafactor ()) p
          Expect.equal (Tensor.shape state["adafactor.row"]) [ 4; 3; 2 ] "rows"
          Expect.equal (Tensor.shape state["adafactor.col"]) [ 4; 3; 5 ] "columns")

      testCase "options that make no sense are refused" (fun () ->
          for make in
              [ (fun () -> Optim.rmsprop (0.1, alpha = -1.0))
                (fun () -> Optim.adagrad (0.1, eps = -1.0))
                (fun () -> Optim.adaDelta (0.1, rho = -1.0))
                (fun () -> Optim.adamax (0.1, eps = -1.0))
                (fun () -> Optim.adafactor (clipThreshold = 0.0))
                (fun () -> Optim.accumulate 0 id)
                (fun () -> Optim.ema 1.5)
                (fun () -> Optim.staticLossScale 0.0 id)
                (fun () -> Optim.dynamicLossScale (growth = 1.0) id)
                (fun () -> Optim.dynamicLossScale (backoff = 1.0) id)
                (fun () -> Optim.dynamicLossScale (interval = 0) id)
                (fun () -> Optim.sgd (Schedule.oneCycle 3 0.1)) ] do
              Expect.throwsT<ArgumentException> (fun () -> make () |> ignore) "refused") ]

/// PyTorch's rules over plain numbers: scale, best, waited, cooling.
let private reduce (o: Plateau) (scale, best, waited, cooling) (metric: float) =
    let isBetter = metric < best * (1.0 - o.Threshold)
    let best = if isBetter then metric else best
    let waited = if isBetter then 0 else waited + 1
    let waited, cooling = if cooling > 0 then 0, cooling - 1 else waited, cooling

    if waited > o.Patience then
        max (scale * o.Factor) o.Least, best, 0, o.Cooldown
    else
        scale, best, waited, cooling

let private schedules =
    [ testCase "one cycle rises, falls, and stays down" (fun () ->
          let cycle = Schedule.oneCycle 100 2.5

          let near want step =
              Expect.floatClose Accuracy.medium (Schedule.at step cycle) want $"{step}"

          near 0.1 0
          near 1.3 15
          near 2.5 30
          near 1.250005 65
          near 1e-5 100
          near 1e-5 1000)

      testCase "a plateau lowers the scale as PyTorch does" (fun () ->
          use _ = Mlx.Core.Scope.Enter()
          let random = System.Random 7

          for patience, cooldown, least in [ 0, 0, 0.0; 2, 0, 0.1; 1, 3, 0.0; 3, 1, 0.3 ] do
              let options =
                  { Plateau.defaults with
                      Factor = 0.5
                      Patience = patience
                      Threshold = 0.125
                      Cooldown = cooldown
                      Least = least }

              let step = TrainStep.ofFunction (fun s m -> (), Plateau.observe options m s)
              let mutable state = TrainStep.startFrom (Plateau.init ())
              let mutable want = 1.0, infinity, 0, 0

              for i in 1..60 do
                  // Sixteenths, exact in float32; now and then no number.
                  let metric = if i % 17 = 0 then nan else float (random.Next(4, 70 - i)) / 16.0
                  want <- reduce options want metric
                  state <- TrainStep.run step (Tensor.scalar (float32 metric)) state
                  let s = TrainStep.current state
                  let scale, best, waited, cooling = want

                  let got =
                      [ for x in [ s.Scale; s.Best; s.Waited; s.Cooling ] -> Tensor.toFloat x ]

                  let want = [ float (float32 scale); best; float waited; float cooling ]
                  Expect.sequenceEqual got want $"observation {i}"

              let rate = Schedule.constant 0.5 |> Plateau.schedule (TrainStep.current state)
              let scale, _, _, _ = want
              Expect.floatClose Accuracy.medium (Schedule.at 3 rate) (0.5 * scale) "rate"
              state.Dispose()) ]

let tests = [ for optimizer in rows -> row optimizer ] @ stages @ schedules
