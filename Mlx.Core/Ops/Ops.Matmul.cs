using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// The matrix product over the last two axes, the others broadcast (<c>mlx.core.matmul</c>).
    /// </summary>
    public static MlxArray Matmul(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Matmul(a, b, stream);

    /// <summary>The inner products along the last axes (<c>mlx.core.inner</c>).</summary>
    public static MlxArray Inner(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Inner(a, b, stream);

    /// <summary>The outer product of two flattened arrays (<c>mlx.core.outer</c>).</summary>
    public static MlxArray Outer(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Outer(a, b, stream);

    /// <summary>The Kronecker product (<c>mlx.core.kron</c>).</summary>
    public static MlxArray Kron(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Kron(a, b, stream);

    /// <summary>alpha * (a @ b) + beta * c (<c>mlx.core.addmm</c>).</summary>
    public static MlxArray AddMM(
        MlxArray c,
        MlxArray a,
        MlxArray b,
        float alpha = 1,
        float beta = 1,
        MlxStream? stream = null) =>
        Call.Addmm(c, a, b, alpha, beta, stream);

    /// <summary>
    /// The sum of products over the last axes of a and the first of b (<c>mlx.core.tensordot</c>).
    /// </summary>
    public static MlxArray TensorDot(
        MlxArray a, MlxArray b, int axes = 2, MlxStream? stream = null) =>
        Call.TensordotAxis(a, b, axes, stream);

    /// <summary>The sum of products over pairs of axes (<c>mlx.core.tensordot</c>).</summary>
    public static MlxArray TensorDot(
        MlxArray a,
        MlxArray b,
        ReadOnlySpan<int> axesA,
        ReadOnlySpan<int> axesB,
        MlxStream? stream = null) =>
        Call.Tensordot(a, b, axesA, axesB, stream);

    /// <summary>Einstein's summation, as in "bij,bjk->bik" (<c>mlx.core.einsum</c>).</summary>
    public static MlxArray Einsum(
        string subscripts, ReadOnlySpan<MlxArray> operands, MlxStream? stream = null) =>
        Call.Einsum(subscripts, operands, stream);

    /// <summary>
    /// The matrix product with whole blocks masked (<c>mlx.core.block_masked_mm</c>).
    /// </summary>
    public static MlxArray BlockMaskedMM(
        MlxArray a,
        MlxArray b,
        int blockSize = 64,
        MlxArray? maskOut = null,
        MlxArray? maskLhs = null,
        MlxArray? maskRhs = null,
        MlxStream? stream = null) =>
        Call.BlockMaskedMm(a, b, blockSize, maskOut, maskLhs, maskRhs, stream);

    /// <summary>
    /// Matrix products of matrices picked by indices into the batch axes
    /// (<c>mlx.core.gather_mm</c>).
    /// </summary>
    public static MlxArray GatherMM(
        MlxArray a,
        MlxArray b,
        MlxArray? lhsIndices = null,
        MlxArray? rhsIndices = null,
        bool sortedIndices = false,
        MlxStream? stream = null) =>
        Call.GatherMm(a, b, lhsIndices, rhsIndices, sortedIndices, stream);

    /// <summary>
    /// Matrix products over segments of the inner axis (<c>mlx.core.segmented_mm</c>).
    /// </summary>
    public static MlxArray SegmentedMM(
        MlxArray a, MlxArray b, MlxArray segments, MlxStream? stream = null) =>
        Call.SegmentedMm(a, b, segments, stream);

    /// <summary>
    /// The Walsh-Hadamard transform along the last axis; the scale is 1/sqrt(n) when absent
    /// (<c>mlx.core.hadamard_transform</c>).
    /// </summary>
    public static MlxArray HadamardTransform(
        MlxArray a, float? scale = null, MlxStream? stream = null) =>
        Call.HadamardTransform(a, scale, stream);
}
