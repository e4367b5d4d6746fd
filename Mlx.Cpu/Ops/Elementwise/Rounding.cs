using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The greatest integer not above x.</summary>
internal sealed class Floor : FloatPrimitive<Floor.Function>
{
    public static readonly Floor Instance = new();

    public override int Cost => 1;

    protected override Node? Push(Node d, Node x, Node y) => null;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => V.Floor(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Floor(x);

        public static Complex Of(Complex x) => new(Math.Floor(x.Real), Math.Floor(x.Imaginary));
    }
}

/// <summary>The least integer not below x.</summary>
internal sealed class Ceil : FloatPrimitive<Ceil.Function>
{
    public static readonly Ceil Instance = new();

    public override int Cost => 1;

    protected override Node? Push(Node d, Node x, Node y) => null;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => -V.Floor(-x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Ceiling(x);
    }
}

/// <summary>The nearest integer, the even one of two.</summary>
internal sealed class Round : FloatPrimitive<Round.Function>
{
    public static readonly Round Instance = new();

    public override int Cost => 1;

    protected override Node? Push(Node d, Node x, Node y) => null;

    internal readonly struct Function : IFloatFunction
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => V.Round(x);

        public static Vector512<double> Of(Vector512<double> x) => Vector512.Round(x);

        public static Complex Of(Complex x) => new(Math.Round(x.Real), Math.Round(x.Imaginary));
    }
}

internal static partial class Op
{
    [Export("mlx_floor")]
    [Serialized]
    public static Node Floor(Node a) => Whole(RealOnly(a, "floor"), Ops.Floor.Instance);

    [Export("mlx_ceil")]
    [Serialized]
    public static Node Ceil(Node a) => Whole(RealOnly(a, "ceil"), Ops.Ceil.Instance);

    /// <summary>
    /// To so many decimals (of either sign). MLX 0.31.2 holds the scale in float32, which float64
    /// feels in the eighth digit; here it has the array's precision.
    /// </summary>
    [Export("mlx_round")]
    [Serialized]
    public static Node Round(Node a, int decimals = 0)
    {
        if (decimals == 0)
        {
            return Whole(a, Ops.Round.Instance);
        }

        var dtype = a.Dtype.AtLeastFloat();
        var scale = Math.Pow(10, decimals);
        var whole = Round(Multiply(a, Scalar(scale, dtype)));
        return AsType(Multiply(whole, Scalar(1 / scale, dtype)), a.Dtype);
    }

    /// <summary>Integers are whole already.</summary>
    private static Node Whole(Node a, UnaryPrimitive rounding) =>
        a.Dtype.IsInexact() ? Unary(a, rounding) : a;

    private static Node RealOnly(Node a, string name) => a.Dtype != Dtype.Complex64 ? a
        : throw new ArgumentException($"[{name}] Not supported for complex64.");
}
