using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The real part of complex numbers.</summary>
internal sealed unsafe class Real : ElementwisePrimitive
{
    public static readonly Real Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        &ComplexLanes.Part<Part>;

    public override Dtype OutputDtype(Node[] inputs) => Dtype.Float32;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.AsType(cotangents[0], Dtype.Complex64)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Real(tangents[0])];

    private readonly struct Part : IComplexPart
    {
        public static Vector256<float> Of(Vector512<ulong> z) => ComplexLanes.Real(z);
    }
}

/// <summary>The imaginary part of complex numbers.</summary>
internal sealed unsafe class Imag : ElementwisePrimitive
{
    public static readonly Imag Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        &ComplexLanes.Part<Part>;

    public override Dtype OutputDtype(Node[] inputs) => Dtype.Float32;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Multiply(Op.Scalar(new Complex64(0, 1)), cotangents[0])];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Imag(tangents[0])];

    private readonly struct Part : IComplexPart
    {
        public static Vector256<float> Of(Vector512<ulong> z) => ComplexLanes.Imaginary(z);
    }
}

/// <summary>
/// The complex conjugate: not analytic, so both modes conjugate what they are given.
/// </summary>
internal sealed unsafe class Conjugate : ElementwisePrimitive
{
    public static readonly Conjugate Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        &Loops.Unary<ComplexUnary<Function>, Plain<ulong>, ulong>;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Conjugate(cotangents[0])];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Conjugate(tangents[0])];

    private readonly struct Function : IComplexUnary
    {
        public static Vector512<float> Pairs(Vector512<float> x) => ComplexLanes.Conjugate(x);
    }
}

internal static partial class Op
{
    [Export("mlx_real")]
    [Serialized]
    public static Node Real(Node a) => a.Dtype == Dtype.Complex64
        ? Node.Lazy(a.Shape, Dtype.Float32, Ops.Real.Instance, a)
        : a;

    [Export("mlx_imag")]
    [Serialized]
    public static Node Imag(Node a) => a.Dtype == Dtype.Complex64
        ? Node.Lazy(a.Shape, Dtype.Float32, Ops.Imag.Instance, a)
        : ZerosLike(a);

    [Export("mlx_conjugate")]
    [Serialized]
    public static Node Conjugate(Node a) =>
        a.Dtype == Dtype.Complex64 ? Node.Lazy(a.Shape, a.Dtype, Ops.Conjugate.Instance, a) : a;
}
