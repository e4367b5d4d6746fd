using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The product of some dimensions of the input, or its inverse, as a scalar: needed as an op only
/// where the shape may change, in a <see cref="ShapelessTrace"/>.
/// </summary>
internal sealed class NumberOfElements(int[] axes, bool inverted, Dtype dtype) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<
        NumberOfElements, (int[] Axes, bool Inverted, Dtype Dtype)>(
        "NumberOfElements", State.Of(State.Ints, State.Bool, State.Dtype),
        p => (p.axes, p.inverted, p.dtype),
        (x, s) => Op.NumberOfElements(x[0], s.Axes, s.Inverted, s.Dtype));

    private readonly int[] axes = axes;
    private readonly bool inverted = inverted;
    private readonly Dtype dtype = dtype;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        ElementTypes.Run(dtype, new Op.Store(outputs[0], Count(inputs[0])));
    }

    /// <summary>A shape does not vary with the elements.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) => [null];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ZerosLike(outputs[0])];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var (at, shifted) = (mapped[0], (int[])axes.Clone());
        for (var i = 0; i < shifted.Length; i++)
        {
            shifted[i] += shifted[i] >= at ? 1 : 0;
        }

        return ([Op.NumberOfElements(inputs[0], shifted, inverted, dtype)], [-1]);
    }

    public override bool SameAs(Primitive other) => other is NumberOfElements n
        && Shapes.Same(axes, n.axes) && inverted == n.inverted && dtype == n.dtype;

    public double Count(Node a)
    {
        double count = 1;
        foreach (var axis in axes)
        {
            count *= a.Shape[axis];
        }

        return inverted ? 1 / count : count;
    }
}

internal static partial class Op
{
    [Export("mlx_number_of_elements")]
    public static Node NumberOfElements(
        Node a, ReadOnlySpan<int> axes, bool inverted, Dtype dtype)
    {
        var at = axes.ToArray();
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = Shapes.Axis(axes[i], a.Rank, "number_of_elements");
        }

        var primitive = new NumberOfElements(at, inverted, dtype);
        return ShapelessTrace.IsRunning
            ? Node.Lazy(Shapes.Scalar, dtype, primitive, a)
            : Scalar(primitive.Count(a), dtype);
    }
}
