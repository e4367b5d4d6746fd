/// `mlx serve`: an HTTP server that programs of OpenAI's API can talk to.
module Mlx.Tool.Commands.Serve

open System.CommandLine
open System.Net
open Mlx.Hosting
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model = CommandLine.model ()

let private host =
    tryText
        "--host"
        "ADDRESS"
        "Listen at this address; 127.0.0.1, the default, is this machine only."

let private port = whole "--port" 0 8080 "Listen at this port; 0 takes a free one."

let private apiKey =
    tryText "--api-key" "KEY" "Answer only requests that show this key; MLX_API_KEY does the same."

let private batch = whole "--batch" 1 8 "Answers written at once."
let private queue = whole "--queue" 0 64 "Requests that wait before others are refused."
let private maxTokens = whole "--max-tokens" 1 4096 "Tokens of an answer at most."

let private json =
    flag "--json" "Print the address as one JSON object when the server is ready."

let private address (result: ParseResult) =
    match host.Of result with
    | None -> IPAddress.Loopback
    | Some "localhost" -> IPAddress.Loopback
    | Some text ->
        match IPAddress.TryParse text with
        | true, address when not (isNull address) -> nonNull address
        | _ ->
            Errors.usage $"--host: an address such as 127.0.0.1 or 0.0.0.0 is wanted, not '{text}'"

let private key (result: ParseResult) =
    apiKey.Of result
    |> Option.orElse (Option.ofObj (System.Environment.GetEnvironmentVariable "MLX_API_KEY"))
    |> Option.filter (fun key -> key <> "")

let private announce isJson (name: string) (url: string) =
    if isJson then
        Json.object [ "url", Json.text $"{url}/v1"; "model", Json.text name ] |> Json.print
    else
        Terminal.out.WriteLine $"{name} answers at {url}/v1"

    Terminal.out.Flush()

let private run (result: ParseResult) =
    let address, key = address result, key result

    if port.Of result > 65535 then
        Errors.usage $"--port: a number up to 65535 is wanted, not '{port.Of result}'"

    if not (IPAddress.IsLoopback address) && key.IsNone then
        eprintfn
            "mlx: anybody who reaches this machine can use the model; --api-key keeps others out"

    let hosting =
        { HostingOptions.defaults with
            Rows = batch.Of result
            Queue = queue.Of result
            MaxTokens = maxTokens.Of result }

    let server =
        { ServerOptions.defaults with
            Address = address
            Port = port.Of result
            ApiKey = key
            OnError = fun line -> eprintfn $"mlx: {line}" }

    let loaded = Loading.loadAdapted result (model.Of result)
    let tokenizer = Loading.tokenizer loaded
    use hosted = HostedModel.create hosting tokenizer loaded.Template loaded.Model

    (hosted |> Server.run server (announce (json.Of result) hosted.Name) Terminal.stop)
        .GetAwaiter()
        .GetResult()

    Terminal.stop.ThrowIfCancellationRequested()
    0

let command =
    CommandLine.command
        "serve"
        "Answer over HTTP as OpenAI's API does: chat, completions, embeddings, streaming."
        [ "mlx serve --model mistral-7b"
          "mlx serve --model mistral-7b --host 0.0.0.0 --port 8000 --api-key secret"
          "curl http://127.0.0.1:8080/v1/models" ]
        [ model; host; port; apiKey; batch; queue; maxTokens; json; CommandLine.verbose () ]
        run
