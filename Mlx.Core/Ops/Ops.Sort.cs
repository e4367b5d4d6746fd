using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// Sorted ascending along an axis, NaN last; null for the flattened array
    /// (<c>mlx.core.sort</c>).
    /// </summary>
    public static MlxArray Sort(MlxArray a, int? axis = -1, MlxStream? stream = null) =>
        axis is { } i ? Call.SortAxis(a, i, stream) : Call.Sort(a, stream);

    /// <summary>
    /// The indices that would sort along an axis, as uint32; null for the flattened array
    /// (<c>mlx.core.argsort</c>).
    /// </summary>
    public static MlxArray ArgSort(MlxArray a, int? axis = -1, MlxStream? stream = null) =>
        axis is { } i ? Call.ArgsortAxis(a, i, stream) : Call.Argsort(a, stream);

    /// <summary>
    /// Along an axis, the element at kth stands where a sort would put it, none before is larger;
    /// null for the flattened array (<c>mlx.core.partition</c>).
    /// </summary>
    public static MlxArray Partition(
        MlxArray a, int kth, int? axis = -1, MlxStream? stream = null) =>
        axis is { } i ? Call.PartitionAxis(a, kth, i, stream) : Call.Partition(a, kth, stream);

    /// <summary>
    /// The indices that would partition along an axis, as uint32; null for the flattened array
    /// (<c>mlx.core.argpartition</c>).
    /// </summary>
    public static MlxArray ArgPartition(
        MlxArray a, int kth, int? axis = -1, MlxStream? stream = null) =>
        axis is { } i
            ? Call.ArgpartitionAxis(a, kth, i, stream)
            : Call.Argpartition(a, kth, stream);

    /// <summary>
    /// The k largest elements along an axis, in no certain order; null for the flattened array
    /// (<c>mlx.core.topk</c>).
    /// </summary>
    public static MlxArray TopK(MlxArray a, int k, int? axis = -1, MlxStream? stream = null) =>
        axis is { } i ? Call.TopkAxis(a, k, i, stream) : Call.Topk(a, k, stream);

    /// <summary>
    /// Running sums along an axis, from either end, with or without the element itself
    /// (<c>mlx.core.cumsum</c>).
    /// </summary>
    public static MlxArray CumSum(
        MlxArray a,
        int axis,
        bool reverse = false,
        bool inclusive = true,
        MlxStream? stream = null) =>
        Call.Cumsum(a, axis, reverse, inclusive, stream);

    /// <summary>
    /// Running products along an axis, from either end, with or without the element itself
    /// (<c>mlx.core.cumprod</c>).
    /// </summary>
    public static MlxArray CumProd(
        MlxArray a,
        int axis,
        bool reverse = false,
        bool inclusive = true,
        MlxStream? stream = null) =>
        Call.Cumprod(a, axis, reverse, inclusive, stream);

    /// <summary>
    /// Running maxima along an axis, from either end, with or without the element itself
    /// (<c>mlx.core.cummax</c>).
    /// </summary>
    public static MlxArray CumMax(
        MlxArray a,
        int axis,
        bool reverse = false,
        bool inclusive = true,
        MlxStream? stream = null) =>
        Call.Cummax(a, axis, reverse, inclusive, stream);

    /// <summary>
    /// Running minima along an axis, from either end, with or without the element itself
    /// (<c>mlx.core.cummin</c>).
    /// </summary>
    public static MlxArray CumMin(
        MlxArray a,
        int axis,
        bool reverse = false,
        bool inclusive = true,
        MlxStream? stream = null) =>
        Call.Cummin(a, axis, reverse, inclusive, stream);

    /// <summary>
    /// Running log(sum(exp(a))) along an axis, from either end, with or without the element itself
    /// (<c>mlx.core.logcumsumexp</c>).
    /// </summary>
    public static MlxArray LogCumSumExp(
        MlxArray a,
        int axis,
        bool reverse = false,
        bool inclusive = true,
        MlxStream? stream = null) =>
        Call.Logcumsumexp(a, axis, reverse, inclusive, stream);
}
