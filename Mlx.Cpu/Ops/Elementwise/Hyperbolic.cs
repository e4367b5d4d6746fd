using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>(e^x - e^-x) / 2</summary>
internal sealed unsafe class Sinh : FloatPrimitive<Sinh.Function>
{
    public static readonly Sinh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Cosh(x);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Sinh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Sinh);

        public static Complex Of(Complex x) => Complex.Sinh(x);
    }
}

/// <summary>(e^x + e^-x) / 2</summary>
internal sealed unsafe class Cosh : FloatPrimitive<Cosh.Function>
{
    public static readonly Cosh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Sinh(x);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Cosh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Cosh);

        public static Complex Of(Complex x) => Complex.Cosh(x);
    }
}

/// <summary>sinh x / cosh x</summary>
internal sealed unsafe class Tanh : FloatPrimitive<Tanh.Function>
{
    public static readonly Tanh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * (1 - Op.Square(y));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Tanh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Tanh);

        public static Complex Of(Complex x) => Complex.Tanh(x);
    }
}

/// <summary>The inverse of sinh.</summary>
internal sealed unsafe class ArcSinh : FloatPrimitive<ArcSinh.Function>
{
    public static readonly ArcSinh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Rsqrt(Op.Square(x) + 1);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Asinh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Asinh);

        public static Complex Of(Complex x) => ComplexMath.Asinh(x);
    }
}

/// <summary>The inverse of cosh.</summary>
internal sealed unsafe class ArcCosh : FloatPrimitive<ArcCosh.Function>
{
    public static readonly ArcCosh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Rsqrt(Op.Square(x) - 1);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Acosh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Acosh);

        public static Complex Of(Complex x) => ComplexMath.Acosh(x);
    }
}

/// <summary>The inverse of tanh.</summary>
internal sealed unsafe class ArcTanh : FloatPrimitive<ArcTanh.Function>
{
    public static readonly ArcTanh Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / (1 - Op.Square(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Atanh(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Atanh);

        public static Complex Of(Complex x) => ComplexMath.Atanh(x);
    }
}

internal static partial class Op
{
    [Export("mlx_sinh")]
    [Serialized]
    public static Node Sinh(Node a) => Float(a, Ops.Sinh.Instance);

    [Export("mlx_cosh")]
    [Serialized]
    public static Node Cosh(Node a) => Float(a, Ops.Cosh.Instance);

    [Export("mlx_tanh")]
    [Serialized]
    public static Node Tanh(Node a) => Float(a, Ops.Tanh.Instance);

    [Export("mlx_arcsinh")]
    [Serialized]
    public static Node ArcSinh(Node a) => Float(a, Ops.ArcSinh.Instance);

    [Export("mlx_arccosh")]
    [Serialized]
    public static Node ArcCosh(Node a) => Float(a, Ops.ArcCosh.Instance);

    [Export("mlx_arctanh")]
    [Serialized]
    public static Node ArcTanh(Node a) => Float(a, Ops.ArcTanh.Instance);
}
