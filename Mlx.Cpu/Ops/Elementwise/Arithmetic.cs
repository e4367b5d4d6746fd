using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using V = System.Runtime.Intrinsics.Vector512<float>;

namespace Mlx.Cpu.Ops;

/// <summary>x + y</summary>
internal sealed class Add : NumberPrimitive<Add.Numbers, LogicalOr.Bits>
{
    public static readonly Add Instance = new();

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) => d;

    internal readonly struct Numbers : INumberOperator
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x + y;

        public static V Pairs(V x, V y) => x + y;
    }
}

/// <summary>x - y</summary>
internal sealed class Subtract : NumberPrimitive<Subtract.Numbers, BitwiseXor.Bits>
{
    public static readonly Subtract Instance = new();

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) => arg == 0 ? d : -d;

    internal readonly struct Numbers : INumberOperator
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x - y;

        public static V Pairs(V x, V y) => x - y;
    }
}

/// <summary>x y</summary>
internal sealed class Multiply : NumberPrimitive<Multiply.Numbers, LogicalAnd.Bits>
{
    public static readonly Multiply Instance = new();

    protected override Node Push(int arg, Node d, Node x, Node y, Node z) =>
        arg == 0 ? d * y : d * x;

    protected override Node Pull(int arg, Node c, Node x, Node y, Node z) =>
        Push(arg, c, Op.Conjugate(x), Op.Conjugate(y), z);

    internal readonly struct Numbers : INumberOperator
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            x * y;

        public static V Pairs(V x, V y) => ComplexLanes.Multiply(x, y);
    }
}

/// <summary>x^2</summary>
internal sealed class Square : NumberPrimitive<Square.Numbers>
{
    public static readonly Square Instance = new();

    protected override Node Push(Node d, Node x, Node y) => d * (2 * x);

    internal readonly struct Numbers : INumberFunction
    {
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged => x * x;

        public static V Pairs(V x) => ComplexLanes.Multiply(x, x);
    }
}

/// <summary>-x</summary>
internal sealed class Negative : NumberPrimitive<Negative.Numbers>
{
    public static readonly Negative Instance = new();

    protected override Node Push(Node d, Node x, Node y) => -d;

    internal readonly struct Numbers : INumberFunction
    {
        public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged => -x;

        public static V Pairs(V x) => -x;
    }
}

internal static partial class Op
{
    [Export("mlx_add")]
    [Serialized]
    public static Node Add(Node a, Node b) => Promoted(a, b, Ops.Add.Instance, "add");

    [Export("mlx_subtract")]
    [Serialized]
    public static Node Subtract(Node a, Node b) =>
        Promoted(a, b, Ops.Subtract.Instance, "subtract");

    [Export("mlx_multiply")]
    [Serialized]
    public static Node Multiply(Node a, Node b) =>
        Promoted(a, b, Ops.Multiply.Instance, "multiply");

    [Export("mlx_square")]
    [Serialized]
    public static Node Square(Node a) => Unary(a, Ops.Square.Instance);

    [Export("mlx_negative")]
    [Serialized]
    public static Node Negative(Node a) => a.Dtype != Dtype.Bool
        ? Unary(a, Ops.Negative.Instance)
        : throw new ArgumentException(
            "[negative] Not supported for bool, use logical_not instead.");

    internal static Node Promoted(Node a, Node b, BinaryPrimitive op, string name) =>
        Binary(a, b, Dtypes.Promote(a.Dtype, b.Dtype), op, name);
}
