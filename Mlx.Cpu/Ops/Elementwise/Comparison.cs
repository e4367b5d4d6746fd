using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>A relation of two numbers; piecewise constant, so its derivative is zero.</summary>
internal interface IRelation : IBinary, IBinary<Complex64, bool>;

/// <summary>A bool for each pair.</summary>
internal abstract unsafe class Comparison<TRelation> : BinaryPrimitive
    where TRelation : struct, IRelation
{
    public sealed override Kernel Kernel(Node[] inputs, Dtype output) => inputs[0].Dtype switch
    {
        Dtype.Bool or Dtype.UInt8 => &Loops.Compare<TRelation, Plain<byte>, byte>,
        Dtype.UInt16 => &Loops.Compare<TRelation, Plain<ushort>, ushort>,
        Dtype.UInt32 => &Loops.Compare<TRelation, Plain<uint>, uint>,
        Dtype.UInt64 => &Loops.Compare<TRelation, Plain<ulong>, ulong>,
        Dtype.Int8 => &Loops.Compare<TRelation, Plain<sbyte>, sbyte>,
        Dtype.Int16 => &Loops.Compare<TRelation, Plain<short>, short>,
        Dtype.Int32 => &Loops.Compare<TRelation, Plain<int>, int>,
        Dtype.Int64 => &Loops.Compare<TRelation, Plain<long>, long>,
        Dtype.Float16 => &Loops.Compare<TRelation, F16, float>,
        Dtype.Float32 => &Loops.Compare<TRelation, Plain<float>, float>,
        Dtype.Float64 => &Loops.Compare<TRelation, Plain<double>, double>,
        Dtype.BFloat16 => &Loops.Compare<TRelation, BF16, float>,
        _ => &Loops.Zip<TRelation, Complex64, bool>,
    };

    public sealed override Dtype OutputDtype(Node[] inputs) => Dtype.Bool;

    protected sealed override Node? Push(int arg, Node d, Node x, Node y, Node z) => null;

    /// <summary>The tangent of a bool is a zero of the tangents' dtype.</summary>
    public sealed override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Constant(0, tangents[0].Dtype, outputs[0].Shape)];
}

internal sealed class Equal : Comparison<Equal.Relation>
{
    public static readonly Equal Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Family(
        "Equal", State.Either<BinaryPrimitive>(Instance, NanEqual.Instance),
        p => (BinaryPrimitive)p, (x, relation, _) => [Op.Compare(x[0], x[1], relation, "equal")],
        2, typeof(Equal), typeof(NanEqual));

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.Equals(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x.Re == y.Re && x.Im == y.Im;
    }
}

/// <summary>Equality under which NaN equals NaN.</summary>
internal sealed class NanEqual : Comparison<NanEqual.Relation>
{
    public static readonly NanEqual Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.Equals(x, y) | ~(Vector512.Equals(x, x) | Vector512.Equals(y, y));

        public static bool Of(Complex64 x, Complex64 y) =>
            x.Re == y.Re && x.Im == y.Im || IsNan(x) && IsNan(y);

        private static bool IsNan(Complex64 z) => float.IsNaN(z.Re) || float.IsNaN(z.Im);
    }
}

internal sealed class NotEqual : Comparison<NotEqual.Relation>
{
    public static readonly NotEqual Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            ~Vector512.Equals(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x.Re != y.Re || x.Im != y.Im;
    }
}

internal sealed class Greater : Comparison<Greater.Relation>
{
    public static readonly Greater Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.GreaterThan(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x > y;
    }
}

internal sealed class GreaterEqual : Comparison<GreaterEqual.Relation>
{
    public static readonly GreaterEqual Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.GreaterThanOrEqual(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x >= y;
    }
}

internal sealed class Less : Comparison<Less.Relation>
{
    public static readonly Less Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.LessThan(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x < y;
    }
}

internal sealed class LessEqual : Comparison<LessEqual.Relation>
{
    public static readonly LessEqual Instance = new();

    internal readonly struct Relation : IRelation
    {
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            Vector512.LessThanOrEqual(x, y);

        public static bool Of(Complex64 x, Complex64 y) => x <= y;
    }
}

internal static partial class Op
{
    [Export("mlx_equal")]
    public static Node Equal(Node a, Node b) => Compare(a, b, Ops.Equal.Instance, "equal");

    [Export("mlx_not_equal")]
    [Serialized]
    public static Node NotEqual(Node a, Node b) =>
        Compare(a, b, Ops.NotEqual.Instance, "not_equal");

    [Export("mlx_greater")]
    [Serialized]
    public static Node Greater(Node a, Node b) => Compare(a, b, Ops.Greater.Instance, "greater");

    [Export("mlx_greater_equal")]
    [Serialized]
    public static Node GreaterEqual(Node a, Node b) =>
        Compare(a, b, Ops.GreaterEqual.Instance, "greater_equal");

    [Export("mlx_less")]
    [Serialized]
    public static Node Less(Node a, Node b) => Compare(a, b, Ops.Less.Instance, "less");

    [Export("mlx_less_equal")]
    [Serialized]
    public static Node LessEqual(Node a, Node b) =>
        Compare(a, b, Ops.LessEqual.Instance, "less_equal");

    internal static Node Compare(Node a, Node b, BinaryPrimitive relation, string name) =>
        Binary(a, b, Dtypes.Promote(a.Dtype, b.Dtype), Dtype.Bool, relation, name);
}
