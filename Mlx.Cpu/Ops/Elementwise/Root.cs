using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The square root.</summary>
internal sealed class Sqrt : FloatPrimitive<Sqrt.Function>
{
    public static readonly Sqrt Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Family(
        "Sqrt", State.Either<UnaryPrimitive>(Instance, Rsqrt.Instance), p => (UnaryPrimitive)p,
        (x, function, _) => [Op.Float(x[0], function)], 1, typeof(Sqrt), typeof(Rsqrt));

    protected override Node? Push(Node d, Node x, Node y) => 0.5 * d / y;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => V.Sqrt(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Sqrt(x);

        public static Complex Of(Complex x) => ComplexMath.Sqrt(x);
    }
}

/// <summary>1 / sqrt(x)</summary>
internal sealed class Rsqrt : FloatPrimitive<Rsqrt.Function>
{
    public static readonly Rsqrt Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => -0.5 * d * (y / x);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => V.One / V.Sqrt(x);

        public static Vector512<double> Of(Vector512<double> x) =>
            Vector512<double>.One / Vector512.Sqrt(x);

        public static Complex Of(Complex x) => 1 / ComplexMath.Sqrt(x);
    }
}

internal static partial class Op
{
    [Export("mlx_sqrt")]
    public static Node Sqrt(Node a) => Float(a, Ops.Sqrt.Instance);

    [Export("mlx_rsqrt")]
    public static Node Rsqrt(Node a) => Float(a, Ops.Rsqrt.Instance);
}
