namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>
/// What generation needs to know of a model: the seam that every family fits. It keeps the compiled
/// decoding step, so hold on to it: the first tokens of a new one pay for tracing.
/// </summary>
/// <param name="vocabSize">Tokens there are.</param>
/// <param name="eos">The tokens that end a text.</param>
/// <param name="body">
/// Reads tokens (batch, length) on from a cache: the features of each, (batch, length, hidden), and
/// the cache that holds them too. A pure function: it is traced once for each size of the cache.
/// </param>
/// <param name="head">Features (..., hidden) to the logits of the next token, (...,
/// vocabulary).</param>
[<Sealed>]
type LanguageModel
    (vocabSize: int, eos: int list, body: Cache -> Tensor -> Tensor * Cache, head: Tensor -> Tensor)
    =
    static let last
        (body: Cache -> Tensor -> Tensor * Cache)
        (head: Tensor -> Tensor)
        cache
        tokens
        =
        let x, cache = body cache tokens
        let x = if x.Dim 1 = 1 then x else x |> Tensor.narrow 1 -1 (x.Dim 1)
        x |> Tensor.squeezeAxis 1 |> head, cache

    let next = last body head

    /// From logits (of the step before, not looked at), length, cache and token to the same without
    /// the token: a result can be the next argument.
    static let decode (next: Cache -> Tensor -> Tensor * Cache) (inputs: Tensor[]) : Tensor[] =
        let length, memories, token = inputs[1], inputs[2 .. inputs.Length - 2], Array.last inputs

        let layers =
            [ for pair in Array.chunkBySize 2 memories -> { Keys = pair[0]; Values = pair[1] } ]

        let cache = { Layers = layers; Length = CacheLength.Traced length }
        let logits, cache = next cache (token |> Tensor.expandDims -1)
        Array.append [| logits; length + 1 |] (Tree.leaves cache.Layers)

    // Static, with `next` alone: the engine holds this function, so if it led back to this object, which
    // holds the compiled function, neither would ever be collected.
    static let compile (next: Cache -> Tensor -> Tensor * Cache) =
        new CompiledFunction(fun inputs -> decode next inputs)

    let step = lazy (compile next)

    /// <summary>Tokens there are.</summary>
    member _.VocabSize = vocabSize

    /// <summary>The tokens that end a text.</summary>
    member _.Eos = eos

    /// <summary>Reads tokens (batch, length) on from a cache: the logits after the last one,
    /// (batch, vocabulary), and the cache that holds them too.</summary>
    member _.Next (cache: Cache) (tokens: Tensor) : Tensor * Cache = next cache tokens

    /// <summary>Reads tokens (batch, length) on from a cache: the features after each, (batch,
    /// length, hidden), and the cache that holds them too.</summary>
    member _.Features (cache: Cache) (tokens: Tensor) : Tensor * Cache = body cache tokens

    /// <summary>Reads tokens (batch, length) on from a cache: the logits after each, (batch,
    /// length, vocabulary), and the cache that holds them too.</summary>
    member _.Logits (cache: Cache) (tokens: Tensor) : Tensor * Cache =
        let x, cache = body cache tokens
        head x, cache

    /// The compiled step of `Decoder`.
    member internal _.Step = step.Value
