using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>log(e^x + e^y)</summary>
internal sealed unsafe class LogAddExp : BinaryPrimitive
{
    public static readonly LogAddExp Instance = new();

    public override int Cost => 16;

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        FloatKernels<Floats>.For(output, "logaddexp");

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) =>
        d * Op.Sigmoid(arg == 0 ? x - y : y - x);

    private readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.LogAddExp(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Float64.LogAddExp);

        public static Complex Of(Complex x, Complex y) => ComplexMath.LogAddExp(x, y);
    }
}

/// <summary>
/// The angle of the point (y, x): here x is the first argument, the height. Of complex numbers MLX
/// takes the real parts.
/// </summary>
internal sealed unsafe class ArcTan2 : BinaryPrimitive
{
    public static readonly ArcTan2 Instance = new();

    public override int Cost => 16;

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        FloatKernels<Floats>.For(output, "arctan2");

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z)
    {
        var scaled = d / (Op.Square(x) + Op.Square(y));
        return arg == 0 ? y * scaled : -x * scaled;
    }

    private readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.Atan2(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Math.Atan2);

        public static Complex Of(Complex x, Complex y) => Math.Atan2(x.Real, y.Real);
    }
}

internal static partial class Op
{
    [Export("mlx_logaddexp")]
    [Serialized]
    public static Node LogAddExp(Node a, Node b) => Binary(
        a, b, Dtypes.Promote(a.Dtype, b.Dtype).AtLeastFloat(), Ops.LogAddExp.Instance, "logaddexp");

    [Export("mlx_arctan2")]
    [Serialized]
    public static Node ArcTan2(Node a, Node b) => Binary(
        a, b, Dtypes.Promote(a.Dtype, b.Dtype).AtLeastFloat(), Ops.ArcTan2.Instance, "arctan2");
}
