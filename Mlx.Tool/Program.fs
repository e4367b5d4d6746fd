/// The `mlx` command.
module Mlx.Tool.Program

open System
open System.CommandLine
open System.CommandLine.Invocation
open Mlx.Tool

let private root =
    let root = RootCommand "Language models on this machine: generate, look at, serve, fine-tune."

    for command in
        [ Commands.Generate.command
          Commands.Chat.command
          Commands.Convert.convert
          Commands.Convert.quantize
          Commands.Lora.command
          Commands.Perplexity.command
          Commands.Serve.command
          Commands.Inspect.command
          Commands.Bench.command
          Commands.Doctor.command ] do
        root.Add command

    root.SetAction(fun (result: ParseResult) ->
        root.Parse("--help").Invoke result.InvocationConfiguration)

    root

let private invoke (arguments: string[]) : int =
    let result = root.Parse arguments

    match result.Action with
    | :? ParseErrorAction ->
        let name = result.CommandResult.Command.Name
        let path = if name = root.Name then "mlx" else $"mlx {name}"
        Errors.usage $"{result.Errors[0].Message.TrimEnd '.'}; see {path} --help"
    | _ ->
        // Errors and Ctrl-C are ours: one line, and codes that scripts can count on.
        result.Invoke(
            InvocationConfiguration(
                Output = Terminal.out,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = Nullable()
            )
        )

[<EntryPoint>]
let main arguments =
    use _ = Terminal.watch ()

    try
        try
            invoke arguments
        with
        | :? OperationCanceledException when Terminal.stop.IsCancellationRequested ->
            Terminal.out.Flush()
            Terminal.tellInterrupted ()
            Errors.interrupted
        | e ->
            match Errors.describe e with
            | Some(line, code) ->
                Terminal.out.Flush()
                eprintfn $"mlx: {line}"

                if Array.contains "--verbose" arguments then
                    for problem in Errors.problems e do
                        eprintfn $"  {problem}"

                code
            | None -> reraise ()
    finally
        Terminal.out.Flush()
