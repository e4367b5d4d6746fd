module Mlx.Tests.Functional.OptimTests

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core

let private folder = Path.Combine(AppContext.BaseDirectory, "data", "training")
let private json name = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name)))

type private Mlp = { Layers: Linear list }

let private forward (p: Mlp) x =
    match p.Layers with
    | [ a; b; c ] -> x |> Linear.apply a |> Nn.relu |> Linear.apply b |> Nn.relu |> Linear.apply c
    | _ -> failwith "three layers"

let private loss p (x, y) = forward p x |> Loss.crossEntropy y |> Tensor.mean

let private load () = Safetensors.Load(Path.Combine(folder, "training.safetensors")).Arrays

/// A model whose names in the file begin with a prefix.
let private model (prefix: string) : Mlp =
    let arrays = load ()

    { Layers =
        [ for i in 0..2 ->
              { Weight = arrays[$"{prefix}layers.{i}.weight"]
                Bias = Some arrays[$"{prefix}layers.{i}.bias"] } ] }

let private isWeight (path: string) = path.EndsWith "weight"

let private optimizers =
    [ "sgd", Optim.sgd 0.1
      "sgd_momentum", Optim.sgd (0.1, momentum = 0.9)
      "sgd_nesterov_wd", Optim.sgd (0.1, momentum = 0.9, nesterov = true, weightDecay = 0.01)
      "adam", Optim.adam 0.01
      "adamw", Optim.adamW (0.01, weightDecay = 0.1)
      "rmsprop", Optim.rmsprop 0.01
      "adagrad", Optim.adagrad 0.1
      "adafactor_fixed", Optim.adafactor (learningRate = 0.01, beta1 = 0.9, weightDecay = 0.01)
      "muon_weights_only", Optim.only isWeight (Optim.muon 0.02)
      "adam_cosine", Optim.adam (Schedule.cosine 1e-2 40)
      "adam_clip", Optim.clipByGlobalNorm 0.25 >> Optim.adam 0.01 ]

/// Runs of `more.json`, which has their losses only.
let private further =
    [ "adadelta", Optim.adaDelta 1.0
      "adamax", Optim.adamax 0.01
      "lion", Optim.lion (0.001, weightDecay = 0.1)
      "adam_bias_correction", Optim.adam (0.01, biasCorrection = true)
      "adafactor_relative", Optim.adafactor ()
      "adafactor_warmup", Optim.adafactor (warmupInit = true, beta1 = 0.9)
      "muon_classic", Optim.muon (0.02, nesterov = false, weightDecay = 0.0)
      "sgd_dampening", Optim.sgd (0.1, momentum = 0.9, dampening = 0.3)
      "multi", Optim.byPath [ isWeight, Optim.muon 0.02 ] (Optim.adam 0.01) ]

let private batch () =
    let arrays = load ()
    arrays["x"], arrays["y"]

/// Real MLX is met to the rounding of one op; another engine sums in another order.
let private tolerance = if Engine.IsMlx then 2e-7 else 1e-6

/// The losses before each of 50 updates, and the last state.
let private train run optimizer =
    let batch = batch ()
    let losses = ResizeArray<float>()
    let mutable state = TrainStep.snapshot (Key.ofSeed 0) optimizer (model "init.")

    for _ in 1..50 do
        let value, next = run loss state batch
        losses.Add(Tensor.toFloat value)
        state <- Tree.eval next

    List.ofSeq losses, state

/// How far apart final parameters may be: steps of Muon turn on the sign of singular vectors whose
/// value is near 0, so that rounding grows from step to step.
let private finalTolerance name = if name = "muon_weights_only" then 5e-3 else 2e-5

let private golden file (name, optimizer) =
    testCase $"{name} trains as mlx.optimizers does" (fun () ->
        use _ = Scope.Enter()
        use json = json file
        let run = json.RootElement.GetProperty("runs").GetProperty(name: string)
        let want = [ for x in run.GetProperty("losses").EnumerateArray() -> x.GetDouble() ]
        let got, state = train (TrainStep.plain optimizer) optimizer

        for i, (want, got) in List.indexed (List.zip want got) do
            if abs (want - got) > tolerance * max 1.0 (abs want) then
                failtest $"loss {i} is {got}, not {want}"

        if file = "training.json" then
            let start = TrainStep.snapshot (Key.ofSeed 0) optimizer (model "init.")
            let _, first = TrainStep.plain optimizer loss start (batch ())
            Assert.closeTrees 2e-6 2e-6 (model $"{name}.step1.") first.Parameters "first step"
            let tolerance = finalTolerance name
            Assert.closeTrees tolerance tolerance (model $"{name}.final.") state.Parameters "final"

        let value = loss state.Parameters (batch ())
        let final = run.GetProperty("final_loss").GetDouble()

        Expect.floatClose
            { absolute = 1e-6; relative = 1e-6 }
            (Tensor.toFloat value)
            final
            "final loss")

/// The rules of C#, in a fused step.
let private rules =
    [ "sgd", UpdateRule.Sgd 0.1
      "sgd_momentum", UpdateRule.Sgd(0.1, momentum = 0.9)
      "sgd_nesterov_wd", UpdateRule.Sgd(0.1, momentum = 0.9, nesterov = true, weightDecay = 0.01)
      "adam", UpdateRule.Adam 0.01
      "adamw", UpdateRule.AdamW(0.01, weightDecay = 0.1)
      "adam_cosine", UpdateRule.Adam(LearningRate.Cosine(1e-2, 40))
      "adam_clip", UpdateRule.Adam(0.01).Clipped 0.25
      "rmsprop", UpdateRule.RmsProp 0.01
      "adagrad", UpdateRule.Adagrad 0.1
      "adamax", UpdateRule.Adamax 0.01
      "lion", UpdateRule.Lion(0.001, weightDecay = 0.1) ]

let private goldenRule (name: string, rule: UpdateRule) =
    testCase $"{name} of C# trains as mlx.optimizers does" (fun () ->
        use _ = Scope.Enter()
        let isFurther = further |> List.exists (fun (further, _) -> further = name)
        use json = json (if isFurther then "more.json" else "training.json")
        let run = json.RootElement.GetProperty("runs").GetProperty name
        let x, y = batch ()
        let first = model "init."

        // C# knows no lists of F#: its model is the array of the leaves.
        let loss (leaves: Tensor[]) (struct (x, y)) = loss (Tree.ofLeaves first leaves) (x, y)

        use trainer =
            new Trainer<Tensor[], struct (Tensor * Tensor)>(
                Tree.leaves first,
                rule,
                Func<_, _, _>(loss)
            )

        for i, want in Seq.indexed (run.GetProperty("losses").EnumerateArray()) do
            trainer.Step(struct (x, y))
            let want, got = want.GetDouble(), float trainer.Loss

            // A fused step rounds elsewhere than the ops one by one.
            if abs (want - got) > 1e-6 * max 1.0 (abs want) then
                failtest $"loss {i} is {got}, not {want}"

        Expect.equal trainer.Traces.Retraces 0 "one trace")

let private schedules: (string * Schedule) list =
    let warmup = Schedule.linear 0.0 0.1 10

    [ "cosine_decay(0.1, 60)", Schedule.cosine 0.1 60
      "cosine_decay(0.1, 60, end=0.01)", Schedule.cosineTo 0.01 0.1 60
      "exponential_decay(0.1, 0.95)", Schedule.exponential 0.1 0.95
      "step_decay(0.1, 0.5, 15)", Schedule.step 0.1 0.5 15
      "linear_schedule(0, 0.1, 20)", Schedule.linear 0.0 0.1 20
      "linear_schedule(0.1, 0.01, 80)", Schedule.linear 0.1 0.01 80
      "join_schedules([linear_schedule(0, 0.1, 10), cosine_decay(0.1, 70)], [10])",
      Schedule.join warmup [ 10, Schedule.cosine 0.1 70 ]
      "join_schedules([linear_schedule(0, 0.1, 10), step_decay(0.1, 0.9, 5), exponential_decay(0.05, 0.9)], [10, 50])",
      Schedule.join warmup [ 10, Schedule.step 0.1 0.9 5; 50, Schedule.exponential 0.05 0.9 ] ]

let private laws =
    [ testCase "every optimizer is an endomorphism with id as identity" (fun () ->
          use _ = Scope.Enter()
          let p = model "init."
          let slope = grad loss p (batch ())

          for name, optimizer in optimizers do
              let a, b = id >> optimizer, optimizer >> id
              let step o = Optim.update o slope (Optim.init o p) p
              Assert.closeTrees 0.0 0.0 (step a) (step b) name
              Assert.closeTrees 0.0 0.0 (step optimizer) (step (Optim.chain [ optimizer ])) name)

      testCase "only changes what is chosen" (fun () ->
          use _ = Scope.Enter()
          let p = model "init."
          let optimizer = Optim.only isWeight (Optim.adam 0.1)
          let state = Optim.init optimizer p

          Expect.isFalse
              (state |> Map.exists (fun key _ -> key.EndsWith "bias"))
              "no state for the rest"

          let next, _ = Optim.update optimizer (Tree.map Tensor.onesLike p) state p

          for (path, before), (_, after) in Array.zip (Tree.named p) (Tree.named next) do
              Expect.equal (Tensor.arrayEqual before after) (not (isWeight path)) path)

      testCase "state names its stages, twice the same ones too" (fun () ->
          use _ = Scope.Enter()
          let p = {| W = Tensor.ones [ 2 ] |}
          let state = Optim.init (Optim.adam 0.1 >> Optim.adam 0.1) p

          Expect.sequenceEqual
              (Map.keys state)
              [ "adam.m.w"; "adam.v.w"; "adam_2.m.w"; "adam_2.v.w"; "step" ]
              "keys")

      testCase "a state of another optimizer is refused" (fun () ->
          use _ = Scope.Enter()
          let p = {| W = Tensor.ones [ 2 ] |}
          let state = Optim.init (Optim.sgd 0.1) p
          let e = Assert.catch (fun () -> Optim.update (Optim.adam 0.1) p state p |> ignore)
          Expect.stringContains e.Message "adam.m.w" "names what is missing")

      testCase "clipping bounds the norm and leaves small gradients" (fun () ->
          use _ = Scope.Enter()
          let p = {| A = Tensor.zeros [ 2 ]; B = Tensor.zeros [] |}

          let clip g =
              Optim.update (Optim.clipByGlobalNorm 1.0 >> Optim.sgd 1.0) g (Optim.init id p) p
              |> fst

          let big = clip {| A = Tensor.ofSeq [ -3.0; 0.0 ]; B = Tensor.scalar -4.0 |}

          Assert.closeTrees
              1e-5
              1e-6
              {| A = Tensor.ofSeq [ 0.6; 0.0 ]; B = Tensor.scalar 0.8 |}
              big
              "big"

          let small = clip {| A = Tensor.ofSeq [ -0.3; 0.0 ]; B = Tensor.scalar -0.4 |}

          Assert.closeTrees
              1e-5
              1e-6
              {| A = Tensor.ofSeq [ 0.3; 0.0 ]; B = Tensor.scalar 0.4 |}
              small
              "small")

      testCase "float16 parameters stay float16" (fun () ->
          use _ = Scope.Enter()
          let p = {| W = Tensor.onesOf DType.Float16 [ 3 ] |}

          for name, optimizer in
              ("clip", Optim.clipByGlobalNorm 1.0 >> Optim.sgd 0.1) :: optimizers @ further do
              let next, state = Optim.update optimizer p (Optim.init optimizer p) p
              Expect.equal next.W.DType DType.Float16 name

              for KeyValue(key, value) in state do
                  if key <> "step" then
                      Expect.equal value.DType DType.Float16 $"{name} {key}")

      testCase "schedules are those of mlx.optimizers" (fun () ->
          use _ = Scope.Enter()
          use json = json "schedules.json"

          let recorded = json.RootElement.GetProperty "schedules"
          Expect.hasLength schedules (Seq.length (recorded.EnumerateObject())) "all of them"

          for name, schedule in schedules do
              for step, want in Seq.indexed (recorded.GetProperty(name).EnumerateArray()) do
                  let got = schedule.At(Tensor.scalar (uint64 step)) |> Tensor.toFloat

                  if abs (got - want.GetDouble()) > 1e-6 * abs (want.GetDouble()) + 1e-8 then
                      failtest $"{name} at {step} is {got}, not {want.GetDouble()}")

      testCase "warm-up and cosine meet at the peak" (fun () ->
          let schedule = Schedule.warmupCosine 10 110 2.0
          Expect.equal (Schedule.at 0 schedule) 0.0 "begins at 0"
          Expect.floatClose Accuracy.medium (Schedule.at 5 schedule) 1.0 "half way"
          Expect.floatClose Accuracy.medium (Schedule.at 10 schedule) 2.0 "the peak"
          Expect.floatClose Accuracy.medium (Schedule.at 60 schedule) 1.0 "half way down"

          Expect.floatClose
              { absolute = 1e-6; relative = 0.0 }
              (Schedule.at 110 schedule)
              0.0
              "the end"

          Expect.floatClose
              { absolute = 1e-6; relative = 0.0 }
              (Schedule.at 500 schedule)
              0.0
              "after the end") ]

let tests =
    [ for run in optimizers -> golden "training.json" run ]
    @ [ for run in further -> golden "more.json" run ]
    @ List.map goldenRule rules
    @ laws
