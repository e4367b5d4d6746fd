using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An operator that has its own form for integers: they have no vector division, and no answer to
/// a division by zero, which here gives 0 instead of ending the process.
/// </summary>
internal abstract unsafe class DividingPrimitive<TFloat, TInteger> : BinaryPrimitive
    where TFloat : struct, IFloatOperator
    where TInteger : struct, IIntegerOperator
{
    public override int Cost => 4;

    public override Kernel Kernel(Node[] inputs, Dtype output) => output switch
    {
        Dtype.Bool or Dtype.UInt8 => &Loops.Zip<Whole<byte>, byte, byte>,
        Dtype.UInt16 => &Loops.Zip<Whole<ushort>, ushort, ushort>,
        Dtype.UInt32 => &Loops.Zip<Whole<uint>, uint, uint>,
        Dtype.UInt64 => &Loops.Zip<Whole<ulong>, ulong, ulong>,
        Dtype.Int8 => &Loops.Zip<Whole<sbyte>, sbyte, sbyte>,
        Dtype.Int16 => &Loops.Zip<Whole<short>, short, short>,
        Dtype.Int32 => &Loops.Zip<Whole<int>, int, int>,
        Dtype.Int64 => &Loops.Zip<Whole<long>, long, long>,
        _ => FloatKernels<TFloat>.For(output, Name),
    };

    private readonly struct Whole<T> : IBinary<T, T> where T : unmanaged, IBinaryInteger<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T x, T y) => TInteger.Of(x, y);
    }
}

/// <summary>z = f(x, y) for every integer type.</summary>
internal interface IIntegerOperator
{
    static abstract T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>x / y; of integers the quotient, cut off towards zero as C cuts it.</summary>
internal sealed class Divide : DividingPrimitive<Divide.Floats, Divide.Integers>
{
    public static readonly Divide Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<Divide>(
        "Divide", x => Op.Promoted(x[0], x[1], Instance!, "divide"), 2);

    protected override Node Push(int arg, Node d, Node x, Node y, Node z) =>
        arg == 0 ? d / y : -(d * x) / Op.Square(y);

    protected override Node Pull(int arg, Node c, Node x, Node y, Node z) =>
        Push(arg, c, Op.Conjugate(x), Op.Conjugate(y), z);

    internal readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> => x / y;

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) => x / y;

        public static Complex Of(Complex x, Complex y) => x / y;
    }

    internal readonly struct Integers : IIntegerOperator
    {
        public static T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T> =>
            T.IsZero(y) ? T.Zero : y == T.Zero - T.One && T.IsNegative(y) ? T.Zero - x : x / y;
    }
}

/// <summary>
/// x - y floor(x / y): what is left has the sign of y. Of the 16-bit floats (and of the real parts
/// of complex numbers) MLX takes the nearest integer instead of the one below.
/// </summary>
internal sealed unsafe class Remainder : DividingPrimitive<Remainder.Floats, Remainder.Integers>
{
    public static readonly Remainder Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) => ToNearest(output)
        ? FloatKernels<Nearest>.For(output, Name)
        : base.Kernel(inputs, output);

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) => arg == 0 ? d
        : -(d * (ToNearest(x.Dtype) ? Op.Round(x / y) : Op.FloorDivide(x, y)));

    private static bool ToNearest(Dtype dtype) => dtype.IsHalf() || dtype == Dtype.Complex64;

    private readonly struct Nearest : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.NearestRemainder(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Math.IEEERemainder);

        public static Complex Of(Complex x, Complex y) => Math.IEEERemainder(x.Real, y.Real);
    }

    internal readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.Modulo(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Float64.Modulo);
    }

    internal readonly struct Integers : IIntegerOperator
    {
        public static T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T>
        {
            var r = CutRemainder.Integers.Of(x, y);
            return r != T.Zero && T.IsNegative(r) != T.IsNegative(y) ? r + y : r;
        }
    }
}

/// <summary>The quotient cut off towards zero, for all real numbers.</summary>
internal sealed class CutQuotient : DividingPrimitive<CutQuotient.Floats, Divide.Integers>
{
    public static readonly CutQuotient Instance = new();

    public override Node[]? Lower(Node[] inputs) => [DivMod.Both(inputs)[0]];

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) => null;

    internal readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            V.Truncate(x / y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Vector512.Truncate(x / y);
    }
}

/// <summary>
/// What the cut quotient leaves, of the sign of x (C's <c>fmod</c> and <c>%</c>).
/// </summary>
internal sealed unsafe class CutRemainder
    : DividingPrimitive<CutRemainder.Floats, CutRemainder.Integers>
{
    public static readonly CutRemainder Instance = new();

    public override Node[]? Lower(Node[] inputs) => [DivMod.Both(inputs)[1]];

    /// <summary>x - y trunc(x / y), though MLX takes it for constant.</summary>
    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) =>
        arg == 0 ? d : -(d * Op.DivMod(x, y)[0]);

    internal readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.CutRemainder(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Remainder);

        private static double Remainder(double x, double y) => x % y;
    }

    internal readonly struct Integers : IIntegerOperator
    {
        public static T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T> =>
            T.IsZero(y) || y == T.Zero - T.One && T.IsNegative(y) ? T.Zero : x % y;
    }
}

internal static partial class Op
{
    [Export("mlx_divide")]
    public static Node Divide(Node a, Node b) => Binary(
        a, b, Dtypes.Promote(a.Dtype, b.Dtype).AtLeastFloat(), Ops.Divide.Instance, "divide");

    [Export("mlx_reciprocal")]
    public static Node Reciprocal(Node a) => Divide(Scalar(1, a.Dtype.AtLeastFloat()), a);

    /// <summary>
    /// floor(a / b); of integers the quotient cut off towards zero, as MLX has it.
    /// </summary>
    [Export("mlx_floor_divide")]
    public static Node FloorDivide(Node a, Node b)
    {
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        return dtype.IsInexact()
            ? Floor(Divide(a, b))
            : Binary(a, b, dtype, Ops.Divide.Instance, "floor_divide");
    }

    [Export("mlx_remainder")]
    [Serialized]
    public static Node Remainder(Node a, Node b) =>
        Promoted(a, b, Ops.Remainder.Instance, "remainder");
}
