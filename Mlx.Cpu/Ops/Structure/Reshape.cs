using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The same elements in row-major order under another shape: a view where strides allow, else a
/// copy. The ops that say how the shape changes (flatten, squeeze ...) are primitives of their
/// own, because a shapeless trace replays the change and not the shape.
/// </summary>
internal abstract class Reshaping : Primitive
{
    public override void Eval(Node[] inputs, Node[] outputs) => Apply(inputs[0], outputs[0]);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Reshape(cotangents[0], inputs[0].Shape)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Reshape(tangents[0], outputs[0].Shape)];

    private static unsafe void Apply(Node from, Node to)
    {
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
            Transfer.CopyRow(from, to.Data);
        }
    }
}

internal sealed class Reshape(int[] shape) : Reshaping
{
    [Serialized]
    public static readonly Form Form = Form.Of<Reshape, int[]>(
        "Reshape", State.Ints, p => p.shape, (x, shape) => Op.Reshape(x[0], shape));

    private readonly int[] shape = shape;

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var x = Batching.Front(inputs[0], axes[0]);
        return ([Op.Reshape(x, Shapes.Insert(shape, 0, x.Shape[0]))], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is Reshape r && Shapes.Same(shape, r.shape);
}

internal static partial class Op
{
    /// <summary>One dimension may be -1: it takes what is left.</summary>
    [Export("mlx_reshape")]
    public static Node Reshape(Node a, ReadOnlySpan<int> shape)
    {
        if (Shapes.Same(a.Shape, shape))
        {
            return a;
        }

        var target = Shapes.Infer(shape, a.Size, "reshape")
            ?? throw new ArgumentException(
                $"[reshape] Cannot reshape array of size {a.Size} into shape " +
                $"{Shapes.Text(shape)}.");

        // What was left open stays so: another array may come to be reshaped in the same way.
        return Shapes.Same(a.Shape, target) && !ShapelessTrace.IsRunning
            ? a
            : Node.Lazy(target, a.Dtype, new Reshape(shape.ToArray()), a);
    }
}
