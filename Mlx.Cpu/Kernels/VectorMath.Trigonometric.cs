using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Kernels;

internal static unsafe partial class VectorMath<V> where V : struct, IFloatVector<V>
{
    /// <summary>Up to here pi/2 in three parts reduces without loss.</summary>
    private static float Far => HasFusedProduct ? 71476f : 6000f;

    /// <summary>x = q pi/2 + r; q (as integers), the sine and the cosine of r.</summary>
    [MethodImpl(Inline)]
    private static (V Q, V Sin, V Cos) SinCosReduced(V x)
    {
        var k = V.Round(x * C(0.636619772f));
        V r;
        if (HasFusedProduct)
        {
            // Exact products: each part may have all its 24 bits.
            r = Fma(k, C(-1.57079637f), x);
            r = Fma(k, C(4.37113883e-8f), r);
            r = Fma(k, C(1.71512451e-15f), r);
        }
        else
        {
            r = Fma(k, C(-1.5703125f), x);
            r = Fma(k, C(-4.837512969970703125e-4f), r);
            r = Fma(k, C(-7.54978995489188216e-8f), r);
        }

        var s = r * r;
        var sin = Fma(Fma(C(-1.9515295891e-4f), s, 8.3321608736e-3f), s, -1.6666654611e-1f);
        var cos = Fma(
            Fma(C(2.443315711809948e-5f), s, -1.388731625493765e-3f), s, 4.166664568298827e-2f);
        return (
            V.ToInt(k),
            Fma(sin * s, r, r),
            Fma(cos, s * s, Fma(s, C(-0.5f), 1f)));
    }

    /// <summary>A mask of the lanes whose integer is odd.</summary>
    [MethodImpl(Inline)]
    private static V Odd(V q) => V.ShiftRight(V.ShiftLeft(q, 31), 31);

    [MethodImpl(Inline)]
    private static bool AnyFar(V x) =>
        V.AnyGreater(V.Abs(x), C(Far));

    /// <summary>
    /// Lanes that go by single elements: only they, so that neighbours make no difference.
    /// </summary>
    [MethodImpl(Inline)]
    private static V IsFar(V x) => V.Greater(V.Abs(x), C(Far));

    /// <summary>
    /// Sine of the reduced angle, shifted by <paramref name="quarter"/> quarter turns.
    /// </summary>
    [MethodImpl(Inline)]
    private static V Turn(V x, int quarter)
    {
        var (q, sin, cos) = SinCosReduced(x);
        q = V.AddInt(q, quarter);
        return If(Odd(q), cos, sin) ^ (V.ShiftLeft(q, 30) & C(-0f));
    }

    [MethodImpl(Inline)]
    public static V Sin(V x)
    {
        var y = If(V.Equal(x, V.Zero), x, Turn(x, 0));
        return AnyFar(x) ? If(IsFar(x), V.Each(x, &MathF.Sin), y) : y;
    }

    [MethodImpl(Inline)]
    public static V Cos(V x)
    {
        var y = Turn(x, 1);
        return AnyFar(x) ? If(IsFar(x), V.Each(x, &MathF.Cos), y) : y;
    }

    [MethodImpl(Inline)]
    public static V Tan(V x)
    {
        var (q, sin, cos) = SinCosReduced(x);
        var odd = Odd(q);
        var y = If(odd, cos, sin) / If(odd, -sin, cos);
        return AnyFar(x) ? If(IsFar(x), V.Each(x, &MathF.Tan), y) : y;
    }

    /// <summary>asin(s) for s up to 1/2, where z = s^2.</summary>
    [MethodImpl(Inline)]
    private static V AsinCore(V s, V z)
    {
        var p = C(4.2163199048e-2f);
        p = Fma(p, z, 2.4181311049e-2f);
        p = Fma(p, z, 4.5470025998e-2f);
        p = Fma(p, z, 7.4953002686e-2f);
        p = Fma(p, z, 1.6666752422e-1f);
        return Fma(p * z, s, s);
    }

    /// <summary>Beyond 1/2: pi/2 - 2 asin(sqrt((1 - |x|) / 2)).</summary>
    [MethodImpl(Inline)]
    public static V Asin(V x)
    {
        var a = V.Abs(x);
        var large = V.Greater(a, C(0.5f));
        var z = If(large, C(0.5f) * (V.One - a), a * a);
        var y = AsinCore(If(large, V.Sqrt(z), a), z);
        return If(large, C(1.57079633f) - (y + y), y) | Sign(x);
    }

    [MethodImpl(Inline)]
    public static V Acos(V x)
    {
        var a = V.Abs(x);
        var large = V.Greater(a, C(0.5f));
        var z = If(large, C(0.5f) * (V.One - a), a * a);
        var y = AsinCore(If(large, V.Sqrt(z), a), z);
        y |= Sign(x);
        var wide = y + y;
        // pi and pi/2 lose 1e-7: give it back where it counts.
        wide = If(V.Less(x, V.Zero), C(3.14159274f) + (wide - C(8.74227766e-8f)), wide);
        return If(large, wide, C(1.57079637f) - (y + C(4.37113883e-8f)));
    }

    /// <summary>Reduced at tan(pi/8) and tan(3 pi/8) to |x| below tan(pi/8).</summary>
    [MethodImpl(Inline)]
    public static V Atan(V x)
    {
        var a = V.Abs(x);
        var high = V.Greater(a, C(2.414213562373095f));
        var middle = V.Greater(a, C(0.4142135623730950f));
        var above = If(high, -V.One, a - V.One);
        var below = If(high, a, a + V.One);
        var r = If(middle, above / below, a);
        var z = r * r;
        var p = C(8.05374449538e-2f);
        p = Fma(p, z, -1.38776856032e-1f);
        p = Fma(p, z, 1.99777106478e-1f);
        p = Fma(p, z, -3.33329491539e-1f);
        var y = Fma(p * z, r, r);
        var start = If(high, C(1.57079633f), middle & C(0.785398163f));
        return (start + y) | Sign(x);
    }

    /// <summary>The angle of the point (x, y), in all quadrants.</summary>
    [MethodImpl(Inline)]
    public static V Atan2(V y, V x)
    {
        var (ax, ay) = (V.Abs(x), V.Abs(y));
        var steep = V.Greater(ay, ax);
        var (small, big) = (If(steep, ax, ay), If(steep, ay, ax));
        // Equal arguments (0 and 0, infinity and infinity) have quotients of their own.
        var same = V.Equal(small, big);
        var ratio = If(same, If(V.Equal(ay, V.Zero), V.Zero, V.One), small / big);
        var angle = Atan(ratio);
        angle = If(steep, C(1.57079633f) - angle, angle);
        var left = V.ShiftRight(x, 31);
        angle = If(left, C(3.14159265f) - angle, angle);
        angle = If(Nan(x) | Nan(y), C(float.NaN), angle);
        return angle | Sign(y);
    }
}
