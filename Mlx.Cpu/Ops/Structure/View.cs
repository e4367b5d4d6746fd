using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The same bytes as elements of another dtype; the last axis grows or shrinks with the width.
/// </summary>
internal sealed unsafe class View(Dtype dtype) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<View, Dtype>(
        "View", State.Dtype, p => p.dtype, (x, dtype) => Op.View(x[0], dtype));

    private readonly Dtype dtype = dtype;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        var (before, after) = (from.Dtype.Size(), to.Dtype.Size());
        if (before == after)
        {
            to.Share(from);
            return;
        }

        if (from.IsRow)
        {
            to.View(from, Node.RowStrides(to.Shape), 0);
            return;
        }

        to.Allocate();
        Transfer.CopyRow(from, to.Data);
    }

    /// <summary>The last axis must stay last.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.View(Op.MoveAxis(inputs[0], axes[0], 0), dtype)], [0]);

    public override bool SameAs(Primitive other) => other is View v && dtype == v.dtype;
}

internal static partial class Op
{
    [Export("mlx_view")]
    public static Node View(Node a, Dtype dtype)
    {
        if (a.Dtype == dtype)
        {
            return a;
        }

        var (before, after) = (a.Dtype.Size(), dtype.Size());
        var shape = a.Shape;
        if (before != after)
        {
            var last = a.Rank - 1;
            if (last < 0 || (long)a.Shape[last] * before % after != 0)
            {
                throw new ArgumentException(
                    $"[view] An array of shape {Shapes.Text(a.Shape)} and dtype " +
                    $"{a.Dtype.Name()} cannot be viewed as {dtype.Name()}: its last axis must " +
                    "be a whole number of the new elements.");
            }

            shape = Shapes.With(shape, last, checked((int)((long)a.Shape[last] * before / after)));
        }

        return Node.Lazy(shape, dtype, new View(dtype), a);
    }
}
