using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Any window on the (flattened) elements: element i of the result is element
/// offset + sum(i strides) of the array. Windows may overlap, but not leave the array.
/// </summary>
internal sealed class AsStrided(int[] shape, long[] strides, long offset) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<
        AsStrided, (int[] Shape, long[] Strides, long Offset)>(
        "AsStrided", State.Of(State.Ints, State.Longs, State.Size),
        p => (p.shape, p.strides, p.offset),
        (x, s) => Op.AsStrided(x[0], s.Shape, s.Strides, (nuint)s.Offset));

    private readonly int[] shape = shape;
    private readonly long[] strides = strides;
    private readonly long offset = offset;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);

        // A flattened array may still step by more or less than one element.
        var scaled = from.IsRow ? strides : Array.ConvertAll(strides, s => s * from.Strides[0]);
        var first = from.IsRow ? offset : offset * from.Strides[0];
        to.View(from, scaled, to.Size > 0 ? first * from.Dtype.Size() : 0);
    }

    /// <summary>Adds each cotangent to the element it came from.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var size = checked((int)inputs[0].Size);
        var places = Op.Flatten(Op.AsStrided(Op.Arange(size), shape, strides, (nuint)offset));
        var updates = Op.Reshape(cotangents[0], [checked((int)cotangents[0].Size), 1]);
        return [Op.ScatterAdd(Op.ZerosLike(inputs[0]), places, updates, 0)];
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.AsStrided(tangents[0], shape, strides, (nuint)offset)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var rows = Op.Contiguous(Op.MoveAxis(inputs[0], axes[0], 0), false);
        return (
            [
                Op.AsStrided(
                    rows, Shapes.Insert(shape, 0, rows.Shape[0]), [rows.Shape[1], .. strides],
                    (nuint)offset),
            ],
            [0]);
    }

    public override bool SameAs(Primitive other) => other is AsStrided a
        && Shapes.Same(shape, a.shape) && strides.AsSpan().SequenceEqual(a.strides)
        && offset == a.offset;
}

internal static partial class Op
{
    [Export("mlx_as_strided")]
    public static Node AsStrided(
        Node a, ReadOnlySpan<int> shape, ReadOnlySpan<long> strides, nuint offset)
    {
        var target = Shapes.Checked(shape, "as_strided");
        if (strides.Length != target.Length)
        {
            throw new ArgumentException(
                $"[as_strided] Got {strides.Length} strides for shape {Shapes.Text(target)}.");
        }

        // MLX does not look; we do, because nobody may read what is not the array's.
        Int128 first = offset, last = offset;
        for (var i = 0; i < target.Length; i++)
        {
            var reach = (Int128)strides[i] * Math.Max(0, target[i] - 1);
            first += Int128.Min(reach, 0);
            last += Int128.Max(reach, 0);
        }

        if (Shapes.Size(target) > 0 && (first < 0 || last >= a.Size))
        {
            throw new ArgumentException(
                $"[as_strided] Shape {Shapes.Text(target)} with strides " +
                $"({string.Join(",", strides.ToArray())}) and offset {offset} leaves the array " +
                $"of shape {Shapes.Text(a.Shape)}.");
        }

        return Node.Lazy(
            target, a.Dtype, new AsStrided(target, strides.ToArray(), (long)offset), Flatten(a));
    }
}
