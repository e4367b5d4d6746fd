using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>True where a = b (<c>mlx.core.equal</c>).</summary>
    public static MlxArray Equal(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Equal(a, b, stream);

    /// <summary>True where a and b differ (<c>mlx.core.not_equal</c>).</summary>
    public static MlxArray NotEqual(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.NotEqual(a, b, stream);

    /// <summary>True where a is less than b (<c>mlx.core.less</c>).</summary>
    public static MlxArray Less(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Less(a, b, stream);

    /// <summary>True where a is at most b (<c>mlx.core.less_equal</c>).</summary>
    public static MlxArray LessEqual(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.LessEqual(a, b, stream);

    /// <summary>True where a is greater than b (<c>mlx.core.greater</c>).</summary>
    public static MlxArray Greater(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Greater(a, b, stream);

    /// <summary>True where a is at least b (<c>mlx.core.greater_equal</c>).</summary>
    public static MlxArray GreaterEqual(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.GreaterEqual(a, b, stream);

    /// <summary>True where both are nonzero (<c>mlx.core.logical_and</c>).</summary>
    public static MlxArray LogicalAnd(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.LogicalAnd(a, b, stream);

    /// <summary>True where one is nonzero (<c>mlx.core.logical_or</c>).</summary>
    public static MlxArray LogicalOr(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.LogicalOr(a, b, stream);

    /// <summary>True where an element is zero (<c>mlx.core.logical_not</c>).</summary>
    public static MlxArray LogicalNot(MlxArray a, MlxStream? stream = null) =>
        Call.LogicalNot(a, stream);

    /// <summary>True where an element is no number (<c>mlx.core.isnan</c>).</summary>
    public static MlxArray IsNaN(MlxArray a, MlxStream? stream = null) => Call.Isnan(a, stream);

    /// <summary>True where an element is infinite (<c>mlx.core.isinf</c>).</summary>
    public static MlxArray IsInf(MlxArray a, MlxStream? stream = null) => Call.Isinf(a, stream);

    /// <summary>True where an element is positive infinity (<c>mlx.core.isposinf</c>).</summary>
    public static MlxArray IsPosInf(MlxArray a, MlxStream? stream = null) =>
        Call.Isposinf(a, stream);

    /// <summary>True where an element is negative infinity (<c>mlx.core.isneginf</c>).</summary>
    public static MlxArray IsNegInf(MlxArray a, MlxStream? stream = null) =>
        Call.Isneginf(a, stream);

    /// <summary>
    /// True where an element is neither infinite nor NaN (<c>mlx.core.isfinite</c>).
    /// </summary>
    public static MlxArray IsFinite(MlxArray a, MlxStream? stream = null) =>
        Call.Isfinite(a, stream);

    /// <summary>Bitwise and (<c>mlx.core.bitwise_and</c>).</summary>
    public static MlxArray BitwiseAnd(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.BitwiseAnd(a, b, stream);

    /// <summary>Bitwise or (<c>mlx.core.bitwise_or</c>).</summary>
    public static MlxArray BitwiseOr(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.BitwiseOr(a, b, stream);

    /// <summary>Bitwise exclusive or (<c>mlx.core.bitwise_xor</c>).</summary>
    public static MlxArray BitwiseXor(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.BitwiseXor(a, b, stream);

    /// <summary>Bits of a shifted up by b (<c>mlx.core.left_shift</c>).</summary>
    public static MlxArray LeftShift(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.LeftShift(a, b, stream);

    /// <summary>Bits of a shifted down by b (<c>mlx.core.right_shift</c>).</summary>
    public static MlxArray RightShift(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.RightShift(a, b, stream);

    /// <summary>All bits flipped (<c>mlx.core.bitwise_invert</c>).</summary>
    public static MlxArray BitwiseInvert(MlxArray a, MlxStream? stream = null) =>
        Call.BitwiseInvert(a, stream);

    /// <summary>
    /// True where abs(a - b) is at most atol + rtol * abs(b) (<c>mlx.core.isclose</c>).
    /// </summary>
    public static MlxArray IsClose(
        MlxArray a,
        MlxArray b,
        double rtol = 1e-5,
        double atol = 1e-8,
        bool equalNaN = false,
        MlxStream? stream = null) =>
        Call.Isclose(a, b, rtol, atol, equalNaN, stream);

    /// <summary>One bool: whether all elements are close (<c>mlx.core.allclose</c>).</summary>
    public static MlxArray AllClose(
        MlxArray a,
        MlxArray b,
        double rtol = 1e-5,
        double atol = 1e-8,
        bool equalNaN = false,
        MlxStream? stream = null) =>
        Call.Allclose(a, b, rtol, atol, equalNaN, stream);

    /// <summary>One bool: same shape and same elements (<c>mlx.core.array_equal</c>).</summary>
    public static MlxArray ArrayEqual(
        MlxArray a, MlxArray b, bool equalNaN = false, MlxStream? stream = null) =>
        Call.ArrayEqual(a, b, equalNaN, stream);

    /// <summary>x where the condition holds, else y (<c>mlx.core.where</c>).</summary>
    public static MlxArray Where(
        MlxArray condition, MlxArray x, MlxArray y, MlxStream? stream = null) =>
        Call.Where(condition, x, y, stream);
}
