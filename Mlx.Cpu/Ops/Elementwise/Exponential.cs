using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>e^x</summary>
internal sealed class Exp : FloatPrimitive<Exp.Function>
{
    public static readonly Exp Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * y;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Exp(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Exp(x);

        public static Complex Of(Complex x) => Complex.Exp(x);
    }
}

/// <summary>e^x - 1, exact near 0</summary>
internal sealed unsafe class Expm1 : FloatPrimitive<Expm1.Function>
{
    public static readonly Expm1 Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * (y + 1);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Expm1(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Float64.Expm1);

        public static Complex Of(Complex x) => ComplexMath.Expm1(x);
    }
}

/// <summary>1 / (1 + e^-x)</summary>
internal sealed class Sigmoid : FloatPrimitive<Sigmoid.Function>
{
    public static readonly Sigmoid Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * (y * (1 - y));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Sigmoid(x);

        public static Vector512<double> Of(Vector512<double> x) =>
            Vector512<double>.One / (Vector512<double>.One + Vector512.Exp(-x));

        public static Complex Of(Complex x) => 1 / (1 + Complex.Exp(-x));
    }
}

internal static partial class Op
{
    [Export("mlx_exp")]
    [Serialized]
    public static Node Exp(Node a) => Float(a, Ops.Exp.Instance);

    [Export("mlx_expm1")]
    [Serialized]
    public static Node Expm1(Node a) => Float(a, Ops.Expm1.Instance);

    [Export("mlx_sigmoid")]
    [Serialized]
    public static Node Sigmoid(Node a) => Float(a, Ops.Sigmoid.Instance);
}
