using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>The parts of an axis between (sorted) cuts; views.</summary>
internal sealed class Split(int[] cuts, int axis) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<Split, (int[] Cuts, int Axis)>(
        "Split", State.Of(State.Ints, State.Int), p => (p.cuts, p.axis),
        (x, s, _) => Op.Split(x[0], s.Cuts, s.Axis));

    private readonly int[] cuts = cuts;
    private readonly int axis = axis;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var from = inputs[0];
        long start = 0;
        foreach (var part in outputs)
        {
            var offset = part.Size > 0 ? start * from.Strides[axis] * from.Dtype.Size() : 0;
            part.View(from, from.Strides, offset);
            start += part.Shape[axis];
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Concatenate(cotangents, axis)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        Op.Split(tangents[0], cuts, axis);

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var parts = Op.Split(inputs[0], cuts, axis + (axes[0] <= axis ? 1 : 0));
        var mapped = new int[parts.Length];
        Array.Fill(mapped, axes[0]);
        return (parts, mapped);
    }

    public override bool SameAs(Primitive other) =>
        other is Split s && axis == s.axis && Shapes.Same(cuts, s.cuts);
}

internal static partial class Op
{
    /// <summary>Parts of equal length.</summary>
    [Export("mlx_split")]
    public static Node[] Split(Node a, int numSplits, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank, "split");
        if (numSplits <= 0 || a.Shape[at] % numSplits != 0)
        {
            throw new ArgumentException(
                $"[split] Cannot make {numSplits} equal parts along axis {axis} of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        var length = a.Shape[at] / numSplits;
        var cuts = new int[numSplits - 1];
        for (var i = 0; i < cuts.Length; i++)
        {
            cuts[i] = (i + 1) * length;
        }

        return Split(a, cuts, at);
    }

    /// <summary>
    /// Parts between the given positions, which count from the end when negative and are clamped
    /// to the axis; out of order, they give overlapping or empty parts as NumPy's split does.
    /// </summary>
    [Export("mlx_split_sections")]
    public static Node[] Split(Node a, ReadOnlySpan<int> indices, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank, "split");
        if (indices.IsEmpty)
        {
            return [a];
        }

        var length = a.Shape[at];
        var (last, sorted) = (0, true);
        foreach (var cut in indices)
        {
            sorted &= cut >= last && cut <= length;
            last = cut;
        }

        var parts = new (int[], Dtype)[indices.Length + 1];
        for (var i = 0; sorted && i < parts.Length; i++)
        {
            var start = i > 0 ? indices[i - 1] : 0;
            var stop = i < indices.Length ? indices[i] : length;
            parts[i] = (Shapes.With(a.Shape, at, stop - start), a.Dtype);
        }

        if (sorted)
        {
            return Node.LazyMany(parts, new Split(indices.ToArray(), at), a);
        }

        var slices = new Node[indices.Length + 1];
        for (var i = 0; i < slices.Length; i++)
        {
            slices[i] = SliceAxis(
                a, at, i > 0 ? indices[i - 1] : 0, i < indices.Length ? indices[i] : length);
        }

        return slices;
    }
}
