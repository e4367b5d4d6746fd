using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>-1, 0 or 1; z / |z| of a complex number.</summary>
internal sealed unsafe class Sign : NumberPrimitive<Sign.Numbers>
{
    public static readonly Sign Instance = new();

    protected override Node? Push(Node d, Node x, Node y) => null;

    internal readonly struct Numbers : INumberFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged
        {
            var zero = Vector512<T>.Zero;
            var one = Vector512<T>.One;
            var positive = Vector512.GreaterThan(x, zero) & one;
            return Vector512.ConditionalSelect(Vector512.LessThan(x, zero), zero - one, positive);
        }

        public static Vector512<float> Pairs(Vector512<float> x) => ComplexLanes.Each(x, &Of);

        private static Complex64 Of(Complex64 x)
        {
            var size = (float)Complex.Abs(x);
            return size == 0 ? x : new(x.Re / size, x.Im / size);
        }
    }
}

/// <summary>|x|</summary>
internal sealed class Abs : NumberPrimitive<Abs.Numbers>
{
    public static readonly Abs Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Many<Abs, ValueTuple>(
        "Abs", Form.Nothing, _ => default,
        (x, _, outputs) => [Op.AsType(Op.Abs(x[0]), outputs[0].Dtype)]);

    protected override Node Push(Node d, Node x, Node y) => d * Op.Sign(x);

    internal readonly struct Numbers : INumberFunction
    {
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged => Vector512.Abs(x);

        /// <summary>Of complex numbers there is <see cref="Modulus"/>.</summary>
        public static Vector512<float> Pairs(Vector512<float> x) =>
            throw new NotSupportedException();
    }
}

/// <summary>|z|, which is real: its small change is the real part of conj(sign z) d.</summary>
internal sealed unsafe class Modulus : ElementwisePrimitive
{
    public static readonly Modulus Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        &ComplexLanes.Part<Part>;

    public override Dtype OutputDtype(Node[] inputs) => Dtype.Float32;

    /// <summary>
    /// MLX's absolute value of a complex number is complex, until it is converted.
    /// </summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var z = inputs[0];
        return [Op.AsType(Node.Lazy(z.Shape, z.Dtype, Abs.Instance, z), Dtype.Float32)];
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [cotangents[0] * Op.Sign(inputs[0])];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Real(Op.Conjugate(Op.Sign(inputs[0])) * tangents[0])];

    private readonly struct Part : IComplexPart
    {
        public static Vector256<float> Of(Vector512<ulong> z) => ComplexLanes.Modulus(z);
    }
}

internal static partial class Op
{
    [Export("mlx_sign")]
    [Serialized]
    public static Node Sign(Node a) => Unary(a, Ops.Sign.Instance);

    [Export("mlx_abs")]
    public static Node Abs(Node a) => a.Dtype == Dtype.Complex64
        ? Node.Lazy(a.Shape, Dtype.Float32, Ops.Modulus.Instance, a)
        : Unary(a, Ops.Abs.Instance);
}
