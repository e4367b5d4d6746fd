using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// Packs the last axis into groups of small integers with a scale (and in affine mode a bias)
    /// each (<c>mlx.core.quantize</c>).
    /// </summary>
    public static (MlxArray Weight, MlxArray Scales, MlxArray? Biases) Quantize(
        MlxArray w,
        int? groupSize = null,
        int? bits = null,
        string mode = "affine",
        MlxArray? globalScale = null,
        MlxStream? stream = null) =>
        Packed(Call.Quantize(w, groupSize, bits, mode, globalScale, stream));

    /// <summary>The numbers a packed array stands for (<c>mlx.core.dequantize</c>).</summary>
    public static MlxArray Dequantize(
        MlxArray w,
        MlxArray scales,
        MlxArray? biases = null,
        int? groupSize = null,
        int? bits = null,
        string mode = "affine",
        MlxArray? globalScale = null,
        DType? dtype = null,
        MlxStream? stream = null) =>
        Call.Dequantize(w, scales, biases, groupSize, bits, mode, globalScale, dtype, stream);

    /// <summary>
    /// x @ w (or its transpose), with w packed (<c>mlx.core.quantized_matmul</c>).
    /// </summary>
    public static MlxArray QuantizedMatmul(
        MlxArray x,
        MlxArray w,
        MlxArray scales,
        MlxArray? biases = null,
        bool transpose = true,
        int? groupSize = null,
        int? bits = null,
        string mode = "affine",
        MlxStream? stream = null) =>
        Call.QuantizedMatmul(x, w, scales, biases, transpose, groupSize, bits, mode, stream);

    /// <summary>
    /// Quantized matrix products of matrices picked by indices (<c>mlx.core.gather_qmm</c>).
    /// </summary>
    public static MlxArray GatherQMM(
        MlxArray x,
        MlxArray w,
        MlxArray scales,
        MlxArray? biases = null,
        MlxArray? lhsIndices = null,
        MlxArray? rhsIndices = null,
        bool transpose = true,
        int? groupSize = null,
        int? bits = null,
        string mode = "affine",
        bool sortedIndices = false,
        MlxStream? stream = null) =>
        Call.GatherQmm(
            x,
            w,
            scales,
            biases,
            lhsIndices,
            rhsIndices,
            transpose,
            groupSize,
            bits,
            mode,
            sortedIndices,
            stream);

    /// <summary>x @ w transposed, both quantized (<c>mlx.core.qqmm</c>).</summary>
    public static MlxArray QQMM(
        MlxArray x,
        MlxArray w,
        MlxArray? wScales = null,
        int? groupSize = null,
        int? bits = null,
        string mode = "nvfp4",
        MlxArray? globalScaleX = null,
        MlxArray? globalScaleW = null,
        MlxStream? stream = null) =>
        Call.Qqmm(x, w, wScales, groupSize, bits, mode, globalScaleX, globalScaleW, stream);
}
