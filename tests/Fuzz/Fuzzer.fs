/// Runs readers on mutated files for as many executions as asked for.
module Mlx.Tests.Fuzz.Fuzzer

open System
open System.Diagnostics
open System.IO
open System.Threading
open Mlx.Tests.Fuzz.Execution
open Mlx.Tests.Fuzz.Readers

let formats = [ "npy"; "npz"; "safetensors"; "gguf"; "mlxfn" ]

type Failure =
    { Format: string
      Reader: string
      Execution: int64
      Text: string
      Input: byte[] }

type Report =
    {
        Format: string
        Executions: int64
        Accepted: int64
        Seconds: float
        /// The most that an execution took, in bytes for each byte of what it may take.
        Fullest: float
        Failures: Failure list
    }

/// Corpus files with one to four changes, of either kind.
let private inputs format =
    let good, bad = Corpus.files format

    let structure =
        match format with
        | "npy" -> Structure.npy
        | "npz" -> Structure.npz (fst (Corpus.files "npy"))
        | "safetensors" -> Structure.safetensors
        | "gguf" -> Structure.gguf
        | _ -> fun dice input -> Mutate.bytes dice (dice.Pick good) input

    fun (dice: Dice) ->
        // What is wrong already hides what is changed, so most start from good files.
        let mutable input = dice.Pick(if dice.Once 8 then bad else good)

        for _ in 0 .. dice.Below 4 do
            input <-
                if dice.Once 2 then
                    structure dice input
                else
                    Mutate.bytes dice (dice.Pick good) input

        input

/// Ends the process, and says where it stood, when one execution does not end at all.
type private Watchdog(format, seed: uint64) =
    let mutable execution = 0L
    let mutable since = Stopwatch.GetTimestamp()

    let look _ =
        if Stopwatch.GetElapsedTime(Volatile.Read &since) > TimeSpan.FromSeconds 60.0 then
            eprintfn "hangs: --format %s --seed %d --at %d" format seed execution
            exit 3

    let timer = new Timer(look, null, 1000, 1000)

    member _.Starts number =
        execution <- number
        Volatile.Write(&since, Stopwatch.GetTimestamp())

    interface IDisposable with
        member _.Dispose() = timer.Dispose()

let private minimized format (reader: Reader) text input =
    let run candidate =
        match (run format reader candidate).Verdict with
        | Failed text -> Some text
        | _ -> None

    Minimize.input run text input

/// A folder in memory where the system has one.
let private scratch () =
    let memory = "/dev/shm"

    if Directory.Exists memory then
        Directory.CreateDirectory(Path.Combine(memory, $"mlx-fuzz-{Guid.NewGuid():N}"))
    else
        Directory.CreateTempSubdirectory "mlx-fuzz-"

/// Executions `first` to below `first + count`; `--at` is a count of one.
let run format (seed: uint64) (first: int64) (count: int64) : Report =
    let folder = scratch ()

    try
        use watchdog = new Watchdog(format, seed)
        let next = inputs format
        let readers = ofFormat format folder.FullName
        let clock = Stopwatch.StartNew()
        let mutable number = first
        let mutable executions, accepted, fullest = 0L, 0L, 0.0
        let mutable failures = []

        while executions < count && List.length failures < 20 do
            let dice = Dice.Of(seed, number)
            let input = next dice
            watchdog.Starts number

            for reader in readers do
                if executions < count && dice.Once reader.Seldom then
                    let outcome = Execution.run format reader input
                    executions <- executions + 1L
                    fullest <- max fullest (float outcome.Taken / float (bound format input))

                    match outcome.Verdict with
                    | Accepted -> accepted <- accepted + 1L
                    | Refused -> ()
                    | Failed text ->
                        let failure =
                            { Format = format
                              Reader = reader.Name
                              Execution = number
                              Text = text
                              Input = minimized format reader text input }

                        failures <- failure :: failures

            number <- number + 1L

        { Format = format
          Executions = executions
          Accepted = accepted
          Seconds = clock.Elapsed.TotalSeconds
          Fullest = fullest
          Failures = List.rev failures }
    finally
        folder.Delete true
