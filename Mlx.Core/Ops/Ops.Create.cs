using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>All zeros (<c>mlx.core.zeros</c>).</summary>
    public static MlxArray Zeros(
        ReadOnlySpan<int> shape, DType dtype = DType.Float32, MlxStream? stream = null) =>
        Call.Zeros(shape, dtype, stream);

    /// <summary>All ones (<c>mlx.core.ones</c>).</summary>
    public static MlxArray Ones(
        ReadOnlySpan<int> shape, DType dtype = DType.Float32, MlxStream? stream = null) =>
        Call.Ones(shape, dtype, stream);

    /// <summary>Zeros with the shape and dtype of a (<c>mlx.core.zeros_like</c>).</summary>
    public static MlxArray ZerosLike(MlxArray a, MlxStream? stream = null) =>
        Call.ZerosLike(a, stream);

    /// <summary>Ones with the shape and dtype of a (<c>mlx.core.ones_like</c>).</summary>
    public static MlxArray OnesLike(MlxArray a, MlxStream? stream = null) =>
        Call.OnesLike(a, stream);

    /// <summary>The value, broadcast to a shape (<c>mlx.core.full</c>).</summary>
    public static MlxArray Full(
        ReadOnlySpan<int> shape, MlxArray value, DType? dtype = null, MlxStream? stream = null) =>
        Call.Full(shape, value, dtype ?? value.DType, stream);

    /// <summary>The value, broadcast to the shape of a (<c>mlx.core.full_like</c>).</summary>
    public static MlxArray FullLike(
        MlxArray a, MlxArray value, DType? dtype = null, MlxStream? stream = null) =>
        Call.FullLike(a, value, dtype ?? a.DType, stream);

    /// <summary>The integers from 0 up to, but without, stop (<c>mlx.core.arange</c>).</summary>
    public static MlxArray ARange(int stop, DType dtype = DType.Int32, MlxStream? stream = null) =>
        Call.Arange(0, stop, 1, dtype, stream);

    /// <summary>Integers from start up to, but without, stop (<c>mlx.core.arange</c>).</summary>
    public static MlxArray ARange(
        int start, int stop, int step = 1, DType dtype = DType.Int32, MlxStream? stream = null) =>
        Call.Arange(start, stop, step, dtype, stream);

    /// <summary>Numbers from start up to, but without, stop (<c>mlx.core.arange</c>).</summary>
    public static MlxArray ARange(
        double start,
        double stop,
        double step = 1,
        DType dtype = DType.Float32,
        MlxStream? stream = null) =>
        Call.Arange(start, stop, step, dtype, stream);

    /// <summary>
    /// Evenly spaced numbers from start to stop, both included (<c>mlx.core.linspace</c>).
    /// </summary>
    public static MlxArray Linspace(
        double start,
        double stop,
        int num = 50,
        DType dtype = DType.Float32,
        MlxStream? stream = null) =>
        Call.Linspace(start, stop, num, dtype, stream);

    /// <summary>
    /// Ones on the k-th diagonal of an n x m matrix, zeros elsewhere (<c>mlx.core.eye</c>).
    /// </summary>
    public static MlxArray Eye(
        int n, int? m = null, int k = 0, DType dtype = DType.Float32, MlxStream? stream = null) =>
        Call.Eye(n, m ?? n, k, dtype, stream);

    /// <summary>The n x n identity matrix (<c>mlx.core.identity</c>).</summary>
    public static MlxArray Identity(int n, DType dtype = DType.Float32, MlxStream? stream = null) =>
        Call.Identity(n, dtype, stream);

    /// <summary>
    /// Ones at and below the k-th diagonal of an n x m matrix, zeros above (<c>mlx.core.tri</c>).
    /// </summary>
    public static MlxArray Tri(
        int n, int? m = null, int k = 0, DType dtype = DType.Float32, MlxStream? stream = null) =>
        Call.Tri(n, m ?? n, k, dtype, stream);

    /// <summary>The part of a at and below the k-th diagonal (<c>mlx.core.tril</c>).</summary>
    public static MlxArray Tril(MlxArray a, int k = 0, MlxStream? stream = null) =>
        Call.Tril(a, k, stream);

    /// <summary>The part of a at and above the k-th diagonal (<c>mlx.core.triu</c>).</summary>
    public static MlxArray Triu(MlxArray a, int k = 0, MlxStream? stream = null) =>
        Call.Triu(a, k, stream);

    /// <summary>
    /// A matrix with a on its k-th diagonal, or the k-th diagonal of the matrix a
    /// (<c>mlx.core.diag</c>).
    /// </summary>
    public static MlxArray Diag(MlxArray a, int k = 0, MlxStream? stream = null) =>
        Call.Diag(a, k, stream);

    /// <summary>The diagonals of the matrices along two axes (<c>mlx.core.diagonal</c>).</summary>
    public static MlxArray Diagonal(
        MlxArray a, int offset = 0, int axis1 = 0, int axis2 = 1, MlxStream? stream = null) =>
        Call.Diagonal(a, offset, axis1, axis2, stream);

    /// <summary>The sum of the diagonal along two axes (<c>mlx.core.trace</c>).</summary>
    public static MlxArray Trace(
        MlxArray a,
        int offset = 0,
        int axis1 = 0,
        int axis2 = 1,
        DType? dtype = null,
        MlxStream? stream = null) =>
        Call.Trace(a, offset, axis1, axis2, dtype ?? a.DType, stream);

    /// <summary>
    /// Coordinate arrays from coordinate vectors; indexing is xy or ij (<c>mlx.core.meshgrid</c>).
    /// </summary>
    public static MlxArray[] MeshGrid(
        ReadOnlySpan<MlxArray> arrays,
        bool sparse = false,
        string indexing = "xy",
        MlxStream? stream = null) =>
        Call.Meshgrid(arrays, sparse, indexing, stream);

    /// <summary>The Hanning window of m points (<c>mlx.core.hanning</c>).</summary>
    public static MlxArray Hanning(int m, MlxStream? stream = null) => Call.Hanning(m, stream);

    /// <summary>The Hamming window of m points (<c>mlx.core.hamming</c>).</summary>
    public static MlxArray Hamming(int m, MlxStream? stream = null) => Call.Hamming(m, stream);

    /// <summary>The Blackman window of m points (<c>mlx.core.blackman</c>).</summary>
    public static MlxArray Blackman(int m, MlxStream? stream = null) => Call.Blackman(m, stream);

    /// <summary>The Bartlett window of m points (<c>mlx.core.bartlett</c>).</summary>
    public static MlxArray Bartlett(int m, MlxStream? stream = null) => Call.Bartlett(m, stream);
}
