/// `mlx generate`: text after a prompt, as it comes.
module Mlx.Tool.Commands.Generate

open System
open System.CommandLine
open System.Diagnostics
open System.IO
open System.Text
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model = CommandLine.model ()

let private prompt =
    tryText "--prompt" "TEXT" "What the text begins with; - reads standard input."

let private promptFile = tryText "--prompt-file" "FILE" "The same from a file."

let private promptTokens =
    tryIds "--prompt-tokens" "The same as token ids, which are taken as they are."

let private maxTokens = whole "--max-tokens" 1 256 "Tokens at most."

let private temp =
    number "--temp" 0.0 infinity 0.0 "Temperature; 0 takes the likeliest token."

let private seed = whole "--seed" 0 0 "The same seed gives the same tokens."
let private ignoreEos = flag "--ignore-eos" "Go on where the model would end the text."
let private json = CommandLine.json ()
let private verbose = CommandLine.verbose ()

/// What goes in: text, or the tokens themselves.
let private source (result: ParseResult) : Choice<string, int[]> =
    match prompt.Of result, promptFile.Of result, promptTokens.Of result with
    | Some "-", None, None -> Choice1Of2(Console.In.ReadToEnd())
    | Some text, None, None -> Choice1Of2 text
    | None, Some file, None -> Choice1Of2(File.ReadAllText file)
    | None, None, Some tokens -> Choice2Of2 tokens
    | None, None, None ->
        Errors.usage "one of --prompt, --prompt-file and --prompt-tokens is wanted"
    | _ -> Errors.usage "only one of --prompt, --prompt-file and --prompt-tokens can be given"

let private options (result: ParseResult) : GenerateOptions =
    { GenerateOptions.defaults with
        MaxTokens = maxTokens.Of result
        Sampling = Sample.temperature (temp.Of result)
        Seed = seed.Of result
        StopAtEos = not (ignoreEos.Of result) }

let private run (result: ParseResult) =
    let source = source result
    let options = options result
    let isJson = json.Of result
    let clock = Stopwatch.StartNew()
    let folder = model.Of result
    let loaded = Terminal.during "loading" (fun () -> Loading.load folder)
    let loadSeconds = clock.Elapsed.TotalSeconds

    let ids =
        match source with
        | Choice1Of2 text -> Tokenizer.prompt (Loading.tokenizer loaded) text
        | Choice2Of2 tokens -> tokens

    let stream = loaded.Tokenizer |> Option.map _.NewStream()
    let text = StringBuilder()

    let show (piece: string) =
        text.Append piece |> ignore

        if not isJson then
            Terminal.out.Write piece
            Terminal.out.Flush()

    let tokens = ResizeArray<int>()
    clock.Restart()
    let mutable promptSeconds, firstSeconds = 0.0, 0.0

    for id in Generate.tokens loaded.Model.LanguageModel options ids do
        if tokens.Count = 0 then
            promptSeconds <- clock.Elapsed.TotalSeconds
            firstSeconds <- Terminal.sinceStart ()
            clock.Restart()

        tokens.Add id

        match stream with
        | Some stream -> show (stream.Push id)
        | None -> show (if tokens.Count = 1 then string id else $" {id}")

        Terminal.stop.ThrowIfCancellationRequested()

    stream |> Option.iter (fun stream -> show (stream.Finish()))
    let decodeSeconds = clock.Elapsed.TotalSeconds
    let rate = float (tokens.Count - 1) / decodeSeconds

    if isJson then
        Json.object
            [ "tokens", Json.list Json.int tokens
              "text", (if stream.IsSome then Json.text (text.ToString()) else null)
              "finish_reason",
              Json.text (if tokens.Count < options.MaxTokens then "stop" else "length")
              "usage",
              Json.object
                  [ "prompt_tokens", Json.int ids.Length
                    "completion_tokens", Json.int tokens.Count
                    "total_tokens", Json.int (ids.Length + tokens.Count) ]
              "timings",
              Json.object
                  [ "load_s", Json.measure loadSeconds
                    "prompt_s", Json.measure promptSeconds
                    "first_token_s", Json.measure firstSeconds
                    "decode_s", Json.measure decodeSeconds
                    "prompt_tokens_per_s", Json.measure (float ids.Length / promptSeconds)
                    "decode_tokens_per_s", Json.measure rate ] ]
        |> Json.print
    else
        Terminal.out.WriteLine()

    if verbose.Of result then
        eprintfn
            $"{ids.Length} tokens read in {promptSeconds:F2} s, {tokens.Count} written at {rate:F1}/s; first token {firstSeconds:F2} s after the start"

    0

let command =
    CommandLine.command
        "generate"
        "Write on from a prompt."
        [ "mlx generate --model mistral-7b --prompt \"The capital of France is\""
          "mlx generate --model mistral-7b --prompt-file story.txt --temp 0.8 --seed 1"
          "mlx generate --model mistral-7b --prompt-tokens 1,5,9 --max-tokens 32 --ignore-eos --json" ]
        [ model
          prompt
          promptFile
          promptTokens
          maxTokens
          temp
          seed
          ignoreEos
          json
          verbose ]
        run
