using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// The part from start up to stop along each axis, in steps (1 when absent)
    /// (<c>mlx_slice</c>).
    /// </summary>
    public static MlxArray Slice(
        MlxArray a,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.Slice(a, start, stop, Steps(strides, stackalloc int[start.Length]), stream);

    /// <summary>
    /// The part of a given size at a start that is itself an array (<c>mlx.core.slice</c>).
    /// </summary>
    public static MlxArray SliceDynamic(
        MlxArray a,
        MlxArray start,
        ReadOnlySpan<int> axes,
        ReadOnlySpan<int> sliceSize,
        MlxStream? stream = null) =>
        Call.SliceDynamic(a, start, axes, sliceSize, stream);

    /// <summary>a with a part replaced (<c>mlx_slice_update</c>).</summary>
    public static MlxArray SliceUpdate(
        MlxArray a,
        MlxArray update,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.SliceUpdate(
            a, update, start, stop, Steps(strides, stackalloc int[start.Length]), stream);

    /// <summary>
    /// a with a part replaced at a start that is itself an array (<c>mlx.core.slice_update</c>).
    /// </summary>
    public static MlxArray SliceUpdateDynamic(
        MlxArray a,
        MlxArray update,
        MlxArray start,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        Call.SliceUpdateDynamic(a, update, start, axes, stream);

    /// <summary>a with an update added to a part (<c>mlx_slice_update_add</c>).</summary>
    public static MlxArray SliceUpdateAdd(
        MlxArray a,
        MlxArray update,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.SliceUpdateAdd(
            a, update, start, stop, Steps(strides, stackalloc int[start.Length]), stream);

    /// <summary>a with the maximum of a part and an update (<c>mlx_slice_update_max</c>).</summary>
    public static MlxArray SliceUpdateMax(
        MlxArray a,
        MlxArray update,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.SliceUpdateMax(
            a, update, start, stop, Steps(strides, stackalloc int[start.Length]), stream);

    /// <summary>a with the minimum of a part and an update (<c>mlx_slice_update_min</c>).</summary>
    public static MlxArray SliceUpdateMin(
        MlxArray a,
        MlxArray update,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.SliceUpdateMin(
            a, update, start, stop, Steps(strides, stackalloc int[start.Length]), stream);

    /// <summary>a with a part multiplied by an update (<c>mlx_slice_update_prod</c>).</summary>
    public static MlxArray SliceUpdateProd(
        MlxArray a,
        MlxArray update,
        ReadOnlySpan<int> start,
        ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides = default,
        MlxStream? stream = null) =>
        Call.SliceUpdateProd(
            a, update, start, stop, Steps(strides, stackalloc int[start.Length]), stream);
}
