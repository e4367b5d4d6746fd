using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>The same elements in row-major order under another shape; a view where strides allow.</summary>
internal sealed class Reshape(int[] shape) : Primitive
{
    private readonly int[] shape = shape;

    public override unsafe void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        if (from.IsRow)
        {
            to.View(from, Node.RowStrides(to.Shape), 0);
        }
        else if (Axes.Restride(from.Shape, from.Strides, to.Shape) is { } strides)
        {
            to.View(from, strides, 0);
        }
        else
        {
            to.Allocate();
            Strided.CopyRow(from, to.Data);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Reshape(cotangents[0], inputs[0].Shape)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Reshape(tangents[0], shape)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var x = Batching.Front(inputs[0], axes[0]);
        return ([Op.Reshape(x, Shapes.Insert(shape, 0, x.Shape[0]))], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is Reshape r && Shapes.Same(shape, r.shape);
}

/// <summary>Axes in another order; always a view.</summary>
internal sealed class Transpose(int[] axes) : Primitive
{
    private readonly int[] axes = axes;

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
    /// <summary>One dimension may be -1: it takes what is left.</summary>
    [Export("mlx_reshape")]
    public static Node Reshape(Node a, ReadOnlySpan<int> shape)
    {
        var target = shape.ToArray();
        var open = Array.IndexOf(target, -1);
        long rest = 1;
        for (var i = 0; i < target.Length; i++)
        {
            if (i != open)
            {
                rest *= target[i] >= 0 ? target[i] : throw CannotReshape(a, shape);
            }
        }

        if (open >= 0)
        {
            if (rest == 0 || a.Size % rest != 0)
            {
                throw CannotReshape(a, shape);
            }

            target[open] = (int)(a.Size / rest);
        }
        else if (rest != a.Size)
        {
            throw CannotReshape(a, shape);
        }

        return Shapes.Same(a.Shape, target)
            ? a
            : Node.Lazy(target, a.Dtype, new Reshape(target), a);
    }

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
        var (i, j) = (Shapes.Axis(axis1, a.Rank, "swapaxes"), Shapes.Axis(axis2, a.Rank, "swapaxes"));
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

    /// <summary>An axis of length one before <paramref name="axis"/> (of the result).</summary>
    [Export("mlx_expand_dims")]
    public static Node ExpandDims(Node a, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank + 1, "expand_dims");
        return Reshape(a, Shapes.Insert(a.Shape, at, 1));
    }

    [Export("mlx_squeeze_axis")]
    public static Node Squeeze(Node a, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank, "squeeze");
        return a.Shape[at] == 1
            ? Reshape(a, Shapes.RemoveAt(a.Shape, at))
            : throw new ArgumentException(
                $"[squeeze] Cannot squeeze axis {axis} with size {a.Shape[at]} which is not equal to 1.");
    }

    private static ArgumentException CannotReshape(Node a, ReadOnlySpan<int> shape) => new(
        $"[reshape] Cannot reshape array of size {a.Size} into shape {Shapes.Text(shape)}.");
}
