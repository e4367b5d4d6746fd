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
    let private orNull (x: Tensor option) : Tensor | null =
        match x with
        | Some x -> x
        | None -> null

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>x weight / sqrt(mean x² + eps) over the last axis
        /// (<c>mlx.core.fast.rms_norm</c>).</summary>
        let rmsNorm (eps: float) (weight: Tensor option) (x: Tensor) : Tensor =
            Fast.RmsNorm(x, orNull weight, float32 eps)

        /// <summary>(x - mean) weight / sqrt(variance + eps) + bias over the last axis
        /// (<c>mlx.core.fast.layer_norm</c>).</summary>
        let layerNorm
            (eps: float)
            (weight: Tensor option)
            (bias: Tensor option)
            (x: Tensor)
            : Tensor =
            Fast.LayerNorm(x, orNull weight, orNull bias, float32 eps)

        /// <summary>Rotary positions on the first <c>dims</c> features of x, (..., length, features),
        /// halves rotated against each other; <c>offset</c> is the position of the first
        /// (<c>mlx.core.fast.rope</c>).</summary>
        let rope (dims: int) (theta: float) (offset: int) (x: Tensor) : Tensor =
            Fast.Rope(x, dims, false, Nullable(float32 theta), 1.0f, offset)

        /// <summary>softmax(scale q kᵀ + mask) v for q (batch, heads, queries, size), k and v (batch,
        /// kv heads, keys, size); heads are a multiple of kv heads
        /// (<c>mlx.core.fast.scaled_dot_product_attention</c>).</summary>
        let attention (scale: float) (mask: Mask) (k: Tensor) (v: Tensor) (q: Tensor) : Tensor =
            match mask with
            | Mask.Full -> Fast.ScaledDotProductAttention(q, k, v, float32 scale)
            | Mask.Causal -> Fast.CausalAttention(q, k, v, float32 scale)
            | Mask.Of mask -> Fast.ScaledDotProductAttention(q, k, v, float32 scale, mask)
