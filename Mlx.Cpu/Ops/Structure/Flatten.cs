using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>Joins the axes from <c>start</c> to <c>end</c> (both included).</summary>
internal sealed class Flatten(int start, int end) : Reshaping
{
    [Serialized]
    public static readonly Form Form = Form.Of<Flatten, (int Start, int End)>(
        "Flatten", State.Of(State.Int, State.Int), p => (p.start, p.end),
        (x, axes) => Op.Flatten(x[0], axes.Start, axes.End));

    private readonly int start = start;
    private readonly int end = end;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Unflatten(cotangents[0], start, inputs[0].Shape.AsSpan(start, end - start + 1))];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Flatten(tangents[0], start, end)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.Flatten(Batching.Front(inputs[0], axes[0]), start + 1, end + 1)], [0]);

    public override bool SameAs(Primitive other) =>
        other is Flatten f && start == f.start && end == f.end;
}

/// <summary>Splits one axis into several.</summary>
internal sealed class Unflatten(int axis, int[] shape) : Reshaping
{
    [Serialized]
    public static readonly Form Form = Form.Of<Unflatten, (int Axis, int[] Shape)>(
        "Unflatten", State.Of(State.Int, State.Ints), p => (p.axis, p.shape),
        (x, s) => Op.Unflatten(x[0], s.Axis, s.Shape));

    private readonly int axis = axis;
    private readonly int[] shape = shape;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Flatten(cotangents[0], axis, axis + shape.Length - 1)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Unflatten(tangents[0], axis, shape)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.Unflatten(Batching.Front(inputs[0], axes[0]), axis + 1, shape)], [0]);

    public override bool SameAs(Primitive other) =>
        other is Unflatten u && axis == u.axis && Shapes.Same(shape, u.shape);
}

internal static partial class Op
{
    /// <summary>
    /// Axes out of range mean the first and the last; a scalar becomes one element.
    /// </summary>
    [Export("mlx_flatten")]
    public static Node Flatten(Node a, int startAxis, int endAxis)
    {
        if (a.Rank == 0)
        {
            return Reshape(a, [1]);
        }

        var start = Math.Max(0, startAxis + (startAxis < 0 ? a.Rank : 0));
        var end = Math.Min(a.Rank - 1, endAxis + (endAxis < 0 ? a.Rank : 0));
        if (end < start || start >= a.Rank)
        {
            throw new ArgumentException(
                $"[flatten] Invalid axes {startAxis} to {endAxis} for array of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        if (start == end)
        {
            return a;
        }

        var shape = new int[a.Rank - (end - start)];
        a.Shape.AsSpan(0, start).CopyTo(shape);
        shape[start] = checked((int)Shapes.Size(a.Shape.AsSpan(start, end - start + 1)));
        a.Shape.AsSpan(end + 1).CopyTo(shape.AsSpan(start + 1));
        return Node.Lazy(shape, a.Dtype, new Flatten(start, end), a);
    }

    public static Node Flatten(Node a) => a.Rank == 1 ? a : Flatten(a, 0, -1);

    /// <summary>One dimension may be -1: it takes what is left of the axis.</summary>
    [Export("mlx_unflatten")]
    public static Node Unflatten(Node a, int axis, ReadOnlySpan<int> shape)
    {
        if (shape.IsEmpty)
        {
            throw new ArgumentException("[unflatten] Shape to unflatten to cannot be empty.");
        }

        var at = Shapes.Axis(axis, a.Rank, "unflatten");
        var split = Shapes.Infer(shape, a.Shape[at], "unflatten")
            ?? throw new ArgumentException(
                $"[unflatten] Cannot unflatten axis {axis} with size {a.Shape[at]} into shape " +
                $"{Shapes.Text(shape)}.");
        if (split.Length == 1)
        {
            return a;
        }

        int[] target = [.. a.Shape.AsSpan(0, at), .. split, .. a.Shape.AsSpan(at + 1)];
        return Node.Lazy(target, a.Dtype, new Unflatten(at, split), a);
    }
}
