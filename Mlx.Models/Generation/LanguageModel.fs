namespace Mlx.Models

open Mlx

/// <summary>What generation needs to know of a model: the seam that every family fits.</summary>
[<NoEquality; NoComparison>]
type LanguageModel =
    {
        /// Tokens there are.
        VocabSize: int
        /// The tokens that end a text.
        Eos: int list
        /// Reads tokens (batch, length) on from a cache: the logits after the last one, (batch,
        /// vocabulary), and the cache that holds them too. Pure, so that it can be compiled.
        Next: Cache -> Tensor -> Tensor * Cache
    }
