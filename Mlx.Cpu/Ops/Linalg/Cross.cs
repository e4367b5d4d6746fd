using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>
    /// The cross product along an axis of 3, or of 2 where the third component is zero.
    /// </summary>
    [Export("mlx_linalg_cross")]
    public static Node Cross(Node a, Node b, int axis)
    {
        var (at, bt) = (CrossAxis(a, axis), CrossAxis(b, axis));
        var (aFlat, bFlat) = (a.Shape[at] == 2, b.Shape[bt] == 2);
        var shape = Shapes.Broadcast(Shapes.With(a.Shape, at, 3), Shapes.With(b.Shape, bt, 3));
        var along = Shapes.Axis(axis, shape.Length, "cross");
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        var x = Components(a, aFlat);
        var y = Components(b, bFlat);
        var z = Subtract(Multiply(x[0]!, y[1]!), Multiply(x[1]!, y[0]!));
        if (aFlat && bFlat)
        {
            var zero = ZerosLike(z);
            return Concatenate([zero, zero, z], along);
        }

        return Concatenate(
            [
                Difference(Times(x[1], y[2]), Times(x[2], y[1])),
                Difference(Times(x[2], y[0]), Times(x[0], y[2])),
                z,
            ],
            along);

        Node?[] Components(Node n, bool flat)
        {
            var count = flat ? 2 : 3;
            var target = Shapes.With(shape, along, count);
            var components = new Node?[3];
            Split(BroadcastTo(AsType(n, dtype), target), count, along).CopyTo(components, 0);
            return components;
        }
    }

    // Null stands for a component that is zero.
    private static Node? Times(Node? a, Node? b) => a is null || b is null ? null : Multiply(a, b);

    private static Node Difference(Node? a, Node? b) =>
        b is null ? a! : a is null ? Negative(b) : Subtract(a, b);

    private static int CrossAxis(Node a, int axis)
    {
        if (axis >= a.Rank || axis + a.Rank < 0)
        {
            throw new ArgumentException(
                $"[linalg::cross] axis {axis} invalid for array with {a.Rank} dimensions.");
        }

        var at = axis < 0 ? axis + a.Rank : axis;
        return a.Shape[at] is 2 or 3 ? at : throw new ArgumentException(
            $"[linalg::cross] The specified axis must have size 2 or 3 but array has shape " +
            $"{Shapes.Text(a.Shape)}.");
    }
}
