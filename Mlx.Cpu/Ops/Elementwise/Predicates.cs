using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Questions about numbers, answered by comparisons. A complex number is infinite in MLX only if
/// it is real and infinite.
/// </summary>
internal static partial class Op
{
    [Export("mlx_isnan")]
    public static Node IsNan(Node a) => a.Dtype.IsInexact() ? NotEqual(a, a) : Never(a);

    [Export("mlx_isposinf")]
    public static Node IsPosInf(Node a) =>
        a.Dtype.IsInexact() ? Equal(a, Infinity(a)) : Never(a);

    [Export("mlx_isneginf")]
    public static Node IsNegInf(Node a) =>
        a.Dtype.IsInexact() ? Equal(a, Scalar(double.NegativeInfinity, a.Dtype)) : Never(a);

    [Export("mlx_isinf")]
    public static Node IsInf(Node a) => !a.Dtype.IsInexact() ? Never(a)
        : a.Dtype == Dtype.Complex64 ? LogicalOr(IsPosInf(a), IsNegInf(a))
        : Equal(Abs(a), Infinity(a));

    [Export("mlx_isfinite")]
    public static Node IsFinite(Node a) =>
        !a.Dtype.IsInexact() ? Full(a.Shape, Scalar(true), Dtype.Bool)
        : a.Dtype == Dtype.Complex64 ? LogicalNot(LogicalOr(IsInf(a), IsNan(a)))
        : Less(Abs(a), Infinity(a));

    /// <summary>
    /// Numbers in the place of NaN and the infinities: by default 0 and the largest of the dtype.
    /// </summary>
    [Export("mlx_nan_to_num")]
    public static Node NanToNum(Node a, float nan, float? posinf, float? neginf)
    {
        if (!a.Dtype.IsInexact())
        {
            return a;
        }

        var high = posinf ?? Largest(a.Dtype);
        var low = neginf ?? -Largest(a.Dtype);
        var result = Where(IsNan(a), Scalar(nan, a.Dtype), a);
        result = Where(IsPosInf(a), Scalar(high, a.Dtype), result);
        return Where(IsNegInf(a), Scalar(low, a.Dtype), result);
    }

    /// <summary>|a - b| &lt;= atol + rtol |b|, or both the same infinity.</summary>
    [Export("mlx_isclose")]
    public static Node IsClose(Node a, Node b, double rtol, double atol, bool equalNan)
    {
        // The tolerances are float64, and so the comparison is.
        var tolerance = Add(Scalar(atol), Multiply(Scalar(rtol), Abs(b)));
        var near = LessEqual(Abs(Subtract(a, b)), tolerance);
        var (aUp, bUp, aDown, bDown) = (IsPosInf(a), IsPosInf(b), IsNegInf(a), IsNegInf(b));
        var anyInfinite = LogicalOr(LogicalOr(aUp, aDown), LogicalOr(bUp, bDown));
        var sameInfinite = LogicalOr(LogicalAnd(aUp, bUp), LogicalAnd(aDown, bDown));
        var close = LogicalOr(LogicalAnd(near, LogicalNot(anyInfinite)), sameInfinite);
        return equalNan ? LogicalOr(close, LogicalAnd(IsNan(a), IsNan(b))) : close;
    }

    [Export("mlx_allclose")]
    public static Node AllClose(Node a, Node b, double rtol, double atol, bool equalNan) =>
        All(IsClose(a, b, rtol, atol, equalNan), false);

    /// <summary>
    /// Same shape and equal elements; arrays of different shapes are not an error.
    /// </summary>
    [Export("mlx_array_equal")]
    public static Node ArrayEqual(Node a, Node b, bool equalNan)
    {
        if (!Shapes.Same(a.Shape, b.Shape))
        {
            return Scalar(false);
        }

        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        return All(
            equalNan && dtype.IsInexact()
                ? Compare(a, b, NanEqual.Instance, "array_equal")
                : Equal(a, b),
            false);
    }

    [Export("mlx_degrees")]
    public static Node Degrees(Node a) =>
        Multiply(a, Scalar(180 / Math.PI, a.Dtype.AtLeastFloat()));

    [Export("mlx_radians")]
    public static Node Radians(Node a) =>
        Multiply(a, Scalar(Math.PI / 180, a.Dtype.AtLeastFloat()));

    private static Node Never(Node a) => Full(a.Shape, Scalar(false), Dtype.Bool);

    private static Node Infinity(Node a) => Scalar(double.PositiveInfinity, a.Dtype);

    /// <summary>MLX 0.31.2 knows no largest number of the 16-bit floats, and answers 0.</summary>
    private static float Largest(Dtype dtype) => dtype switch
    {
        Dtype.Float32 => float.MaxValue,
        Dtype.Float16 or Dtype.BFloat16 => 0,
        _ => throw new ArgumentException(
            $"[nan_to_num] Does not yet support given type: {dtype.Name()}."),
    };
}
