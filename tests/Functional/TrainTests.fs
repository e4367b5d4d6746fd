module Mlx.Tests.Functional.TrainTests

open System
open System.IO
open Expecto
open Mlx

let private loss (p: Linear) (x, y) = Linear.apply p x |> Loss.mse y |> Tensor.mean

/// y = 2 x0 - x1 + 1, 32 samples.
let private samples () =
    let x = Random.normal [ 32; 2 ] |> Random.run (Key.ofSeed 1)
    x, (2.0 * x[*, 0..0] - x[*, 1..1] + 1.0)

let private model () = Linear.init 2 1 |> Random.run (Key.ofSeed 0)
let private optimizer = Optim.sgd 0.1

let private temporary () = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.safetensors")

let tests =
    [ testCase "batches are the samples in order" (fun () ->
          let x, y = samples ()
          let batches = Data.batches 10 (x, y) |> List.ofSeq
          Expect.equal [ for x, _ in batches -> x.Dim 0 ] [ 10; 10; 10; 2 ] "lengths"
          Assert.close 0.0 0.0 x (batches |> List.map fst |> Tensor.concatenate 0) "all of x"
          Assert.close 0.0 0.0 y (batches |> List.map snd |> Tensor.concatenate 0) "all of y")

      testCase "shuffled batches hold each sample once, pairs stay together" (fun () ->
          let x = Tensor.arange 20
          let epoch n = Data.shuffled 4 (Key.ofSeed 3) (x, x * 2) n |> List.ofSeq

          let flat batches : int list =
              batches |> List.collect (fst >> Tensor.toArray >> List.ofArray)

          Expect.equal (epoch 1 |> flat |> List.sort) [ 0..19 ] "each once"
          Expect.equal (flat (epoch 1)) (flat (epoch 1)) "an epoch repeats"
          Expect.notEqual (flat (epoch 1)) (flat (epoch 2)) "the next one differs"

          for x, y in epoch 2 do
              Assert.close 0.0 0.0 (x * 2) y "pairs")

      testCase "samples of different number are refused" (fun () ->
          let e =
              Assert.catch (fun () ->
                  Data.count {| A = Tensor.zeros [ 3 ]; B = Tensor.zeros [ 4 ] |} |> ignore)

          Expect.stringContains e.Message "'a' has 3" "which"
          Expect.stringContains e.Message "'b' has 4" "which")

      testCase "a line is learnt, words in any order" (fun () ->
          let set = samples ()

          let trained =
              train {
                  quietly
                  over (Data.batches 8 set)
                  epochs 40
                  using optimizer
                  minimize loss
                  validate "error" Every.Epoch (fun p -> loss p set)
                  start (model ())
              }

          Expect.equal trained.Steps 160 "steps"

          Assert.close
              1e-2
              1e-2
              (Tensor.ofRows [ [ 2.0; -1.0 ] ])
              trained.Parameters.Weight
              "weight"

          Assert.close 1e-2 1e-2 (Tensor.ofSeq [ 1.0 ]) trained.Parameters.Bias.Value "bias"
          let named name = trained.History |> List.filter (fun m -> m.Name = name)
          Expect.hasLength (named "error") 40 "validations"
          Expect.hasLength (named "loss") 160 "losses"

          Expect.isLessThan
              (List.last (named "error")).Value
              (List.head (named "error")).Value
              "falls")

      testCase "it is the loop of fused steps" (fun () ->
          let set = samples ()
          let step = TrainStep.fuse optimizer loss
          let mutable state = TrainStep.start optimizer (model ())

          for batch in Data.batches 8 set do
              state <- TrainStep.run step batch state

          let trained =
              Train.run
                  { Train.defaults with
                      Start = Some(Choice2Of2(model ()))
                      Step = Some(fun o -> TrainStep.fuse o loss)
                      Data = Some(fun _ -> Data.batches 8 set)
                      Optimizer = optimizer
                      Show = false }

          Assert.closeTrees 0.0 0.0 (TrainStep.parameters state) trained.Parameters "parameters"
          state.Dispose())

      testCase "steps end a run, wherever it is" (fun () ->
          let trained =
              train {
                  start (model ())
                  minimize loss
                  over (Data.batches 8 (samples ()))
                  steps 6
                  quietly
              }

          Expect.equal trained.Steps 6 "steps"
          Expect.equal (List.last trained.History).Epoch 2 "in the second epoch")

      testCase "a hook ends a run" (fun () ->
          let trained =
              train {
                  start (model ())
                  minimize loss
                  over (Data.batches 8 (samples ()))
                  epochs 1000
                  goOnWhile (fun history -> history.Head.Value > 0.5)
                  using optimizer
                  quietly
              }

          Expect.isLessThanOrEqual (List.last trained.History).Value 0.5 "the last"
          Expect.isLessThan trained.Steps 1000 "early")

      testCase "patience ends when nothing gets better" (fun () ->
          let metric value = { Name = "loss"; Value = value; Step = 0; Epoch = 1; Seconds = 0.0 }
          let goesOn values = Train.patience 2 "loss" (values |> List.map metric |> List.rev)
          Expect.isTrue (goesOn [ 3.0; 2.0 ]) "too early to say"
          Expect.isTrue (goesOn [ 3.0; 2.0; 2.5 ]) "once"
          Expect.isFalse (goesOn [ 3.0; 2.0; 2.5; 2.0 ]) "twice"
          Expect.isTrue (goesOn [ 3.0; 2.0; 2.5; 1.0 ]) "better again")

      testCase "resuming goes on to the bit" (fun () ->
          let file = temporary ()
          let set = samples ()
          let words = Optim.adam 0.01

          let half epochs' =
              train {
                  start (model ())
                  minimize loss
                  using words
                  over (Data.batches 8 set)
                  epochs epochs'
                  checkpoint Every.Epoch file
                  quietly
              }

          try
              half 1 |> ignore
              let saved = Checkpoint.load file (TrainStep.snapshot (Key.ofSeed 0) words (model ()))

              let resumed =
                  train {
                      resume saved
                      minimize loss
                      using words
                      over (Data.batches 8 set)
                      epochs 2
                      quietly
                  }

              Assert.closeTrees 0.0 0.0 (half 2).Snapshot resumed.Snapshot "two epochs"
              Expect.equal resumed.Steps 8 "steps of both"
              Expect.equal [ for m in resumed.History -> m.Step ] [ 5..8 ] "its own measurements"

              let further =
                  train {
                      startFrom saved
                      minimize loss
                      using words
                      over (Data.batches 8 set)
                      quietly
                  }

              Assert.closeTrees 0.0 0.0 resumed.Snapshot further.Snapshot "one more epoch"
              Expect.equal further.Steps 4 "steps of its own"
          finally
              File.Delete file)

      testCase "words mean the same in any order" (fun () ->
          let set = samples ()

          let a =
              train {
                  start (model ())
                  minimize loss
                  using optimizer
                  over (Data.shuffled 8 (Key.ofSeed 2) set)
                  epochs 3
                  stopEarly 100 "loss"
                  goOnWhile (fun _ -> true)
                  quietly
              }

          let b =
              train {
                  quietly
                  goOnWhile (fun _ -> true)
                  stopEarly 100 "loss"
                  epochs 3
                  over (Data.shuffled 8 (Key.ofSeed 2) set)
                  using optimizer
                  minimize loss
                  start (model ())
              }

          Assert.closeTrees 0.0 0.0 a.Snapshot b.Snapshot "snapshots"
          Expect.equal [ for m in a.History -> m.Value ] [ for m in b.History -> m.Value ] "losses")

      testCase "stopEarly stops, whichever word comes first" (fun () ->
          let run isFirst =
              let flat (_: Linear) _ = Tensor.scalar 1f

              if isFirst then
                  train {
                      stopEarly 3 "loss"
                      goOnWhile (fun _ -> true)
                      start (model ())
                      minimize flat
                      over (Data.batches 8 (samples ()))
                      epochs 10
                      quietly
                  }
              else
                  train {
                      goOnWhile (fun _ -> true)
                      stopEarly 3 "loss"
                      start (model ())
                      minimize flat
                      over (Data.batches 8 (samples ()))
                      epochs 10
                      quietly
                  }

          Expect.equal ((run true).Steps, (run false).Steps) (4, 4) "one and three in vain")

      testCase "callbacks see where the run stands" (fun () ->
          let seen = ResizeArray()

          let trained =
              train {
                  start (model ())
                  minimize loss
                  over (Data.batches 8 (samples ()))
                  epochs 2

                  callback (Every.Steps 3) (fun at ->
                      seen.Add(at.Step, at.Epoch, at.History.Length))

                  callback Every.Epoch (fun at ->
                      let snapshot = at.Snapshot()
                      seen.Add(at.Step, -at.Epoch, Tree.count snapshot.Parameters)
                      Tree.dispose snapshot)

                  quietly
              }

          Expect.equal
              (List.ofSeq seen)
              [ 3, 1, 3; 4, -1, 2; 6, 2, 6; 8, -2, 2 ]
              "in the order of the run"

          Expect.equal trained.Steps 8 "steps")

      testCase "a plan that lacks something says so" (fun () ->
          let e = Assert.catch (fun () -> Train.run (Train.defaults<Linear, Tensor>) |> ignore)
          Expect.stringContains e.Message "no loss" "what") ]
