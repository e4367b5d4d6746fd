/// Standard output for results, standard error for everything else; Ctrl-C.
module Mlx.Tool.Terminal

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text
open System.Threading
open Spectre.Console

/// Results: UTF-8 without a mark, and only what the user asked for.
let out: TextWriter =
    new StreamWriter(Console.OpenStandardOutput(), UTF8Encoding false, AutoFlush = false)

let private source = new CancellationTokenSource()

/// Set by Ctrl-C and by the system's request to end.
let stop: CancellationToken = source.Token

/// Whether the process waits for a line, so that there is no work to end.
let mutable private isWaiting = false

/// How long work may take to end after Ctrl-C. A long prompt is read in parts that are not broken
/// off.
let private patience = TimeSpan.FromSeconds 5.0

let mutable private told = 0

/// Says once that the user has ended it, whoever notices first.
let tellInterrupted () =
    if Interlocked.Exchange(&told, 1) = 0 then
        eprintfn "mlx: interrupted"

/// Ctrl-C ends the work at its next step, or the process when that takes too long; a second one
/// ends it at once.
let watch () : IDisposable =
    let handle (context: PosixSignalContext) =
        context.Cancel <- not stop.IsCancellationRequested

        if not stop.IsCancellationRequested then
            source.Cancel()

            let leave _ =
                tellInterrupted ()
                exit Errors.interrupted

            let grace = if isWaiting then TimeSpan.Zero else patience
            Tasks.Task.Delay(grace).ContinueWith leave |> ignore

    let signals =
        [ PosixSignalRegistration.Create(PosixSignal.SIGINT, handle)
          PosixSignalRegistration.Create(PosixSignal.SIGTERM, handle) ]

    { new IDisposable with
        member _.Dispose() =
            for signal in signals do
                signal.Dispose() }

/// Whether somebody watches standard error.
let isWatched = not Console.IsErrorRedirected

/// Seconds since the process was started, the runtime's own start included.
let sinceStart () = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds

/// A console on standard error, for tables and progress.
let errors =
    lazy
        (let settings = AnsiConsoleSettings(Out = AnsiConsoleOutput Console.Error)
         AnsiConsole.Create settings)

/// Shows that something is under way, where somebody watches.
let during (what: string) (work: unit -> 'T) : 'T =
    if isWatched then
        errors.Value.Status().Start(Markup.Escape what, fun _ -> work ())
    else
        work ()

/// A line of standard input after a mark, which only a person sees; None at the end.
let readLine (mark: string) : string option =
    if isWatched && not Console.IsInputRedirected then
        eprintf "%s" mark

    isWaiting <- true
    let line = Console.In.ReadLine()
    isWaiting <- false
    stop.ThrowIfCancellationRequested()
    Option.ofObj line

/// A size for people: decimal units, as disks have them.
let size (bytes: int64) : string =
    let x = float bytes

    if x >= 1e9 then $"{x / 1e9:F2} GB"
    elif x >= 1e6 then $"{x / 1e6:F1} MB"
    elif x >= 1e3 then $"{x / 1e3:F1} kB"
    else $"{bytes} B"

/// Rows of cells as lines, columns side by side; those named are pushed to the right.
let table (right: int list) (rows: string list list) : string list =
    let count = rows |> List.map List.length |> List.max
    let cell i (row: string list) = if i < row.Length then row[i] else ""

    let widths =
        [ for i in 0 .. count - 1 -> rows |> List.map (fun r -> (cell i r).Length) |> List.max ]

    [ for row in rows ->
          let cells =
              [ for i, width in List.indexed widths ->
                    let text = cell i row
                    if List.contains i right then text.PadLeft width else text.PadRight width ]

          (String.concat "  " cells).TrimEnd() ]
