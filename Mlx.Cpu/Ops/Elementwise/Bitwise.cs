using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>An operator on the bits of integers or bool, which have no slope.</summary>
internal abstract unsafe class BitwisePrimitive<TBits> : BinaryPrimitive
    where TBits : struct, IBinary
{
    public sealed override Kernel Kernel(Node[] inputs, Dtype output) => output.Size() switch
    {
        1 => &Loops.Binary<TBits, Plain<byte>, byte>,
        2 => &Loops.Binary<TBits, Plain<ushort>, ushort>,
        4 => &Loops.Binary<TBits, Plain<uint>, uint>,
        _ => &Loops.Binary<TBits, Plain<ulong>, ulong>,
    };

    protected sealed override Node? Push(int arg, Node d, Node x, Node y, Node z) => null;
}

internal sealed class BitwiseAnd : BitwisePrimitive<LogicalAnd.Bits>
{
    public static readonly BitwiseAnd Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Family(
        "BitwiseBinary",
        State.OneOf<BinaryPrimitive>(
            Instance, BitwiseOr.Instance, BitwiseXor.Instance, LeftShift.Instance,
            RightShift.Instance),
        p => (BinaryPrimitive)p, (x, op, _) => [Op.Bitwise(x[0], x[1], op, op.Name)], 2,
        typeof(BitwiseAnd), typeof(BitwiseOr), typeof(BitwiseXor), typeof(LeftShift),
        typeof(RightShift));
}

internal sealed class BitwiseOr : BitwisePrimitive<LogicalOr.Bits>
{
    public static readonly BitwiseOr Instance = new();
}

internal sealed class BitwiseXor : BitwisePrimitive<BitwiseXor.Bits>
{
    public static readonly BitwiseXor Instance = new();

    internal readonly struct Bits : IBinary
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x ^ y;
    }
}

/// <summary>All bits turned over.</summary>
internal sealed unsafe class BitwiseInvert : UnaryPrimitive
{
    public static readonly BitwiseInvert Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) => output.Size() switch
    {
        1 => &Loops.Unary<Bits, Plain<byte>, byte>,
        2 => &Loops.Unary<Bits, Plain<ushort>, ushort>,
        4 => &Loops.Unary<Bits, Plain<uint>, uint>,
        _ => &Loops.Unary<Bits, Plain<ulong>, ulong>,
    };

    protected override Node? Push(Node d, Node x, Node y) => null;

    /// <summary>Against a number of ones: MLX cannot write the inversion.</summary>
    public override Node[]? Lower(Node[] inputs) =>
        [Op.BitwiseXor(inputs[0], Op.AsType(Op.Scalar(-1), inputs[0].Dtype))];

    private readonly struct Bits : IUnary
    {
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged => ~x;
    }
}

/// <summary>
/// A shift by as many places as y says. C leaves shifts by the width and more open: here all bits
/// are gone then, the sign's excepted.
/// </summary>
internal abstract unsafe class ShiftPrimitive<TShift> : BinaryPrimitive
    where TShift : struct, IIntegerOperator
{
    public sealed override Kernel Kernel(Node[] inputs, Dtype output) => output switch
    {
        Dtype.UInt8 => &Loops.Zip<Whole<byte>, byte, byte>,
        Dtype.UInt16 => &Loops.Zip<Whole<ushort>, ushort, ushort>,
        Dtype.UInt32 => &Loops.Zip<Whole<uint>, uint, uint>,
        Dtype.UInt64 => &Loops.Zip<Whole<ulong>, ulong, ulong>,
        Dtype.Int8 => &Loops.Zip<Whole<sbyte>, sbyte, sbyte>,
        Dtype.Int16 => &Loops.Zip<Whole<short>, short, short>,
        Dtype.Int32 => &Loops.Zip<Whole<int>, int, int>,
        _ => &Loops.Zip<Whole<long>, long, long>,
    };

    protected sealed override Node? Push(int arg, Node d, Node x, Node y, Node z) => null;

    private readonly struct Whole<T> : IBinary<T, T> where T : unmanaged, IBinaryInteger<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T x, T y) => TShift.Of(x, y);
    }
}

internal sealed class LeftShift : ShiftPrimitive<LeftShift.Bits>
{
    public static readonly LeftShift Instance = new();

    internal readonly struct Bits : IIntegerOperator
    {
        public static unsafe T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T>
        {
            var n = ulong.CreateTruncating(y);
            return n < (uint)sizeof(T) * 8 ? x << (int)n : T.Zero;
        }
    }
}

internal sealed class RightShift : ShiftPrimitive<RightShift.Bits>
{
    public static readonly RightShift Instance = new();

    internal readonly struct Bits : IIntegerOperator
    {
        public static unsafe T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T>
        {
            var n = ulong.CreateTruncating(y);
            return n < (uint)sizeof(T) * 8 ? x >> (int)n
                : T.IsNegative(x) ? T.Zero - T.One : T.Zero;
        }
    }
}

internal static partial class Op
{
    [Export("mlx_bitwise_and")]
    public static Node BitwiseAnd(Node a, Node b) =>
        Bitwise(a, b, Ops.BitwiseAnd.Instance, "bitwise_and");

    [Export("mlx_bitwise_or")]
    public static Node BitwiseOr(Node a, Node b) =>
        Bitwise(a, b, Ops.BitwiseOr.Instance, "bitwise_or");

    [Export("mlx_bitwise_xor")]
    public static Node BitwiseXor(Node a, Node b) =>
        Bitwise(a, b, Ops.BitwiseXor.Instance, "bitwise_xor");

    [Export("mlx_left_shift")]
    public static Node LeftShift(Node a, Node b) =>
        Shift(a, b, Ops.LeftShift.Instance, "left_shift");

    [Export("mlx_right_shift")]
    public static Node RightShift(Node a, Node b) =>
        Shift(a, b, Ops.RightShift.Instance, "right_shift");

    [Export("mlx_bitwise_invert")]
    public static Node BitwiseInvert(Node a) =>
        a.Dtype == Dtype.Bool ? LogicalNot(a)
        : !a.Dtype.IsInexact() ? Unary(a, Ops.BitwiseInvert.Instance)
        : throw new ArgumentException(
            $"[bitwise_invert] Only allowed on integer or boolean types but got {a.Dtype.Name()}.");

    /// <summary>bool shifts as uint8.</summary>
    private static Node Shift(Node a, Node b, BinaryPrimitive op, string name)
    {
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        return Bitwise(a, b, op, name, dtype == Dtype.Bool ? Dtype.UInt8 : dtype);
    }

    internal static Node Bitwise(
        Node a, Node b, BinaryPrimitive op, string name, Dtype? dtype = null)
    {
        var common = dtype ?? Dtypes.Promote(a.Dtype, b.Dtype);
        return common.IsInexact()
            ? throw new ArgumentException(
                $"[{name}] Only allowed on integer or boolean types but got types " +
                $"{a.Dtype.Name()} and {b.Dtype.Name()}.")
            : Binary(a, b, common, op, name);
    }
}
