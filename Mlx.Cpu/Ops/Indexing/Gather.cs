using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Slices of the source that begin at the given indices: with index arrays i0, i1 ... for the axes
/// a0, a1 ..., out[p, s] = source[s + i0[p] e(a0) + i1[p] e(a1) + ...], for s in the slice's shape.
/// </summary>
internal sealed class Gather(int[] axes, int[] sliceSizes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Gather, (int[] Axes, int[] Sizes)>(
        "Gather", State.Of(State.Ints, State.Ints), p => (p.axes, p.sliceSizes),
        (x, s) => Op.Gather(x[0], x[1..], s.Axes, s.Sizes), 1, int.MaxValue);

    private readonly int[] axes = axes;
    private readonly int[] sliceSizes = sliceSizes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        if (outputs[0].Size > 0)
        {
            GatherKernel.Run(inputs, axes, sliceSizes, outputs[0]);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        var source = argnums.IndexOf(0);
        if (source >= 0)
        {
            vjps[source] = Op.Scatter(
                UpdateMode.Add, Op.ZerosLike(inputs[0]), inputs[1..], cotangents[0], axes);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Gather(Tangents.Of(inputs, tangents, argnums, 0), inputs[1..], axes, sliceSizes)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var byIndices = mapped[1..].ContainsAnyExcept(-1);
        var indices = new Node[inputs.Length - 1];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = mapped[i + 1] >= 0 ? Op.MoveAxis(inputs[i + 1], mapped[i + 1], 0)
                : byIndices ? Op.ExpandDims(inputs[i + 1], 0)
                : inputs[i + 1];
        }

        if (mapped[0] < 0)
        {
            return ([Op.Gather(inputs[0], indices, axes, sliceSizes)], [0]);
        }

        var source = Op.MoveAxis(inputs[0], mapped[0], 0);
        var n = source.Shape[0];
        if (!byIndices)
        {
            // The mapped axis is taken whole: it comes behind the axes of the indices.
            var at = indices.Length > 0 ? indices[0].Rank : 0;
            return (
                [Op.Gather(source, indices, Shapes.Shifted(axes), Shapes.Insert(sliceSizes, 0, n))],
                [at]);
        }

        // Example j reads from source j: one more index array counts the examples.
        var count = new int[indices[0].Rank];
        Array.Fill(count, 1);
        count[0] = n;
        var example = Op.Reshape(Op.Arange(n), count);
        var result = Op.Gather(
            source, [example, .. indices], [0, .. Shapes.Shifted(axes)],
            Shapes.Insert(sliceSizes, 0, 1));
        return ([Op.Squeeze(result, indices[0].Rank)], [0]);
    }

    public override bool SameAs(Primitive other) => other is Gather g
        && Shapes.Same(axes, g.axes) && Shapes.Same(sliceSizes, g.sliceSizes);
}

internal static partial class Op
{
    [Export("mlx_gather")]
    public static Node Gather(
        Node a, Node[] indices, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSizes)
    {
        var index = CheckedIndices(a, indices, axes, "gather");
        if (sliceSizes.Length != a.Rank)
        {
            throw new ArgumentException(
                $"[gather] Got slice_sizes {Shapes.Text(sliceSizes)} for array of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        for (var i = 0; i < a.Rank; i++)
        {
            if (sliceSizes[i] < 0 || (sliceSizes[i] > a.Shape[i] && a.Size > 0))
            {
                throw new ArgumentException(
                    $"[gather] Slice sizes must be in [0, a.shape(i)]. Got " +
                    $"{Shapes.Text(sliceSizes)} for array with shape {Shapes.Text(a.Shape)}.");
            }
        }

        int[] shape = index.Length > 0 ? [.. index[0].Shape, .. sliceSizes] : sliceSizes.ToArray();
        if (a.Size == 0 && Shapes.Size(shape) != 0)
        {
            throw new ArgumentException(
                "[gather] If the input is empty, either the indices must be empty or the total " +
                $"slice size must be 0; got {Shapes.Text(shape)} from {Shapes.Text(a.Shape)}.");
        }

        return Node.Lazy(
            shape, a.Dtype, new Gather(axes.ToArray(), sliceSizes.ToArray()), [a, .. index]);
    }

    [Export("mlx_gather_single")]
    public static Node Gather(Node a, Node indices, int axis, ReadOnlySpan<int> sliceSizes) =>
        Gather(a, [indices], [axis], sliceSizes);

    /// <summary>Elements of the flattened array.</summary>
    [Export("mlx_take")]
    public static Node Take(Node a, Node indices) => Take(Flatten(a), indices, 0);

    /// <summary>out[..., i, ...] = a[..., indices[i], ...] for indices of any shape.</summary>
    [Export("mlx_take_axis")]
    public static Node Take(Node a, Node indices, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank, "take");
        if (a.Shape[at] == 0 && indices.Size != 0)
        {
            throw new ArgumentException(
                $"[take] Cannot do a non-empty take from the empty axis {axis} of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        var rank = indices.Rank;
        var result = Gather(a, [indices], [at], Shapes.With(a.Shape, at, 1));
        if (at != 0)
        {
            // Gathered slices come behind the axes of the indices; these belong at the axis.
            var order = new int[result.Rank];
            for (var i = 0; i < order.Length; i++)
            {
                order[i] = i < at ? rank + i : i < at + rank ? i - at : i;
            }

            result = Transpose(result, order);
        }

        return Squeeze(result, at + rank);
    }

    /// <summary>
    /// What gather and scatter ask of their indices; answers them broadcast, of one integer dtype.
    /// </summary>
    private static Node[] CheckedIndices(
        Node a, Node[] indices, ReadOnlySpan<int> axes, string op)
    {
        if (indices.Length > a.Rank || indices.Length != axes.Length)
        {
            throw new ArgumentException(
                $"[{op}] Got {indices.Length} index arrays and {axes.Length} axes for array of " +
                $"shape {Shapes.Text(a.Shape)}.");
        }

        for (var i = 0; i < axes.Length; i++)
        {
            if (axes[i] < 0 || axes[i] >= a.Rank || axes[..i].Contains(axes[i]))
            {
                throw new ArgumentException(
                    $"[{op}] Axes {Shapes.Text(axes)} repeat or don't match array of shape " +
                    $"{Shapes.Text(a.Shape)}.");
            }

            if (!indices[i].Dtype.IsInteger())
            {
                throw new ArgumentException(
                    $"[{op}] Got indices with invalid dtype {indices[i].Dtype.Name()}. Indices " +
                    "must be integral.");
            }
        }

        if (indices.Length == 0)
        {
            return [];
        }

        var dtype = Dtypes.Promote(indices);
        if (!dtype.IsInteger())
        {
            throw new ArgumentException(
                $"[{op}] Got indices with invalid dtype {dtype.Name()}. Indices must be integral.");
        }

        if (indices.Length == 1)
        {
            return indices;
        }

        var spread = BroadcastArrays(indices);
        for (var i = 0; i < spread.Length; i++)
        {
            spread[i] = AsType(spread[i], dtype);
        }

        return spread;
    }
}
