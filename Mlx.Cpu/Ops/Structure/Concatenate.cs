using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>Arrays one behind the other along an axis.</summary>
internal sealed unsafe class Concatenate(int axis) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Concatenate, int>(
        "Concatenate", State.Int, p => p.axis, Op.Concatenate, 1, int.MaxValue);

    private readonly int axis = axis;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var to = outputs[0];
        to.Allocate();
        var target = to.Data;
        foreach (var from in inputs)
        {
            Transfer.Copy(
                from.Data, from.Strides, target, to.Strides, from.Shape, to.Dtype.Size());
            target += from.Shape[axis] * to.Strides[axis] * to.Dtype.Size();
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            var start = 0;
            for (var j = 0; j < argnums[i]; j++)
            {
                start += inputs[j].Shape[axis];
            }

            vjps[i] = Op.SliceAxis(
                cotangents[0], axis, start, start + inputs[argnums[i]].Shape[axis]);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var all = new Node[inputs.Length];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Tangents.Of(inputs, tangents, argnums, i);
        }

        return [Op.Concatenate(all, axis)];
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var n = Batching.Length(inputs, axes);
        var all = new Node[inputs.Length];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Batching.Spread(inputs[i], axes[i], n);
        }

        return ([Op.Concatenate(all, axis + 1)], [0]);
    }

    public override bool SameAs(Primitive other) => other is Concatenate c && axis == c.axis;
}

internal static partial class Op
{
    [Export("mlx_concatenate_axis")]
    public static Node Concatenate(Node[] arrays, int axis)
    {
        if (arrays.Length == 0)
        {
            throw new ArgumentException("[concatenate] No arrays provided for concatenation.");
        }

        if (arrays.Length == 1)
        {
            return arrays[0];
        }

        var first = arrays[0];
        var at = Shapes.Axis(axis, first.Rank, "concatenate");
        var dtype = Dtypes.Promote(arrays);
        var parts = new Node[arrays.Length];
        long length = 0;
        for (var i = 0; i < arrays.Length; i++)
        {
            var a = arrays[i];
            if (a.Rank != first.Rank
                || !Shapes.Same(a.Shape.AsSpan(0, at), first.Shape.AsSpan(0, at))
                || !Shapes.Same(a.Shape.AsSpan(at + 1), first.Shape.AsSpan(at + 1)))
            {
                throw new ArgumentException(
                    "[concatenate] All the input array dimensions must match exactly except for " +
                    $"axis {axis}. However, the provided shapes are " +
                    string.Join(", ", arrays.Select(x => Shapes.Text(x.Shape))) + ".");
            }

            length += a.Shape[at];
            parts[i] = AsType(a, dtype);
        }

        var shape = Shapes.With(first.Shape, at, checked((int)length));
        return Node.Lazy(shape, dtype, new Concatenate(at), parts);
    }

    /// <summary>All elements in a row.</summary>
    [Export("mlx_concatenate")]
    public static Node Concatenate(Node[] arrays) =>
        Concatenate(Array.ConvertAll(arrays, Flatten), 0);

    /// <summary>Along a new axis.</summary>
    [Export("mlx_stack_axis")]
    public static Node Stack(Node[] arrays, int axis)
    {
        if (arrays.Length == 0)
        {
            throw new ArgumentException("[stack] No arrays provided for stacking.");
        }

        foreach (var a in arrays)
        {
            if (!Shapes.Same(a.Shape, arrays[0].Shape))
            {
                throw new ArgumentException(
                    "[stack] All arrays must have the same shape, but got " +
                    $"{Shapes.Text(arrays[0].Shape)} and {Shapes.Text(a.Shape)}.");
            }
        }

        var at = Shapes.Axis(axis, arrays[0].Rank + 1, "stack");
        return Concatenate(Array.ConvertAll(arrays, a => ExpandDims(a, at)), at);
    }

    [Export("mlx_stack")]
    public static Node Stack(Node[] arrays) => Stack(arrays, 0);
}
