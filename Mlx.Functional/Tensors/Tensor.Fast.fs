namespace Mlx

open System
open Mlx.Core

/// <summary>Which keys a query may look at.</summary>
[<RequireQualifiedAccess>]
type Mask =
    /// All of them.
    | Full
    /// Those at its own place and before; the last query sees all keys.
    | Causal
    /// Where a bool tensor is true, or with a tensor added to the scores; broadcast to
    /// (batch, heads, queries, keys).
    | Of of Tensor

/// <summary>Ops with kernels of their own.</summary>
[<AutoOpen>]
module TensorFast =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>x weight / sqrt(mean x² + eps) over the last axis
        /// (<c>mlx.core.fast.rms_norm</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3.0; -3.0 ] |> Tensor.rmsNorm 0.0 None
        /// // => array([1, -1], dtype=float32)
        /// </code></example>
        let rmsNorm (eps: float) (weight: Tensor option) (x: Tensor) : Tensor =
            Fast.RmsNorm(x, Option.toObj weight, float32 eps)

        /// <summary>(x - mean) weight / sqrt(variance + eps) + bias over the last axis
        /// (<c>mlx.core.fast.layer_norm</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 3.0 ] |> Tensor.layerNorm 0.0 None (Some(Tensor.ofSeq [ 1.0; 1.0 ]))
        /// // => array([0, 2], dtype=float32)
        /// </code></example>
        let layerNorm
            (eps: float)
            (weight: Tensor option)
            (bias: Tensor option)
            (x: Tensor)
            : Tensor =
            Fast.LayerNorm(x, Option.toObj weight, Option.toObj bias, float32 eps)

        /// <summary>Rotary positions on the first <c>dims</c> features of x, (..., length,
        /// features), halves rotated against each other; <c>offset</c> is the position of the first
        /// (<c>mlx.core.fast.rope</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 0.0 ]; [ 1.0; 0.0 ] ]
        /// |> Tensor.expandDims 0
        /// |> Tensor.rope 2 10000.0 0
        /// // => array([[[1, 0], [0.540302, 0.841471]]], dtype=float32)
        /// </code></example>
        let rope (dims: int) (theta: float) (offset: int) (x: Tensor) : Tensor =
            Fast.Rope(x, dims, false, Nullable(float32 theta), 1.0f, offset)

        /// <summary>softmax(scale q kᵀ + mask) v for q (batch, heads, queries, size), k and v
        /// (batch, kv heads, keys, size); heads are a multiple of kv heads
        /// (<c>mlx.core.fast.scaled_dot_product_attention</c>).</summary>
        /// <example><code>
        /// let heads = Tensor.ones [ 1; 2; 3; 4 ]
        /// heads |> Tensor.attention 0.5 Mask.Causal heads heads |> Tensor.shape
        /// // => [1; 2; 3; 4]
        /// </code></example>
        let attention (scale: float) (mask: Mask) (k: Tensor) (v: Tensor) (q: Tensor) : Tensor =
            match mask with
            | Mask.Full -> Fast.ScaledDotProductAttention(q, k, v, float32 scale)
            | Mask.Causal -> Fast.CausalAttention(q, k, v, float32 scale)
            | Mask.Of mask -> Fast.ScaledDotProductAttention(q, k, v, float32 scale, mask)

        /// <summary>As <c>attention</c>, with sinks (heads): a score for each head that takes part
        /// in its softmax and has no value
        /// (<c>mlx.core.fast.scaled_dot_product_attention</c>).</summary>
        /// <returns>The shape of the queries, with the size of the values.</returns>
        /// <example><code>
        /// let heads = Tensor.ones [ 1; 2; 3; 4 ]
        /// heads
        /// |> Tensor.scaledDotProductAttention 0.5 Mask.Full (Tensor.zeros [ 2 ]) heads heads
        /// |> Tensor.shape
        /// // => [1; 2; 3; 4]
        /// </code></example>
        let scaledDotProductAttention
            (scale: float)
            (mask: Mask)
            (sinks: Tensor)
            (k: Tensor)
            (v: Tensor)
            (q: Tensor)
            : Tensor =
            match mask with
            | Mask.Full -> Fast.ScaledDotProductAttention(q, k, v, float32 scale, null, sinks)
            | Mask.Causal -> Fast.CausalAttention(q, k, v, float32 scale, sinks)
            | Mask.Of mask -> Fast.ScaledDotProductAttention(q, k, v, float32 scale, mask, sinks)
