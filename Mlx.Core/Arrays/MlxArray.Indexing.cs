using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;

namespace Mlx.Core;

public sealed partial class MlxArray
{
    /// <summary>
    /// A part of the array; see <see cref="Idx"/> for what can stand in an index.
    /// </summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    [IndexerName("Part")]
    public MlxArray this[params ReadOnlySpan<Idx> index] => Index(index);

    // With a fixed number of entries as well, for languages without params spans: F# writes x[0,
    // -1].

    /// <summary>A part of the array, by one entry.</summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    [IndexerName("Part")]
    public MlxArray this[Idx i] => Index([i]);

    /// <summary>A part of the array, by two entries.</summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    [IndexerName("Part")]
    public MlxArray this[Idx i, Idx j] => Index([i, j]);

    /// <summary>A part of the array, by three entries.</summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    [IndexerName("Part")]
    public MlxArray this[Idx i, Idx j, Idx k] => Index([i, j, k]);

    /// <summary>A part of the array, by four entries.</summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    [IndexerName("Part")]
    public MlxArray this[Idx i, Idx j, Idx k, Idx l] => Index([i, j, k, l]);

    /// <summary>
    /// A part of the array; see <see cref="Idx"/> for what can stand in an index.
    /// </summary>
    /// <remarks>
    /// Integers are checked against the shape. The elements of index arrays are the engine's to
    /// check, because they may not be computed yet.
    /// </remarks>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    public MlxArray Index(ReadOnlySpan<Idx> index)
    {
        var plan = new IndexPlan(Shape, index);
        using var steps = Scope.Enter();
        var x = plan.IsSliced
            ? Call.Slice(this, plan.Starts, plan.Stops, plan.Steps, null)
            : Alias();
        if (plan.DroppedAxes.Count > 0)
        {
            x = Call.SqueezeAxes(x, CollectionsMarshal.AsSpan(plan.DroppedAxes), null);
        }

        if (plan.UsesArrays)
        {
            x = Gathered(x, plan);
        }

        if (plan.NewAxes.Count > 0)
        {
            x = Call.ExpandDimsAxes(x, CollectionsMarshal.AsSpan(plan.NewAxes), null);
        }

        return steps.Keep(x);
    }

    /// <summary>
    /// The array with a part changed: what <c>x[index] = values</c>, <c>x[index] += values</c> ...
    /// do to a NumPy array. The values broadcast to the part and take the array's dtype.
    /// </summary>
    /// <exception cref="ArgumentException">The index does not fit the shape.</exception>
    public MlxArray IndexUpdate(
        ReadOnlySpan<Idx> index, MlxArray values, UpdateKind kind = UpdateKind.Set)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var steps = Scope.Enter();
        if (values.DType != DType)
        {
            values = values.AsType(DType);
        }

        if (index.Length == 1 && index[0].Array is { DType: DType.Bool } mask)
        {
            return steps.Keep(Masked(mask, values, kind));
        }

        var plan = new IndexPlan(Shape, index);
        return steps.Keep(plan.UsesArrays
            ? Scattered(plan, values, kind)
            : SliceUpdated(plan, values, kind));
    }

    /// <summary>
    /// A second handle to the same array, for callers that will dispose what they get.
    /// </summary>
    internal unsafe MlxArray Alias()
    {
        using var pin = new Pin(this);
        mlx_array res = default;
        var status = Native.mlx_array_set(&res, pin.Handle);
        return Result.Array(status, res, nameof(Native.mlx_array_set));
    }

    private static MlxArray Gathered(MlxArray x, IndexPlan plan)
    {
        if (plan.SelectedAxes is [var only])
        {
            return Call.TakeAxis(x, plan.Selectors[0].Array!, only, null);
        }

        var sizes = x.Shape.ToArray();
        foreach (var axis in plan.SelectedAxes)
        {
            sizes[axis] = 1;
        }

        var selected = CollectionsMarshal.AsSpan(plan.SelectedAxes);
        var indices = Indices(plan);
        var gathered = Call.Gather(x, indices, selected, sizes, null);
        var rank = gathered.NDim - x.NDim;
        var squeezed = new int[selected.Length];
        for (var i = 0; i < squeezed.Length; i++)
        {
            squeezed[i] = rank + selected[i];
        }

        var blockFirst = Call.SqueezeAxes(gathered, squeezed, null);
        return plan.KeptBeforeBlock == 0 || rank == 0
            ? blockFirst
            : Call.TransposeAxes(blockFirst, BlockMoved(plan, rank, isBack: false), null);
    }

    private static MlxArray[] Indices(IndexPlan plan) =>
        [.. plan.Selectors.Select(s => s.Array ?? Scalar(s.Start!.Value))];

    /// <summary>
    /// The order of axes that moves the block from the front to its place, or back.
    /// </summary>
    private static int[] BlockMoved(IndexPlan plan, int rank, bool isBack)
    {
        var order = new List<int>();
        var before = plan.KeptBeforeBlock;
        if (isBack)
        {
            order.AddRange(Enumerable.Range(before, rank));
            order.AddRange(Enumerable.Range(0, before));
        }
        else
        {
            order.AddRange(Enumerable.Range(rank, before));
            order.AddRange(Enumerable.Range(0, rank));
        }

        order.AddRange(Enumerable.Range(rank + before, plan.Kept.Count - before));
        return [.. order];
    }

    private MlxArray SliceUpdated(IndexPlan plan, MlxArray values, UpdateKind kind)
    {
        var update = Fitted(values, plan.ResultShape([])).Reshape(plan.Sliced);
        var (a, b, c) = (plan.Starts, plan.Stops, plan.Steps);
        return kind switch
        {
            UpdateKind.Set => Call.SliceUpdate(this, update, a, b, c, null),
            UpdateKind.Add => Call.SliceUpdateAdd(this, update, a, b, c, null),
            UpdateKind.Multiply => Call.SliceUpdateProd(this, update, a, b, c, null),
            UpdateKind.Max => Call.SliceUpdateMax(this, update, a, b, c, null),
            _ => Call.SliceUpdateMin(this, update, a, b, c, null),
        };
    }

    private MlxArray Scattered(IndexPlan plan, MlxArray values, UpdateKind kind)
    {
        var indices = Call.BroadcastArrays(Indices(plan), null);
        var block = indices[0].Shape;
        var update = Fitted(values, plan.ResultShape(block));

        // MLX 0.31.2 divides by zero when it scatters nothing.
        if (update.Size == 0)
        {
            return Alias();
        }

        if (plan.NewAxes.Count > 0)
        {
            update = Call.SqueezeAxes(update, CollectionsMarshal.AsSpan(plan.NewAxes), null);
        }

        if (plan.KeptBeforeBlock > 0)
        {
            update = Call.TransposeAxes(update, BlockMoved(plan, block.Length, isBack: true), null);
        }

        // A scatter takes the block and then the rank of the array, of length one where selected.
        var full = plan.Sliced.ToArray();
        foreach (var axis in plan.SelectedAxes)
        {
            full[axis] = 1;
        }

        update = update.Reshape([.. block, .. full]);
        var part = plan.IsSliced
            ? Call.Slice(this, plan.Starts, plan.Stops, plan.Steps, null)
            : this;
        var axes = CollectionsMarshal.AsSpan(plan.SelectedAxes);
        var changed = kind switch
        {
            UpdateKind.Set => Call.Scatter(part, indices, update, axes, null),
            UpdateKind.Add => Call.ScatterAdd(part, indices, update, axes, null),
            UpdateKind.Multiply => Call.ScatterProd(part, indices, update, axes, null),
            UpdateKind.Max => Call.ScatterMax(part, indices, update, axes, null),
            _ => Call.ScatterMin(part, indices, update, axes, null),
        };
        return plan.IsSliced
            ? Call.SliceUpdate(this, changed, plan.Starts, plan.Stops, plan.Steps, null)
            : changed;
    }

    private MlxArray Masked(MlxArray mask, MlxArray values, UpdateKind kind)
    {
        if (!Shape.StartsWith(mask.Shape))
        {
            throw new ArgumentException(
                $"a mask of shape {Shapes.Text(mask.Shape)} does not fit an array of shape "
                + $"{Shapes.Text(Shape)}",
                nameof(mask));
        }

        if (values.Size != 1 && kind == UpdateKind.Set)
        {
            return Call.MaskedScatter(this, mask, values, null);
        }

        if (values.Size != 1)
        {
            throw new ArgumentException(
                "under a mask only UpdateKind.Set takes more than one value", nameof(values));
        }

        var value = values.Reshape([]);
        var changed = kind switch
        {
            UpdateKind.Set => value,
            UpdateKind.Add => this + value,
            UpdateKind.Multiply => this * value,
            UpdateKind.Max => Call.Maximum(this, value, null),
            _ => Call.Minimum(this, value, null),
        };
        int[] wide = [.. mask.Shape, .. Enumerable.Repeat(1, NDim - mask.NDim)];
        return Call.Where(mask.Reshape(wide), changed, this, null);
    }

    /// <summary>
    /// The values as they fill the part; leading axes of length one may be too many.
    /// </summary>
    private static MlxArray Fitted(MlxArray values, int[] shape)
    {
        var extra = values.NDim - shape.Length;
        var lead = 0;
        while (lead < extra && values.Dim(lead) == 1)
        {
            lead++;
        }

        var trimmed = lead > 0 ? values.Reshape(values.Shape[lead..]) : values;
        for (var i = 1; i <= trimmed.NDim; i++)
        {
            if (i > shape.Length || (trimmed.Dim(-i) != 1 && trimmed.Dim(-i) != shape[^i]))
            {
                throw new ArgumentException(
                    $"values of shape {Shapes.Text(values.Shape)} do not fit a part of shape "
                    + Shapes.Text(shape),
                    nameof(values));
            }
        }

        return trimmed.Shape.SequenceEqual(shape)
            ? trimmed
            : Call.BroadcastTo(trimmed, shape, null);
    }
}
