using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>Axes of length one at the given (sorted) places of the result.</summary>
internal sealed class ExpandDims(int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<ExpandDims, int[]>(
        "ExpandDims", State.Ints, p => p.axes, (x, axes) => Op.ExpandDims(x[0], axes));

    private readonly int[] axes = axes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var strides = new long[outputs[0].Rank];
        for (int i = 0, next = 0, from = 0; i < strides.Length; i++)
        {
            var added = next < axes.Length && axes[next] == i;
            strides[i] = added ? 1 : inputs[0].Strides[from++];
            next += added ? 1 : 0;
        }

        outputs[0].View(inputs[0], strides, 0);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Squeeze(cotangents[0], axes)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ExpandDims(tangents[0], axes)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped) =>
        ([Op.ExpandDims(Batching.Front(inputs[0], mapped[0]), Shapes.Shifted(axes))], [0]);

    public override bool SameAs(Primitive other) =>
        other is ExpandDims e && Shapes.Same(axes, e.axes);
}

/// <summary>Drops the given (sorted) axes of length one.</summary>
internal sealed class Squeeze(int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Squeeze, int[]>(
        "Squeeze", State.Ints, p => p.axes, (x, axes) => Op.Squeeze(x[0], axes));

    private readonly int[] axes = axes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var strides = new long[outputs[0].Rank];
        for (int i = 0, next = 0, to = 0; i < inputs[0].Rank; i++)
        {
            if (next < axes.Length && axes[next] == i)
            {
                next++;
            }
            else
            {
                strides[to++] = inputs[0].Strides[i];
            }
        }

        outputs[0].View(inputs[0], strides, 0);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ExpandDims(cotangents[0], axes)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Squeeze(tangents[0], axes)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped) =>
        ([Op.Squeeze(Batching.Front(inputs[0], mapped[0]), Shapes.Shifted(axes))], [0]);

    public override bool SameAs(Primitive other) =>
        other is Squeeze s && Shapes.Same(axes, s.axes);
}

internal static partial class Op
{
    /// <summary>An axis of length one before <paramref name="axis"/> (of the result).</summary>
    [Export("mlx_expand_dims")]
    public static Node ExpandDims(Node a, int axis) => ExpandDims(a, [axis]);

    [Export("mlx_expand_dims_axes")]
    public static Node ExpandDims(Node a, ReadOnlySpan<int> axes)
    {
        if (axes.IsEmpty)
        {
            return a;
        }

        var rank = a.Rank + axes.Length;
        var sorted = Shapes.SortedAxes(axes, rank, "expand_dims");
        var shape = new int[rank];
        for (int i = 0, next = 0; i < rank; i++)
        {
            var added = next < sorted.Length && sorted[next] == i;
            shape[i] = added ? 1 : a.Shape[i - next];
            next += added ? 1 : 0;
        }

        return Node.Lazy(shape, a.Dtype, new ExpandDims(sorted), a);
    }

    [Export("mlx_squeeze_axis")]
    public static Node Squeeze(Node a, int axis) => Squeeze(a, [axis]);

    [Export("mlx_squeeze_axes")]
    public static Node Squeeze(Node a, ReadOnlySpan<int> axes)
    {
        if (axes.IsEmpty)
        {
            return a;
        }

        var sorted = Shapes.SortedAxes(axes, a.Rank, "squeeze");
        var shape = new int[a.Rank - sorted.Length];
        for (int i = 0, next = 0; i < a.Rank; i++)
        {
            if (next >= sorted.Length || sorted[next] != i)
            {
                shape[i - next] = a.Shape[i];
                continue;
            }

            next++;
            if (a.Shape[i] != 1)
            {
                throw new ArgumentException(
                    $"[squeeze] Cannot squeeze axis {i} with size {a.Shape[i]} of shape " +
                    $"{Shapes.Text(a.Shape)}: it is not equal to 1.");
            }
        }

        return Node.Lazy(shape, a.Dtype, new Squeeze(sorted), a);
    }

    /// <summary>Drops every axis of length one.</summary>
    [Export("mlx_squeeze")]
    public static Node Squeeze(Node a)
    {
        var axes = new List<int>();
        for (var i = 0; i < a.Rank; i++)
        {
            if (a.Shape[i] == 1)
            {
                axes.Add(i);
            }
        }

        return Squeeze(a, axes.ToArray());
    }

    [Export("mlx_atleast_1d")]
    public static Node AtLeast1d(Node a) => a.Rank == 0 ? Reshape(a, [1]) : a;

    [Export("mlx_atleast_2d")]
    public static Node AtLeast2d(Node a) => a.Rank switch
    {
        0 => Reshape(a, [1, 1]),
        1 => Reshape(a, [1, a.Shape[0]]),
        _ => a,
    };

    [Export("mlx_atleast_3d")]
    public static Node AtLeast3d(Node a) => a.Rank switch
    {
        0 => Reshape(a, [1, 1, 1]),
        1 => Reshape(a, [1, a.Shape[0], 1]),
        2 => Reshape(a, [.. a.Shape, 1]),
        _ => a,
    };
}
