namespace Mlx.Models

open System
open System.Collections.Concurrent
open Mlx
open Mlx.Core

/// What a compiled step is made for, beside the shapes of its arguments.
type internal StepKey =
    {
        /// The ring of each layer.
        Rings: int option list
        Kind: CacheKind
        IsPadded: bool
        /// Whether the logits after every token are wanted, not only those after the last.
        IsAll: bool
    }

/// Steps of decoding as functions of arrays, to be compiled.
[<RequireQualifiedAccess>]
module internal Step =
    /// The logits after the last token, (batch, vocabulary).
    let next (body: Cache -> Tensor -> Tensor * Cache) head cache tokens : Tensor * Cache =
        let x, cache = body cache tokens
        let x = if x.Dim 1 = 1 then x else x |> Tensor.narrow 1 -1 (x.Dim 1)
        x |> Tensor.squeezeAxis 1 |> head, cache

    /// Layers as tensors, and back.
    let leaves (cache: Cache) : Tensor[] = Tree.leaves cache.Layers

    let layers (rings: int option list) (packing: Packing option) (leaves: Tensor[]) =
        let parts = Slots.count packing

        [ for ring, both in List.zip rings (List.ofArray (Array.chunkBySize (2 * parts) leaves)) ->
              let keys, values = both |> List.ofArray |> List.splitAt parts

              { Keys = Slots.ofParts packing keys
                Values = Slots.ofParts packing values
                Ring = ring } ]

    /// From logits (of the step before, not looked at), layers, tokens (batch) or (batch, new), length and
    /// perhaps padding to logits and layers, so that a result can be the next argument.
    let run
        (body: Cache -> Tensor -> Tensor * Cache)
        (head: Tensor -> Tensor)
        (key: StepKey)
        (inputs: Tensor[])
        : Tensor[] =
        let last = inputs.Length - 1 - (if key.IsPadded then 1 else 0)
        let tokens, held = inputs[last - 1], inputs[last]
        // One token of each row comes without an axis of its own.
        let tokens = if tokens.NDim = 1 then tokens |> Tensor.expandDims 1 else tokens

        let cache =
            { Layers = layers key.Rings key.Kind.Packing inputs[1 .. last - 2]
              Length = CacheLength.Traced held
              Padding = if key.IsPadded then Some(Array.last inputs) else None
              Kind = key.Kind }

        let logits, cache =
            if key.IsAll then
                let x, cache = body cache tokens
                head x, cache
            else
                next body head cache tokens

        Array.append [| logits |] (leaves cache)

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
    let compiled = ConcurrentDictionary<obj, Lazy<CompiledFunction>>()

    /// <summary>Tokens there are.</summary>
    member _.VocabSize = vocabSize

    /// <summary>The tokens that end a text.</summary>
    member _.Eos = eos

    /// <summary>Reads tokens (batch, length) on from a cache: the logits after the last one,
    /// (batch, vocabulary), and the cache that holds them too.</summary>
    /// <example><code>
    /// let model = Model.load "mistral-7b"
    /// let prompt = Tensor.ofRows [ [ 1; 22557 ] ]
    /// let logits, cache = model.LanguageModel.Next Cache.empty prompt // of what comes after both
    /// </code></example>
    member _.Next (cache: Cache) (tokens: Tensor) : Tensor * Cache =
        Step.next body head cache tokens

    /// <summary>Reads tokens (batch, length) on from a cache: the features after each, (batch,
    /// length, hidden), and the cache that holds them too.</summary>
    /// <example><code>
    /// let model = Model.load "mistral-7b"
    /// let features, _ = model.LanguageModel.Features Cache.empty (Tensor.ofRows [ [ 1; 22557 ] ])
    /// let embedding = features |> Tensor.meanAxis 1 // of the text as a whole: (1, hidden)
    /// </code></example>
    member _.Features (cache: Cache) (tokens: Tensor) : Tensor * Cache = body cache tokens

    /// <summary>Reads tokens (batch, length) on from a cache: the logits after each, (batch,
    /// length, vocabulary), and the cache that holds them too.</summary>
    /// <example><code>
    /// let model = Model.load "mistral-7b"
    /// let ids = Tensor.ofRows [ [ 1; 22557; 28725 ] ]
    /// let logits, _ = model.LanguageModel.Logits Cache.empty ids
    /// let losses = logits[*, .. 1] |> Loss.crossEntropy ids[*, 1..]
    /// </code></example>
    member _.Logits (cache: Cache) (tokens: Tensor) : Tensor * Cache =
        let x, cache = body cache tokens
        head x, cache

    /// Compiled once for each key, and kept as long as the model. The function leads not back to
    /// this object: the engine holds it, so neither would ever be collected.
    member internal _.Compiled (key: 'Key) (f: Tensor[] -> Tensor[]) : CompiledFunction =
        compiled.GetOrAdd(nonNull (box key), fun _ -> lazy (new CompiledFunction(f))).Value

    /// The compiled step of `Decoder`.
    member internal this.Step(key: StepKey) : CompiledFunction =
        this.Compiled key (Step.run body head key)
