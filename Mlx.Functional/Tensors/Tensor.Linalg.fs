namespace Mlx

open System
open Mlx.Core

/// <summary>Products, decompositions and Fourier transforms.</summary>
[<AutoOpen>]
module TensorLinalg =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>
    /// The matrix product; leading axes broadcast. It binds as <c>*</c> does, so
    /// <c>x *@ w + b</c> is what it looks like (<c>mlx.core.matmul</c>).
    /// </summary>
    let ( *@ ) (a: Tensor) (b: Tensor) : Tensor = Ops.Matmul(a, b)

    /// <summary>
    /// The matrix product; leading axes broadcast. F# lets it bind weaker than <c>+</c>: write
    /// <c>(x @@ w) + b</c>, or <c>x *@ w + b</c> (<c>mlx.core.matmul</c>).
    /// </summary>
    let (@@) (a: Tensor) (b: Tensor) : Tensor = Ops.Matmul(a, b)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The matrix product x y, (..., n, k) by (..., k, m) (<c>mlx.core.matmul</c>).</summary>
        let matmul (y: Tensor) (x: Tensor) : Tensor = Ops.Matmul(x, y)

        /// <summary>c + x y (<c>mlx.core.addmm</c>).</summary>
        let addmm (c: Tensor) (y: Tensor) (x: Tensor) : Tensor = Ops.AddMM(c, x, y)

        /// <summary>The product summed over the last axis of both (<c>mlx.core.inner</c>).</summary>
        let inner (y: Tensor) (x: Tensor) : Tensor = Ops.Inner(x, y)

        /// <summary>All products of an element of x and one of y (<c>mlx.core.outer</c>).</summary>
        let outer (y: Tensor) (x: Tensor) : Tensor = Ops.Outer(x, y)

        /// <summary>The Kronecker product (<c>mlx.core.kron</c>).</summary>
        let kron (y: Tensor) (x: Tensor) : Tensor = Ops.Kron(x, y)

        /// <summary>Summed over the last axes of x with the first of y
        /// (<c>mlx.core.tensordot</c>).</summary>
        let tensordot (axes: int) (y: Tensor) (x: Tensor) : Tensor = Ops.TensorDot(x, y, axes)

        /// <summary>Einstein's summation (<c>mlx.core.einsum</c>).</summary>
        /// <example><code>Tensor.einsum "bij,bjk->bik" [ a; b ]</code></example>
        let einsum (subscripts: string) (operands: seq<Tensor>) : Tensor =
            Ops.Einsum(subscripts, span operands)

        /// <summary>The 2-norm of all elements (<c>mlx.core.linalg.norm</c>).</summary>
        let norm (x: Tensor) : Tensor = Linalg.Norm x

        /// <summary>The 2-norm along axes; the Frobenius norm along two
        /// (<c>mlx.core.linalg.norm</c>).</summary>
        let normAxes (axes: seq<int>) (x: Tensor) : Tensor = Linalg.Norm(x, span axes)

        /// <summary>The inverse of a matrix (<c>mlx.core.linalg.inv</c>).</summary>
        let inv (x: Tensor) : Tensor = Linalg.Inv x

        /// <summary>The pseudo-inverse of a matrix (<c>mlx.core.linalg.pinv</c>).</summary>
        let pinv (x: Tensor) : Tensor = Linalg.Pinv x

        /// <summary>The solution z of a z = b (<c>mlx.core.linalg.solve</c>).</summary>
        let solve (b: Tensor) (a: Tensor) : Tensor = Linalg.Solve(a, b)

        /// <summary>The lower Cholesky factor (<c>mlx.core.linalg.cholesky</c>).</summary>
        let cholesky (x: Tensor) : Tensor = Linalg.Cholesky x

        /// <summary>Orthogonal and upper triangular factor (<c>mlx.core.linalg.qr</c>).</summary>
        let qr (x: Tensor) : Tensor * Tensor =
            let struct (q, r) = Linalg.QR x
            q, r

        /// <summary>U, the singular values and V transposed (<c>mlx.core.linalg.svd</c>).</summary>
        let svd (x: Tensor) : Tensor * Tensor * Tensor =
            let struct (u, s, vt) = Linalg.SVD x
            u, s, vt

        /// <summary>Eigenvalues and eigenvectors of a symmetric matrix
        /// (<c>mlx.core.linalg.eigh</c>).</summary>
        let eigh (x: Tensor) : Tensor * Tensor =
            let struct (values, vectors) = Linalg.Eigh x
            values, vectors

        /// <summary>The cross product along an axis of length 3 (<c>mlx.core.linalg.cross</c>).</summary>
        let cross (axis: int) (y: Tensor) (x: Tensor) : Tensor = Linalg.Cross(x, y, axis)

        /// <summary>The Fourier transform along the last axis (<c>mlx.core.fft.fft</c>).</summary>
        let fft (x: Tensor) : Tensor = Fourier.Fft x

        /// <summary>The inverse Fourier transform along the last axis
        /// (<c>mlx.core.fft.ifft</c>).</summary>
        let ifft (x: Tensor) : Tensor = Fourier.Ifft x

        /// <summary>The half spectrum of real numbers along the last axis
        /// (<c>mlx.core.fft.rfft</c>).</summary>
        let rfft (x: Tensor) : Tensor = Fourier.Rfft x

        /// <summary>Real numbers from their half spectrum (<c>mlx.core.fft.irfft</c>).</summary>
        let irfft (x: Tensor) : Tensor = Fourier.Irfft x
