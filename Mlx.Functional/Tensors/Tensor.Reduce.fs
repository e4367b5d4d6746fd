namespace Mlx

open System
open Mlx.Core

/// <summary>Functions that fold axes: to one number, along one axis, along several, and the same
/// with the folded axes kept at length 1.</summary>
[<AutoOpen>]
module TensorReduce =
    let inline private axes (axes: seq<int>) = ReadOnlySpan(Array.ofSeq axes)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The sum of all elements (<c>mlx.core.sum</c>).</summary>
        let sum (x: Tensor) : Tensor = Ops.Sum x

        /// <summary>The sum along an axis (<c>mlx.core.sum</c>).</summary>
        let sumAxis (axis: int) (x: Tensor) : Tensor = Ops.Sum(x, axis)

        /// <summary>The sum along several axes (<c>mlx.core.sum</c>).</summary>
        let sumAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Sum(x, axes over)

        /// <summary>The sum along axes which stay, with length 1 (<c>mlx.core.sum</c>).</summary>
        let sumKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Sum(x, axes over, keepDims = true)

        /// <summary>The product of all elements (<c>mlx.core.prod</c>).</summary>
        let prod (x: Tensor) : Tensor = Ops.Prod x

        /// <summary>The product along an axis (<c>mlx.core.prod</c>).</summary>
        let prodAxis (axis: int) (x: Tensor) : Tensor = Ops.Prod(x, axis)

        /// <summary>The product along several axes (<c>mlx.core.prod</c>).</summary>
        let prodAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Prod(x, axes over)

        /// <summary>The product along axes which stay, with length 1 (<c>mlx.core.prod</c>).</summary>
        let prodKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Prod(x, axes over, keepDims = true)

        /// <summary>The mean of all elements (<c>mlx.core.mean</c>).</summary>
        let mean (x: Tensor) : Tensor = Ops.Mean x

        /// <summary>The mean along an axis (<c>mlx.core.mean</c>).</summary>
        let meanAxis (axis: int) (x: Tensor) : Tensor = Ops.Mean(x, axis)

        /// <summary>The mean along several axes (<c>mlx.core.mean</c>).</summary>
        let meanAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Mean(x, axes over)

        /// <summary>The mean along axes which stay, with length 1 (<c>mlx.core.mean</c>).</summary>
        let meanKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Mean(x, axes over, keepDims = true)

        /// <summary>The variance of all elements (<c>mlx.core.var</c>).</summary>
        let var (x: Tensor) : Tensor = Ops.Var x

        /// <summary>The variance along an axis (<c>mlx.core.var</c>).</summary>
        let varAxis (axis: int) (x: Tensor) : Tensor = Ops.Var(x, axis)

        /// <summary>The variance along several axes (<c>mlx.core.var</c>).</summary>
        let varAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Var(x, axes over)

        /// <summary>The variance along axes which stay, with length 1 (<c>mlx.core.var</c>).</summary>
        let varKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Var(x, axes over, keepDims = true)

        /// <summary>The standard deviation of all elements (<c>mlx.core.std</c>).</summary>
        let std (x: Tensor) : Tensor = Ops.Std x

        /// <summary>The standard deviation along an axis (<c>mlx.core.std</c>).</summary>
        let stdAxis (axis: int) (x: Tensor) : Tensor = Ops.Std(x, axis)

        /// <summary>The standard deviation along several axes (<c>mlx.core.std</c>).</summary>
        let stdAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Std(x, axes over)

        /// <summary>The standard deviation along axes which stay, with length 1 (<c>mlx.core.std</c>).</summary>
        let stdKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Std(x, axes over, keepDims = true)

        /// <summary>The largest element of all elements (<c>mlx.core.max</c>).</summary>
        let max (x: Tensor) : Tensor = Ops.Max x

        /// <summary>The largest element along an axis (<c>mlx.core.max</c>).</summary>
        let maxAxis (axis: int) (x: Tensor) : Tensor = Ops.Max(x, axis)

        /// <summary>The largest element along several axes (<c>mlx.core.max</c>).</summary>
        let maxAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Max(x, axes over)

        /// <summary>The largest element along axes which stay, with length 1 (<c>mlx.core.max</c>).</summary>
        let maxKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Max(x, axes over, keepDims = true)

        /// <summary>The smallest element of all elements (<c>mlx.core.min</c>).</summary>
        let min (x: Tensor) : Tensor = Ops.Min x

        /// <summary>The smallest element along an axis (<c>mlx.core.min</c>).</summary>
        let minAxis (axis: int) (x: Tensor) : Tensor = Ops.Min(x, axis)

        /// <summary>The smallest element along several axes (<c>mlx.core.min</c>).</summary>
        let minAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Min(x, axes over)

        /// <summary>The smallest element along axes which stay, with length 1 (<c>mlx.core.min</c>).</summary>
        let minKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Min(x, axes over, keepDims = true)

        /// <summary>Whether all elements are true of all elements (<c>mlx.core.all</c>).</summary>
        let all (x: Tensor) : Tensor = Ops.All x

        /// <summary>Whether all elements are true along an axis (<c>mlx.core.all</c>).</summary>
        let allAxis (axis: int) (x: Tensor) : Tensor = Ops.All(x, axis)

        /// <summary>Whether all elements are true along several axes (<c>mlx.core.all</c>).</summary>
        let allAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.All(x, axes over)

        /// <summary>Whether all elements are true along axes which stay, with length 1 (<c>mlx.core.all</c>).</summary>
        let allKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.All(x, axes over, keepDims = true)

        /// <summary>Whether any element is true of all elements (<c>mlx.core.any</c>).</summary>
        let any (x: Tensor) : Tensor = Ops.Any x

        /// <summary>Whether any element is true along an axis (<c>mlx.core.any</c>).</summary>
        let anyAxis (axis: int) (x: Tensor) : Tensor = Ops.Any(x, axis)

        /// <summary>Whether any element is true along several axes (<c>mlx.core.any</c>).</summary>
        let anyAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Any(x, axes over)

        /// <summary>Whether any element is true along axes which stay, with length 1 (<c>mlx.core.any</c>).</summary>
        let anyKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Any(x, axes over, keepDims = true)

        /// <summary>log of the sum of e^x of all elements (<c>mlx.core.logsumexp</c>).</summary>
        let logsumexp (x: Tensor) : Tensor = Ops.LogSumExp x

        /// <summary>log of the sum of e^x along an axis (<c>mlx.core.logsumexp</c>).</summary>
        let logsumexpAxis (axis: int) (x: Tensor) : Tensor = Ops.LogSumExp(x, axis)

        /// <summary>log of the sum of e^x along several axes (<c>mlx.core.logsumexp</c>).</summary>
        let logsumexpAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.LogSumExp(x, axes over)

        /// <summary>log of the sum of e^x along axes which stay, with length 1 (<c>mlx.core.logsumexp</c>).</summary>
        let logsumexpKeep (over: seq<int>) (x: Tensor) : Tensor =
            Ops.LogSumExp(x, axes over, keepDims = true)

        /// <summary>The median of all elements (<c>mlx.core.median</c>).</summary>
        let median (x: Tensor) : Tensor = Ops.Median x

        /// <summary>The median along several axes (<c>mlx.core.median</c>).</summary>
        let medianAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Median(x, axes over)

        /// <summary>Where the largest element of all is, row by row, as uint32
        /// (<c>mlx.core.argmax</c>).</summary>
        let argmax (x: Tensor) : Tensor = Ops.ArgMax x

        /// <summary>Where the largest element along an axis is, as uint32
        /// (<c>mlx.core.argmax</c>).</summary>
        let argmaxAxis (axis: int) (x: Tensor) : Tensor = Ops.ArgMax(x, axis)

        /// <summary>Where the smallest element of all is, row by row, as uint32
        /// (<c>mlx.core.argmin</c>).</summary>
        let argmin (x: Tensor) : Tensor = Ops.ArgMin x

        /// <summary>Where the smallest element along an axis is, as uint32
        /// (<c>mlx.core.argmin</c>).</summary>
        let argminAxis (axis: int) (x: Tensor) : Tensor = Ops.ArgMin(x, axis)

        /// <summary>e^x over its sum along an axis (<c>mlx.core.softmax</c>).</summary>
        let softmax (axis: int) (x: Tensor) : Tensor = Ops.Softmax(x, axis)

        /// <summary>The same computed in float32 whatever the dtype (<c>mlx.core.softmax</c> with
        /// <c>precise</c>).</summary>
        let softmaxPrecise (axis: int) (x: Tensor) : Tensor = Ops.Softmax(x, axis, precise = true)

        /// <summary>x - log of the sum of e^x along an axis (<c>mlx.nn.log_softmax</c>).</summary>
        let logSoftmax (axis: int) (x: Tensor) : Tensor =
            x - Ops.LogSumExp(x, axis, keepDims = true)

        /// <summary>Sums so far along an axis (<c>mlx.core.cumsum</c>).</summary>
        let cumsum (axis: int) (x: Tensor) : Tensor = Ops.CumSum(x, axis)

        /// <summary>Products so far along an axis (<c>mlx.core.cumprod</c>).</summary>
        let cumprod (axis: int) (x: Tensor) : Tensor = Ops.CumProd(x, axis)

        /// <summary>The largest so far along an axis (<c>mlx.core.cummax</c>).</summary>
        let cummax (axis: int) (x: Tensor) : Tensor = Ops.CumMax(x, axis)

        /// <summary>The smallest so far along an axis (<c>mlx.core.cummin</c>).</summary>
        let cummin (axis: int) (x: Tensor) : Tensor = Ops.CumMin(x, axis)

        /// <summary>log of the sums of e^x so far along an axis (<c>mlx.core.logcumsumexp</c>).</summary>
        let logcumsumexp (axis: int) (x: Tensor) : Tensor = Ops.LogCumSumExp(x, axis)

        /// <summary>Sorted along an axis, smallest first (<c>mlx.core.sort</c>).</summary>
        let sort (axis: int) (x: Tensor) : Tensor = Ops.Sort(x, axis)

        /// <summary>The indices that sort along an axis (<c>mlx.core.argsort</c>).</summary>
        let argsort (axis: int) (x: Tensor) : Tensor = Ops.ArgSort(x, axis)

        /// <summary>The k-th smallest in its place along an axis, smaller ones before it
        /// (<c>mlx.core.partition</c>).</summary>
        let partition (kth: int) (axis: int) (x: Tensor) : Tensor = Ops.Partition(x, kth, axis)

        /// <summary>The indices that partition along an axis (<c>mlx.core.argpartition</c>).</summary>
        let argpartition (kth: int) (axis: int) (x: Tensor) : Tensor =
            Ops.ArgPartition(x, kth, axis)

        /// <summary>The k largest along an axis, in no particular order (<c>mlx.core.topk</c>).</summary>
        let topk (k: int) (axis: int) (x: Tensor) : Tensor = Ops.TopK(x, k, axis)
