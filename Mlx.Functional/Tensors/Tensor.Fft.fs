namespace Mlx

open System
open Mlx.Core

/// <summary>Fourier transforms: complex64 results, half spectra for real numbers.</summary>
[<AutoOpen>]
module TensorFft =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The Fourier transform along the last axis (<c>mlx.core.fft.fft</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 0.0; 0.0; 0.0 ] |> Tensor.fft
        /// // => array([1+0j, 1+0j, 1+0j, 1+0j], dtype=complex64)
        /// </code></example>
        let fft (x: Tensor) : Tensor = Fourier.Fft x

        /// <summary>The Fourier transform along an axis, cut or filled with zeros to length n
        /// (<c>mlx.core.fft.fft</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 3; 2 ] |> Tensor.fftAxis 4 0 |> Tensor.shape
        /// // => [4; 2]
        /// </code></example>
        let fftAxis (n: int) (axis: int) (x: Tensor) : Tensor = Fourier.Fft(x, Nullable n, axis)

        /// <summary>The inverse Fourier transform along the last axis
        /// (<c>mlx.core.fft.ifft</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 4 ] |> Tensor.ifft
        /// // => array([1+0j, 0+0j, 0+0j, 0+0j], dtype=complex64)
        /// </code></example>
        let ifft (x: Tensor) : Tensor = Fourier.Ifft x

        /// <summary>The inverse Fourier transform along an axis, cut or filled with zeros to length
        /// n (<c>mlx.core.fft.ifft</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 3; 2 ] |> Tensor.ifftAxis 4 0 |> Tensor.shape
        /// // => [4; 2]
        /// </code></example>
        let ifftAxis (n: int) (axis: int) (x: Tensor) : Tensor = Fourier.Ifft(x, Nullable n, axis)

        /// <summary>The half spectrum of real numbers along the last axis
        /// (<c>mlx.core.fft.rfft</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 4 ] |> Tensor.rfft
        /// // => array([4+0j, 0+0j, 0+0j], dtype=complex64)
        /// </code></example>
        let rfft (x: Tensor) : Tensor = Fourier.Rfft x

        /// <summary>The half spectrum, n / 2 + 1 terms, of real numbers along an axis, cut or
        /// filled with zeros to length n (<c>mlx.core.fft.rfft</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 8; 2 ] |> Tensor.rfftAxis 8 0 |> Tensor.shape
        /// // => [5; 2]
        /// </code></example>
        let rfftAxis (n: int) (axis: int) (x: Tensor) : Tensor = Fourier.Rfft(x, Nullable n, axis)

        /// <summary>Real numbers from their half spectrum (<c>mlx.core.fft.irfft</c>).</summary>
        /// <returns>(..., 2 (n - 1)) of x (..., n).</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 4.0; 0.0; 0.0 ] |> Tensor.irfft
        /// // => array([1, 1, 1, 1], dtype=float32)
        /// </code></example>
        let irfft (x: Tensor) : Tensor = Fourier.Irfft x

        /// <summary>The n real numbers with a half spectrum along an axis; n may be odd
        /// (<c>mlx.core.fft.irfft</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3.0; 0.0 ] |> Tensor.irfftAxis 3 0
        /// // => array([1, 1, 1], dtype=float32)
        /// </code></example>
        let irfftAxis (n: int) (axis: int) (x: Tensor) : Tensor = Fourier.Irfft(x, Nullable n, axis)

        /// <summary>The Fourier transform along the last two axes
        /// (<c>mlx.core.fft.fft2</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.fft2
        /// // => array([[4+0j, 0+0j], [0+0j, 0+0j]], dtype=complex64)
        /// </code></example>
        let fft2 (x: Tensor) : Tensor = Fourier.Fft2 x

        /// <summary>The inverse Fourier transform along the last two axes
        /// (<c>mlx.core.fft.ifft2</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.ifft2
        /// // => array([[1+0j, 0+0j], [0+0j, 0+0j]], dtype=complex64)
        /// </code></example>
        let ifft2 (x: Tensor) : Tensor = Fourier.Ifft2 x

        /// <summary>The half spectrum of real numbers along the last two axes, halved along the
        /// last (<c>mlx.core.fft.rfft2</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 4; 6 ] |> Tensor.rfft2 |> Tensor.shape
        /// // => [4; 4]
        /// </code></example>
        let rfft2 (x: Tensor) : Tensor = Fourier.Rfft2 x

        /// <summary>Real numbers from their half spectrum along the last two axes
        /// (<c>mlx.core.fft.irfft2</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 4; 4 ] |> Tensor.irfft2 |> Tensor.shape
        /// // => [4; 6]
        /// </code></example>
        let irfft2 (x: Tensor) : Tensor = Fourier.Irfft2 x

        /// <summary>The Fourier transform along several axes (<c>mlx.core.fft.fftn</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.fftn [ 0; 1 ]
        /// // => array([[4+0j, 0+0j], [0+0j, 0+0j]], dtype=complex64)
        /// </code></example>
        let fftn (axes: seq<int>) (x: Tensor) : Tensor = Fourier.FftN(x, axes = span axes)

        /// <summary>The inverse Fourier transform along several axes
        /// (<c>mlx.core.fft.ifftn</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.ifftn [ 0; 1 ]
        /// // => array([[1+0j, 0+0j], [0+0j, 0+0j]], dtype=complex64)
        /// </code></example>
        let ifftn (axes: seq<int>) (x: Tensor) : Tensor = Fourier.IfftN(x, axes = span axes)

        /// <summary>The half spectrum of real numbers along several axes, halved along the last of
        /// them (<c>mlx.core.fft.rfftn</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 4; 6 ] |> Tensor.rfftn [ 0; 1 ] |> Tensor.shape
        /// // => [4; 4]
        /// </code></example>
        let rfftn (axes: seq<int>) (x: Tensor) : Tensor = Fourier.RfftN(x, axes = span axes)

        /// <summary>Real numbers from their half spectrum along several axes
        /// (<c>mlx.core.fft.irfftn</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 4; 4 ] |> Tensor.irfftn [ 0; 1 ] |> Tensor.shape
        /// // => [4; 6]
        /// </code></example>
        let irfftn (axes: seq<int>) (x: Tensor) : Tensor = Fourier.IrfftN(x, axes = span axes)

        /// <summary>The zero frequency moved to the middle of axes
        /// (<c>mlx.core.fft.fftshift</c>).</summary>
        /// <example><code>
        /// Tensor.arange 5 |> Tensor.fftshift [ 0 ]
        /// // => array([3, 4, 0, 1, 2], dtype=int32)
        /// </code></example>
        let fftshift (axes: seq<int>) (x: Tensor) : Tensor = Fourier.FftShift(x, span axes)

        /// <summary>Undoes <c>fftshift</c> (<c>mlx.core.fft.ifftshift</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 5 |> Tensor.fftshift [ 0 ] |> Tensor.ifftshift [ 0 ]
        /// // => array([0, 1, 2, 3, 4], dtype=int32)
        /// </code></example>
        let ifftshift (axes: seq<int>) (x: Tensor) : Tensor = Fourier.IfftShift(x, span axes)

        /// <summary>The frequencies of a transform of n samples that are <c>d</c> apart, shape (n)
        /// (<c>mlx.core.fft.fftfreq</c>).</summary>
        /// <example><code>
        /// Tensor.fftfreq 4 1.0
        /// // => array([0, 0.25, -0.5, -0.25], dtype=float32)
        /// </code></example>
        let fftfreq (n: int) (d: float) : Tensor = Fourier.FftFreq(n, d)

        /// <summary>The frequencies of a half spectrum of n samples that are <c>d</c> apart, shape
        /// (n / 2 + 1) (<c>mlx.core.fft.rfftfreq</c>).</summary>
        /// <example><code>
        /// Tensor.rfftfreq 4 1.0
        /// // => array([0, 0.25, 0.5], dtype=float32)
        /// </code></example>
        let rfftfreq (n: int) (d: float) : Tensor = Fourier.RfftFreq(n, d)
