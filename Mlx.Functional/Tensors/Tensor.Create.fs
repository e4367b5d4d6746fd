namespace Mlx

open System
open Mlx.Core

/// <summary>Tensors made of a rule.</summary>
[<AutoOpen>]
module TensorCreate =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>Float32 zeros (<c>mlx.core.zeros</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.zeros [ 2; 2 ]
        /// // => array([[0, 0], [0, 0]], dtype=float32)
        /// </code></example>
        let zeros (shape: seq<int>) : Tensor = Ops.Zeros(ReadOnlySpan(Array.ofSeq shape))

        /// <summary>Zeros of a dtype (<c>mlx.core.zeros</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.zerosOf DType.Int8 [ 3 ]
        /// // => array([0, 0, 0], dtype=int8)
        /// </code></example>
        let zerosOf (dtype: DType) (shape: seq<int>) : Tensor =
            Ops.Zeros(ReadOnlySpan(Array.ofSeq shape), dtype)

        /// <summary>Float32 ones (<c>mlx.core.ones</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ]
        /// // => array([[1, 1], [1, 1]], dtype=float32)
        /// </code></example>
        let ones (shape: seq<int>) : Tensor = Ops.Ones(ReadOnlySpan(Array.ofSeq shape))

        /// <summary>Ones of a dtype (<c>mlx.core.ones</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.onesOf DType.Bool [ 3 ]
        /// // => array([true, true, true], dtype=bool)
        /// </code></example>
        let onesOf (dtype: DType) (shape: seq<int>) : Tensor =
            Ops.Ones(ReadOnlySpan(Array.ofSeq shape), dtype)

        /// <summary>One value everywhere (<c>mlx.core.full</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.full [ 2; 2 ] 7
        /// // => array([[7, 7], [7, 7]], dtype=int32)
        /// </code></example>
        let full (shape: seq<int>) (value: 'T) : Tensor =
            Ops.Full(ReadOnlySpan(Array.ofSeq shape), Tensor.scalar value)

        /// <summary>Zeros of the shape and dtype of x (<c>mlx.core.zeros_like</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.zerosLike
        /// // => array([0, 0], dtype=int32)
        /// </code></example>
        let zerosLike (x: Tensor) : Tensor = Ops.ZerosLike x

        /// <summary>Ones of the shape and dtype of x (<c>mlx.core.ones_like</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.onesLike
        /// // => array([1, 1], dtype=int32)
        /// </code></example>
        let onesLike (x: Tensor) : Tensor = Ops.OnesLike x

        /// <summary>One value everywhere, of the shape and dtype of x
        /// (<c>mlx.core.full</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.fullLike 7
        /// // => array([7, 7], dtype=int32)
        /// </code></example>
        let fullLike (value: 'T) (x: Tensor) : Tensor = Ops.FullLike(x, Tensor.scalar value)

        /// <summary>The int32 numbers 0, 1, ... below <c>stop</c>
        /// (<c>mlx.core.arange</c>).</summary>
        /// <returns>Shape (stop).</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// // => array([0, 1, 2, 3], dtype=int32)
        /// </code></example>
        let arange (stop: int) : Tensor = Ops.ARange(stop)

        /// <summary>The int32 numbers from <c>start</c> to below <c>stop</c>
        /// (<c>mlx.core.arange</c>).</summary>
        /// <returns>Shape (stop - start).</returns>
        /// <example><code>
        /// Tensor.arangeFrom 2 6
        /// // => array([2, 3, 4, 5], dtype=int32)
        /// </code></example>
        let arangeFrom (start: int) (stop: int) : Tensor = Ops.ARange(start, stop)

        /// <summary>Float32 numbers from <c>start</c> to below <c>stop</c> in steps
        /// (<c>mlx.core.arange</c>).</summary>
        /// <returns>One axis of (stop - start) / step elements, rounded up.</returns>
        /// <example><code>
        /// Tensor.arangeStep 0.0 1.0 0.25
        /// // => array([0, 0.25, 0.5, 0.75], dtype=float32)
        /// </code></example>
        let arangeStep (start: float) (stop: float) (step: float) : Tensor =
            Ops.ARange(start, stop, step)

        /// <summary>So many float32 numbers, evenly from <c>start</c> to <c>stop</c>, both included
        /// (<c>mlx.core.linspace</c>).</summary>
        /// <returns>Shape (count).</returns>
        /// <example><code>
        /// Tensor.linspace 0.0 1.0 5
        /// // => array([0, 0.25, 0.5, 0.75, 1], dtype=float32)
        /// </code></example>
        let linspace (start: float) (stop: float) (count: int) : Tensor =
            Ops.Linspace(start, stop, count)

        /// <summary>The float32 unit matrix, shape (n, n) (<c>mlx.core.eye</c>).</summary>
        /// <example><code>
        /// Tensor.eye 2
        /// // => array([[1, 0], [0, 1]], dtype=float32)
        /// </code></example>
        let eye (n: int) : Tensor = Ops.Eye n

        /// <summary>Ones on the k-th diagonal of a float32 matrix (n, m), zeros elsewhere
        /// (<c>mlx.core.eye</c>).</summary>
        /// <example><code>
        /// Tensor.eyeAt 1 2 3
        /// // => array([[0, 1, 0], [0, 0, 1]], dtype=float32)
        /// </code></example>
        let eyeAt (k: int) (n: int) (m: int) : Tensor = Ops.Eye(n, m, k)

        /// <summary>The unit matrix of a dtype, shape (n, n) (<c>mlx.core.identity</c>).</summary>
        /// <example><code>
        /// Tensor.identity DType.Int32 2
        /// // => array([[1, 0], [0, 1]], dtype=int32)
        /// </code></example>
        let identity (dtype: DType) (n: int) : Tensor = Ops.Identity(n, dtype)

        /// <summary>Ones on and below the k-th diagonal, shape (n, m)
        /// (<c>mlx.core.tri</c>).</summary>
        /// <example><code>
        /// Tensor.tri 2 3 0
        /// // => array([[1, 0, 0], [1, 1, 0]], dtype=float32)
        /// </code></example>
        let tri (n: int) (m: int) (k: int) : Tensor = Ops.Tri(n, m, k)

        /// <summary>The part on and below the k-th diagonal, zeros above
        /// (<c>mlx.core.tril</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.tril 0
        /// // => array([[1, 0], [1, 1]], dtype=float32)
        /// </code></example>
        let tril (k: int) (x: Tensor) : Tensor = Ops.Tril(x, k)

        /// <summary>The part on and above the k-th diagonal, zeros below
        /// (<c>mlx.core.triu</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 2 ] |> Tensor.triu 0
        /// // => array([[1, 1], [0, 1]], dtype=float32)
        /// </code></example>
        let triu (k: int) (x: Tensor) : Tensor = Ops.Triu(x, k)

        /// <summary>A vector as the k-th diagonal of a matrix, or that of a matrix as a vector
        /// (<c>mlx.core.diag</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.diag 0
        /// // => array([[1, 0], [0, 2]], dtype=int32)
        /// </code></example>
        let diag (k: int) (x: Tensor) : Tensor = Ops.Diag(x, k)

        /// <summary>The diagonal of the first two axes, as a last axis
        /// (<c>mlx.core.diagonal</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.diagonal 0
        /// // => array([1, 4], dtype=int32)
        /// </code></example>
        let diagonal (offset: int) (x: Tensor) : Tensor = Ops.Diagonal(x, offset)

        /// <summary>The diagonal of two axes, as a last axis (<c>mlx.core.diagonal</c>).</summary>
        /// <example><code>
        /// Tensor.arange 8 |> Tensor.reshape [ 2; 2; 2 ] |> Tensor.diagonalAxes 0 1 2
        /// // => array([[0, 3], [4, 7]], dtype=int32)
        /// </code></example>
        let diagonalAxes (offset: int) (axis1: int) (axis2: int) (x: Tensor) : Tensor =
            Ops.Diagonal(x, offset, axis1, axis2)

        /// <summary>The sum along the diagonal of the first two axes
        /// (<c>mlx.core.trace</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.trace
        /// // => array(5, dtype=int32)
        /// </code></example>
        let trace (x: Tensor) : Tensor = Ops.Trace x

        /// <summary>The sum along the diagonal of two axes, which go away
        /// (<c>mlx.core.trace</c>).</summary>
        /// <example><code>
        /// Tensor.arange 8 |> Tensor.reshape [ 2; 2; 2 ] |> Tensor.traceAxes 0 1 2
        /// // => array([3, 11], dtype=int32)
        /// </code></example>
        let traceAxes (offset: int) (axis1: int) (axis2: int) (x: Tensor) : Tensor =
            Ops.Trace(x, offset, axis1, axis2)

        /// <summary>Coordinates of every point of a grid from those along each axis: "ij" gives
        /// shapes (n1, n2, ...), "xy" exchanges the first two (<c>mlx.core.meshgrid</c>).</summary>
        /// <example><code>
        /// let grid = Tensor.meshgrid "ij" [ Tensor.arange 2; Tensor.arange 3 ]
        /// grid[1]
        /// // => array([[0, 1, 2], [0, 1, 2]], dtype=int32)
        /// </code></example>
        let meshgrid (indexing: string) (axes: seq<Tensor>) : Tensor list =
            List.ofArray (Ops.MeshGrid(ReadOnlySpan(Array.ofSeq axes), false, indexing))

        /// <summary>The Hann window, (1 - cos(2 pi i / (m - 1))) / 2, float32 of shape (m)
        /// (<c>mlx.core.hanning</c>).</summary>
        /// <example><code>
        /// Tensor.hanning 5 |> Tensor.round 4
        /// // => array([0, 0.5, 1, 0.5, 0], dtype=float32)
        /// </code></example>
        let hanning (m: int) : Tensor = Ops.Hanning m

        /// <summary>The Hamming window, 0.54 - 0.46 cos(2 pi i / (m - 1)), float32 of shape (m)
        /// (<c>mlx.core.hamming</c>).</summary>
        /// <example><code>
        /// Tensor.hamming 5
        /// // => array([0.08, 0.54, 1, 0.54, 0.08], dtype=float32)
        /// </code></example>
        let hamming (m: int) : Tensor = Ops.Hamming m

        /// <summary>The Blackman window, 0.42 - 0.5 cos a + 0.08 cos 2a with a = 2 pi i / (m - 1),
        /// float32 of shape (m) (<c>mlx.core.blackman</c>).</summary>
        /// <example><code>
        /// Tensor.blackman 4
        /// // => array([0, 0.63, 0.63, 0], dtype=float32)
        /// </code></example>
        let blackman (m: int) : Tensor = Ops.Blackman m

        /// <summary>The Bartlett window, a triangle from 0 to 1 and back, float32 of shape (m)
        /// (<c>mlx.core.bartlett</c>).</summary>
        /// <example><code>
        /// Tensor.bartlett 5
        /// // => array([0, 0.5, 1, 0.5, 0], dtype=float32)
        /// </code></example>
        let bartlett (m: int) : Tensor = Ops.Bartlett m
