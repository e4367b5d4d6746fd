using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// A view that repeats axes of length one (and adds leading ones) by stride zero.
/// </summary>
internal sealed class Broadcast(int[] shape) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Broadcast, int[]>(
        "Broadcast", State.Ints, p => p.shape,
        (x, shape) => x.Length > 1 ? Op.BroadcastFirst(x, []) : Op.BroadcastTo(x[0], shape), 1,
        int.MaxValue);

    private readonly int[] shape = shape;

    public override void Eval(Node[] inputs, Node[] outputs) => Repeat(inputs[0], outputs[0]);

    /// <summary>Makes <paramref name="to"/> a view of the other that repeats it.</summary>
    internal static void Repeat(Node from, Node to)
    {
        var strides = new long[to.Rank];
        var shift = to.Rank - from.Rank;
        for (var i = 0; i < from.Rank; i++)
        {
            strides[i + shift] = from.Shape[i] == to.Shape[i + shift] ? from.Strides[i] : 0;
        }

        to.View(from, strides, 0);
    }

    /// <summary>Sums over what was repeated.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.SumTo(cotangents[0], inputs[0].Shape)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.BroadcastTo(tangents[0], shape)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        // The mapped axis goes first, the others stay right-aligned behind it.
        var x = Op.MoveAxis(inputs[0], axes[0], 0);
        var fill = shape.Length - (x.Rank - 1);
        for (var i = 0; i < fill; i++)
        {
            x = Op.ExpandDims(x, 1);
        }

        return ([Op.BroadcastTo(x, Shapes.Insert(shape, 0, x.Shape[0]))], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is Broadcast b && Shapes.Same(shape, b.shape);
}

internal static partial class Op
{
    [Export("mlx_broadcast_to")]
    public static Node BroadcastTo(Node a, ReadOnlySpan<int> shape)
    {
        if (Shapes.Same(a.Shape, shape))
        {
            return a;
        }

        var target = Shapes.Checked(shape, "broadcast_to");
        if (!Shapes.Same(Shapes.Broadcast(a.Shape, target, "broadcast_to"), target))
        {
            throw new ArgumentException(
                $"[broadcast_to] Cannot broadcast array of shape {Shapes.Text(a.Shape)} into " +
                $"shape {Shapes.Text(target)}.");
        }

        return Node.Lazy(target, a.Dtype, new Broadcast(target), a);
    }

    /// <summary>The inverse of a broadcast: sums down to <paramref name="shape"/>.</summary>
    public static Node SumTo(Node a, int[] shape)
    {
        if (Shapes.Same(a.Shape, shape))
        {
            return a;
        }

        var shift = a.Rank - shape.Length;
        var axes = new List<int>();
        for (var i = 0; i < a.Rank; i++)
        {
            if (i < shift || shape[i - shift] != a.Shape[i])
            {
                axes.Add(i);
            }
        }

        return Squeeze(Sum(a, axes.ToArray(), true), Shapes.AllAxes(shift));
    }
}
