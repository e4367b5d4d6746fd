using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>All of one shape.</summary>
    [Export("mlx_broadcast_arrays")]
    public static Node[] BroadcastArrays(Node[] inputs)
    {
        int[] shape = [];
        foreach (var n in inputs)
        {
            shape = Shapes.Broadcast(shape, n.Shape, "broadcast_arrays");
        }

        return Array.ConvertAll(inputs, n => BroadcastTo(n, shape));
    }

    /// <summary>All of one shape but along <paramref name="axis"/>, where each keeps its own.</summary>
    private static Node[] BroadcastArrays(Node[] inputs, int axis, string op)
    {
        int[] shape = [];
        foreach (var n in inputs)
        {
            shape = Shapes.Broadcast(shape, Shapes.With(n.Shape, axis, 1), op);
        }

        return Array.ConvertAll(
            inputs, n => BroadcastTo(n, Shapes.With(shape, axis, n.Shape[axis])));
    }
}
