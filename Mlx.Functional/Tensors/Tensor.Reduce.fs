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
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.sum
        /// // => array(10, dtype=float32)
        /// </code></example>
        let sum (x: Tensor) : Tensor = Ops.Sum x

        /// <summary>The sum along an axis (<c>mlx.core.sum</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.sumAxis 0
        /// // => array([4, 6], dtype=float32)
        /// </code></example>
        let sumAxis (axis: int) (x: Tensor) : Tensor = Ops.Sum(x, axis)

        /// <summary>The sum along several axes (<c>mlx.core.sum</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.sumAxes [ 0; 1 ]
        /// // => array(10, dtype=float32)
        /// </code></example>
        let sumAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Sum(x, axes over)

        /// <summary>The sum along axes which stay, with length 1 (<c>mlx.core.sum</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.sumKeep [ 1 ]
        /// // => array([[3], [7]], dtype=float32)
        /// </code></example>
        let sumKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Sum(x, axes over, keepDims = true)

        /// <summary>The product of all elements (<c>mlx.core.prod</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.prod
        /// // => array(24, dtype=float32)
        /// </code></example>
        let prod (x: Tensor) : Tensor = Ops.Prod x

        /// <summary>The product along an axis (<c>mlx.core.prod</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.prodAxis 0
        /// // => array([3, 8], dtype=float32)
        /// </code></example>
        let prodAxis (axis: int) (x: Tensor) : Tensor = Ops.Prod(x, axis)

        /// <summary>The product along several axes (<c>mlx.core.prod</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.prodAxes [ 0; 1 ]
        /// // => array(24, dtype=float32)
        /// </code></example>
        let prodAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Prod(x, axes over)

        /// <summary>The product along axes which stay, with length 1
        /// (<c>mlx.core.prod</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.prodKeep [ 1 ]
        /// // => array([[2], [12]], dtype=float32)
        /// </code></example>
        let prodKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Prod(x, axes over, keepDims = true)

        /// <summary>The mean of all elements (<c>mlx.core.mean</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.mean
        /// // => array(2.5, dtype=float32)
        /// </code></example>
        let mean (x: Tensor) : Tensor = Ops.Mean x

        /// <summary>The mean along an axis (<c>mlx.core.mean</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.meanAxis 0
        /// // => array([2, 3], dtype=float32)
        /// </code></example>
        let meanAxis (axis: int) (x: Tensor) : Tensor = Ops.Mean(x, axis)

        /// <summary>The mean along several axes (<c>mlx.core.mean</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.meanAxes [ 0; 1 ]
        /// // => array(2.5, dtype=float32)
        /// </code></example>
        let meanAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Mean(x, axes over)

        /// <summary>The mean along axes which stay, with length 1 (<c>mlx.core.mean</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.meanKeep [ 1 ]
        /// // => array([[1.5], [3.5]], dtype=float32)
        /// </code></example>
        let meanKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Mean(x, axes over, keepDims = true)

        /// <summary>The variance of all elements (<c>mlx.core.var</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.var
        /// // => array(1.25, dtype=float32)
        /// </code></example>
        let var (x: Tensor) : Tensor = Ops.Var x

        /// <summary>The variance along an axis (<c>mlx.core.var</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.varAxis 0
        /// // => array([1, 1], dtype=float32)
        /// </code></example>
        let varAxis (axis: int) (x: Tensor) : Tensor = Ops.Var(x, axis)

        /// <summary>The variance along several axes (<c>mlx.core.var</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.varAxes [ 0; 1 ]
        /// // => array(1.25, dtype=float32)
        /// </code></example>
        let varAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Var(x, axes over)

        /// <summary>The variance along axes which stay, with length 1
        /// (<c>mlx.core.var</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.varKeep [ 1 ]
        /// // => array([[0.25], [0.25]], dtype=float32)
        /// </code></example>
        let varKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Var(x, axes over, keepDims = true)

        /// <summary>The variance along axes, divided by n - ddof instead of n
        /// (<c>mlx.core.var</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.varDdof 1 [ 0 ]
        /// // => array([2, 2], dtype=float32)
        /// </code></example>
        let varDdof (ddof: int) (over: seq<int>) (x: Tensor) : Tensor =
            Ops.Var(x, axes over, ddof = ddof)

        /// <summary>The standard deviation of all elements (<c>mlx.core.std</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.std
        /// // => array(1.11803, dtype=float32)
        /// </code></example>
        let std (x: Tensor) : Tensor = Ops.Std x

        /// <summary>The standard deviation along an axis (<c>mlx.core.std</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.stdAxis 0
        /// // => array([1, 1], dtype=float32)
        /// </code></example>
        let stdAxis (axis: int) (x: Tensor) : Tensor = Ops.Std(x, axis)

        /// <summary>The standard deviation along several axes (<c>mlx.core.std</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.stdAxes [ 0; 1 ]
        /// // => array(1.11803, dtype=float32)
        /// </code></example>
        let stdAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Std(x, axes over)

        /// <summary>The standard deviation along axes which stay, with length 1
        /// (<c>mlx.core.std</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.stdKeep [ 1 ]
        /// // => array([[0.5], [0.5]], dtype=float32)
        /// </code></example>
        let stdKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Std(x, axes over, keepDims = true)

        /// <summary>The standard deviation along axes, divided by n - ddof instead of n
        /// (<c>mlx.core.std</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.stdDdof 1 [ 0 ]
        /// // => array([1.41421, 1.41421], dtype=float32)
        /// </code></example>
        let stdDdof (ddof: int) (over: seq<int>) (x: Tensor) : Tensor =
            Ops.Std(x, axes over, ddof = ddof)

        /// <summary>The largest element of all elements (<c>mlx.core.max</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.max
        /// // => array(4, dtype=float32)
        /// </code></example>
        let max (x: Tensor) : Tensor = Ops.Max x

        /// <summary>The largest element along an axis (<c>mlx.core.max</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.maxAxis 0
        /// // => array([3, 4], dtype=float32)
        /// </code></example>
        let maxAxis (axis: int) (x: Tensor) : Tensor = Ops.Max(x, axis)

        /// <summary>The largest element along several axes (<c>mlx.core.max</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.maxAxes [ 0; 1 ]
        /// // => array(4, dtype=float32)
        /// </code></example>
        let maxAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Max(x, axes over)

        /// <summary>The largest element along axes which stay, with length 1
        /// (<c>mlx.core.max</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.maxKeep [ 1 ]
        /// // => array([[2], [4]], dtype=float32)
        /// </code></example>
        let maxKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Max(x, axes over, keepDims = true)

        /// <summary>The smallest element of all elements (<c>mlx.core.min</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.min
        /// // => array(1, dtype=float32)
        /// </code></example>
        let min (x: Tensor) : Tensor = Ops.Min x

        /// <summary>The smallest element along an axis (<c>mlx.core.min</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.minAxis 0
        /// // => array([1, 2], dtype=float32)
        /// </code></example>
        let minAxis (axis: int) (x: Tensor) : Tensor = Ops.Min(x, axis)

        /// <summary>The smallest element along several axes (<c>mlx.core.min</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.minAxes [ 0; 1 ]
        /// // => array(1, dtype=float32)
        /// </code></example>
        let minAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Min(x, axes over)

        /// <summary>The smallest element along axes which stay, with length 1
        /// (<c>mlx.core.min</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.minKeep [ 1 ]
        /// // => array([[1], [3]], dtype=float32)
        /// </code></example>
        let minKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Min(x, axes over, keepDims = true)

        /// <summary>Whether all elements are true of all elements (<c>mlx.core.all</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ true; true ] ] |> Tensor.all
        /// // => array(false, dtype=bool)
        /// </code></example>
        let all (x: Tensor) : Tensor = Ops.All x

        /// <summary>Whether all elements are true along an axis (<c>mlx.core.all</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ true; true ] ] |> Tensor.allAxis 0
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let allAxis (axis: int) (x: Tensor) : Tensor = Ops.All(x, axis)

        /// <summary>Whether all elements are true along several axes
        /// (<c>mlx.core.all</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ true; true ] ] |> Tensor.allAxes [ 0; 1 ]
        /// // => array(false, dtype=bool)
        /// </code></example>
        let allAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.All(x, axes over)

        /// <summary>Whether all elements are true along axes which stay, with length 1
        /// (<c>mlx.core.all</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ true; true ] ] |> Tensor.allKeep [ 1 ]
        /// // => array([[false], [true]], dtype=bool)
        /// </code></example>
        let allKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.All(x, axes over, keepDims = true)

        /// <summary>Whether any element is true of all elements (<c>mlx.core.any</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ false; false ] ] |> Tensor.any
        /// // => array(true, dtype=bool)
        /// </code></example>
        let any (x: Tensor) : Tensor = Ops.Any x

        /// <summary>Whether any element is true along an axis (<c>mlx.core.any</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ false; false ] ] |> Tensor.anyAxis 0
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let anyAxis (axis: int) (x: Tensor) : Tensor = Ops.Any(x, axis)

        /// <summary>Whether any element is true along several axes (<c>mlx.core.any</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ false; false ] ] |> Tensor.anyAxes [ 0; 1 ]
        /// // => array(true, dtype=bool)
        /// </code></example>
        let anyAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Any(x, axes over)

        /// <summary>Whether any element is true along axes which stay, with length 1
        /// (<c>mlx.core.any</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ true; false ]; [ false; false ] ] |> Tensor.anyKeep [ 1 ]
        /// // => array([[true], [false]], dtype=bool)
        /// </code></example>
        let anyKeep (over: seq<int>) (x: Tensor) : Tensor = Ops.Any(x, axes over, keepDims = true)

        /// <summary>log of the sum of e^x of all elements (<c>mlx.core.logsumexp</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.logsumexp
        /// // => array(4.44019, dtype=float32)
        /// </code></example>
        let logsumexp (x: Tensor) : Tensor = Ops.LogSumExp x

        /// <summary>log of the sum of e^x along an axis (<c>mlx.core.logsumexp</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.logsumexpAxis 0
        /// // => array([3.12693, 4.12693], dtype=float32)
        /// </code></example>
        let logsumexpAxis (axis: int) (x: Tensor) : Tensor = Ops.LogSumExp(x, axis)

        /// <summary>log of the sum of e^x along several axes (<c>mlx.core.logsumexp</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.logsumexpAxes [ 0; 1 ]
        /// // => array(4.44019, dtype=float32)
        /// </code></example>
        let logsumexpAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.LogSumExp(x, axes over)

        /// <summary>log of the sum of e^x along axes which stay, with length 1
        /// (<c>mlx.core.logsumexp</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ] |> Tensor.logsumexpKeep [ 1 ]
        /// // => array([[2.31326], [4.31326]], dtype=float32)
        /// </code></example>
        let logsumexpKeep (over: seq<int>) (x: Tensor) : Tensor =
            Ops.LogSumExp(x, axes over, keepDims = true)

        /// <summary>The median of all elements (<c>mlx.core.median</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 9.0; 2.0 ] |> Tensor.median
        /// // => array(2, dtype=float32)
        /// </code></example>
        let median (x: Tensor) : Tensor = Ops.Median x

        /// <summary>The median along several axes (<c>mlx.core.median</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0; 9.0 ]; [ 4.0; 5.0; 6.0 ] ] |> Tensor.medianAxes [ 1 ]
        /// // => array([2, 5], dtype=float32)
        /// </code></example>
        let medianAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Median(x, axes over)

        /// <summary>The median along axes which stay, with length 1
        /// (<c>mlx.core.median</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0; 9.0 ]; [ 4.0; 5.0; 6.0 ] ] |> Tensor.medianKeep [ 1 ]
        /// // => array([[2], [5]], dtype=float32)
        /// </code></example>
        let medianKeep (over: seq<int>) (x: Tensor) : Tensor =
            Ops.Median(x, axes over, keepDims = true)

        /// <summary>Where the largest element of all is, row by row, as uint32
        /// (<c>mlx.core.argmax</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 9.0; 2.0 ] |> Tensor.argmax
        /// // => array(1, dtype=uint32)
        /// </code></example>
        let argmax (x: Tensor) : Tensor = Ops.ArgMax x

        /// <summary>Where the largest element along an axis is, as uint32
        /// (<c>mlx.core.argmax</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 5 ]; [ 4; 2 ] ] |> Tensor.argmaxAxis 1
        /// // => array([1, 0], dtype=uint32)
        /// </code></example>
        let argmaxAxis (axis: int) (x: Tensor) : Tensor = Ops.ArgMax(x, axis)

        /// <summary>Where the smallest element of all is, row by row, as uint32
        /// (<c>mlx.core.argmin</c>).</summary>
        /// <returns>A scalar.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 3.0; 9.0; 2.0 ] |> Tensor.argmin
        /// // => array(2, dtype=uint32)
        /// </code></example>
        let argmin (x: Tensor) : Tensor = Ops.ArgMin x

        /// <summary>Where the smallest element along an axis is, as uint32
        /// (<c>mlx.core.argmin</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 5 ]; [ 4; 2 ] ] |> Tensor.argminAxis 1
        /// // => array([0, 1], dtype=uint32)
        /// </code></example>
        let argminAxis (axis: int) (x: Tensor) : Tensor = Ops.ArgMin(x, axis)

        /// <summary>e^x over its sum along an axis (<c>mlx.core.softmax</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 0.0; 0.0; 0.0 ] |> Tensor.softmax -1
        /// // => array([0.25, 0.25, 0.25, 0.25], dtype=float32)
        /// </code></example>
        let softmax (axis: int) (x: Tensor) : Tensor = Ops.Softmax(x, axis)

        /// <summary>e^x over its sum along several axes (<c>mlx.core.softmax</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 2 ] |> Tensor.softmaxAxes [ 0; 1 ]
        /// // => array([[0.25, 0.25], [0.25, 0.25]], dtype=float32)
        /// </code></example>
        let softmaxAxes (over: seq<int>) (x: Tensor) : Tensor = Ops.Softmax(x, axes over)

        /// <summary>The same computed in float32 whatever the dtype (<c>mlx.core.softmax</c> with
        /// <c>precise</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.zerosOf DType.Float16 [ 2 ] |> Tensor.softmaxPrecise -1
        /// // => array([0.5, 0.5], dtype=float16)
        /// </code></example>
        let softmaxPrecise (axis: int) (x: Tensor) : Tensor = Ops.Softmax(x, axis, precise = true)

        /// <summary>x - log of the sum of e^x along an axis (<c>mlx.nn.log_softmax</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2 ] |> Tensor.logSoftmax -1
        /// // => array([-0.693147, -0.693147], dtype=float32)
        /// </code></example>
        let logSoftmax (axis: int) (x: Tensor) : Tensor =
            x - Ops.LogSumExp(x, axis, keepDims = true)

        /// <summary>How many elements the axes have together, without axes of its own: 1 over it
        /// where <c>inverted</c>. Inside a function that is exported without shapes it stays open
        /// (<c>mlx_number_of_elements</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.numberOfElements [ 0; 2 ] false DType.Int32
        /// // => array(8, dtype=int32)
        /// </code></example>
        let numberOfElements (over: seq<int>) (inverted: bool) (dtype: DType) (x: Tensor) : Tensor =
            Ops.NumberOfElements(x, axes over, inverted, dtype)
