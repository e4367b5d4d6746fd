using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>sin x</summary>
internal sealed class Sin : FloatPrimitive<Sin.Function>
{
    public static readonly Sin Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Cos(x);

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Sin(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Sin(x);

        public static Complex Of(Complex x) => Complex.Sin(x);
    }
}

/// <summary>cos x</summary>
internal sealed class Cos : FloatPrimitive<Cos.Function>
{
    public static readonly Cos Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => -(d * Op.Sin(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Cos(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Cos(x);

        public static Complex Of(Complex x) => Complex.Cos(x);
    }
}

/// <summary>tan x</summary>
internal sealed class Tan : FloatPrimitive<Tan.Function>
{
    public static readonly Tan Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / Op.Square(Op.Cos(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Tan(x);

        public static Vector512<double> Of(Vector512<double> x) =>
            Vector512.Sin(x) / Vector512.Cos(x);

        public static Complex Of(Complex x) => Complex.Tan(x);
    }
}

/// <summary>The angle whose sine is x.</summary>
internal sealed unsafe class ArcSin : FloatPrimitive<ArcSin.Function>
{
    public static readonly ArcSin Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d * Op.Rsqrt(1 - Op.Square(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Asin(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Asin);

        public static Complex Of(Complex x) => ComplexMath.Asin(x);
    }
}

/// <summary>The angle whose cosine is x.</summary>
internal sealed unsafe class ArcCos : FloatPrimitive<ArcCos.Function>
{
    public static readonly ArcCos Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => -(d * Op.Rsqrt(1 - Op.Square(x)));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Acos(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Acos);

        public static Complex Of(Complex x) => ComplexMath.Acos(x);
    }
}

/// <summary>The angle whose tangent is x.</summary>
internal sealed unsafe class ArcTan : FloatPrimitive<ArcTan.Function>
{
    public static readonly ArcTan Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => d / (1 + Op.Square(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Atan(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Math.Atan);

        public static Complex Of(Complex x) => ComplexMath.Atan(x);
    }
}

internal static partial class Op
{
    [Export("mlx_sin")]
    [Serialized]
    public static Node Sin(Node a) => Float(a, Ops.Sin.Instance);

    [Export("mlx_cos")]
    [Serialized]
    public static Node Cos(Node a) => Float(a, Ops.Cos.Instance);

    [Export("mlx_tan")]
    [Serialized]
    public static Node Tan(Node a) => Float(a, Ops.Tan.Instance);

    [Export("mlx_arcsin")]
    [Serialized]
    public static Node ArcSin(Node a) => Float(a, Ops.ArcSin.Instance);

    [Export("mlx_arccos")]
    [Serialized]
    public static Node ArcCos(Node a) => Float(a, Ops.ArcCos.Instance);

    [Export("mlx_arctan")]
    [Serialized]
    public static Node ArcTan(Node a) => Float(a, Ops.ArcTan.Instance);
}
