/// `mlx perplexity`: how well a model foretells a text.
module Mlx.Tool.Commands.Perplexity

open System
open System.CommandLine
open System.Diagnostics
open System.IO
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model = CommandLine.model ()
let private file = text "--text" "FILE" "The text; - reads standard input."

let private window =
    whole "--window" 2 512 "Tokens that are read at a time, each window by itself."

let private most = tryWhole "--max-tokens" 2 "Only so many tokens of the text."
let private json = CommandLine.json ()

let private run (result: ParseResult) =
    let text =
        match file.Of result with
        | "-" -> Console.In.ReadToEnd()
        | path -> File.ReadAllText path

    let loaded = Loading.loadAdapted result (model.Of result)
    let tokens = Tokenizer.prompt (Loading.tokenizer loaded) text

    let tokens =
        match most.Of result with
        | Some most -> Array.truncate most tokens
        | None -> tokens

    if tokens.Length < 2 then
        Errors.fail $"{file.Of result}: a text of two tokens at least is wanted"

    let clock = Stopwatch.StartNew()

    let measured =
        Terminal.during "measuring" (fun () ->
            Perplexity.measure
                (window.Of result)
                loaded.Model.Config
                loaded.Model.Parameters
                tokens)

    let seconds = clock.Elapsed.TotalSeconds

    if json.Of result then
        Json.object
            [ "perplexity", Json.measure measured.Perplexity
              "standard_error", Json.measure measured.StandardError
              "nats", Json.measure measured.Nats
              "tokens", Json.int measured.Tokens
              "seconds", Json.measure seconds ]
        |> Json.print
    else
        Terminal.out.WriteLine
            $"perplexity {measured.Perplexity:F3} ± {measured.StandardError:F3}, {measured.Nats:F4} nats a token, {measured.Tokens:N0} tokens in {seconds:F1} s"

    0

let command =
    CommandLine.command
        "perplexity"
        "Measure how well a model foretells a text; less is better."
        [ "mlx perplexity --model mistral-7b --text book.txt"
          "mlx perplexity --model mistral-7b-4bit --text book.txt --max-tokens 20000 --json" ]
        [ model; file; window; most; Loading.adapter; json; CommandLine.verbose () ]
        run
