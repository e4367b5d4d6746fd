using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// The elements in another shape; one length may be -1 (<c>mlx.core.reshape</c>).
    /// </summary>
    public static MlxArray Reshape(MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream = null) =>
        Call.Reshape(a, shape, stream);

    /// <summary>Merges a run of axes into one (<c>mlx.core.flatten</c>).</summary>
    public static MlxArray Flatten(
        MlxArray a, int startAxis = 0, int endAxis = -1, MlxStream? stream = null) =>
        Call.Flatten(a, startAxis, endAxis, stream);

    /// <summary>
    /// Splits one axis into several; one length may be -1 (<c>mlx.core.unflatten</c>).
    /// </summary>
    public static MlxArray Unflatten(
        MlxArray a, int axis, ReadOnlySpan<int> shape, MlxStream? stream = null) =>
        Call.Unflatten(a, axis, shape, stream);

    /// <summary>Without the axes of length one (<c>mlx.core.squeeze</c>).</summary>
    public static MlxArray Squeeze(MlxArray a, MlxStream? stream = null) => Call.Squeeze(a, stream);

    /// <summary>Without an axis of length one (<c>mlx.core.squeeze</c>).</summary>
    public static MlxArray Squeeze(MlxArray a, int axis, MlxStream? stream = null) =>
        Call.SqueezeAxis(a, axis, stream);

    /// <summary>Without some axes of length one (<c>mlx.core.squeeze</c>).</summary>
    public static MlxArray Squeeze(MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream = null) =>
        Call.SqueezeAxes(a, axes, stream);

    /// <summary>With a new axis of length one (<c>mlx.core.expand_dims</c>).</summary>
    public static MlxArray ExpandDims(MlxArray a, int axis, MlxStream? stream = null) =>
        Call.ExpandDims(a, axis, stream);

    /// <summary>With new axes of length one (<c>mlx.core.expand_dims</c>).</summary>
    public static MlxArray ExpandDims(
        MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream = null) =>
        Call.ExpandDimsAxes(a, axes, stream);

    /// <summary>With the axes in reverse order (<c>mlx.core.transpose</c>).</summary>
    public static MlxArray Transpose(MlxArray a, MlxStream? stream = null) =>
        Call.Transpose(a, stream);

    /// <summary>With the axes in another order (<c>mlx.core.transpose</c>).</summary>
    public static MlxArray Transpose(
        MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream = null) =>
        Call.TransposeAxes(a, axes, stream);

    /// <summary>With two axes exchanged (<c>mlx.core.swapaxes</c>).</summary>
    public static MlxArray SwapAxes(MlxArray a, int axis1, int axis2, MlxStream? stream = null) =>
        Call.Swapaxes(a, axis1, axis2, stream);

    /// <summary>
    /// With one axis moved, the others in their order (<c>mlx.core.moveaxis</c>).
    /// </summary>
    public static MlxArray MoveAxis(
        MlxArray a, int source, int destination, MlxStream? stream = null) =>
        Call.Moveaxis(a, source, destination, stream);

    /// <summary>
    /// Repeated, without a copy, to a larger shape (<c>mlx.core.broadcast_to</c>).
    /// </summary>
    public static MlxArray BroadcastTo(
        MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream = null) =>
        Call.BroadcastTo(a, shape, stream);

    /// <summary>
    /// All brought to one shape, without a copy (<c>mlx.core.broadcast_arrays</c>).
    /// </summary>
    public static MlxArray[] BroadcastArrays(
        ReadOnlySpan<MlxArray> arrays, MlxStream? stream = null) =>
        Call.BroadcastArrays(arrays, stream);

    /// <summary>Joined along an axis (<c>mlx.core.concatenate</c>).</summary>
    public static MlxArray Concatenate(
        ReadOnlySpan<MlxArray> arrays, int axis = 0, MlxStream? stream = null) =>
        Call.ConcatenateAxis(arrays, axis, stream);

    /// <summary>Joined along a new axis (<c>mlx.core.stack</c>).</summary>
    public static MlxArray Stack(
        ReadOnlySpan<MlxArray> arrays, int axis = 0, MlxStream? stream = null) =>
        Call.StackAxis(arrays, axis, stream);

    /// <summary>Cut into equal parts along an axis (<c>mlx.core.split</c>).</summary>
    public static MlxArray[] Split(MlxArray a, int parts, int axis = 0, MlxStream? stream = null) =>
        Call.Split(a, parts, axis, stream);

    /// <summary>Cut at the given places along an axis (<c>mlx.core.split</c>).</summary>
    public static MlxArray[] Split(
        MlxArray a, ReadOnlySpan<int> indices, int axis = 0, MlxStream? stream = null) =>
        Call.SplitSections(a, indices, axis, stream);

    /// <summary>Repeated as a whole along each axis (<c>mlx.core.tile</c>).</summary>
    public static MlxArray Tile(
        MlxArray a, ReadOnlySpan<int> repetitions, MlxStream? stream = null) =>
        Call.Tile(a, repetitions, stream);

    /// <summary>
    /// Each element repeated along an axis; null for the flattened array (<c>mlx.core.repeat</c>).
    /// </summary>
    public static MlxArray Repeat(
        MlxArray a, int repeats, int? axis = null, MlxStream? stream = null) =>
        axis is { } i ? Call.RepeatAxis(a, repeats, i, stream) : Call.Repeat(a, repeats, stream);

    /// <summary>Shifted round, as if flattened (<c>mlx.core.roll</c>).</summary>
    public static MlxArray Roll(MlxArray a, int shift, MlxStream? stream = null) =>
        Call.Roll(a, new ReadOnlySpan<int>(in shift), stream);

    /// <summary>Shifted round along an axis (<c>mlx.core.roll</c>).</summary>
    public static MlxArray Roll(MlxArray a, int shift, int axis, MlxStream? stream = null) =>
        Call.RollAxis(a, new ReadOnlySpan<int>(in shift), axis, stream);

    /// <summary>Shifted round along several axes (<c>mlx.core.roll</c>).</summary>
    public static MlxArray Roll(
        MlxArray a, ReadOnlySpan<int> shifts, ReadOnlySpan<int> axes, MlxStream? stream = null) =>
        Call.RollAxes(a, shifts, axes, stream);

    /// <summary>
    /// Grown by the same width at both ends of every axis; the value is 0 when absent
    /// (<c>mlx.core.pad</c>).
    /// </summary>
    public static MlxArray Pad(
        MlxArray a,
        int width,
        MlxArray? value = null,
        PadMode mode = PadMode.Constant,
        MlxStream? stream = null) =>
        Padded(a, width, value, mode, stream);

    /// <summary>
    /// Grown at the low and high ends of some axes; the value is 0 when absent
    /// (<c>mlx.core.pad</c>).
    /// </summary>
    public static MlxArray Pad(
        MlxArray a,
        ReadOnlySpan<int> axes,
        ReadOnlySpan<int> low,
        ReadOnlySpan<int> high,
        MlxArray? value = null,
        PadMode mode = PadMode.Constant,
        MlxStream? stream = null) =>
        Padded(a, axes, low, high, value, mode, stream);

    /// <summary>With at least one axis (<c>mlx.core.atleast_1d</c>).</summary>
    public static MlxArray AtLeast1D(MlxArray a, MlxStream? stream = null) =>
        Call.Atleast1d(a, stream);

    /// <summary>With at least two axes (<c>mlx.core.atleast_2d</c>).</summary>
    public static MlxArray AtLeast2D(MlxArray a, MlxStream? stream = null) =>
        Call.Atleast2d(a, stream);

    /// <summary>With at least three axes (<c>mlx.core.atleast_3d</c>).</summary>
    public static MlxArray AtLeast3D(MlxArray a, MlxStream? stream = null) =>
        Call.Atleast3d(a, stream);

    /// <summary>
    /// A view of the flattened elements by explicit strides and offset, counted in elements and
    /// checked to stay inside (<c>mlx.core.as_strided</c>).
    /// </summary>
    public static MlxArray AsStrided(
        MlxArray a,
        ReadOnlySpan<int> shape,
        ReadOnlySpan<long> strides,
        long offset = 0,
        MlxStream? stream = null) =>
        Strided(a, shape, strides, offset, stream);

    /// <summary>Converted to another dtype (<c>mlx.core.array.astype</c>).</summary>
    public static MlxArray AsType(MlxArray a, DType dtype, MlxStream? stream = null) =>
        Call.Astype(a, dtype, stream);

    /// <summary>
    /// The same bytes read as another dtype; the last axis scales with the item size
    /// (<c>mlx.core.view</c>).
    /// </summary>
    public static MlxArray View(MlxArray a, DType dtype, MlxStream? stream = null) =>
        Call.View(a, dtype, stream);

    /// <summary>
    /// The same elements, in an array of its own in the graph (<c>mlx.core.array</c>).
    /// </summary>
    public static MlxArray Copy(MlxArray a, MlxStream? stream = null) => Call.Copy(a, stream);

    /// <summary>
    /// The elements side by side in memory, copied only where needed (<c>mlx.core.contiguous</c>).
    /// </summary>
    public static MlxArray Contiguous(
        MlxArray a, bool allowColMajor = false, MlxStream? stream = null) =>
        Call.Contiguous(a, allowColMajor, stream);

    /// <summary>
    /// The same elements, through which no gradient flows (<c>mlx.core.stop_gradient</c>).
    /// </summary>
    public static MlxArray StopGradient(MlxArray a, MlxStream? stream = null) =>
        Call.StopGradient(a, stream);

    /// <summary>
    /// The arrays, computed only after the dependencies (<c>mlx.core.depends</c>).
    /// </summary>
    public static MlxArray[] Depends(
        ReadOnlySpan<MlxArray> arrays, ReadOnlySpan<MlxArray> dependencies) =>
        Call.Depends(arrays, dependencies);

    /// <summary>
    /// Converted to 8-bit floats (E4M3), stored as uint8 (<c>mlx.core.to_fp8</c>).
    /// </summary>
    public static MlxArray ToFp8(MlxArray a, MlxStream? stream = null) => Call.ToFp8(a, stream);

    /// <summary>
    /// Converted from 8-bit floats (E4M3), stored as uint8 (<c>mlx.core.from_fp8</c>).
    /// </summary>
    public static MlxArray FromFp8(
        MlxArray a, DType dtype = DType.BFloat16, MlxStream? stream = null) =>
        Call.FromFp8(a, dtype, stream);
}
