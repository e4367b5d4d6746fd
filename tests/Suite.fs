/// What every suite is wrapped in.
module Mlx.Tests.Suite

open System
open Expecto
open Mlx.Core

/// Blocks of memory in use by the embedded engine; a native engine does not tell.
let private liveBuffers () = if Engine.IsNative then 0L else Mlx.Cpu.Graph.Storage.LiveCount

/// Runs the finalizers until nothing is left, at most a few times: a finalizer may free an array
/// that keeps another one alive.
let rec private settle rounds =
    GC.Collect()
    GC.WaitForPendingFinalizers()

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
