using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>e^x in vectors, for kernels that need it in the middle of a loop.</summary>
internal static class Exponential
{
    /// <summary>Within one unit in the last place, also where the result is subnormal.</summary>
    /// <remarks>
    /// x = n ln 2 + r with |r| at most (ln 2) / 2, and e^x = 2^n e^r with the polynomial of the
    /// Cephes library (S. Moshier) for e^r.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x)
    {
        // In this order the operand that is not a number is the one that stays.
        x = Vector512.MinNative(Vector512.Create(89f), x);
        x = Vector512.MaxNative(Vector512.Create(-104f), x);
        var n = Vector512.Round(x * Vector512.Create(1.44269504088896341f));
        var r = Fma(n, Vector512.Create(-0.693359375f), x);
        r = Fma(n, Vector512.Create(2.12194440e-4f), r);
        var p = Fma(
            Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Fma(p, r, Vector512.Create(8.3334519073e-3f));
        p = Fma(p, r, Vector512.Create(4.1665795894e-2f));
        p = Fma(p, r, Vector512.Create(1.6666665459e-1f));
        p = Fma(p, r, Vector512.Create(5.0000001201e-1f));
        p = Fma(p, r * r, r) + Vector512<float>.One;
        if (Avx512F.IsSupported)
        {
            return Avx512F.Scale(p, n);
        }

        // In two steps, for 2^n alone may be too large or too small for a normal number.
        var whole = Vector512.ConvertToInt32Native(n);
        var half = whole >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(whole - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of<T>(Vector512<T> x)
        where T : unmanaged =>
        typeof(T) == typeof(float)
            ? Of(x.AsSingle()).As<float, T>()
            : Vector512.Exp(x.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fma(
        Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PowerOfTwo(Vector512<int> n) =>
        ((n + Vector512.Create(127)) << 23).AsSingle();
}
