using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
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

    public sealed override Kernel Kernel(Node[] inputs, Dtype output) => output switch
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

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) =>
        arg == 0 ? d / y : -(d * x) / Op.Square(y);

    internal readonly struct Floats : IFloatOperator
    {
        public static Vector512<float> Of(Vector512<float> x, Vector512<float> y) => x / y;

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) => x / y;

        public static Complex Of(Complex x, Complex y) => x / y;
    }

    internal readonly struct Integers : IIntegerOperator
    {
        public static T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T> =>
            T.IsZero(y) ? T.Zero : y == T.Zero - T.One && T.IsNegative(y) ? T.Zero - x : x / y;
    }
}

internal static partial class Op
{
    [Export("mlx_divide")]
    public static Node Divide(Node a, Node b) => Binary(
        a, b, Dtypes.Promote(a.Dtype, b.Dtype).AtLeastFloat(), Ops.Divide.Instance, "divide");

    [Export("mlx_reciprocal")]
    public static Node Reciprocal(Node a) => Divide(Scalar(1, a.Dtype.AtLeastFloat()), a);
}
