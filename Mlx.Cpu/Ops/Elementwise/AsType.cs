using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The same values in another dtype.</summary>
internal sealed unsafe class AsType : ElementwisePrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<AsType, Dtype>(
        "AsType", State.Dtype, p => p.to, (x, to) => Op.AsType(x[0], to));

    private static readonly AsType[] All =
        [.. Enumerable.Range(0, Dtypes.Count).Select(d => new AsType((Dtype)d))];

    private readonly Dtype to;

    private AsType(Dtype to) => this.to = to;

    public static AsType To(Dtype dtype) => All[(int)dtype];

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        Conversions.Kernel(inputs[0].Dtype, output);

    public override Dtype OutputDtype(Node[] inputs) => to;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [IsStep(inputs[0]) ? null : Op.AsType(cotangents[0], inputs[0].Dtype)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [IsStep(inputs[0]) ? Op.ZerosLike(outputs[0]) : Op.AsType(tangents[0], to)];

    /// <summary>What makes whole numbers of real ones is constant between its steps.</summary>
    private bool IsStep(Node x) => x.Dtype.IsInexact() && !to.IsInexact();
}

internal static partial class Op
{
    [Export("mlx_astype")]
    public static Node AsType(Node a, Dtype dtype) =>
        a.Dtype == dtype ? a : Node.Lazy(a.Shape, dtype, Ops.AsType.To(dtype), a);
}
