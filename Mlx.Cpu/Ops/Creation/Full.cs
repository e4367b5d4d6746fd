using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>Broadcast values, written out, so that the result may be updated in place.</summary>
internal sealed unsafe class Full : Primitive
{
    public static readonly Full Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Many<Full, ValueTuple>(
        "Full", Form.Nothing, _ => default,
        (x, _, outputs) => [Op.Written(Op.AsType(x[0], outputs[0].Dtype))]);

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        Transfer.CopyRow(inputs[0], outputs[0].Data);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [cotangents[0]];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) => tangents;

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.Written(inputs[0])], [axes[0]]);
}

internal static partial class Op
{
    [Export("mlx_full")]
    public static Node Full(ReadOnlySpan<int> shape, Node vals, Dtype dtype) =>
        Written(BroadcastTo(AsType(vals, dtype), Shapes.Checked(shape, "full")));

    /// <summary>As many as <paramref name="a"/> has, after broadcasting the two.</summary>
    [Export("mlx_full_like")]
    public static Node FullLike(Node a, Node vals, Dtype dtype) =>
        Full(Shapes.Broadcast(a.Shape, vals.Shape, "full_like"), vals, dtype);

    [Export("mlx_zeros")]
    public static Node Zeros(ReadOnlySpan<int> shape, Dtype dtype) =>
        Full(shape, Scalar(0.0, dtype), dtype);

    [Export("mlx_ones")]
    public static Node Ones(ReadOnlySpan<int> shape, Dtype dtype) =>
        Full(shape, Scalar(1.0, dtype), dtype);

    [Export("mlx_zeros_like")]
    public static Node ZerosLike(Node a) => Zeros(a.Shape, a.Dtype);

    [Export("mlx_ones_like")]
    public static Node OnesLike(Node a) => Ones(a.Shape, a.Dtype);

    internal static Node Written(Node a) => Node.Lazy(a.Shape, a.Dtype, Ops.Full.Instance, a);
}
