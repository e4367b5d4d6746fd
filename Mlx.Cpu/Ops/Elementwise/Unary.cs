using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// y = f(x) by elements. An op states once what a small change d of x does to y; reverse mode is
/// the same map. (MLX does not conjugate it for complex x, but for products and quotients.)
/// </summary>
internal abstract class UnaryPrimitive : ElementwisePrimitive
{
    /// <summary>d f'(x), where y = f(x); null where f is constant between its steps.</summary>
    protected abstract Node? Push(Node d, Node x, Node y);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Push(cotangents[0], inputs[0], outputs[0])];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Push(tangents[0], inputs[0], outputs[0]) ?? Op.ZerosLike(outputs[0])];
}

/// <summary>A function of floating-point (and complex) numbers.</summary>
internal interface IFloatFunction : IFloatMap
{
    static abstract Vector512<double> Of(Vector512<double> x);

    static virtual Complex Of(Complex x) => throw new NotSupportedException();
}

/// <summary>A function whose integer arguments were made float32 by the builder.</summary>
internal abstract unsafe class FloatPrimitive<TFunction> : UnaryPrimitive
    where TFunction : struct, IFloatFunction
{
    public override int Cost => 8;

    public sealed override Kernel Kernel(Node[] inputs, Dtype output) => output switch
    {
        Dtype.Float32 => FloatLoops.Unary<TFunction>(),
        Dtype.Float64 => &Loops.Unary<Lane, Plain<double>, double>,
        Dtype.Float16 => &Loops.Unary<Lane, F16, float>,
        Dtype.BFloat16 => &Loops.Unary<Lane, BF16, float>,
        Dtype.Complex64 => &Loops.Map<Lane, Complex64, Complex64>,
        _ => throw new NotSupportedException($"[{Name}] Not supported for {output.Name()}."),
    };

    private readonly struct Lane : IUnary, IUnary<Complex64, Complex64>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged =>
            typeof(T) == typeof(float)
                ? Widths.Of<TFunction>(x.AsSingle()).As<float, T>()
                : TFunction.Of(x.AsDouble()).As<double, T>();

        public static Complex64 Of(Complex64 x) => (Complex64)TFunction.Of((Complex)x);
    }
}

/// <summary>An operator of all numbers; complex ones by a formula of their own.</summary>
internal interface INumberFunction : IUnary, IComplexUnary;

/// <summary>An operator that keeps the dtype, integers included.</summary>
internal abstract unsafe class NumberPrimitive<TFunction> : UnaryPrimitive
    where TFunction : struct, INumberFunction
{
    public override Kernel Kernel(Node[] inputs, Dtype output) => output switch
    {
        Dtype.Bool or Dtype.UInt8 => &Loops.Unary<TFunction, Plain<byte>, byte>,
        Dtype.UInt16 => &Loops.Unary<TFunction, Plain<ushort>, ushort>,
        Dtype.UInt32 => &Loops.Unary<TFunction, Plain<uint>, uint>,
        Dtype.UInt64 => &Loops.Unary<TFunction, Plain<ulong>, ulong>,
        Dtype.Int8 => &Loops.Unary<TFunction, Plain<sbyte>, sbyte>,
        Dtype.Int16 => &Loops.Unary<TFunction, Plain<short>, short>,
        Dtype.Int32 => &Loops.Unary<TFunction, Plain<int>, int>,
        Dtype.Int64 => &Loops.Unary<TFunction, Plain<long>, long>,
        Dtype.Float16 => &Loops.Unary<TFunction, F16, float>,
        Dtype.Float32 => &Loops.Unary<TFunction, Plain<float>, float>,
        Dtype.Float64 => &Loops.Unary<TFunction, Plain<double>, double>,
        Dtype.BFloat16 => &Loops.Unary<TFunction, BF16, float>,
        _ => &Loops.Unary<ComplexUnary<TFunction>, Plain<ulong>, ulong>,
    };
}

internal static partial class Op
{
    /// <summary>A function of floating-point numbers: integers are converted first.</summary>
    internal static Node Float(Node a, UnaryPrimitive function) => Unary(AsFloat(a), function);

    private static Node Unary(Node a, UnaryPrimitive function) =>
        Node.Lazy(a.Shape, a.Dtype, function, a);

    private static Node AsFloat(Node a) => AsType(a, a.Dtype.AtLeastFloat());
}
