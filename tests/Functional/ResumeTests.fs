/// Training that is broken off and goes on in another process, to the bit; checkpoints that a killed
/// process leaves whole.
module Mlx.Tests.Functional.ResumeTests

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open Mlx

type private Net = { Hidden: Linear; Out: Linear }

let private model () =
    random {
        let! hidden = Linear.init 4 16
        let! out = Linear.init 16 3
        return { Hidden = hidden; Out = out }
    }
    |> Random.run (Key.ofSeed 11)

/// With dropout, so that the random key matters.
let private loss (p: Net) (x, y) =
    random {
        let! h = x |> Linear.apply p.Hidden |> Nn.gelu |> Nn.dropout 0.2
        return h |> Linear.apply p.Out |> Loss.crossEntropy y |> Tensor.mean
    }

let private optimizer =
    Optim.clipByGlobalNorm 1.0
    >> Optim.adamW (Schedule.warmupCosine 10 100 0.02)
    >> Optim.ema 0.95

let private samples () =
    Random.zip (Random.normal [ 60; 4 ]) (Random.randint 0 3 [ 60 ])
    |> Random.run (Key.ofSeed 12)

/// 15 batches an epoch, in another order each time: 50 steps end within the fourth.
let private plan (count: int) =
    { Train.defaults with
        Step = Some(fun optimizer -> TrainStep.fuseRandom optimizer loss)
        Optimizer = optimizer
        Data = Some(Data.shuffled 4 (Key.ofSeed 13) (samples ()))
        Epochs = Int32.MaxValue
        Steps = Some count
        Key = Some(Key.ofSeed 14)
        Show = false }

let private trained count = Train.run { plan count with Start = Some(Choice2Of2(model ())) }

let private resumed count (file: string) =
    let snapshot = TrainStep.snapshot (Key.ofSeed 0) optimizer (model ()) |> Checkpoint.load file

    Train.run { plan count with Start = Some(Choice1Of2 snapshot); Resumes = true }

let private big (value: int) = [ for _ in 1..8 -> Tensor.full [ 500_000 ] (float value) ]

/// What this program does as `--worker NAME FILE...`: a process of its own for these tests.
let work (arguments: string list) : int =
    match arguments with
    | [ "train"; count; file ] ->
        Checkpoint.save file (trained (int count)).Snapshot
        0
    | [ "resume"; count; from; file ] ->
        Checkpoint.save file (resumed (int count) from).Snapshot
        0
    | [ "write"; file ] ->
        for i in Seq.initInfinite id do
            Tree.scoped (fun () -> Checkpoint.save file (big i))

        1
    | other ->
        eprintfn "no worker %A" other
        2

let private start (arguments: string list) =
    let program = nonNull Environment.ProcessPath
    let self = typeof<Net>.Assembly.Location

    let arguments =
        if Path.GetFileNameWithoutExtension program = "dotnet" then
            self :: "--worker" :: arguments
        else
            "--worker" :: arguments

    let info = ProcessStartInfo(program, arguments, RedirectStandardError = true)
    nonNull (Process.Start info)

let private finish (job: Process) =
    let errors = job.StandardError.ReadToEnd()
    job.WaitForExit()
    Expect.equal job.ExitCode 0 $"the other process: {errors}"

let private inFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "mlx-resume-"

    try
        run folder.FullName
    finally
        folder.Delete true

let tests =
    [ testCase "100 steps are 50 steps and 50 in a new process, to the bit" (fun () ->
          inFolder (fun folder ->
              let half, whole = Path.Combine(folder, "half"), Path.Combine(folder, "whole")
              use first = start [ "train"; "50"; half ]
              finish first
              use second = start [ "resume"; "100"; half; whole ]
              finish second
              use _ = Mlx.Core.Scope.Enter()
              let here = trained 100

              let there =
                  TrainStep.snapshot (Key.ofSeed 0) optimizer (model ()) |> Checkpoint.load whole

              Assert.closeTrees 0.0 0.0 here.Snapshot there "snapshots"
              Expect.equal here.Steps 100 "steps"

              // The parts matter: without them the end is another one.
              let other = Tree.map Tensor.zerosLike there.Key

              let astray =
                  Train.run
                      { plan 100 with
                          Start = Some(Choice1Of2 { Checkpoint.load half there with Key = other })
                          Resumes = true }

              let same =
                  Tensor.equal astray.Parameters.Out.Weight here.Parameters.Out.Weight
                  |> Tensor.all
                  |> Tensor.item

              Expect.isFalse same "with another key it ends elsewhere"))

      testCase "a process killed while it writes leaves the last checkpoint" (fun () ->
          inFolder (fun folder ->
              let file = Path.Combine(folder, "state.safetensors")

              for round in 1..4 do
                  use job = start [ "write"; file ]

                  let isThere =
                      SpinWait.SpinUntil((fun () -> File.Exists file || job.HasExited), 60_000)

                  Expect.isTrue (isThere && not job.HasExited) "it writes"
                  // Somewhere in the middle of one of the many writes that follow.
                  Thread.Sleep(40 + 17 * round)
                  job.Kill()
                  job.WaitForExit()
                  use _ = Mlx.Core.Scope.Enter()
                  let read = Checkpoint.load file (big 0)
                  let firsts = read |> List.map (Tensor.max >> Tensor.toFloat) |> List.distinct
                  let lasts = read |> List.map (Tensor.min >> Tensor.toFloat) |> List.distinct
                  Expect.hasLength firsts 1 "all of one write"
                  Expect.equal lasts firsts "whole")) ]
