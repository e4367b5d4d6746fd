/// What a named workload is.
namespace Mlx.Benchmarks

/// The workload cannot run here; the row says why.
exception Skipped of reason: string

type Work =
    {
        /// One run: builds the graph and evaluates it. The inputs exist already.
        Run: unit -> unit
        /// What one run counts for: 16 where it decodes 16 tokens.
        Divisor: float
        /// Also report the ABI calls of one run.
        CountsCrossings: bool
    }

type Row =
    {
        Name: string
        /// Makes the inputs, evaluated.
        Setup: unit -> Work
    }

module Row =
    let create name (setup: unit -> unit -> unit) =
        { Name = name
          Setup = fun () -> { Run = setup (); Divisor = 1.0; CountsCrossings = false } }

    let skipped name reason = { Name = name; Setup = fun () -> raise (Skipped reason) }
