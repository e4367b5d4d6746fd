using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// z = f(x, y) by elements. An op states for each argument what a small change d of it does to z.
/// </summary>
internal abstract class BinaryPrimitive : ElementwisePrimitive
{
    /// <summary>
    /// d times the derivative by argument <paramref name="arg"/>, where z = f(x, y); null where
    /// that is zero by definition.
    /// </summary>
    protected abstract Node? Push(int arg, Node d, Node x, Node y, Node z);

    /// <summary>The transpose of <see cref="Push"/>: on real numbers the same.</summary>
    protected virtual Node? Pull(int arg, Node c, Node x, Node y, Node z) => Push(arg, c, x, y, z);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var pulled = new Node?[argnums.Length];
        for (var i = 0; i < pulled.Length; i++)
        {
            pulled[i] = Pull(argnums[i], cotangents[0], inputs[0], inputs[1], outputs[0]);
        }

        return pulled;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var part = Push(argnums[i], tangents[i], inputs[0], inputs[1], outputs[0]);
            sum = sum is null ? part : part is null ? sum : sum + part;
        }

        return [sum ?? Op.ZerosLike(outputs[0])];
    }
}

/// <summary>An operator of all numbers; complex ones by a formula of their own.</summary>
internal interface INumberOperator : IBinary, IComplexBinary;

/// <summary>
/// An operator that keeps the (promoted) dtype, integers included. bool is a number of its own
/// (1 + 1 = 1) and is given by an operator on bytes.
/// </summary>
internal abstract unsafe class NumberPrimitive<TOperator, TBool> : BinaryPrimitive
    where TOperator : struct, INumberOperator
    where TBool : struct, IBinary
{
    public override Kernel Kernel(Node[] inputs, Dtype output) => output switch
    {
        Dtype.Bool => &Loops.Binary<TBool, Plain<byte>, byte>,
        Dtype.UInt8 => &Loops.Binary<TOperator, Plain<byte>, byte>,
        Dtype.UInt16 => &Loops.Binary<TOperator, Plain<ushort>, ushort>,
        Dtype.UInt32 => &Loops.Binary<TOperator, Plain<uint>, uint>,
        Dtype.UInt64 => &Loops.Binary<TOperator, Plain<ulong>, ulong>,
        Dtype.Int8 => &Loops.Binary<TOperator, Plain<sbyte>, sbyte>,
        Dtype.Int16 => &Loops.Binary<TOperator, Plain<short>, short>,
        Dtype.Int32 => &Loops.Binary<TOperator, Plain<int>, int>,
        Dtype.Int64 => &Loops.Binary<TOperator, Plain<long>, long>,
        Dtype.Float16 => &Loops.Binary<TOperator, F16, float>,
        Dtype.Float32 => &Loops.Binary<TOperator, Plain<float>, float>,
        Dtype.Float64 => &Loops.Binary<TOperator, Plain<double>, double>,
        Dtype.BFloat16 => &Loops.Binary<TOperator, BF16, float>,
        _ => &Loops.Binary<ComplexBinary<TOperator>, Plain<ulong>, ulong>,
    };
}

/// <summary>A function of two floating-point (or complex) numbers.</summary>
internal interface IFloatOperator : IFloatZip
{
    static abstract Vector512<double> Of(Vector512<double> x, Vector512<double> y);

    static virtual Complex Of(Complex x, Complex y) => throw new NotSupportedException();
}

/// <summary>The kernels of <see cref="IFloatOperator"/> by dtype.</summary>
internal static unsafe class FloatKernels<TOperator> where TOperator : struct, IFloatOperator
{
    public static Kernel For(Dtype dtype, string name) => dtype switch
    {
        Dtype.Float32 => FloatLoops.Binary<TOperator>(),
        Dtype.Float64 => &Loops.Binary<Lane, Plain<double>, double>,
        Dtype.Float16 => &Loops.Binary<Lane, F16, float>,
        Dtype.BFloat16 => &Loops.Binary<Lane, BF16, float>,
        Dtype.Complex64 => &Loops.Zip<Lane, Complex64, Complex64>,
        _ => throw new NotSupportedException($"[{name}] Not supported for {dtype.Name()}."),
    };

    private readonly struct Lane : IBinary, IBinary<Complex64, Complex64>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            typeof(T) == typeof(float)
                ? Widths.Of<TOperator>(x.AsSingle(), y.AsSingle()).As<float, T>()
                : TOperator.Of(x.AsDouble(), y.AsDouble()).As<double, T>();

        public static Complex64 Of(Complex64 x, Complex64 y) =>
            (Complex64)TOperator.Of((Complex)x, (Complex)y);
    }
}

internal static partial class Op
{
    /// <summary>Both operands in a common dtype and shape.</summary>
    private static Node Binary(Node a, Node b, Dtype dtype, BinaryPrimitive op, string name) =>
        Binary(a, b, dtype, dtype, op, name);

    private static Node Binary(
        Node a, Node b, Dtype dtype, Dtype output, BinaryPrimitive op, string name)
    {
        var shape = Shapes.Broadcast(a.Shape, b.Shape, name);
        var (x, y) = (AsType(a, dtype), AsType(b, dtype));
        return ShapelessTrace.IsRunning
            ? Node.Lazy(shape, output, op, BroadcastArrays([x, y]))
            : Node.Lazy(shape, output, op, BroadcastTo(x, shape), BroadcastTo(y, shape));
    }

    /// <summary>
    /// One value for all of a shape: one element in memory, under strides of zero.
    /// </summary>
    public static Node Constant(double value, Dtype dtype, int[] shape) =>
        BroadcastTo(Scalar(value, dtype), shape);
}
