using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Kernels;

/// <summary>Powers and remainders, which lean on the exactness of fused products.</summary>
internal static unsafe partial class VectorMath<V> where V : struct, IFloatVector<V>
{
    private static bool HasFusedProduct =>
        System.Runtime.Intrinsics.X86.Fma.IsSupported
        || System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported;

    /// <summary>
    /// x^y = 2^(y log2 |x|). The logarithm carries some 30 bits in two numbers, since y may
    /// multiply its error by up to a hundred. Small exponents that everybody writes are products.
    /// </summary>
    [MethodImpl(Inline)]
    public static V Pow(V x, V y)
    {
        if (V.AllEqual(y, C(2f)))
        {
            return x * x;
        }

        if (V.AllEqual(y, C(3f)))
        {
            return x * x * x;
        }

        if (!HasFusedProduct)
        {
            return V.Each(x, y, &MathF.Pow);
        }

        // Beyond 1e30 an exponent gives 0, 1 or infinity, which it does there too.
        var n = V.Max(V.Min(y, C(1e30f)), C(-1e30f));
        var a = V.Abs(x);
        var (high, low) = Log2Pair(a);
        var t = n * high;
        var rest = V.Fused(n, high, -t) + n * low;
        var inside = V.Less(V.Abs(t), C(200f));
        t = Clamp(t, -200f, 200f);
        var k = V.Round(t);
        var r = t - k + (inside & rest);
        var p = C(1.535336188319500e-4f);
        p = Fma(p, r, 1.339887440266574e-3f);
        p = Fma(p, r, 9.618437357674640e-3f);
        p = Fma(p, r, 5.550332471162809e-2f);
        p = Fma(p, r, 2.402264791363012e-1f);
        p = Fma(p, r, 6.931472028550421e-1f);
        var power = V.Scale(Fma(p, r, V.One), k);

        // Of 0: infinite, or 0. Of a negative number: by the parity of a whole exponent.
        var atZero = If(V.Less(y, V.Zero), C(float.PositiveInfinity), V.Zero);
        power = If(V.Equal(a, V.Zero), atZero, power);
        var whole = V.Equal(V.Round(y), y);
        var odd = whole & ~V.Equal(V.Round(y * C(0.5f)), y * C(0.5f));
        var negative = V.ShiftRight(x, 31);
        power ^= negative & odd & C(-0f);
        power = If(V.Less(x, V.Zero) & ~whole, C(float.NaN), power);
        power = If(V.Equal(y, V.Zero), V.One, power);

        // As above, for lanes whose neighbours have other exponents.
        power = If(V.Equal(y, C(2f)), x * x, power);
        power = If(V.Equal(y, C(3f)), x * x * x, power);

        var infinity = C(float.PositiveInfinity);
        if (V.AllLess(a, infinity) && V.AllLess(V.Abs(y), infinity))
        {
            return power;
        }

        var finite = V.Less(a, infinity) & V.Less(V.Abs(y), infinity);
        return If(finite, power, V.Each(x, y, &MathF.Pow));
    }

    /// <summary>
    /// log2 a as a sum: with s = (m - 1) / (m + 1) and its rounding error, log2 m is
    /// 2/ln 2 (s + s^3/3 + s^5/5 ...), of which only the first term needs both parts.
    /// </summary>
    [MethodImpl(Inline)]
    private static (V High, V Low) Log2Pair(V a)
    {
        var (e, f) = Split(a);
        var u = f + C(2f);
        var s = f / u;
        var lost = (V.Fused(-s, u, f) - s * (f - (u - C(2f)))) / u;
        var z = s * s;
        var p = C(0.0909090909f);
        p = Fma(p, z, 0.111111111f);
        p = Fma(p, z, 0.142857143f);
        p = Fma(p, z, 0.2f);
        p = Fma(p, z, 0.333333333f);
        var scale = C(2.88539004f);
        var first = scale * s;
        var low = V.Fused(scale, s, -first) + scale * lost
            + s * C(3.8519e-8f) + first * z * p;
        var high = e + first;
        low += first - (high - e);
        var sum = high + low;
        return (sum, low - (sum - high));
    }

    /// <summary>
    /// x - y trunc(x / y), of the sign of x, exactly: with a fused product the remainder has no
    /// error, and a quotient rounded over an integer shows by its sign or size. What is too far
    /// apart for that goes by single elements.
    /// </summary>
    [MethodImpl(Inline)]
    public static V CutRemainder(V x, V y)
    {
        var (a, b) = (V.Abs(x), V.Abs(y));
        var q = V.Truncate(a / b);
        if (HasFusedProduct && V.AllLess(q, C(4194304f)))
        {
            var r = V.Fused(-q, b, a);
            r = If(V.Less(r, V.Zero), r + b, r);
            r = If(V.GreaterOrEqual(r, b), r - b, r);
            if (V.AllEqual(r, r))
            {
                return r | Sign(x);
            }
        }

        return V.Each(x, y, &Cut);

        static float Cut(float x, float y) => x % y;
    }

    /// <summary>x - y floor(x / y), of the sign of y.</summary>
    [MethodImpl(Inline)]
    public static V Modulo(V x, V y)
    {
        var r = CutRemainder(x, y);
        var wrong = V.Less(r, V.Zero) ^ V.Less(y, V.Zero);
        return If(wrong & ~V.Equal(r, V.Zero), r + y, r);
    }

    /// <summary>x - y n for the integer n nearest to x / y, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static V NearestRemainder(V x, V y)
    {
        var q = V.Round(x / y);
        if (HasFusedProduct && V.AllLess(V.Abs(q), C(4194304f)))
        {
            var r = V.Fused(-q, y, x);
            var over = V.Greater(V.Abs(r + r), V.Abs(y));
            r = If(over, r - (V.Abs(y) | Sign(r)), r);
            r = If(V.Equal(r, V.Zero), Sign(x), r);
            if (V.AllEqual(r, r))
            {
                return r;
            }
        }

        return V.Each(x, y, &MathF.IEEERemainder);
    }
}
