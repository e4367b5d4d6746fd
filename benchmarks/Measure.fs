/// One row's timing, by the rules every peer keeps: the first call apart, warm-up runs not counted,
/// the median of 5 to 100 runs, about 0.6 s a row.
module Mlx.Benchmarks.Measure

open System
open System.Diagnostics
open System.IO
open System.Runtime

type Timing =
    {
        MedianMs: float
        Runs: int
        MinMs: float
        P90Ms: float
        /// The very first call: tracing, JIT.
        FirstCallMs: float
        /// The share of the machine's CPU time that other processes used meanwhile; above 0.1 the
        /// row says little. Only where /proc tells.
        Others: float option
    }

/// All CPU time of the machine, of it idle, and our own, in seconds.
let private cpuSeconds () =
    try
        let ticks =
            (Seq.head (File.ReadLines "/proc/stat"))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            |> Array.skip 1
            |> Array.take 8
            |> Array.map float

        use self = Process.GetCurrentProcess()
        let hertz = 100.0

        Some(
            Array.sum ticks / hertz,
            (ticks[3] + ticks[4]) / hertz,
            self.TotalProcessorTime.TotalSeconds
        )
    with _ ->
        None

let private othersBetween before after =
    match before, after with
    | Some(all0, idle0, own0), Some(all1, idle1, own1) when all1 > all0 ->
        Some(max 0.0 (all1 - all0 - (idle1 - idle0) - (own1 - own0)) / (all1 - all0))
    | _ -> None

/// Runs until the JIT has compiled the code for good, which it does on a thread of its own and in
/// two rounds: it waits for 100 ms without new code before it starts on either. Until then it takes
/// a core from a workload that wants them all.
let private warmUp (time: unit -> float) =
    let start = Stopwatch.GetTimestamp()
    let mutable compiled = -1L
    let mutable quiet = start

    while Stopwatch.GetElapsedTime(quiet).TotalMilliseconds < 250.0
          && Stopwatch.GetElapsedTime(start).TotalMilliseconds < 3000.0 do
        time () |> ignore
        let now = JitInfo.GetCompiledMethodCount false

        if now <> compiled then
            compiled <- now
            quiet <- Stopwatch.GetTimestamp()

/// Times a workload.
let timing work =
    let time () =
        work.Prepare()
        let start = Stopwatch.GetTimestamp()
        work.Run()
        Stopwatch.GetElapsedTime(start).TotalMilliseconds

    let first = time ()

    if first < 1000.0 then
        warmUp time

    let before = cpuSeconds ()
    let mutable spent = 0.0

    let samples =
        [| let mutable runs = 0

           while runs < 100 && (runs < 5 || spent < 600.0) do
               let ms = time ()
               runs <- runs + 1
               spent <- spent + ms
               ms / work.Divisor |]

    Array.sortInPlace samples
    let n = samples.Length

    { MedianMs = (samples[(n - 1) / 2] + samples[n / 2]) / 2.0
      Runs = n
      MinMs = samples[0]
      P90Ms = samples[min (n - 1) (int (0.9 * float n))]
      FirstCallMs = first
      Others = othersBetween before (cpuSeconds ()) }
