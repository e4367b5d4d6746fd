using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>Fused kernels of large models (<c>mlx.core.fast</c>).</summary>
/// <exception cref="MlxException">Shapes or dtypes that do not fit.</exception>
public static partial class Fast
{
    /// <summary>
    /// x / sqrt(mean(x^2) + eps) * weight, along the last axis (<c>mlx.core.fast.rms_norm</c>).
    /// </summary>
    public static MlxArray RmsNorm(
        MlxArray x, MlxArray? weight, float eps = 1e-5f, MlxStream? stream = null) =>
        Call.FastRmsNorm(x, weight, eps, stream);

    /// <summary>
    /// (x - mean) / sqrt(var + eps) * weight + bias, along the last axis
    /// (<c>mlx.core.fast.layer_norm</c>).
    /// </summary>
    public static MlxArray LayerNorm(
        MlxArray x,
        MlxArray? weight,
        MlxArray? bias,
        float eps = 1e-5f,
        MlxStream? stream = null) =>
        Call.FastLayerNorm(x, weight, bias, eps, stream);

    /// <summary>
    /// Rotary position encoding of (..., T, D): turns pairs of the first dims features by angles
    /// that grow with the position; give base or freqs (<c>mlx.core.fast.rope</c>).
    /// </summary>
    public static MlxArray Rope(
        MlxArray x,
        int dims,
        bool traditional = false,
        float? @base = 10000,
        float scale = 1,
        int offset = 0,
        MlxArray? freqs = null,
        MlxStream? stream = null) =>
        Call.FastRope(x, dims, traditional, @base, scale, offset, freqs, stream);

    /// <summary>
    /// Rotary position encoding whose offset is an array (one for all or one for each of the
    /// batch) (<c>mlx.core.fast.rope</c>).
    /// </summary>
    public static MlxArray Rope(
        MlxArray x,
        int dims,
        MlxArray offset,
        bool traditional = false,
        float? @base = 10000,
        float scale = 1,
        MlxArray? freqs = null,
        MlxStream? stream = null) =>
        Call.FastRopeDynamic(x, dims, traditional, @base, scale, offset, freqs, stream);

    /// <summary>
    /// softmax(scale * q @ k' + mask) @ v for queries (B, H, T, D), keys and values (B, H or a
    /// divisor, S, D); a bool mask keeps where true
    /// (<c>mlx.core.fast.scaled_dot_product_attention</c>).
    /// </summary>
    public static MlxArray ScaledDotProductAttention(
        MlxArray queries,
        MlxArray keys,
        MlxArray values,
        float scale,
        MlxArray? mask = null,
        MlxArray? sinks = null,
        MlxStream? stream = null) =>
        Call.FastScaledDotProductAttention(
            queries, keys, values, scale, mask is null ? "" : "array", mask, sinks, stream);

    /// <summary>
    /// ScaledDotProductAttention in which a position sees itself and what precedes it, the last
    /// query aligned with the last key (<c>mlx.core.fast.scaled_dot_product_attention</c>).
    /// </summary>
    public static MlxArray CausalAttention(
        MlxArray queries,
        MlxArray keys,
        MlxArray values,
        float scale,
        MlxArray? sinks = null,
        MlxStream? stream = null) =>
        Call.FastScaledDotProductAttention(
            queries, keys, values, scale, "causal", null, sinks, stream);
}
