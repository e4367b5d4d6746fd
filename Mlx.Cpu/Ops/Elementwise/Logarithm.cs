using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The natural logarithm.</summary>
internal sealed class Log : FloatPrimitive<Log.Function>
{
    public static readonly Log Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Family(
        "Log", State.OneOf<UnaryPrimitive>(Log2.Instance, Log10.Instance, Instance),
        p => (UnaryPrimitive)p, (x, function, _) => [Op.Float(x[0], function)], 1,
        typeof(Log), typeof(Log2), typeof(Log10));

    protected override Node? Push(Node d, Node x, Node y) => d / x;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Log(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Log(x);

        public static Complex Of(Complex x) => Complex.Log(x);
    }
}

/// <summary>The logarithm to base 2.</summary>
internal sealed class Log2 : FloatPrimitive<Log2.Function>
{
    public static readonly Log2 Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / x * 1.4426950408889634;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Log2(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Log2(x);

        public static Complex Of(Complex x) => Complex.Log(x) / 0.6931471805599453;
    }
}

/// <summary>The logarithm to base 10.</summary>
internal sealed unsafe class Log10 : FloatPrimitive<Log10.Function>
{
    public static readonly Log10 Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / x * 0.4342944819032518;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Log10(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Log10);

        public static Complex Of(Complex x) => Complex.Log10(x);
    }
}

/// <summary>log(1 + x), exact near 0</summary>
internal sealed unsafe class Log1p : FloatPrimitive<Log1p.Function>
{
    public static readonly Log1p Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / (1 + x);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Log1p(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Float64.Log1p);

        public static Complex Of(Complex x) => ComplexMath.Log1p(x);
    }
}

internal static partial class Op
{
    [Export("mlx_log")]
    public static Node Log(Node a) => Float(a, Ops.Log.Instance);

    [Export("mlx_log2")]
    public static Node Log2(Node a) => Float(a, Ops.Log2.Instance);

    [Export("mlx_log10")]
    public static Node Log10(Node a) => Float(a, Ops.Log10.Instance);

    [Export("mlx_log1p")]
    [Serialized]
    public static Node Log1p(Node a) => Float(a, Ops.Log1p.Instance);
}
