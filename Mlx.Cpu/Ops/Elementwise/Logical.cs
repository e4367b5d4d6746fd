using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>An operator on bytes that are 0 or 1; piecewise constant.</summary>
internal abstract unsafe class LogicalPrimitive<TBits> : BinaryPrimitive
    where TBits : struct, IBinary
{
    public sealed override Kernel Kernel(Node[] inputs, Dtype output) =>
        &Loops.Binary<TBits, Plain<byte>, byte>;

    protected sealed override Node? Push(int arg, Node d, Node x, Node y, Node z) => null;
}

/// <summary>x and y</summary>
internal sealed class LogicalAnd : LogicalPrimitive<LogicalAnd.Bits>
{
    public static readonly LogicalAnd Instance = new();

    internal readonly struct Bits : IBinary
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x & y;
    }
}

/// <summary>x or y</summary>
internal sealed class LogicalOr : LogicalPrimitive<LogicalOr.Bits>
{
    public static readonly LogicalOr Instance = new();

    internal readonly struct Bits : IBinary
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x | y;
    }
}

/// <summary>not x</summary>
internal sealed unsafe class LogicalNot : UnaryPrimitive
{
    public static readonly LogicalNot Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) =>
        &Loops.Unary<Bits, Plain<byte>, byte>;

    protected override Node? Push(Node d, Node x, Node y) => null;

    private readonly struct Bits : IUnary
    {
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged =>
            Vector512.Equals(x, Vector512<T>.Zero) & Vector512<T>.One;
    }
}

internal static partial class Op
{
    [Export("mlx_logical_and")]
    [Serialized]
    public static Node LogicalAnd(Node a, Node b) =>
        Binary(a, b, Dtype.Bool, Ops.LogicalAnd.Instance, "logical_and");

    [Export("mlx_logical_or")]
    [Serialized]
    public static Node LogicalOr(Node a, Node b) =>
        Binary(a, b, Dtype.Bool, Ops.LogicalOr.Instance, "logical_or");

    [Export("mlx_logical_not")]
    [Serialized]
    public static Node LogicalNot(Node a) =>
        Unary(AsType(a, Dtype.Bool), Ops.LogicalNot.Instance);
}
