/// What a C# program does with Mlx.Core, written in C#: tests/Support/CSharpSurface.cs.
module Mlx.Tests.Functional.CSharpTests

open System
open Expecto
open Mlx
open Mlx.Tests.Support

let private sameAs (name: string) (rule: Mlx.Core.UpdateRule) (optimizer: Optimizer) =
    testCase $"{name} of C# is that of F#" (fun () ->
        use _ = Mlx.Core.Scope.Enter()
        let x = Random.normal [ 6; 3 ] |> Random.run (Key.ofSeed 1)
        let w = Random.normal [ 3; 2 ] |> Random.run (Key.ofSeed 2)
        let loss (w: Tensor) (x: Tensor) = Tensor.tanh (x *@ w) |> Tensor.square |> Tensor.mean
        use trainer = new Mlx.Core.Trainer<Tensor, Tensor>(w, rule, Func<_, _, _>(loss))
        let step = TrainStep.fuse optimizer loss
        let mutable state = TrainStep.start optimizer w

        for _ in 1..12 do
            trainer.Step x
            state <- TrainStep.run step x state

        Assert.close 2e-6 1e-7 (TrainStep.parameters state) trainer.Model "parameters"
        Expect.equal trainer.Traces.Retraces 0 "one trace"
        state.Dispose())

let tests =
    [ for check in CSharpSurface.Checks do
          testCase check.Key (fun () -> check.Value.Invoke())

      sameAs "sgd" (Mlx.Core.UpdateRule.Sgd 0.1) (Optim.sgd 0.1)

      sameAs
          "Nesterov's sgd"
          (Mlx.Core.UpdateRule.Sgd(0.1, momentum = 0.9, nesterov = true, weightDecay = 0.01))
          (Optim.sgd (0.1, momentum = 0.9, nesterov = true, weightDecay = 0.01))

      sameAs "adam" (Mlx.Core.UpdateRule.Adam 0.05) (Optim.adam 0.05)

      sameAs
          "clipped adamW along a cosine"
          (Mlx.Core.UpdateRule
              .AdamW(Mlx.Core.LearningRate.Cosine(0.05, 20), weightDecay = 0.1)
              .Clipped
              0.1)
          (Optim.clipByGlobalNorm 0.1 >> Optim.adamW (Schedule.cosine 0.05 20, weightDecay = 0.1)) ]
