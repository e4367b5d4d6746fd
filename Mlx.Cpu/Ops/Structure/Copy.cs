using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>The identity: shares the data of its input.</summary>
internal class Copy : Primitive
{
    public static readonly Copy Instance = new();

    public override void Eval(Node[] inputs, Node[] outputs) => outputs[0].Share(inputs[0]);

    public override Node[]? Lower(Node[] inputs) => inputs;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        cotangents;

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) => tangents;

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Node.Lazy(inputs[0].Shape, inputs[0].Dtype, this, inputs[0])], axes.ToArray());
}

/// <summary>
/// The identity, through which no derivative passes (<c>mlx.core.stop_gradient</c>).
/// </summary>
internal sealed class StopGradient : Copy
{
    public static new readonly StopGradient Instance = new();

    public override Node[]? Lower(Node[] inputs) => null;

    // The transforms do not walk past this primitive, so its derivatives are never asked for.
}

/// <summary>
/// The builders of all ops: what rules are written in and what the ABI exports. Each family adds
/// its part beside its primitive.
/// </summary>
internal static partial class Op
{
    [Export("mlx_copy")]
    [Serialized]
    public static Node Copy(Node a) => Node.Lazy(a.Shape, a.Dtype, Ops.Copy.Instance, a);

    [Export("mlx_stop_gradient")]
    [Serialized]
    public static Node StopGradient(Node a) =>
        Node.Lazy(a.Shape, a.Dtype, Ops.StopGradient.Instance, a);
}
