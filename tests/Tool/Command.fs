/// The built `mlx` as a process of its own, as a user starts it.
module Mlx.Tests.Tool.Command

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open Expecto
open Mlx.Tests

let private program = lazy Repository.path "Mlx.Tool/bin/Release/net10.0/mlx.dll"

/// What a process did.
type Outcome =
    {
        Code: int
        Out: string
        Errors: string
        Seconds: float
        /// The most memory it was seen to hold.
        PeakBytes: int64
    }

    /// The object that it printed, and nothing else.
    member this.Json = JsonDocument.Parse(this.Out).RootElement

let start file (arguments: string list) =
    let info =
        ProcessStartInfo(
            file,
            arguments,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    nonNull (Process.Start info)

/// A process of this command, for those who talk with it.
let launch (arguments: string list) = start "dotnet" (program.Value :: arguments)

/// Waits for the end of a process, which gets this on its standard input.
let finish (input: string) (job: Process) : Outcome =
    let clock = Stopwatch.StartNew()
    let out, errors = job.StandardOutput.ReadToEndAsync(), job.StandardError.ReadToEndAsync()

    // A command that reads nothing may have ended by now.
    try
        job.StandardInput.Write input
        job.StandardInput.Close()
    with :? IOException ->
        ()

    let mutable peak = 0L

    while not (job.WaitForExit 10) do
        job.Refresh()

        try
            peak <- max peak job.PeakWorkingSet64
        with :? InvalidOperationException ->
            ()

        if clock.Elapsed.TotalSeconds > 120.0 then
            job.Kill true
            failtestNoStack "did not end within two minutes"

    job.WaitForExit()

    { Code = job.ExitCode
      Out = out.Result
      Errors = errors.Result
      Seconds = clock.Elapsed.TotalSeconds
      PeakBytes = peak }

/// Runs `mlx` with an empty standard input.
let mlx (arguments: string list) : Outcome =
    use job = launch arguments
    finish "" job

let lines (text: string) = text.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

/// It did what it should.
let succeeds (outcome: Outcome) : Outcome =
    Expect.equal (outcome.Errors, outcome.Code) ("", 0) "ends well and quietly"
    outcome

/// It says one line that has this in it, and ends with this code.
let refuses code (part: string) (outcome: Outcome) : unit =
    Expect.equal outcome.Out "" "nothing on standard output"

    match lines outcome.Errors with
    | [ line ] ->
        Expect.stringStarts line "mlx: " "the line names its program"
        Expect.stringContains line part "what is wrong"
    | many -> failtestNoStack $"one line is wanted, not {many}"

    Expect.equal outcome.Code code "the exit code"
