/// What a named workload is.
namespace Mlx.Benchmarks

/// The workload cannot run here; the row says why.
exception Skipped of reason: string

type Work =
    {
        /// Before each run, not timed.
        Prepare: unit -> unit
        /// One run: builds the graph and evaluates it. The inputs exist already.
        Run: unit -> unit
        /// What one run counts for: 16 where it decodes 16 tokens.
        Divisor: float
        /// Also report the ABI calls of one run.
        CountsCrossings: bool
    }

module Work =
    let ofRun run = { Prepare = ignore; Run = run; Divisor = 1.0; CountsCrossings = false }

type Row =
    {
        Name: string
        /// Makes the inputs, evaluated.
        Setup: unit -> Work
    }

module Row =
    let create name (setup: unit -> unit -> unit) = { Name = name; Setup = setup >> Work.ofRun }
