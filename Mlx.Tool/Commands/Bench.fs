/// `mlx bench`: how fast a model reads and writes here, beside what memory allows.
module Mlx.Tool.Commands.Bench

open System
open System.CommandLine
open System.Diagnostics
open Mlx
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model = CommandLine.model ()
let private promptLength = whole "--prompt-length" 1 512 "Tokens of the prompt."
let private written = whole "--tokens" 2 64 "Tokens to write."
let private json = CommandLine.json ()

type Measured =
    {
        PromptPerSecond: float
        DecodePerSecond: float
        /// Bytes that the engine's own reduction reads in a second.
        BytesPerSecond: float
        /// Weights and cache that a token reads, at the middle of what was written.
        BytesPerToken: float
    }

    /// The part of the bandwidth that decoding uses.
    member m.Share = m.DecodePerSecond * m.BytesPerToken / m.BytesPerSecond

/// The best of several passes over more than caches hold.
let private bandwidth () =
    let bytes = 512 <<< 20
    use x = Tensor.full [ bytes / 4 ] 1.0f |> Tree.eval

    let pass _ =
        let clock = Stopwatch.StartNew()
        use sum = Tensor.sum x
        ignore (Tensor.toFloat sum)
        float bytes / clock.Elapsed.TotalSeconds

    Seq.init 6 pass |> Seq.max

/// Seconds up to the first token, and from there to the last.
let private time (model: LanguageModel) (prompt: int[]) (count: int) =
    let options = { GenerateOptions.defaults with MaxTokens = count; StopAtEos = false }

    let clock = Stopwatch.StartNew()
    let mutable first = 0.0

    for _ in Generate.tokens model options prompt do
        if first = 0.0 then
            first <- clock.Elapsed.TotalSeconds

        Terminal.stop.ThrowIfCancellationRequested()

    first, clock.Elapsed.TotalSeconds - first

let private measure (folder: string) (length: int) (count: int) : Measured =
    let summary = Checkpoint.inspect folder
    let loaded = Loading.load folder
    let random = System.Random 0
    let prompt = Array.init length (fun _ -> random.Next loaded.Model.LanguageModel.VocabSize)
    // Maps the files, traces and compiles; the pages are in memory from here on.
    time loaded.Model.LanguageModel prompt 4 |> ignore
    let first, rest = time loaded.Model.LanguageModel prompt count

    let cache = Checkpoint.cacheBytesPerToken summary |> Option.defaultValue 0L |> float

    { PromptPerSecond = float length / first
      DecodePerSecond = float (count - 1) / rest
      BytesPerSecond = bandwidth ()
      BytesPerToken =
        float (Checkpoint.bytesPerToken summary) + cache * (float length + float count / 2.0) }

let private run (result: ParseResult) =
    let length, count = promptLength.Of result, written.Of result

    let measured = Terminal.during "measuring" (fun () -> measure (model.Of result) length count)

    if json.Of result then
        Json.object
            [ "prompt_tokens", Json.int length
              "tokens", Json.int count
              "prompt_tokens_per_s", Json.measure measured.PromptPerSecond
              "decode_tokens_per_s", Json.measure measured.DecodePerSecond
              "bytes_per_token", Json.measure measured.BytesPerToken
              "bandwidth_bytes_per_s", Json.measure measured.BytesPerSecond
              "bandwidth_share", Json.measure measured.Share ]
        |> Json.print
    else
        let line (text: string) = Terminal.out.WriteLine text
        line $"reading    {measured.PromptPerSecond:F1} tokens/s, a prompt of {length}"
        line $"writing    {measured.DecodePerSecond:F1} tokens/s, {count} of them"

        line
            $"memory     {measured.BytesPerToken / 1e9:F3} GB a token, {measured.BytesPerSecond / 1e9:F1} GB/s to be had: {measured.Share:P0} used"

    0

let command =
    CommandLine.command
        "bench"
        "Measure how fast a model reads and writes here, beside what memory allows."
        [ "mlx bench --model mistral-7b"
          "mlx bench --model mistral-7b --prompt-length 2048 --tokens 128 --json" ]
        [ model; promptLength; written; json; CommandLine.verbose () ]
        run
