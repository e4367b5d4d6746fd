using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>Linear algebra over the last two axes of batches (<c>mlx.core.linalg</c>).</summary>
/// <exception cref="MlxException">The matrices do not fit, or the device cannot do it.</exception>
public static partial class Linalg
{
    /// <summary>
    /// The Euclidean (of matrices the Frobenius) norm along the axes; all of them when absent
    /// (<c>mlx.core.linalg.norm</c>).
    /// </summary>
    public static MlxArray Norm(
        MlxArray a,
        ReadOnlySpan<int> axes = default,
        bool keepDims = false,
        MlxStream? stream = null) =>
        Call.LinalgNormL2(a, axes, keepDims, stream);

    /// <summary>The vector or matrix norm of an order (<c>mlx.core.linalg.norm</c>).</summary>
    public static MlxArray Norm(
        MlxArray a,
        double ord,
        ReadOnlySpan<int> axes = default,
        bool keepDims = false,
        MlxStream? stream = null) =>
        Call.LinalgNorm(a, ord, axes, keepDims, stream);

    /// <summary>The matrix norm "fro" or "nuc" (<c>mlx.core.linalg.norm</c>).</summary>
    public static MlxArray Norm(
        MlxArray a,
        string ord,
        ReadOnlySpan<int> axes = default,
        bool keepDims = false,
        MlxStream? stream = null) =>
        Call.LinalgNormMatrix(a, ord, axes, keepDims, stream);

    /// <summary>
    /// The cross product of vectors of two or three components (<c>mlx.core.linalg.cross</c>).
    /// </summary>
    public static MlxArray Cross(MlxArray a, MlxArray b, int axis = -1, MlxStream? stream = null) =>
        Call.LinalgCross(a, b, axis, stream);

    /// <summary>The inverse (<c>mlx.core.linalg.inv</c>).</summary>
    public static MlxArray Inv(MlxArray a, MlxStream? stream = null) => Call.LinalgInv(a, stream);

    /// <summary>The inverse of a triangular matrix (<c>mlx.core.linalg.tri_inv</c>).</summary>
    public static MlxArray TriInv(MlxArray a, bool upper = false, MlxStream? stream = null) =>
        Call.LinalgTriInv(a, upper, stream);

    /// <summary>The Moore-Penrose inverse (<c>mlx.core.linalg.pinv</c>).</summary>
    public static MlxArray Pinv(MlxArray a, MlxStream? stream = null) => Call.LinalgPinv(a, stream);

    /// <summary>The x with a @ x = b (<c>mlx.core.linalg.solve</c>).</summary>
    public static MlxArray Solve(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.LinalgSolve(a, b, stream);

    /// <summary>
    /// The x with a @ x = b, a triangular (<c>mlx.core.linalg.solve_triangular</c>).
    /// </summary>
    public static MlxArray SolveTriangular(
        MlxArray a, MlxArray b, bool upper = false, MlxStream? stream = null) =>
        Call.LinalgSolveTriangular(a, b, upper, stream);

    /// <summary>
    /// The triangular L with L @ L' = a (or U with U' @ U = a) (<c>mlx.core.linalg.cholesky</c>).
    /// </summary>
    public static MlxArray Cholesky(MlxArray a, bool upper = false, MlxStream? stream = null) =>
        Call.LinalgCholesky(a, upper, stream);

    /// <summary>
    /// The inverse of the matrix whose Cholesky factor is a (<c>mlx.core.linalg.cholesky_inv</c>).
    /// </summary>
    public static MlxArray CholeskyInv(MlxArray a, bool upper = false, MlxStream? stream = null) =>
        Call.LinalgCholeskyInv(a, upper, stream);

    /// <summary>
    /// Q with orthonormal columns and R upper triangular, Q @ R = a (<c>mlx.core.linalg.qr</c>).
    /// </summary>
    public static (MlxArray Q, MlxArray R) QR(MlxArray a, MlxStream? stream = null) =>
        Call.LinalgQr(a, stream);

    /// <summary>
    /// Row permutation P, unit lower L and upper U, L[P] @ U = a (<c>mlx.core.linalg.lu</c>).
    /// </summary>
    public static (MlxArray P, MlxArray L, MlxArray U) LU(MlxArray a, MlxStream? stream = null) =>
        Three(Call.LinalgLu(a, stream));

    /// <summary>L and U in one matrix, and the pivots (<c>mlx.core.linalg.lu_factor</c>).</summary>
    public static (MlxArray LU, MlxArray Pivots) LUFactor(MlxArray a, MlxStream? stream = null) =>
        Call.LinalgLuFactor(a, stream);

    /// <summary>
    /// U, the singular values S and V transposed, U @ diag(S) @ Vt = a
    /// (<c>mlx.core.linalg.svd</c>).
    /// </summary>
    public static (MlxArray U, MlxArray S, MlxArray Vt) SVD(MlxArray a, MlxStream? stream = null) =>
        Three(Call.LinalgSvd(a, true, stream));

    /// <summary>The singular values, descending (<c>mlx.core.linalg.svd</c>).</summary>
    public static MlxArray SingularValues(MlxArray a, MlxStream? stream = null) =>
        Call.LinalgSvd(a, false, stream)[0];

    /// <summary>
    /// Eigenvalues ascending and eigenvectors of a symmetric (Hermitian) matrix, of which one
    /// triangle is read (<c>mlx.core.linalg.eigh</c>).
    /// </summary>
    public static (MlxArray Values, MlxArray Vectors) Eigh(
        MlxArray a, string uplo = "L", MlxStream? stream = null) =>
        Call.LinalgEigh(a, uplo, stream);

    /// <summary>
    /// Eigenvalues ascending of a symmetric (Hermitian) matrix (<c>mlx.core.linalg.eigvalsh</c>).
    /// </summary>
    public static MlxArray EigvalsH(MlxArray a, string uplo = "L", MlxStream? stream = null) =>
        Call.LinalgEigvalsh(a, uplo, stream);

    /// <summary>Eigenvalues and eigenvectors, complex (<c>mlx.core.linalg.eig</c>).</summary>
    public static (MlxArray Values, MlxArray Vectors) Eig(MlxArray a, MlxStream? stream = null) =>
        Call.LinalgEig(a, stream);

    /// <summary>Eigenvalues, complex (<c>mlx.core.linalg.eigvals</c>).</summary>
    public static MlxArray Eigvals(MlxArray a, MlxStream? stream = null) =>
        Call.LinalgEigvals(a, stream);
}
