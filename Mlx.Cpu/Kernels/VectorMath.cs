using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// float32 functions on a vector: exponentials, logarithms and their kin, within about 1 to 2 units
/// in the last place over the whole range, subnormal numbers, infinities and NaN included. The
/// polynomials are those of Cephes (S. Moshier) unless named otherwise.
/// </summary>
internal static partial class VectorMath<V> where V : struct, IFloatVector<V>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private const float Log2E = 1.44269504f;
    private const float Ln2Hi = 0.693359375f;
    private const float Ln2Lo = -2.12194440e-4f;

    [MethodImpl(Inline)]
    private static V C(float x) => V.Of(x);

    [MethodImpl(Inline)]
    private static V Fma(V a, V b, V c) => V.MultiplyAdd(a, b, c);

    [MethodImpl(Inline)]
    private static V Fma(V a, V b, float c) => V.MultiplyAdd(a, b, C(c));

    [MethodImpl(Inline)]
    private static V If(V mask, V yes, V no) => V.If(mask, yes, no);

    [MethodImpl(Inline)]
    private static V Sign(V x) => x & C(-0f);

    [MethodImpl(Inline)]
    private static V Nan(V x) => ~V.Equal(x, x);

    /// <summary>lo &lt;= x &lt;= hi; NaN stays NaN, being the second operand of both.</summary>
    [MethodImpl(Inline)]
    private static V Clamp(V x, float lo, float hi) =>
        V.Min(C(hi), V.Max(C(lo), x));

    /// <summary>x = k ln 2 + r with |r| at most half of ln 2; p = e^r - 1.</summary>
    [MethodImpl(Inline)]
    private static (V K, V P) Reduce(V x)
    {
        var k = V.Round(x * C(Log2E));
        var r = Fma(k, C(-Ln2Hi), x);
        r = Fma(k, C(-Ln2Lo), r);
        var p = C(1.9875691500e-4f);
        p = Fma(p, r, 1.3981999507e-3f);
        p = Fma(p, r, 8.3334519073e-3f);
        p = Fma(p, r, 4.1665795894e-2f);
        p = Fma(p, r, 1.6666665459e-1f);
        p = Fma(p, r, 5.0000001201e-1f);
        return (k, Fma(p, r * r, r));
    }

    [MethodImpl(Inline)]
    public static V Exp(V x)
    {
        var (k, p) = Reduce(Clamp(x, -104f, 89f));
        return V.Scale(p + V.One, k);
    }

    /// <summary>e^x / 2, which is finite a little longer than e^x.</summary>
    [MethodImpl(Inline)]
    private static V HalfExp(V x)
    {
        var (k, p) = Reduce(Clamp(x, -104f, 90f));
        return V.Scale(p + V.One, k - V.One);
    }

    /// <summary>
    /// e^x - 1 = 2 (2^(k-1) p + 2^(k-1) - 1/2): no cancellation near 0, no early overflow.
    /// </summary>
    [MethodImpl(Inline)]
    public static V Expm1(V x)
    {
        var (k, p) = Reduce(Clamp(x, -20f, 89f));
        var s = V.Scale(C(0.5f), k);
        var y = Fma(s, p, s - C(0.5f));
        // -0 for -0; and below 1e-8 the square of x is lost anyway.
        return If(V.Less(V.Abs(x), C(1e-8f)), x, y + y);
    }

    /// <summary>x = 2^e m, m from sqrt(1/2) to sqrt(2); answers e and m - 1.</summary>
    [MethodImpl(Inline)]
    private static (V E, V F) Split(V x)
    {
        var tiny = V.Less(x, C(1.17549435e-38f));
        x = If(tiny, x * C(8388608f), x);
        const int root = 0x3F3504F3;
        var bits = V.AddInt(x, -root);
        var e = V.FromInt(V.ShiftRight(bits, 23)) - (tiny & C(23f));
        var m = V.AddInt(bits & C(BitConverter.Int32BitsToSingle(0x7FFFFF)), root);
        return (e, m - V.One);
    }

    /// <summary>log(1 + f) - f for f from sqrt(1/2) - 1 to sqrt(2) - 1.</summary>
    [MethodImpl(Inline)]
    private static V LogTail(V f)
    {
        var z = f * f;
        var p = C(7.0376836292e-2f);
        p = Fma(p, f, -1.1514610310e-1f);
        p = Fma(p, f, 1.1676998740e-1f);
        p = Fma(p, f, -1.2420140846e-1f);
        p = Fma(p, f, 1.4249322787e-1f);
        p = Fma(p, f, -1.6668057665e-1f);
        p = Fma(p, f, 2.0000714765e-1f);
        p = Fma(p, f, -2.4999993993e-1f);
        p = Fma(p, f, 3.3333331174e-1f);
        return Fma(p * f, z, z * C(-0.5f));
    }

    /// <summary>
    /// The logarithm where there is one: x above 0 and finite; else its limits or NaN.
    /// </summary>
    [MethodImpl(Inline)]
    private static V Regular(V x, V y)
    {
        y = If(V.Equal(x, C(float.PositiveInfinity)), x, y);
        y = If(V.Equal(x, V.Zero), C(float.NegativeInfinity), y);
        return If(V.GreaterOrEqual(x, V.Zero), y, C(float.NaN));
    }

    [MethodImpl(Inline)]
    public static V Log(V x)
    {
        var (e, f) = Split(x);
        var y = Fma(e, C(Ln2Lo), LogTail(f)) + f;
        return Regular(x, Fma(e, C(Ln2Hi), y));
    }

    [MethodImpl(Inline)]
    public static V Log2(V x)
    {
        // log2(e) = 1 + 0.4427: the products are taken from the small part.
        var (e, f) = Split(x);
        var t = LogTail(f);
        var y = Fma(t, C(0.44269504f), f * C(0.44269504f)) + t;
        return Regular(x, y + f + e);
    }

    [MethodImpl(Inline)]
    public static V Log10(V x)
    {
        // log10(e) and log10(2) in two parts, the first of which multiplies exactly.
        var (e, f) = Split(x);
        var t = LogTail(f);
        var y = (t + f) * C(7.00731903251827651129e-4f);
        y = Fma(e, C(2.48745663981195213739e-4f), y);
        y = Fma(t, C(4.3359375e-1f), y);
        y = Fma(f, C(4.3359375e-1f), y);
        return Regular(x, Fma(e, C(3.0078125e-1f), y));
    }

    /// <summary>
    /// log(1 + x): what rounding took from u = 1 + x is given back as (x - (u - 1)) / u.
    /// </summary>
    [MethodImpl(Inline)]
    public static V Log1p(V x)
    {
        var u = V.One + x;
        var lost = (x - (u - V.One)) / u;
        var y = Log(u) + lost;
        // The correction is no number where u is infinite or 0, and -0 has to stay -0.
        y = If(V.Equal(u, C(float.PositiveInfinity)), u, y);
        y = If(V.Equal(u, V.Zero), C(float.NegativeInfinity), y);
        return If(V.Less(V.Abs(x), C(1e-8f)), x, y);
    }

    /// <summary>
    /// 1 / (1 + e^-x), below 0 as e^x / (1 + e^x) so that small results keep their digits.
    /// </summary>
    [MethodImpl(Inline)]
    public static V Sigmoid(V x)
    {
        var e = Exp(x ^ (Sign(x) ^ C(-0f)));
        return If(V.Less(x, V.Zero), e, V.One) / (V.One + e);
    }

    /// <summary>With t = e^2|x| - 1: t / (t + 2), and the sign of x.</summary>
    [MethodImpl(Inline)]
    public static V Tanh(V x)
    {
        var a = V.Abs(x);
        var (k, p) = Reduce(V.Min(C(20f), a + a));
        var s = V.Scale(C(0.5f), k);
        var t = Fma(s, p, s - C(0.5f));
        return (t / (t + V.One)) | Sign(x);
    }

    /// <summary>For |x| below 1 from e^x - 1 without cancellation, else from e^x / 2.</summary>
    [MethodImpl(Inline)]
    public static V Sinh(V x)
    {
        var a = V.Abs(x);
        var e = Expm1(a);
        var small = C(0.5f) * (e + e / (e + V.One));
        var h = HalfExp(a);
        var large = h - C(0.25f) / h;
        return If(V.Less(a, V.One), small, large) ^ Sign(x);
    }

    [MethodImpl(Inline)]
    public static V Cosh(V x)
    {
        var h = HalfExp(V.Abs(x));
        return h + C(0.25f) / h;
    }

    /// <summary>log1p(a + a^2 / (1 + sqrt(a^2 + 1))); beyond 1e9 it is log(2 a).</summary>
    [MethodImpl(Inline)]
    public static V Asinh(V x)
    {
        var a = V.Abs(x);
        var far = V.Greater(a, C(1e9f));
        var z = a * a;
        var u = If(far, a, a + z / (V.One + V.Sqrt(z + V.One)));
        return (Log1p(u) + (far & C(0.693147181f))) | Sign(x);
    }

    /// <summary>With t = x - 1: log1p(t + sqrt(2 t + t^2)); beyond 1e9 it is log(2 x).</summary>
    [MethodImpl(Inline)]
    public static V Acosh(V x)
    {
        var far = V.Greater(x, C(1e9f));
        var t = x - V.One;
        var u = If(far, x, t + V.Sqrt(Fma(t, t, t + t)));
        var y = Log1p(u) + (far & C(0.693147181f));
        return If(V.GreaterOrEqual(x, V.One), y, C(float.NaN));
    }

    /// <summary>log1p(2 a / (1 - a)) / 2, and the sign of x.</summary>
    [MethodImpl(Inline)]
    public static V Atanh(V x)
    {
        var a = V.Abs(x);
        return (C(0.5f) * Log1p((a + a) / (V.One - a))) ^ Sign(x);
    }

    /// <summary>
    /// Near 0 an odd polynomial, else 1 - e^p(|x|) (N. Juffa's minimax fits, below 1 ulp each).
    /// </summary>
    [MethodImpl(Inline)]
    public static V Erf(V x)
    {
        var a = V.Abs(x);
        var s = x * x;
        var q = Fma(C(-1.72853470e-5f), a, 3.83197126e-4f);
        var u = Fma(C(-3.88396438e-3f), a, 2.42546219e-2f);
        q = Fma(q, s, u);
        q = Fma(q, a, -1.06777877e-1f);
        q = Fma(q, a, -6.34846687e-1f);
        q = Fma(q, a, -1.28717512e-1f);
        q = Fma(q, a, -a);
        var (k, e) = Reduce(Clamp(q, -30f, 0f));
        var large = (V.One - V.Scale(e + V.One, k)) | Sign(x);

        var p = Fma(C(-5.96761703e-4f), s, 4.99119423e-3f);
        p = Fma(p, s, -2.67681349e-2f);
        p = Fma(p, s, 1.12819925e-1f);
        p = Fma(p, s, -3.76125336e-1f);
        p = Fma(p, s, 1.28379166e-1f);
        // Beyond 10 the polynomial would be infinity minus infinity.
        large = If(V.Greater(a, C(10f)), V.One | Sign(x), large);
        return If(V.Greater(a, C(0.927734375f)), large, Fma(p, x, x));
    }

    /// <summary>
    /// x times a polynomial in t = log(1 - x^2) (M. Giles' method, N. Juffa's coefficients).
    /// </summary>
    [MethodImpl(Inline)]
    public static V ErfInv(V x)
    {
        var t = Log((V.One - x) * (V.One + x));
        var far = C(3.03697567e-10f);
        far = Fma(far, t, 2.93243101e-8f);
        far = Fma(far, t, 1.22150334e-6f);
        far = Fma(far, t, 2.84108955e-5f);
        far = Fma(far, t, 3.93552968e-4f);
        far = Fma(far, t, 3.02698812e-3f);
        far = Fma(far, t, 4.83185798e-3f);
        far = Fma(far, t, -2.64646143e-1f);
        far = Fma(far, t, 8.40016484e-1f);
        var near = C(5.43877832e-9f);
        near = Fma(near, t, 1.43285448e-7f);
        near = Fma(near, t, 1.22774793e-6f);
        near = Fma(near, t, 1.12963626e-7f);
        near = Fma(near, t, -5.61530760e-5f);
        near = Fma(near, t, -1.47697632e-4f);
        near = Fma(near, t, 2.31468678e-3f);
        near = Fma(near, t, 1.15392581e-2f);
        near = Fma(near, t, -2.32015476e-1f);
        near = Fma(near, t, 8.86226892e-1f);
        var y = x * If(V.Greater(V.Abs(t), C(6.125f)), far, near);
        // At 1 the polynomial in -infinity is no number.
        return If(V.Equal(V.Abs(x), V.One), x * C(float.PositiveInfinity), y);
    }

    /// <summary>log(e^x + e^y), which is the greater one where either is infinite.</summary>
    [MethodImpl(Inline)]
    public static V LogAddExp(V x, V y)
    {
        var high = If(V.Greater(x, y) | Nan(x), x, y);
        var low = If(V.Less(x, y) | Nan(x), x, y);
        var ends = V.Equal(low, C(float.NegativeInfinity))
            | V.Equal(high, C(float.PositiveInfinity));
        return If(ends, high, high + Log1p(Exp(low - high)));
    }
}
