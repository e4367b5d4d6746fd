using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms;

/// <summary>What vmap rules have in common.</summary>
internal static class Batching
{
    /// <summary>
    /// Inputs of an op that broadcasts: mapped axes go first, the others get a leading axis, and
    /// all are broadcast to the common <paramref name="shape"/>.
    /// </summary>
    public static Node[] Align(Node[] inputs, ReadOnlySpan<int> axes, out int[] shape)
    {
        var rank = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            rank = Math.Max(rank, inputs[i].Rank - (axes[i] >= 0 ? 1 : 0));
        }

        var aligned = new Node[inputs.Length];
        shape = Shapes.Scalar;
        for (var i = 0; i < inputs.Length; i++)
        {
            var x = axes[i] >= 0 ? Op.MoveAxis(inputs[i], axes[i], 0) : Op.ExpandDims(inputs[i], 0);
            while (x.Rank < rank + 1)
            {
                x = Op.ExpandDims(x, 1);
            }

            aligned[i] = x;
            shape = Shapes.Broadcast(shape, x.Shape, "vmap");
        }

        return Op.BroadcastArrays(aligned);
    }

    /// <summary>The one input's mapped axis moved to the front.</summary>
    public static Node Front(Node x, int axis) => axis < 0 ? x : Op.MoveAxis(x, axis, 0);

    /// <summary>The length of the mapped axis.</summary>
    public static int Length(Node[] inputs, ReadOnlySpan<int> axes)
    {
        for (var i = 0; i < inputs.Length; i++)
        {
            if (axes[i] >= 0)
            {
                return inputs[i].Shape[axes[i]];
            }
        }

        throw new ArgumentException("[vmap] no input is mapped.");
    }

    /// <summary>
    /// Front-mapped in any case: unmapped inputs are repeated along a new first axis.
    /// </summary>
    public static Node Spread(Node x, int axis, int length) => axis >= 0
        ? Op.MoveAxis(x, axis, 0)
        : Op.BroadcastTo(Op.ExpandDims(x, 0), Shapes.Insert(x.Shape, 0, length));
}
