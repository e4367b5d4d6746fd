/// Several processes: a group of one on every engine, and two real processes where the engine can.
module Mlx.Tests.Functional.DistributedTests

open System
open System.Diagnostics
open System.IO
open System.Net
open System.Net.Sockets
open Expecto
open Mlx
open Mlx.Core

let private refusal<'e when 'e :> exn> (words: string list) (call: unit -> Tensor) =
    let e = Assert.catch (fun () -> call () |> Tensor.eval |> ignore)
    Expect.equal (e.GetType()) typeof<'e> e.Message

    for word in words do
        Expect.stringContains e.Message word "says"

let private alone =
    [ testCase "a process alone is rank 0 of 1" (fun () ->
          use group = Distributed.init ()
          Expect.equal (Distributed.rank group, Distributed.size group) (0, 1) "rank and size"
          Expect.equal (group.ToString()) "Group(rank 0 of 1)" "as text")

      testCase "alone, reductions and gathers answer their argument" (fun () ->
          use group = Distributed.init ()

          for collective in
              [ Distributed.allSum
                Distributed.allMax
                Distributed.allMin
                Distributed.allGather
                Distributed.sumScatter ] do
              for x in [ Tensor.ofRows [ [ 1.5; 2.0 ] ]; Tensor.scalar 3; Tensor.zeros [ 0; 2 ] ] do
                  let y = collective group x
                  Assert.close 0.0 0.0 x y "the same"
                  Expect.equal y.DType x.DType "dtype")

      testCase "without a group it is that of all processes" (fun () ->
          use x = MlxArray.From [| 1; 2 |]
          use sum = Distributed.AllSum x
          use scattered = Distributed.SumScatter x
          Expect.equal (sum.ToArray<int>(), scattered.ToArray<int>()) ([| 1; 2 |], [| 1; 2 |]) "x")

      testCase "alone, there is nobody to send to, and nothing to split" (fun () ->
          use group = Distributed.init ()
          let x = Tensor.ofSeq [ 1; 2 ]
          refusal<MlxException> [ "send"; "singleton" ] (fun () -> x |> Distributed.send group 0)

          refusal<MlxException> [ "recv"; "singleton" ] (fun () ->
              x |> Distributed.recvLike group 0)

          refusal<MlxException> [ "singleton" ] (fun () ->
              Distributed.recv group 0 DType.Float32 [])

          refusal<ArgumentOutOfRangeException> [ "shape" ] (fun () ->
              Distributed.recv group 0 DType.Float32 [ -1 ])

          refusal<MlxException> [ "split" ] (fun () ->
              use _ = group |> Distributed.split 0 0
              x))

      testCase "strict, a group of nobody else is refused" (fun () ->
          refusal<MlxException> [ "mlx_distributed_init" ] (fun () ->
              use _ = Distributed.initStrict DistributedBackend.Mpi
              Tensor.scalar 0))

      testCase "a backend that does not exist is refused" (fun () ->
          refusal<ArgumentOutOfRangeException> [ "backend" ] (fun () ->
              Distributed.isAvailable (enum<DistributedBackend> 99) |> ignore
              Tensor.scalar 0))

      testCase "a group that was given back is refused" (fun () ->
          let group = Distributed.init ()
          group.Dispose()

          refusal<ObjectDisposedException> [] (fun () ->
              Distributed.allSum group (Tensor.scalar 1)))

      testCase "alone, averaging changes nothing, and passes through a fused step" (fun () ->
          use group = Distributed.init ()
          let tree = {| W = Tensor.ofSeq [ 1.0; 2.0 ]; B = Tensor.scalar 3 |}
          Expect.isTrue (obj.ReferenceEquals(tree, Distributed.averageGradients group tree)) "same"

          let loss (w: Tensor) (x: Tensor) = Tensor.mean (Tensor.square (w * x - 1.0))
          let sgd = Optim.sgd 0.5

          let run optimizer =
              let step = TrainStep.fuse optimizer loss
              use state = TrainStep.start optimizer (Tensor.scalar 0f)
              use next = state |> TrainStep.run step (Tensor.ofSeq [ 1f; 2f ])
              TrainStep.parameters next |> Tensor.toFloat

          Expect.equal (run (Distributed.averageStage group >> sgd)) (run sgd) "parameter") ]

/// What a process of two does; it prints what it found.
let worker () =
    use group = Distributed.initStrict DistributedBackend.Ring
    let rank = Distributed.rank group
    let show what (x: Tensor) = Mlx.Tests.Output.print "%s: %O" what x

    Mlx.Tests.Output.print "%O" group
    let x = Tensor.ofSeq [ float32 rank; 10f - float32 rank; 5f ]
    x |> Distributed.allSum group |> show "sum"
    x |> Distributed.allMax group |> show "max"
    x |> Distributed.allMin group |> show "min"
    Tensor.scalar (rank + 1) |> Distributed.allSum group |> show "sum of scalars"
    Tensor.ofRows [ [ rank; 7 ] ] |> Distributed.allGather group |> show "gather"
    Tensor.scalar rank |> Distributed.allGather group |> show "gather of scalars"

    // There and back again.
    if rank = 0 then
        Tensor.ofSeq [ 1; 2; 3 ] |> Distributed.send group 1 |> Tensor.eval |> ignore
        Tensor.zeros [ 2 ] |> Distributed.recvLike group 1 |> show "received"
    else
        Distributed.recv group 0 DType.Int32 [ 3 ] |> show "received"
        Tensor.ofSeq [ 0.5f; 0.25f ] |> Distributed.send group 0 |> Tensor.eval |> ignore

    {| A = Tensor.full [ 2; 2 ] (float32 rank)
       B = Tensor.ofSeq [ rank; 4 ] |> Tensor.astype DType.Float16
       C = [ Tensor.scalar (3f * float32 rank) ] |}
    |> Distributed.averageGradients group
    |> Tree.named
    |> Array.iter (fun (path, leaf) -> show path leaf)

    // Each sees its half of the batch.
    let all = Tensor.ofRows [ [ 1f; 2f ]; [ 3f; 5f ] ]
    let loss (w: Tensor) (x: Tensor) = Tensor.mean (Tensor.square (w * x - 1.0))

    let train optimizer batch =
        let step = TrainStep.fuse optimizer loss
        use state = TrainStep.start optimizer (Tensor.scalar 0f)

        (state, [ 1..5 ])
        ||> List.fold (fun state _ -> state |> TrainStep.run step batch)
        |> TrainStep.parameters

    let half = train (Distributed.averageStage group >> Optim.adam 0.1) all[rank, *]
    let whole = train (Optim.adam 0.1) all
    Mlx.Tests.Output.print "as one process: %b" (Tensor.allclose 1e-5 1e-6 whole half)

    let refuses what (call: unit -> Tensor) =
        Mlx.Tests.Output.print
            "%s: %s"
            what
            ((Assert.catch (fun () -> call () |> ignore)).GetType().Name)

    refuses "send to itself" (fun () -> x |> Distributed.send group rank)
    refuses "send to nobody" (fun () -> x |> Distributed.send group 2)
    refuses "scatter a scalar" (fun () -> Tensor.scalar 1 |> Distributed.sumScatter group)
    refuses "scatter an odd axis" (fun () -> x |> Distributed.sumScatter group)
    0

let private expected rank =
    [ $"Group(rank {rank} of 2)"
      "sum: array([1, 19, 10], dtype=float32)"
      "max: array([1, 10, 5], dtype=float32)"
      "min: array([0, 9, 5], dtype=float32)"
      "sum of scalars: array(3, dtype=int32)"
      "gather: array([[0, 7],"
      "       [1, 7]], dtype=int32)"
      "gather of scalars: array([0, 1], dtype=int32)"
      if rank = 0 then
          "received: array([0.5, 0.25], dtype=float32)"
      else
          "received: array([1, 2, 3], dtype=int32)"
      "a: array([[0.5, 0.5],"
      "       [0.5, 0.5]], dtype=float32)"
      "b: array([0.5, 4], dtype=float16)"
      "c.0: array(1.5, dtype=float32)"
      "as one process: true"
      "send to itself: ArgumentOutOfRangeException"
      "send to nobody: ArgumentOutOfRangeException"
      "scatter a scalar: ArgumentException"
      "scatter an odd axis: MlxException" ]

let private freePort () =
    use listener = new TcpListener(IPAddress.Loopback, 0)
    listener.Start()
    (listener.LocalEndpoint :?> IPEndPoint).Port

let private start hosts (rank: int) =
    let program = Reflection.Assembly.GetExecutingAssembly().Location

    let info =
        ProcessStartInfo(
            "dotnet",
            [ program; "--distributed" ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    info.Environment["MLX_HOSTFILE"] <- hosts
    info.Environment["MLX_RANK"] <- string rank
    let job = nonNull (Process.Start info)
    job, job.StandardOutput.ReadToEndAsync(), job.StandardError.ReadToEndAsync()

let private twoProcesses () =
    if not (Distributed.isAvailable DistributedBackend.Ring) then
        skiptest $"the engine '{Engine.Name}' has no backend for several processes"

    let hosts = Path.GetTempFileName()

    try
        File.WriteAllText(hosts, $"""[["127.0.0.1:{freePort ()}"], ["127.0.0.1:{freePort ()}"]]""")

        let jobs = [ for rank in 0..1 -> start hosts rank ]
        let deadline = DateTime.UtcNow.AddSeconds 60.0

        for job, _, _ in jobs do
            let left = max 0.0 (deadline - DateTime.UtcNow).TotalMilliseconds

            if not (job.WaitForExit(int left)) then
                job.Kill()

        for rank, (job, said, complaints) in List.indexed jobs do
            let lines = said.Result.ReplaceLineEndings("\n").TrimEnd().Split '\n' |> List.ofArray
            Expect.equal (lines, complaints.Result) (expected rank, "") $"rank {rank}"
            Expect.equal job.ExitCode 0 $"rank {rank} ends well"
            job.Dispose()
    finally
        File.Delete hosts

let tests = alone @ [ testCase "two processes of a ring" twoProcesses ]
