namespace Mlx.Testing

open System
open Mlx
open Mlx.Core

/// What is alive on the engine's side.
module internal Leaks =
    /// Runs the finalizers, and what they leave to the thread that owns a native engine: reading
    /// waits its turn there.
    let private settle () =
        for _ in 1..3 do
            GC.Collect()
            GC.WaitForPendingFinalizers()
            use one = Tensor.scalar 1
            use two = one + one
            Tensor.toFloat two |> ignore

    let private count () =
        settle ()
        struct (Engine.LiveHandles, Memory.Active)

    /// How many handles and bytes each run of a function leaves, after a first run that fills
    /// caches: an engine may free the buffer of the run before only now, so that bytes count if
    /// they grow every time.
    let perRun (body: unit -> unit) =
        let runs = 4
        body ()
        let struct (handles, bytes) = count ()
        let mutable grown = 0
        let mutable last = bytes

        for _ in 1..runs do
            body ()
            let struct (_, now) = count ()

            if now > last then
                grown <- grown + 1

            last <- now

        let struct (handles', bytes') = count ()
        let leaked = if grown = runs then bytes' - bytes else 0L
        struct ((handles' - handles) / int64 runs, leaked / int64 runs)
