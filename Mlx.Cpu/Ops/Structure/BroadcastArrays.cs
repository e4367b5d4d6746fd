using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>All of one shape.</summary>
    [Export("mlx_broadcast_arrays")]
    public static Node[] BroadcastArrays(Node[] inputs) =>
        BroadcastArrays(inputs, [], "broadcast_arrays");

    /// <summary>
    /// All of one shape but along some axes (counted from the end, so negative), where each keeps
    /// its own.
    /// </summary>
    internal static Node[] BroadcastArrays(Node[] inputs, ReadOnlySpan<int> but, string op)
    {
        var shape = CommonShape(inputs, but, op);
        var spread = new Node[inputs.Length];
        for (var i = 0; i < spread.Length; i++)
        {
            spread[i] = Spread(inputs, i, shape, but);
        }

        return spread;
    }

    /// <summary>The first of <see cref="BroadcastArrays(Node[])"/>.</summary>
    internal static Node BroadcastFirst(Node[] inputs, ReadOnlySpan<int> but) =>
        Spread(inputs, 0, CommonShape(inputs, but, "broadcast_arrays"), but);

    private static int[] CommonShape(Node[] inputs, ReadOnlySpan<int> but, string op)
    {
        int[] shape = [];
        foreach (var n in inputs)
        {
            var own = n.Shape;
            foreach (var axis in but)
            {
                own = Shapes.With(own, Shapes.Axis(axis, n.Rank, op), 1);
            }

            shape = Shapes.Broadcast(shape, own, op);
        }

        return shape;
    }

    private static Node Spread(Node[] inputs, int at, int[] common, ReadOnlySpan<int> but)
    {
        var n = inputs[at];
        var shape = common;
        foreach (var axis in but)
        {
            shape = Shapes.With(shape, shape.Length + axis, n.Shape[n.Rank + axis]);
        }

        // Without a shape of their own to go by, all have a say.
        return ShapelessTrace.IsRunning && inputs.Length > 1
            ? Node.Lazy(
                shape, n.Dtype, new BroadcastAxes(but.ToArray()),
                [n, .. inputs[..at], .. inputs[(at + 1)..]])
            : BroadcastTo(n, shape);
    }
}
