using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>A slice whose position is known when it is evaluated; a view.</summary>
internal sealed class DynamicSlice(int[] axes, int[] sizes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<DynamicSlice, (int[] Axes, int[] Sizes)>(
        "DynamicSlice", State.Of(State.Ints, State.Ints), p => (p.axes, p.sizes),
        (x, s) => Op.Slice(x[0], x[1], s.Axes, s.Sizes), 2);

    private readonly int[] axes = axes;
    private readonly int[] sizes = sizes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        var offset = to.Size > 0 ? Offset(inputs[1], axes, from, sizes) : 0;
        to.View(from, from.Strides, offset * from.Dtype.Size());
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        var source = argnums.IndexOf(0);
        if (source >= 0)
        {
            vjps[source] = Op.SliceUpdate(
                Op.ZerosLike(inputs[0]), cotangents[0], inputs[1], axes);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Slice(Tangents.Of(inputs, tangents, argnums, 0), inputs[1], axes, sizes)];

    /// <summary>Where the position is mapped too, the slice becomes a gather.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        if (mapped[1] < 0)
        {
            var (at, n) = (mapped[0], inputs[0].Shape[mapped[0]]);
            var shifted = Array.ConvertAll(axes, a => a >= at ? a + 1 : a);
            return ([Op.Slice(inputs[0], inputs[1], shifted, Shapes.Insert(sizes, at, n))], [at]);
        }

        var (indices, whole) = Positions(inputs[1], mapped[1], axes);
        if (mapped[0] < 0)
        {
            return ([Op.Gather(inputs[0], indices, axes, sizes)], [0]);
        }

        var source = Op.MoveAxis(inputs[0], mapped[0], 0);
        var result = Op.Gather(
            source, [Op.Arange(whole), .. indices], [0, .. Shapes.Shifted(axes)],
            Shapes.Insert(sizes, 0, 1));
        return ([Op.Squeeze(result, 1)], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is DynamicSlice d && Shapes.Same(axes, d.axes) && Shapes.Same(sizes, d.sizes);

    /// <summary>Mapped positions as one index array an axis, and how many there are.</summary>
    internal static (Node[] Indices, int Count) Positions(Node start, int mapped, int[] axes)
    {
        var rows = Op.MoveAxis(start, mapped, 0);
        rows = Op.Reshape(rows, [rows.Shape[0], axes.Length]);
        var columns = new Node[axes.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = Op.Squeeze(Op.SliceAxis(rows, 1, i, i + 1), 1);
        }

        return (columns, rows.Shape[0]);
    }

    /// <summary>
    /// Offset in elements. A position at which the window would leave the array is an error (MLX
    /// reads or writes beyond it).
    /// </summary>
    internal static unsafe long Offset(Node start, int[] axes, Node array, ReadOnlySpan<int> window)
    {
        var reader = new IndexReader("slice", [], axes, array.Shape, array.Strides, window);
        return reader.ReadOne(start);
    }
}

/// <summary>
/// The source with a slice replaced whose position is known when it is evaluated.
/// </summary>
internal sealed unsafe class DynamicSliceUpdate(int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<DynamicSliceUpdate, int[]>(
        "DynamicSliceUpdate", State.Ints, p => p.axes,
        (x, axes) => Op.SliceUpdate(x[0], x[1], x[2], axes), 3);

    private readonly int[] axes = axes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (update, to) = (inputs[1], outputs[0]);
        Updates.Start(inputs[0], to);
        if (update.Size > 0)
        {
            var offset = DynamicSlice.Offset(inputs[2], axes, to, update.Shape);
            Transfer.Copy(
                update.Data, update.Strides, to.Data + offset * to.Dtype.Size(), to.Strides,
                update.Shape, to.Dtype.Size());
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (update, start, c) = (inputs[1], inputs[2], cotangents[0]);
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = argnums[i] switch
            {
                0 => Op.SliceUpdate(c, Op.ZerosLike(update), start, axes),
                1 => Op.Slice(c, start, axes, update.Shape),
                _ => null,
            };
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.SliceUpdate(
            Tangents.Of(inputs, tangents, argnums, 0), Tangents.Of(inputs, tangents, argnums, 1),
            inputs[2], axes),
    ];

    /// <summary>Where the position is mapped too, the update becomes a scatter.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var n = Batching.Length(inputs, mapped);
        var source = Batching.Spread(inputs[0], mapped[0], n);
        var update = Batching.Spread(inputs[1], mapped[1], n);
        var shifted = Shapes.Shifted(axes);
        if (mapped[2] < 0)
        {
            return ([Op.SliceUpdate(source, update, inputs[2], shifted)], [0]);
        }

        var (indices, _) = DynamicSlice.Positions(inputs[2], mapped[2], axes);
        return (
            [
                Op.Scatter(
                    source, [Op.Arange(n), .. indices], Op.ExpandDims(update, 1), [0, .. shifted]),
            ],
            [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is DynamicSliceUpdate d && Shapes.Same(axes, d.axes);
}

internal static partial class Op
{
    [Export("mlx_slice_dynamic")]
    public static Node Slice(
        Node a, Node start, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize)
    {
        var at = CheckedStart(a, start, axes, "slice");
        if (sliceSize.Length != a.Rank)
        {
            throw new ArgumentException(
                $"[slice] Invalid slice size {Shapes.Text(sliceSize)} for array of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        for (var i = 0; i < a.Rank; i++)
        {
            if (sliceSize[i] < 0 || sliceSize[i] > a.Shape[i])
            {
                throw new ArgumentException(
                    $"[slice] Invalid slice size {Shapes.Text(sliceSize)} for array with shape " +
                    $"{Shapes.Text(a.Shape)}.");
            }
        }

        var sizes = sliceSize.ToArray();
        return Node.Lazy(sizes, a.Dtype, new DynamicSlice(at, sizes), a, start);
    }

    [Export("mlx_slice_update_dynamic")]
    public static Node SliceUpdate(Node src, Node update, Node start, ReadOnlySpan<int> axes)
    {
        var at = CheckedStart(src, start, axes, "slice_update");
        if (update.Rank > src.Rank)
        {
            throw new ArgumentException(
                $"[slice_update] Update of shape {Shapes.Text(update.Shape)} has more dimensions " +
                $"than the array of shape {Shapes.Text(src.Shape)}.");
        }

        // Leading axes that the update lacks are whole, or one where a position is given.
        var shift = src.Rank - update.Rank;
        var shape = (int[])src.Shape.Clone();
        for (var i = 0; i < src.Rank; i++)
        {
            shape[i] = i >= shift ? Math.Min(update.Shape[i - shift], src.Shape[i])
                : at.AsSpan().Contains(i) ? 1
                : src.Shape[i];
        }

        var u = BroadcastTo(AsType(update, src.Dtype), shape);
        return Node.Lazy(src.Shape, src.Dtype, new DynamicSliceUpdate(at), src, u, start);
    }

    private static int[] CheckedStart(Node a, Node start, ReadOnlySpan<int> axes, string op)
    {
        if (start.Rank > 1 || start.Size != axes.Length || start.Size > a.Rank)
        {
            throw new ArgumentException(
                $"[{op}] Starting positions of shape {Shapes.Text(start.Shape)} do not match " +
                $"{axes.Length} axes of an array of shape {Shapes.Text(a.Shape)}.");
        }

        if (!start.Dtype.IsInteger())
        {
            throw new ArgumentException(
                $"[{op}] Start indices must be integers, got type {start.Dtype.Name()}.");
        }

        Shapes.SortedAxes(axes, a.Rank, op);
        var at = axes.ToArray();
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = Shapes.Axis(at[i], a.Rank, op);
        }

        return at;
    }
}
