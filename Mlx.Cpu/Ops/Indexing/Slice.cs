using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>a[start:stop:step, ...]; always a view.</summary>
internal sealed class Slice(SliceRange range) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<
        Slice, (int[] Start, int[] Stop, int[] Steps)>(
        "Slice", State.Of(State.Ints, State.Ints, State.Ints), p => p.range.Parts,
        (x, s, outputs) =>
        {
            var (start, stop, steps) = SliceRange.Selecting(
                x[0].Shape, s.Start, s.Steps, outputs[0].Shape);
            return [Op.Slice(x[0], start, stop, steps)];
        });

    private readonly SliceRange range = range;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        var offset = to.Size > 0 ? range.Offset(from.Strides) : 0;
        to.View(from, range.Strides(from.Strides), offset * from.Dtype.Size());
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.SliceUpdate(
            Op.ZerosLike(inputs[0]), cotangents[0], range.Start, range.Stop, range.Steps),
    ];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Slice(tangents[0], range.Start, range.Stop, range.Steps)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var (start, stop, steps) = range.Insert(axes[0], inputs[0].Shape[axes[0]]);
        return ([Op.Slice(inputs[0], start, stop, steps)], [axes[0]]);
    }

    public override bool SameAs(Primitive other) => other is Slice s && range.SameAs(s.range);
}

internal static partial class Op
{
    [Export("mlx_slice")]
    public static Node Slice(
        Node a, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> strides)
    {
        var range = SliceRange.Of(a.Shape, start, stop, strides, "slice");
        return range.IsAll ? a : Node.Lazy(range.Shape, a.Dtype, new Slice(range), a);
    }

    /// <summary>Every element between start and stop.</summary>
    public static Node Slice(Node a, ReadOnlySpan<int> start, ReadOnlySpan<int> stop)
    {
        Span<int> ones = stackalloc int[a.Rank];
        ones.Fill(1);
        return Slice(a, start, stop, ones);
    }

    /// <summary>The part from start to stop of one axis.</summary>
    public static Node SliceAxis(Node a, int axis, int start, int stop)
    {
        var first = new int[a.Rank];
        first[axis] = start;
        return Slice(a, first, Shapes.With(a.Shape, axis, stop));
    }
}
