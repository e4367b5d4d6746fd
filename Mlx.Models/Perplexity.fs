namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>How well a model foretells a text.</summary>
type Perplexity =
    {
        /// e to the mean nats of a token: among how many tokens it hesitates.
        Perplexity: float
        /// The standard error of the perplexity.
        StandardError: float
        /// Mean nats of a token.
        Nats: float
        /// Tokens that were foretold.
        Tokens: int
    }

/// <summary>Measuring models on text.</summary>
[<RequireQualifiedAccess>]
module Perplexity =
    /// <summary>
    /// Cuts a text into windows of so many tokens, each read by itself from its start, and has all
    /// but the first token of each foretold.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The window or the text has less than two
    /// tokens, or a token is outside the vocabulary.</exception>
    /// <example><code>
    /// let model = Model.load "mistral-7b"
    /// let measured = Perplexity.measure 512 model.Config model.Parameters tokens
    /// printfn $"{measured.Perplexity:F2} over {measured.Tokens} tokens"
    /// </code></example>
    let measure
        (window: int)
        (config: ModelConfig)
        (parameters: CausalLM)
        (tokens: int[])
        : Perplexity =
        if window < 2 || tokens.Length < 2 then
            invalidArg (nameof window) "a window and a text have two tokens at least"

        match tokens |> Array.tryFind (fun id -> id < 0 || id >= config.VocabSize) with
        | Some id -> invalidArg (nameof tokens) $"the token {id} is outside the vocabulary"
        | None -> ()

        // Traced once for whole windows and once for the last. The weights are no argument: what is
        // mapped from a file stays there.
        let nats =
            compile (fun (inputs: Tensor, targets: Tensor) ->
                CausalLM.logits config parameters inputs
                |> Tensor.astype DType.Float32
                |> Loss.crossEntropy targets)

        let all =
            [| for part in tokens |> Array.chunkBySize window do
                   if part.Length > 1 then
                       use scope = Scope.Enter()
                       let row (ids: int[]) = MlxArray.From(ids, [| 1; ids.Length |])
                       let inputs, targets = row part[.. part.Length - 2], row part[1..]
                       let each: float32[] = nats (inputs, targets) |> Tensor.toArray
                       yield! each |> Array.map float |]

        let mean = Array.average all
        let spread = all |> Array.averageBy (fun x -> (x - mean) * (x - mean)) |> sqrt
        let perplexity = exp mean

        { Perplexity = perplexity
          StandardError = perplexity * spread / sqrt (float all.Length)
          Nats = mean
          Tokens = all.Length }
