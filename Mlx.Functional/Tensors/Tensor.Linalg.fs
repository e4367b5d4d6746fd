namespace Mlx

open System
open Mlx.Core

/// <summary>Linear algebra over the last two axes of batches.</summary>
[<AutoOpen>]
module TensorLinalg =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The 2-norm of all elements (<c>mlx.core.linalg.norm</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 3.0; 4.0 ] |> Tensor.norm
        /// // => array(5, dtype=float32)
        /// </code></example>
        let norm (x: Tensor) : Tensor = Linalg.Norm x

        /// <summary>The 2-norm along axes; the Frobenius norm along two
        /// (<c>mlx.core.linalg.norm</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 3.0; 4.0 ]; [ 6.0; 8.0 ] ] |> Tensor.normAxes [ 1 ]
        /// // => array([5, 10], dtype=float32)
        /// </code></example>
        let normAxes (axes: seq<int>) (x: Tensor) : Tensor = Linalg.Norm(x, span axes)

        /// <summary>A norm along axes: of one axis by its order (2.0, 1.0, infinity), of two that
        /// of matrices (<c>mlx.core.linalg.norm</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3.0; -4.0 ] |> Tensor.normOrd 1.0 [ 0 ]
        /// // => array(7, dtype=float32)
        /// </code></example>
        let normOrd (order: float) (axes: seq<int>) (x: Tensor) : Tensor =
            Linalg.Norm(x, order, span axes)

        /// <summary>The norm "fro" (Frobenius) or "nuc" (the sum of the singular values) of
        /// matrices along two axes (<c>mlx.core.linalg.norm</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 3.0; 0.0 ]; [ 0.0; 4.0 ] ] |> Tensor.normNamed "nuc" [ 0; 1 ]
        /// // => array(7, dtype=float32)
        /// </code></example>
        let normNamed (name: string) (axes: seq<int>) (x: Tensor) : Tensor =
            Linalg.Norm(x, name, span axes)

        /// <summary>The inverse of a matrix (<c>mlx.core.linalg.inv</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 4.0 ] ] |> Tensor.inv
        /// // => array([[0.5, 0], [0, 0.25]], dtype=float32)
        /// </code></example>
        let inv (x: Tensor) : Tensor = Linalg.Inv x

        /// <summary>The inverse of triangular matrices (..., n, n), lower or upper
        /// (<c>mlx.core.linalg.tri_inv</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 0.0 ]; [ 2.0; 1.0 ] ] |> Tensor.triInv false
        /// // => array([[1, 0], [-2, 1]], dtype=float32)
        /// </code></example>
        let triInv (upper: bool) (x: Tensor) : Tensor = Linalg.TriInv(x, upper)

        /// <summary>The pseudo-inverse of a matrix (<c>mlx.core.linalg.pinv</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.pinv |> Tensor.round 4
        /// // => array([[0.25, 0.25], [0.25, 0.25]], dtype=float32)
        /// </code></example>
        let pinv (x: Tensor) : Tensor = Linalg.Pinv x

        /// <summary>The solution z of a z = b (<c>mlx.core.linalg.solve</c>).</summary>
        /// <returns>The shape of b: (..., n) or (..., n, k), for a of shape (..., n, n).</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 4.0 ] ] |> Tensor.solve (Tensor.ofSeq [ 2.0; 2.0 ])
        /// // => array([1, 0.5], dtype=float32)
        /// </code></example>
        let solve (b: Tensor) (a: Tensor) : Tensor = Linalg.Solve(a, b)

        /// <summary>The solution z of a z = b for a triangular a, lower or upper
        /// (<c>mlx.core.linalg.solve_triangular</c>).</summary>
        /// <returns>The shape of b: (..., n) or (..., n, k), for a of shape (..., n, n).</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 0.0 ]; [ 2.0; 1.0 ] ]
        /// |> Tensor.solveTriangular false (Tensor.ofSeq [ 1.0; 3.0 ])
        /// // => array([1, 1], dtype=float32)
        /// </code></example>
        let solveTriangular (upper: bool) (b: Tensor) (a: Tensor) : Tensor =
            Linalg.SolveTriangular(a, b, upper)

        /// <summary>The lower Cholesky factor (<c>mlx.core.linalg.cholesky</c>).</summary>
        /// <returns>The shape of x, (..., n, n).</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 4.0; 2.0 ]; [ 2.0; 2.0 ] ] |> Tensor.cholesky
        /// // => array([[2, 0], [1, 1]], dtype=float32)
        /// </code></example>
        let cholesky (x: Tensor) : Tensor = Linalg.Cholesky x

        /// <summary>The upper Cholesky factor U with U' U = x
        /// (<c>mlx.core.linalg.cholesky</c>).</summary>
        /// <returns>The shape of x, (..., n, n).</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 4.0; 2.0 ]; [ 2.0; 2.0 ] ] |> Tensor.choleskyUpper
        /// // => array([[2, 1], [0, 1]], dtype=float32)
        /// </code></example>
        let choleskyUpper (x: Tensor) : Tensor = Linalg.Cholesky(x, true)

        /// <summary>The inverse of the matrix whose lower (or upper) Cholesky factor is given
        /// (<c>mlx.core.linalg.cholesky_inv</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ] ] |> Tensor.choleskyInv false
        /// // => array([[0.25, 0], [0, 1]], dtype=float32)
        /// </code></example>
        let choleskyInv (upper: bool) (factor: Tensor) : Tensor = Linalg.CholeskyInv(factor, upper)

        /// <summary>Orthogonal and upper triangular factor (<c>mlx.core.linalg.qr</c>).</summary>
        /// <returns>(..., n, min n m) and (..., min n m, m) of x (..., n, m).</returns>
        /// <example><code>
        /// let q, r = Tensor.ofRows [ [ 0.0; 2.0 ]; [ 3.0; 0.0 ] ] |> Tensor.qr
        /// q *@ r
        /// // => array([[0, 2], [3, 0]], dtype=float32)
        /// </code></example>
        let qr (x: Tensor) : Tensor * Tensor =
            let struct (q, r) = Linalg.QR x
            q, r

        /// <summary>Row permutation P (indices), unit lower triangular L and upper triangular U
        /// with L[P] U = x (<c>mlx.core.linalg.lu</c>).</summary>
        /// <returns>(..., n), (..., n, min n m) and (..., min n m, m) of x (..., n, m).</returns>
        /// <example><code>
        /// let p, l, u = Tensor.ofRows [ [ 0.0; 2.0 ]; [ 3.0; 0.0 ] ] |> Tensor.lu
        /// (l |> Tensor.take 0 p) *@ u
        /// // => array([[0, 2], [3, 0]], dtype=float32)
        /// </code></example>
        let lu (x: Tensor) : Tensor * Tensor * Tensor =
            let struct (p, l, u) = Linalg.LU x
            p, l, u

        /// <summary>L (without its unit diagonal) and U in one matrix, and the pivots
        /// (<c>mlx.core.linalg.lu_factor</c>).</summary>
        /// <example><code>
        /// let factors, pivots = Tensor.ofRows [ [ 4.0; 2.0 ]; [ 2.0; 2.0 ] ] |> Tensor.luFactor
        /// factors
        /// // => array([[4, 2], [0.5, 1]], dtype=float32)
        /// </code></example>
        let luFactor (x: Tensor) : Tensor * Tensor =
            let struct (factors, pivots) = Linalg.LUFactor x
            factors, pivots

        /// <summary>U, the singular values and V transposed (<c>mlx.core.linalg.svd</c>).</summary>
        /// <returns>(..., n, n), (..., min n m) and (..., m, m) of x (..., n, m).</returns>
        /// <example><code>
        /// let u, s, vt = Tensor.ofRows [ [ 3.0; 0.0 ]; [ 0.0; 4.0 ] ] |> Tensor.svd
        /// (u * s) *@ vt
        /// // => array([[3, 0], [0, 4]], dtype=float32)
        /// </code></example>
        let svd (x: Tensor) : Tensor * Tensor * Tensor =
            let struct (u, s, vt) = Linalg.SVD x
            u, s, vt

        /// <summary>The singular values, largest first (<c>mlx.core.linalg.svd</c> with
        /// <c>compute_uv=False</c>).</summary>
        /// <returns>(..., min n m) of x (..., n, m).</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 3.0; 0.0 ]; [ 0.0; 4.0 ] ] |> Tensor.singularValues
        /// // => array([4, 3], dtype=float32)
        /// </code></example>
        let singularValues (x: Tensor) : Tensor = Linalg.SingularValues x

        /// <summary>Eigenvalues and eigenvectors of a symmetric matrix
        /// (<c>mlx.core.linalg.eigh</c>).</summary>
        /// <example><code>
        /// let values, vectors = Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ] ] |> Tensor.eigh
        /// values
        /// // => array([1, 2], dtype=float32)
        /// </code></example>
        let eigh (x: Tensor) : Tensor * Tensor =
            let struct (values, vectors) = Linalg.Eigh x
            values, vectors

        /// <summary>Eigenvalues, smallest first, of a symmetric matrix
        /// (<c>mlx.core.linalg.eigvalsh</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ] ] |> Tensor.eigvalsh
        /// // => array([1, 2], dtype=float32)
        /// </code></example>
        let eigvalsh (x: Tensor) : Tensor = Linalg.EigvalsH x

        /// <summary>Eigenvalues and eigenvectors (columns) of any square matrix, complex64
        /// (<c>mlx.core.linalg.eig</c>).</summary>
        /// <example><code>
        /// let values, vectors = Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ] ] |> Tensor.eig
        /// values
        /// // => array([2+0j, 1+0j], dtype=complex64)
        /// </code></example>
        let eig (x: Tensor) : Tensor * Tensor =
            let struct (values, vectors) = Linalg.Eig x
            values, vectors

        /// <summary>Eigenvalues of any square matrix, complex64
        /// (<c>mlx.core.linalg.eigvals</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 2.0; 0.0 ]; [ 0.0; 1.0 ] ] |> Tensor.eigvals
        /// // => array([2+0j, 1+0j], dtype=complex64)
        /// </code></example>
        let eigvals (x: Tensor) : Tensor = Linalg.Eigvals x

        /// <summary>The cross product along an axis of length 3
        /// (<c>mlx.core.linalg.cross</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 0.0; 0.0 ] |> Tensor.cross 0 (Tensor.ofSeq [ 0.0; 1.0; 0.0 ])
        /// // => array([0, 0, 1], dtype=float32)
        /// </code></example>
        let cross (axis: int) (y: Tensor) (x: Tensor) : Tensor = Linalg.Cross(x, y, axis)
