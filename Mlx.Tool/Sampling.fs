/// The options of every command that writes text.
module Mlx.Tool.Sampling

open System.CommandLine
open System.IO
open Mlx.Models
open Mlx.Tool.CommandLine

let maxTokens = whole "--max-tokens" 1 256 "Tokens at most."

let temp =
    tryNumber "--temp" 0.0 infinity "Temperature; 0, the default, takes the likeliest token."

let topK = tryWhole "--top-k" 0 "Draw from so many of the likeliest tokens."

let topP =
    tryNumber
        "--top-p"
        0.0
        1.0
        "Draw from the likeliest tokens that have this probability together."

let minP =
    tryNumber "--min-p" 0.0 1.0 "Draw from tokens at least this part as likely as the likeliest."

let repetitionPenalty =
    tryNumber "--repetition-penalty" 1e-3 1e3 "Make recent tokens less likely; 1 does nothing."

let seed = whole "--seed" 0 0 "The same seed gives the same tokens."
let stop = texts "--stop" "TEXT" "End where this text comes; may be given several times."

let kvBits =
    tryWhole "--kv-bits" 2 "Keep the cache of keys and values in so many bits, 4 or 8 for instance."

let maxKvSize =
    tryWhole
        "--max-kv-size"
        1
        "Keep at most so many positions in the cache; older ones are forgotten."

let settings: ISetting list =
    [ maxTokens; temp; topK; topP; minP; repetitionPenalty; seed; stop; kvBits; maxKvSize ]

let private cache (result: ParseResult) (config: ModelConfig) : CacheKind =
    let kind = { CacheKind.full with Window = maxKvSize.Of result }

    match kvBits.Of result with
    | None -> kind
    | Some bits when List.contains bits [ 2; 3; 4; 5; 6; 8 ] ->
        kind |> CacheKind.packed bits config.HeadDim
    | Some bits -> Errors.usage $"--kv-bits: 2, 3, 4, 5, 6 or 8 is wanted, not '{bits}'"

/// What was asked for, over what the caller starts from.
let options (start: Sampling) (result: ParseResult) (config: ModelConfig) : GenerateOptions =
    let over (setting: Setting<'T option>) usual = setting.Of result |> Option.defaultValue usual

    { GenerateOptions.defaults with
        MaxTokens = maxTokens.Of result
        Seed = seed.Of result
        StopStrings = stop.Of result
        Cache = cache result config
        Sampling =
            { start with
                Temperature = over temp start.Temperature
                TopK = over topK start.TopK
                TopP = over topP start.TopP
                MinP = over minP start.MinP
                RepetitionPenalty = over repetitionPenalty start.RepetitionPenalty } }

/// How the makers of a model draw from it.
let ofMakers (makers: GenerationConfig) : Sampling =
    let usual = Sample.greedy

    if makers.DoSample = Some false then
        usual
    else
        { usual with
            Temperature = makers.Temperature |> Option.defaultValue usual.Temperature
            TopK = makers.TopK |> Option.defaultValue usual.TopK
            TopP = makers.TopP |> Option.defaultValue usual.TopP
            MinP = makers.MinP |> Option.defaultValue usual.MinP
            RepetitionPenalty =
                makers.RepetitionPenalty |> Option.defaultValue usual.RepetitionPenalty }

/// The word that programs know for why a text ended.
let finishReason (reason: FinishReason) =
    match reason with
    | FinishReason.EndOfText
    | FinishReason.StopString _ -> "stop"
    | FinishReason.MaxTokens -> "length"

let usage (usage: Usage) : Json.Json =
    Json.object
        [ "prompt_tokens", Json.int usage.PromptTokens
          "cached_tokens", Json.int usage.CachedTokens
          "completion_tokens", Json.int usage.GeneratedTokens
          "total_tokens", Json.int (usage.PromptTokens + usage.GeneratedTokens) ]

/// Shows how far a long prompt is read, where somebody watches.
let onPrefill (read: int) (all: int) : unit =
    Terminal.stop.ThrowIfCancellationRequested()

    if Terminal.isWatched && all > 512 then
        let line = if read < all then $"reading {read:N0} of {all:N0} tokens" else ""
        eprintf "\r%s" (line.PadRight 48)

        if read >= all then
            eprintf "\r"
