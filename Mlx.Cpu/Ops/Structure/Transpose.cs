using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>Axes in another order; always a view.</summary>
internal sealed class Transpose(int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Transpose, int[]>(
        "Transpose", State.Ints, p => p.axes, (x, axes) => Op.Transpose(x[0], axes));

    private readonly int[] axes = axes;

    public ReadOnlySpan<int> Axes => axes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var strides = new long[axes.Length];
        for (var i = 0; i < strides.Length; i++)
        {
            strides[i] = inputs[0].Strides[axes[i]];
        }

        outputs[0].View(inputs[0], strides, 0);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var inverse = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            inverse[axes[i]] = i;
        }

        return [Op.Transpose(cotangents[0], inverse)];
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Transpose(tangents[0], axes)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var order = new int[axes.Length + 1];
        order[0] = mapped[0];
        for (var i = 0; i < axes.Length; i++)
        {
            order[i + 1] = axes[i] + (axes[i] >= mapped[0] ? 1 : 0);
        }

        return ([Op.Transpose(inputs[0], order)], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is Transpose t && Shapes.Same(axes, t.axes);
}

internal static partial class Op
{
    /// <summary>Axes in the given order.</summary>
    [Export("mlx_transpose_axes")]
    public static Node Transpose(Node a, ReadOnlySpan<int> axes)
    {
        if (axes.Length != a.Rank)
        {
            throw new ArgumentException(
                $"[transpose] Received {axes.Length} axes for array with {a.Rank} dimensions.");
        }

        var order = new int[axes.Length];
        var shape = new int[axes.Length];
        var identity = true;
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = Shapes.Axis(axes[i], a.Rank, "transpose");
            shape[i] = a.Shape[order[i]];
            identity &= order[i] == i;
        }

        Shapes.SortedAxes(axes, a.Rank, "transpose");

        // Of a transpose there is only ever one, and none where a second undoes the first.
        if (!identity && a.Primitive is Transpose inner)
        {
            for (var i = 0; i < order.Length; i++)
            {
                order[i] = inner.Axes[order[i]];
            }

            return Transpose(a.Inputs[0], order);
        }

        return identity ? a : Node.Lazy(shape, a.Dtype, new Transpose(order), a);
    }

    /// <summary>All axes reversed.</summary>
    [Export("mlx_transpose")]
    public static Node Transpose(Node a)
    {
        var axes = Shapes.AllAxes(a.Rank);
        Array.Reverse(axes);
        return Transpose(a, axes);
    }

    [Export("mlx_swapaxes")]
    public static Node SwapAxes(Node a, int axis1, int axis2)
    {
        var axes = Shapes.AllAxes(a.Rank);
        var i = Shapes.Axis(axis1, a.Rank, "swapaxes");
        var j = Shapes.Axis(axis2, a.Rank, "swapaxes");
        (axes[i], axes[j]) = (axes[j], axes[i]);
        return Transpose(a, axes);
    }

    [Export("mlx_moveaxis")]
    public static Node MoveAxis(Node a, int source, int destination)
    {
        var from = Shapes.Axis(source, a.Rank, "moveaxis");
        var to = Shapes.Axis(destination, a.Rank, "moveaxis");
        var axes = Shapes.AllAxes(a.Rank).ToList();
        axes.RemoveAt(from);
        axes.Insert(to, from);
        return Transpose(a, axes.ToArray());
    }
}
