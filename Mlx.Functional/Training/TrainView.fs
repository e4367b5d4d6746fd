namespace Mlx.Showing

open System
open Mlx
open Spectre.Console

/// Shows nothing.
[<Sealed>]
type internal SilentView() =
    inherit TrainView()
    override _.Around training = training ()
    override _.Step(_, _, _, _, _) = ()
    override _.Metric _ = ()

/// A few plain lines, for files and pipes: one for each tenth of the run or, where its length is
/// not known, one each ten seconds.
[<Sealed>]
type internal PlainView(out: IO.TextWriter) =
    inherit TrainView()
    let clock = Diagnostics.Stopwatch.StartNew()
    let mutable nextShare = 0.0
    let mutable nextSecond = 0.0

    let line (text: string) =
        out.WriteLine text
        out.Flush()

    override _.Around training = training ()

    override _.Step(share, epoch, step, loss, rate) =
        let isDue =
            if share >= 0.0 then share >= nextShare else clock.Elapsed.TotalSeconds >= nextSecond

        if isDue then
            nextShare <- floor (share * 10.0 + 1.0 + 1e-9) / 10.0
            nextSecond <- clock.Elapsed.TotalSeconds + 10.0
            line $"epoch {epoch} step {step} loss {loss:F4} {rate}"

    override _.Metric metric =
        line $"epoch {metric.Epoch} step {metric.Step} {metric.Name} {metric.Value:F4}"

/// A progress bar with loss and rate; validations above it.
[<Sealed>]
type internal BarView() =
    inherit TrainView()
    let mutable task: ProgressTask | null = null

    override _.Around training =
        let columns: ProgressColumn[] =
            [| SpinnerColumn()
               ProgressBarColumn()
               PercentageColumn()
               RemainingTimeColumn()
               TaskDescriptionColumn(Alignment = Justify.Left) |]

        AnsiConsole
            .Progress()
            .Columns(columns)
            .Start(fun context ->
                let bar = context.AddTask("tracing the step", maxValue = 1.0)
                bar.IsIndeterminate <- true
                task <- bar
                training ()
                bar.IsIndeterminate <- false
                bar.Value <- 1.0
                bar.StopTask())

    override _.Step(share, epoch, _, loss, rate) =
        match task with
        | null -> ()
        | bar ->
            bar.IsIndeterminate <- share < 0.0

            if share >= 0.0 then
                bar.Value <- share

            bar.Description <- Markup.Escape $"epoch {epoch}  loss {loss:F4}  {rate}"

    override _.Metric metric =
        AnsiConsole.WriteLine
            $"epoch {metric.Epoch} step {metric.Step}: {metric.Name} {metric.Value:F4}"

module internal View =
    let choose show =
        if not show then
            SilentView() :> TrainView
        elif Console.IsOutputRedirected || not AnsiConsole.Profile.Capabilities.Ansi then
            PlainView Console.Out
        else
            BarView()
