namespace Mlx

open Mlx.Core

/// <summary>Which elements a running sum or product counts at each place.</summary>
type Scan =
    {
        /// From the end towards the start.
        Reverse: bool
        /// The element at the place itself, too.
        Inclusive: bool
    }

/// <summary>From the start, the element itself included.</summary>
[<RequireQualifiedAccess>]
module Scan =
    /// <summary>What <c>Tensor.cumsum</c> and its kin do.</summary>
    /// <example><code>{ Scan.defaults with Reverse = true }</code></example>
    let defaults: Scan = { Reverse = false; Inclusive = true }

/// <summary>Sorting, and folds that keep every step.</summary>
[<AutoOpen>]
module TensorSort =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>Sorted along an axis, smallest first (<c>mlx.core.sort</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3; 1; 2 ] |> Tensor.sort -1
        /// // => array([1, 2, 3], dtype=int32)
        /// </code></example>
        let sort (axis: int) (x: Tensor) : Tensor = Ops.Sort(x, axis)

        /// <summary>The indices that sort along an axis (<c>mlx.core.argsort</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3; 1; 2 ] |> Tensor.argsort -1
        /// // => array([1, 2, 0], dtype=uint32)
        /// </code></example>
        let argsort (axis: int) (x: Tensor) : Tensor = Ops.ArgSort(x, axis)

        /// <summary>The k-th smallest in its place along an axis, smaller ones before it
        /// (<c>mlx.core.partition</c>).</summary>
        /// <example><code>
        /// (Tensor.ofSeq [ 9; 1; 5; 3 ] |> Tensor.partition 2 -1)[2]
        /// // => array(5, dtype=int32)
        /// </code></example>
        let partition (kth: int) (axis: int) (x: Tensor) : Tensor = Ops.Partition(x, kth, axis)

        /// <summary>The indices that partition along an axis
        /// (<c>mlx.core.argpartition</c>).</summary>
        /// <example><code>
        /// (Tensor.ofSeq [ 9; 1; 5; 3 ] |> Tensor.argpartition 2 -1)[2]
        /// // => array(2, dtype=uint32)
        /// </code></example>
        let argpartition (kth: int) (axis: int) (x: Tensor) : Tensor =
            Ops.ArgPartition(x, kth, axis)

        /// <summary>The k largest along an axis, in no particular order
        /// (<c>mlx.core.topk</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 9; 1; 5; 3 ] |> Tensor.topk 2 -1 |> Tensor.sort -1
        /// // => array([5, 9], dtype=int32)
        /// </code></example>
        let topk (k: int) (axis: int) (x: Tensor) : Tensor = Ops.TopK(x, k, axis)

        /// <summary>Sums so far along an axis (<c>mlx.core.cumsum</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.cumsum 0
        /// // => array([1, 3, 6], dtype=int32)
        /// </code></example>
        let cumsum (axis: int) (x: Tensor) : Tensor = Ops.CumSum(x, axis)

        /// <summary>Sums along an axis from either end, with the element itself or without
        /// (<c>mlx.core.cumsum</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.cumsumWith { Scan.defaults with Inclusive = false } 0
        /// // => array([0, 1, 3], dtype=int32)
        /// </code></example>
        let cumsumWith (scan: Scan) (axis: int) (x: Tensor) : Tensor =
            Ops.CumSum(x, axis, scan.Reverse, scan.Inclusive)

        /// <summary>Products so far along an axis (<c>mlx.core.cumprod</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.cumprod 0
        /// // => array([1, 2, 6], dtype=int32)
        /// </code></example>
        let cumprod (axis: int) (x: Tensor) : Tensor = Ops.CumProd(x, axis)

        /// <summary>Products along an axis from either end, with the element itself or without
        /// (<c>mlx.core.cumprod</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.cumprodWith { Scan.defaults with Reverse = true } 0
        /// // => array([6, 6, 3], dtype=int32)
        /// </code></example>
        let cumprodWith (scan: Scan) (axis: int) (x: Tensor) : Tensor =
            Ops.CumProd(x, axis, scan.Reverse, scan.Inclusive)

        /// <summary>The largest so far along an axis (<c>mlx.core.cummax</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 3; 2 ] |> Tensor.cummax 0
        /// // => array([1, 3, 3], dtype=int32)
        /// </code></example>
        let cummax (axis: int) (x: Tensor) : Tensor = Ops.CumMax(x, axis)

        /// <summary>The largest along an axis from either end, with the element itself or without
        /// (<c>mlx.core.cummax</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 3; 2 ] |> Tensor.cummaxWith { Scan.defaults with Reverse = true } 0
        /// // => array([3, 3, 2], dtype=int32)
        /// </code></example>
        let cummaxWith (scan: Scan) (axis: int) (x: Tensor) : Tensor =
            Ops.CumMax(x, axis, scan.Reverse, scan.Inclusive)

        /// <summary>The smallest so far along an axis (<c>mlx.core.cummin</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3; 1; 2 ] |> Tensor.cummin 0
        /// // => array([3, 1, 1], dtype=int32)
        /// </code></example>
        let cummin (axis: int) (x: Tensor) : Tensor = Ops.CumMin(x, axis)

        /// <summary>The smallest along an axis from either end, with the element itself or without
        /// (<c>mlx.core.cummin</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 3; 1; 2 ] |> Tensor.cumminWith { Scan.defaults with Reverse = true } 0
        /// // => array([1, 1, 2], dtype=int32)
        /// </code></example>
        let cumminWith (scan: Scan) (axis: int) (x: Tensor) : Tensor =
            Ops.CumMin(x, axis, scan.Reverse, scan.Inclusive)

        /// <summary>log of the sums of e^x so far along an axis
        /// (<c>mlx.core.logcumsumexp</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 0.0; 0.0 ] |> Tensor.logcumsumexp 0
        /// // => array([0, 0.693147, 1.09861], dtype=float32)
        /// </code></example>
        let logcumsumexp (axis: int) (x: Tensor) : Tensor = Ops.LogCumSumExp(x, axis)

        /// <summary>log of the sums of e^x along an axis from either end, with the element itself
        /// or without (<c>mlx.core.logcumsumexp</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 0.0 ]
        /// |> Tensor.logcumsumexpWith { Scan.defaults with Reverse = true } 0
        /// // => array([0.693147, 0], dtype=float32)
        /// </code></example>
        let logcumsumexpWith (scan: Scan) (axis: int) (x: Tensor) : Tensor =
            Ops.LogCumSumExp(x, axis, scan.Reverse, scan.Inclusive)
