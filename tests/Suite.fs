/// What every suite is wrapped in.
module Mlx.Tests.Suite

open System
open System.Runtime.InteropServices
open Expecto
open Mlx.Core
open Mlx.Core.Engines

type private Count = delegate of unit -> int64

/// Blocks of memory in use by our own engine, embedded or a library; MLX does not tell.
let private liveBuffers =
    match Engine.Library.Resolve "mlx_cpu_live_buffers" with
    | 0n when Engine.IsMlx -> fun () -> 0L
    | 0n -> fun () -> Mlx.Cpu.Graph.Storage.LiveCount
    | address -> Marshal.GetDelegateForFunctionPointer<Count>(address).Invoke

/// Runs the finalizers, those of a published library too, which has a collector of its own, and
/// waits for what they left to the thread that owns MLX.
let collect () =
    GC.Collect()
    GC.WaitForPendingFinalizers()
    MlxThread.Run(Action<int> ignore, 0)
    liveBuffers () |> ignore

/// The same until counters of calls stand still: what the owning thread frees may have held
/// closures, and these arrays.
let quiesce () =
    for _ in 1..3 do
        collect ()

/// Runs the finalizers until nothing is left, at most a few times: a finalizer may free an array
/// that keeps another one alive.
let rec private settle rounds =
    collect ()

    if rounds > 1 && (Engine.LiveHandles <> 0L || liveBuffers () <> 0L) then
        settle (rounds - 1)

let private nothingLeft () =
    settle 5
    Expect.equal Engine.LiveHandles 0L "handles that nobody freed"
    Expect.equal (liveBuffers ()) 0L "buffers of the embedded engine that nobody returned"

/// The name of the test that ends a suite.
let lastTest = "leaves no handle and no buffer"

/// The tests one after the other, then a look at the counters: whatever they made must be gone.
let leakFree name tests = testSequenced (testList name (tests @ [ testCase lastTest nothingLeft ]))
