using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V = System.Runtime.Intrinsics.Vector512<float>;

namespace Mlx.Cpu.Kernels;

/// <summary>Powers and remainders, which lean on the exactness of fused products.</summary>
internal static unsafe partial class VectorMath
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
        if (Vector512.EqualsAll(y, C(2f)))
        {
            return x * x;
        }

        if (Vector512.EqualsAll(y, C(3f)))
        {
            return x * x * x;
        }

        var a = Vector512.Abs(x);
        if (!HasFusedProduct || !Vector512.LessThanAll(a, C(float.PositiveInfinity))
            || !Vector512.LessThanAll(Vector512.Abs(y), C(float.PositiveInfinity)))
        {
            return Lanes.Each(x, y, &MathF.Pow);
        }

        // Beyond 1e30 an exponent gives 0, 1 or infinity, which it does there too.
        var n = Vector512.Max(Vector512.Min(y, C(1e30f)), C(-1e30f));
        var (high, low) = Log2Pair(a);
        var t = n * high;
        var rest = Vector512.FusedMultiplyAdd(n, high, -t) + n * low;
        var inside = Vector512.LessThan(Vector512.Abs(t), C(200f));
        t = Clamp(t, -200f, 200f);
        var k = Vector512.Round(t);
        var r = t - k + (inside & rest);
        var p = C(1.535336188319500e-4f);
        p = Fma(p, r, 1.339887440266574e-3f);
        p = Fma(p, r, 9.618437357674640e-3f);
        p = Fma(p, r, 5.550332471162809e-2f);
        p = Fma(p, r, 2.402264791363012e-1f);
        p = Fma(p, r, 6.931472028550421e-1f);
        var power = Scale(Fma(p, r, V.One), k);

        // Of 0: infinite, or 0. Of a negative number: by the parity of a whole exponent.
        var atZero = If(Vector512.LessThan(y, V.Zero), C(float.PositiveInfinity), V.Zero);
        power = If(Vector512.Equals(a, V.Zero), atZero, power);
        var whole = Vector512.Equals(Vector512.Round(y), y);
        var odd = whole & ~Vector512.Equals(Vector512.Round(y * C(0.5f)), y * C(0.5f));
        var negative = (x.AsInt32() >> 31).AsSingle();
        power ^= negative & odd & C(-0f);
        power = If(Vector512.LessThan(x, V.Zero) & ~whole, C(float.NaN), power);
        return If(Vector512.Equals(y, V.Zero), V.One, power);
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
        var lost = (Vector512.FusedMultiplyAdd(-s, u, f) - s * (f - (u - C(2f)))) / u;
        var z = s * s;
        var p = C(0.0909090909f);
        p = Fma(p, z, 0.111111111f);
        p = Fma(p, z, 0.142857143f);
        p = Fma(p, z, 0.2f);
        p = Fma(p, z, 0.333333333f);
        var scale = C(2.88539004f);
        var first = scale * s;
        var low = Vector512.FusedMultiplyAdd(scale, s, -first) + scale * lost
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
        var (a, b) = (Vector512.Abs(x), Vector512.Abs(y));
        var q = Vector512.Truncate(a / b);
        if (HasFusedProduct && Vector512.LessThanAll(q, C(4194304f)))
        {
            var r = Vector512.FusedMultiplyAdd(-q, b, a);
            r = If(Vector512.LessThan(r, V.Zero), r + b, r);
            r = If(Vector512.GreaterThanOrEqual(r, b), r - b, r);
            if (Vector512.EqualsAll(r, r))
            {
                return r | Sign(x);
            }
        }

        return Lanes.Each(x, y, &Cut);

        static float Cut(float x, float y) => x % y;
    }

    /// <summary>x - y floor(x / y), of the sign of y.</summary>
    [MethodImpl(Inline)]
    public static V Modulo(V x, V y)
    {
        var r = CutRemainder(x, y);
        var wrong = Vector512.LessThan(r, V.Zero) ^ Vector512.LessThan(y, V.Zero);
        return If(wrong & ~Vector512.Equals(r, V.Zero), r + y, r);
    }

    /// <summary>x - y n for the integer n nearest to x / y, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static V NearestRemainder(V x, V y)
    {
        var q = Vector512.Round(x / y);
        if (HasFusedProduct && Vector512.LessThanAll(Vector512.Abs(q), C(4194304f)))
        {
            var r = Vector512.FusedMultiplyAdd(-q, y, x);
            var over = Vector512.GreaterThan(Vector512.Abs(r + r), Vector512.Abs(y));
            r = If(over, r - (Vector512.Abs(y) | Sign(r)), r);
            r = If(Vector512.Equals(r, V.Zero), Sign(x), r);
            if (Vector512.EqualsAll(r, r))
            {
                return r;
            }
        }

        return Lanes.Each(x, y, &MathF.IEEERemainder);
    }
}
