/// Handles are freed once, by whoever should, and not while in use.
module Mlx.Tests.Core.Ownership

open System
open System.Threading
open System.Threading.Tasks
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays

let private created f =
    let before = Engine.LiveHandles
    f ()
    Engine.LiveHandles - before

let suite () =
    Mlx.Tests.Suite.leakFree
        "ownership"
        [ testCase "Dispose frees at once"
          <| fun () ->
              let n =
                  created (fun () ->
                      let x = MlxArray.Scalar 1f
                      x.Dispose())

              Expect.equal n 0L "handles left"
          testCase "a scope frees all but what is kept"
          <| fun () ->
              let mutable kept = Unchecked.defaultof<MlxArray>

              let n =
                  created (fun () ->
                      use scope = Scope.Enter()
                      let x = MlxArray.From [| 3f; 4f |]
                      kept <- scope.Keep(Ops.Sqrt(Ops.Sum(x * x))))

              Expect.equal n 1L "the one kept"
              Expect.equal (kept.Item<float32>()) 5f "and usable"
              kept.Dispose()
          testCase "what an inner scope keeps is the outer one's"
          <| fun () ->
              let n =
                  created (fun () ->
                      use outer = Scope.Enter()

                      let inner () =
                          use scope = Scope.Enter()
                          scope.Keep(MlxArray.Scalar 1f)

                      let x = inner ()
                      Expect.equal (x.Item<float32>()) 1f "alive in the outer scope")

              Expect.equal n 0L "freed with it"
          testCase "a scope that is left on another thread says so"
          <| fun () ->
              let scope = Scope.Enter()
              let said = ref None

              let other =
                  Thread(fun () ->
                      try
                          scope.Dispose()
                      with :? InvalidOperationException as e ->
                          said.Value <- Some e.Message)

              other.Start()
              other.Join()
              Expect.stringContains (Option.defaultValue "" said.Value) "thread" "the message"
              scope.Dispose()
          testCase "finalizers are the net"
          <| fun () ->
              let make () =
                  for _ in 1..1000 do
                      MlxArray.Scalar 1f |> ignore

              make ()
              Mlx.Tests.Suite.quiesce ()
              Expect.isLessThan Engine.LiveHandles 100L "most are gone"
          testCase "disposing while other threads use the array"
          <| fun () ->
              for _ in 1..200 do
                  let x = Ops.Ones(span [| 64 |])
                  let start = new ManualResetEventSlim()

                  let users =
                      [| for _ in 1..3 ->
                             Task.Run(fun () ->
                                 start.Wait()

                                 try
                                     for _ in 1..20 do
                                         use y = x + 1f
                                         y.Eval()
                                 with :? ObjectDisposedException ->
                                     ()) |]

                  let closer =
                      Task.Run(fun () ->
                          start.Wait()
                          x.Dispose())

                  start.Set()
                  Task.WaitAll(Array.append users [| closer |])
          testCase "arrays cross threads and awaits"
          <| fun () ->
              let work =
                  task {
                      use x = Ops.ARange(0, 1000)
                      do! Task.Yield()
                      use! y = Task.Run(fun () -> Ops.Sum x)
                      do! Task.Yield()
                      return y.Item<int>()
                  }

              Expect.equal (work.GetAwaiter().GetResult()) 499500 "the sum"
          testCase "a stream stays ambient over await"
          <| fun () ->
              let work =
                  task {
                      use _ = (MlxStream.New Device.Cpu).Use()
                      let here = MlxStream.Default
                      do! Task.Delay 1
                      return obj.ReferenceEquals(here, MlxStream.Default)
                  }

              Expect.isTrue (work.GetAwaiter().GetResult()) "the same stream"
          testCase "memory stays flat over many steps"
          <| fun () ->
              let step () =
                  use scope = Scope.Enter()
                  let x = Ops.Ones(span [| 256; 256 |])
                  (Ops.Sum(x * 2f)).Eval()

              for _ in 1..50 do
                  step ()

              let handles, bytes = Engine.LiveHandles, Memory.Active

              for _ in 1..500 do
                  step ()

              Expect.equal Engine.LiveHandles handles "handles"
              Expect.equal Memory.Active bytes "bytes" ]
