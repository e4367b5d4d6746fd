using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>The sum, over all elements (<c>mlx.core.sum</c>).</summary>
    public static MlxArray Sum(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Sum(a, keepDims, stream);

    /// <summary>The sum, along one axis (<c>mlx.core.sum</c>).</summary>
    public static MlxArray Sum(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.SumAxis(a, axis, keepDims, stream);

    /// <summary>The sum, along several axes (<c>mlx.core.sum</c>).</summary>
    public static MlxArray Sum(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.SumAxes(a, axes, keepDims, stream);

    /// <summary>The product, over all elements (<c>mlx.core.prod</c>).</summary>
    public static MlxArray Prod(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Prod(a, keepDims, stream);

    /// <summary>The product, along one axis (<c>mlx.core.prod</c>).</summary>
    public static MlxArray Prod(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.ProdAxis(a, axis, keepDims, stream);

    /// <summary>The product, along several axes (<c>mlx.core.prod</c>).</summary>
    public static MlxArray Prod(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.ProdAxes(a, axes, keepDims, stream);

    /// <summary>The mean, over all elements (<c>mlx.core.mean</c>).</summary>
    public static MlxArray Mean(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Mean(a, keepDims, stream);

    /// <summary>The mean, along one axis (<c>mlx.core.mean</c>).</summary>
    public static MlxArray Mean(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.MeanAxis(a, axis, keepDims, stream);

    /// <summary>The mean, along several axes (<c>mlx.core.mean</c>).</summary>
    public static MlxArray Mean(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.MeanAxes(a, axes, keepDims, stream);

    /// <summary>
    /// The variance, divided by n - ddof, over all elements (<c>mlx.core.var</c>).
    /// </summary>
    public static MlxArray Var(
        MlxArray a, bool keepDims = false, int ddof = 0, MlxStream? stream = null) =>
        Call.Var(a, keepDims, ddof, stream);

    /// <summary>The variance, divided by n - ddof, along one axis (<c>mlx.core.var</c>).</summary>
    public static MlxArray Var(
        MlxArray a, int axis, bool keepDims = false, int ddof = 0, MlxStream? stream = null) =>
        Call.VarAxis(a, axis, keepDims, ddof, stream);

    /// <summary>
    /// The variance, divided by n - ddof, along several axes (<c>mlx.core.var</c>).
    /// </summary>
    public static MlxArray Var(
        MlxArray a,
        ReadOnlySpan<int> axes,
        bool keepDims = false,
        int ddof = 0,
        MlxStream? stream = null) =>
        Call.VarAxes(a, axes, keepDims, ddof, stream);

    /// <summary>
    /// The standard deviation, with division by n - ddof, over all elements (<c>mlx.core.std</c>).
    /// </summary>
    public static MlxArray Std(
        MlxArray a, bool keepDims = false, int ddof = 0, MlxStream? stream = null) =>
        Call.Std(a, keepDims, ddof, stream);

    /// <summary>
    /// The standard deviation, with division by n - ddof, along one axis (<c>mlx.core.std</c>).
    /// </summary>
    public static MlxArray Std(
        MlxArray a, int axis, bool keepDims = false, int ddof = 0, MlxStream? stream = null) =>
        Call.StdAxis(a, axis, keepDims, ddof, stream);

    /// <summary>
    /// The standard deviation, with division by n - ddof, along several axes
    /// (<c>mlx.core.std</c>).
    /// </summary>
    public static MlxArray Std(
        MlxArray a,
        ReadOnlySpan<int> axes,
        bool keepDims = false,
        int ddof = 0,
        MlxStream? stream = null) =>
        Call.StdAxes(a, axes, keepDims, ddof, stream);

    /// <summary>The largest element, over all elements (<c>mlx.core.max</c>).</summary>
    public static MlxArray Max(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Max(a, keepDims, stream);

    /// <summary>The largest element, along one axis (<c>mlx.core.max</c>).</summary>
    public static MlxArray Max(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.MaxAxis(a, axis, keepDims, stream);

    /// <summary>The largest element, along several axes (<c>mlx.core.max</c>).</summary>
    public static MlxArray Max(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.MaxAxes(a, axes, keepDims, stream);

    /// <summary>The smallest element, over all elements (<c>mlx.core.min</c>).</summary>
    public static MlxArray Min(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Min(a, keepDims, stream);

    /// <summary>The smallest element, along one axis (<c>mlx.core.min</c>).</summary>
    public static MlxArray Min(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.MinAxis(a, axis, keepDims, stream);

    /// <summary>The smallest element, along several axes (<c>mlx.core.min</c>).</summary>
    public static MlxArray Min(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.MinAxes(a, axes, keepDims, stream);

    /// <summary>
    /// Whether all elements are nonzero, over all elements (<c>mlx.core.all</c>).
    /// </summary>
    public static MlxArray All(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.All(a, keepDims, stream);

    /// <summary>Whether all elements are nonzero, along one axis (<c>mlx.core.all</c>).</summary>
    public static MlxArray All(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.AllAxis(a, axis, keepDims, stream);

    /// <summary>
    /// Whether all elements are nonzero, along several axes (<c>mlx.core.all</c>).
    /// </summary>
    public static MlxArray All(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.AllAxes(a, axes, keepDims, stream);

    /// <summary>Whether any element is nonzero, over all elements (<c>mlx.core.any</c>).</summary>
    public static MlxArray Any(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Any(a, keepDims, stream);

    /// <summary>Whether any element is nonzero, along one axis (<c>mlx.core.any</c>).</summary>
    public static MlxArray Any(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.AnyAxis(a, axis, keepDims, stream);

    /// <summary>Whether any element is nonzero, along several axes (<c>mlx.core.any</c>).</summary>
    public static MlxArray Any(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.AnyAxes(a, axes, keepDims, stream);

    /// <summary>
    /// log(sum(exp(a))), without overflow, over all elements (<c>mlx.core.logsumexp</c>).
    /// </summary>
    public static MlxArray LogSumExp(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Logsumexp(a, keepDims, stream);

    /// <summary>
    /// log(sum(exp(a))), without overflow, along one axis (<c>mlx.core.logsumexp</c>).
    /// </summary>
    public static MlxArray LogSumExp(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.LogsumexpAxis(a, axis, keepDims, stream);

    /// <summary>
    /// log(sum(exp(a))), without overflow, along several axes (<c>mlx.core.logsumexp</c>).
    /// </summary>
    public static MlxArray LogSumExp(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.LogsumexpAxes(a, axes, keepDims, stream);

    /// <summary>The median, over all elements (<c>mlx.core.median</c>).</summary>
    public static MlxArray Median(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Median(a, AllAxes(a), keepDims, stream);

    /// <summary>The median, along several axes (<c>mlx.core.median</c>).</summary>
    public static MlxArray Median(
        MlxArray a, ReadOnlySpan<int> axes, bool keepDims = false, MlxStream? stream = null) =>
        Call.Median(a, axes, keepDims, stream);

    /// <summary>
    /// The index of the largest element of the flattened array, as uint32
    /// (<c>mlx.core.argmax</c>).
    /// </summary>
    public static MlxArray ArgMax(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Argmax(a, keepDims, stream);

    /// <summary>
    /// The index of the largest element along an axis, as uint32 (<c>mlx.core.argmax</c>).
    /// </summary>
    public static MlxArray ArgMax(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.ArgmaxAxis(a, axis, keepDims, stream);

    /// <summary>
    /// The index of the smallest element of the flattened array, as uint32
    /// (<c>mlx.core.argmin</c>).
    /// </summary>
    public static MlxArray ArgMin(MlxArray a, bool keepDims = false, MlxStream? stream = null) =>
        Call.Argmin(a, keepDims, stream);

    /// <summary>
    /// The index of the smallest element along an axis, as uint32 (<c>mlx.core.argmin</c>).
    /// </summary>
    public static MlxArray ArgMin(
        MlxArray a, int axis, bool keepDims = false, MlxStream? stream = null) =>
        Call.ArgminAxis(a, axis, keepDims, stream);

    /// <summary>
    /// exp(a) / sum(exp(a)) over all elements; precise computes 16-bit floats in float32
    /// (<c>mlx.core.softmax</c>).
    /// </summary>
    public static MlxArray Softmax(MlxArray a, bool precise = false, MlxStream? stream = null) =>
        Call.Softmax(a, precise, stream);

    /// <summary>
    /// exp(a) / sum(exp(a)) along an axis; precise computes 16-bit floats in float32
    /// (<c>mlx.core.softmax</c>).
    /// </summary>
    public static MlxArray Softmax(
        MlxArray a, int axis, bool precise = false, MlxStream? stream = null) =>
        Call.SoftmaxAxis(a, axis, precise, stream);

    /// <summary>
    /// exp(a) / sum(exp(a)) along several axes; precise computes 16-bit floats in float32
    /// (<c>mlx.core.softmax</c>).
    /// </summary>
    public static MlxArray Softmax(
        MlxArray a, ReadOnlySpan<int> axes, bool precise = false, MlxStream? stream = null) =>
        Call.SoftmaxAxes(a, axes, precise, stream);

    /// <summary>
    /// The product of the lengths of some axes (or its inverse), as an array
    /// (<c>mlx.core.number_of_elements</c>).
    /// </summary>
    public static MlxArray NumberOfElements(
        MlxArray a,
        ReadOnlySpan<int> axes,
        bool inverted = false,
        DType dtype = DType.Int32,
        MlxStream? stream = null) =>
        Call.NumberOfElements(a, axes, inverted, dtype, stream);
}
