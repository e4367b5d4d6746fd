using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>
    /// The elements of the flattened array at the indices (<c>mlx.core.take</c>).
    /// </summary>
    public static MlxArray Take(MlxArray a, MlxArray indices, MlxStream? stream = null) =>
        Call.Take(a, indices, stream);

    /// <summary>The slices at the indices along an axis (<c>mlx.core.take</c>).</summary>
    public static MlxArray Take(MlxArray a, MlxArray indices, int axis, MlxStream? stream = null) =>
        Call.TakeAxis(a, indices, axis, stream);

    /// <summary>
    /// Elements at indices along an axis, the other axes matched
    /// (<c>mlx.core.take_along_axis</c>).
    /// </summary>
    public static MlxArray TakeAlongAxis(
        MlxArray a, MlxArray indices, int axis, MlxStream? stream = null) =>
        Call.TakeAlongAxis(a, indices, axis, stream);

    /// <summary>
    /// a with values put at indices along an axis, the other axes matched
    /// (<c>mlx.core.put_along_axis</c>).
    /// </summary>
    public static MlxArray PutAlongAxis(
        MlxArray a, MlxArray indices, MlxArray values, int axis, MlxStream? stream = null) =>
        Call.PutAlongAxis(a, indices, values, axis, stream);

    /// <summary>
    /// a with values added at indices along an axis, the other axes matched
    /// (<c>mlx_scatter_add_axis</c>).
    /// </summary>
    public static MlxArray ScatterAddAxis(
        MlxArray a, MlxArray indices, MlxArray values, int axis, MlxStream? stream = null) =>
        Call.ScatterAddAxis(a, indices, values, axis, stream);

    /// <summary>
    /// Slices of the given sizes at indices along several axes: the shape of the broadcast
    /// indices, then the slice sizes (<c>mlx_gather</c>).
    /// </summary>
    public static MlxArray Gather(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        ReadOnlySpan<int> axes,
        ReadOnlySpan<int> sliceSizes,
        MlxStream? stream = null) =>
        Call.Gather(a, indices, axes, sliceSizes, stream);

    /// <summary>
    /// Slices of the given sizes at indices along one axis (<c>mlx_gather_single</c>).
    /// </summary>
    public static MlxArray Gather(
        MlxArray a,
        MlxArray indices,
        int axis,
        ReadOnlySpan<int> sliceSizes,
        MlxStream? stream = null) =>
        Call.GatherSingle(a, indices, axis, sliceSizes, stream);

    /// <summary>
    /// a with updates put at indices along several axes; updates have the shape of the broadcast
    /// indices and then the rank of a (<c>mlx_scatter</c>).
    /// </summary>
    public static MlxArray Scatter(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        MlxArray updates,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.Scatter(a, indices, updates, axes, stream);

    /// <summary>a with updates put at indices along one axis (<c>mlx_scatter</c>).</summary>
    public static MlxArray Scatter(
        MlxArray a, MlxArray indices, MlxArray updates, int axis, MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterSingle(a, indices, updates, axis, stream);

    /// <summary>
    /// a with updates added at indices along several axes; updates have the shape of the broadcast
    /// indices and then the rank of a (<c>mlx_scatter_add</c>).
    /// </summary>
    public static MlxArray ScatterAdd(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        MlxArray updates,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterAdd(a, indices, updates, axes, stream);

    /// <summary>a with updates added at indices along one axis (<c>mlx_scatter_add</c>).</summary>
    public static MlxArray ScatterAdd(
        MlxArray a, MlxArray indices, MlxArray updates, int axis, MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterAddSingle(a, indices, updates, axis, stream);

    /// <summary>
    /// a with the maximum of a and updates at indices along several axes; updates have the shape
    /// of the broadcast indices and then the rank of a (<c>mlx_scatter_max</c>).
    /// </summary>
    public static MlxArray ScatterMax(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        MlxArray updates,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterMax(a, indices, updates, axes, stream);

    /// <summary>
    /// a with the maximum of a and updates at indices along one axis (<c>mlx_scatter_max</c>).
    /// </summary>
    public static MlxArray ScatterMax(
        MlxArray a, MlxArray indices, MlxArray updates, int axis, MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterMaxSingle(a, indices, updates, axis, stream);

    /// <summary>
    /// a with the minimum of a and updates at indices along several axes; updates have the shape
    /// of the broadcast indices and then the rank of a (<c>mlx_scatter_min</c>).
    /// </summary>
    public static MlxArray ScatterMin(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        MlxArray updates,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterMin(a, indices, updates, axes, stream);

    /// <summary>
    /// a with the minimum of a and updates at indices along one axis (<c>mlx_scatter_min</c>).
    /// </summary>
    public static MlxArray ScatterMin(
        MlxArray a, MlxArray indices, MlxArray updates, int axis, MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterMinSingle(a, indices, updates, axis, stream);

    /// <summary>
    /// a multiplied by updates at indices along several axes; updates have the shape of the
    /// broadcast indices and then the rank of a (<c>mlx_scatter_prod</c>).
    /// </summary>
    public static MlxArray ScatterProd(
        MlxArray a,
        ReadOnlySpan<MlxArray> indices,
        MlxArray updates,
        ReadOnlySpan<int> axes,
        MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterProd(a, indices, updates, axes, stream);

    /// <summary>
    /// a multiplied by updates at indices along one axis (<c>mlx_scatter_prod</c>).
    /// </summary>
    public static MlxArray ScatterProd(
        MlxArray a, MlxArray indices, MlxArray updates, int axis, MlxStream? stream = null) =>
        IsNothing(updates) ? a.Alias() : Call.ScatterProdSingle(a, indices, updates, axis, stream);

    /// <summary>
    /// a with its masked elements replaced by those of source, in order
    /// (<c>mlx_masked_scatter</c>).
    /// </summary>
    public static MlxArray MaskedScatter(
        MlxArray a, MlxArray mask, MlxArray source, MlxStream? stream = null) =>
        Call.MaskedScatter(a, mask, source, stream);
}
