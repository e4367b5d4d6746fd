using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The error function, 2/sqrt(pi) times the integral of e^-t^2 from 0 to x.</summary>
internal sealed unsafe class Erf : FloatPrimitive<Erf.Function>
{
    public static readonly Erf Instance = new();

    protected override Node? Push(Node d, Node x, Node y) =>
        1.1283791670955126 * d * Op.Exp(-Op.Square(x));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Erf(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Float64.Erf);
    }
}

/// <summary>The inverse of the error function.</summary>
internal sealed unsafe class ErfInv : FloatPrimitive<ErfInv.Function>
{
    public static readonly ErfInv Instance = new();

    protected override Node? Push(Node d, Node x, Node y) =>
        0.886226925452758 * d * Op.Exp(Op.Square(y));

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.ErfInv(x);

        public static Vector512<double> Of(Vector512<double> x) => Lanes.Each(x, &Float64.ErfInv);
    }
}

internal static partial class Op
{
    [Export("mlx_erf")]
    [Serialized]
    public static Node Erf(Node a) => Float(RealOnly(a, "erf"), Ops.Erf.Instance);

    [Export("mlx_erfinv")]
    [Serialized]
    public static Node ErfInv(Node a) => Float(RealOnly(a, "erfinv"), Ops.ErfInv.Instance);
}
