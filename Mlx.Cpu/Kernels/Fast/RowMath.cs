using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>Sums over contiguous rows, in several lanes.</summary>
internal static unsafe class RowMath
{
    /// <summary>The sum of (x - shift)^2.</summary>
    public static T SumOfSquares<T>(T* x, long n, T shift)
        where T : unmanaged, INumber<T>
    {
        long lanes = Vector512<T>.Count;
        var by = Vector512.Create(shift);
        var s0 = Vector512<T>.Zero;
        var s1 = Vector512<T>.Zero;
        var s2 = Vector512<T>.Zero;
        var s3 = Vector512<T>.Zero;
        long i = 0;
        for (; i <= n - (4 * lanes); i += 4 * lanes)
        {
            var a = Vector512.Load(x + i) - by;
            var b = Vector512.Load(x + i + lanes) - by;
            var c = Vector512.Load(x + i + (2 * lanes)) - by;
            var d = Vector512.Load(x + i + (3 * lanes)) - by;
            s0 = Fma(a, a, s0);
            s1 = Fma(b, b, s1);
            s2 = Fma(c, c, s2);
            s3 = Fma(d, d, s3);
        }

        for (; i <= n - lanes; i += lanes)
        {
            var a = Vector512.Load(x + i) - by;
            s0 = Fma(a, a, s0);
        }

        var sum = Vector512.Sum(s0 + s1 + (s2 + s3));
        for (; i < n; i++)
        {
            sum += (x[i] - shift) * (x[i] - shift);
        }

        return sum;
    }

    /// <summary>The sum of x y, and of x y z if z is not null (else of x).</summary>
    public static (T XY, T XYZ) Products<T>(T* x, T* y, T* z, long n)
        where T : unmanaged, INumber<T>
    {
        long lanes = Vector512<T>.Count;
        var s0 = Vector512<T>.Zero;
        var s1 = Vector512<T>.Zero;
        var t0 = Vector512<T>.Zero;
        var t1 = Vector512<T>.Zero;
        long i = 0;
        for (; i <= n - (2 * lanes); i += 2 * lanes)
        {
            var a = Vector512.Load(x + i) * Vector512.Load(y + i);
            var b = Vector512.Load(x + i + lanes) * Vector512.Load(y + i + lanes);
            s0 += a;
            s1 += b;
            if (z != null)
            {
                t0 = Fma(a, Vector512.Load(z + i), t0);
                t1 = Fma(b, Vector512.Load(z + i + lanes), t1);
            }
        }

        var xy = Vector512.Sum(s0 + s1);
        var xyz = Vector512.Sum(t0 + t1);
        for (; i < n; i++)
        {
            xy += x[i] * y[i];
            xyz += z != null ? x[i] * y[i] * z[i] : T.Zero;
        }

        return (xy, xyz);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Fma<T>(Vector512<T> a, Vector512<T> b, Vector512<T> c)
        where T : unmanaged =>
        typeof(T) == typeof(float)
            ? Vector512.MultiplyAddEstimate(a.AsSingle(), b.AsSingle(), c.AsSingle())
                .As<float, T>()
            : Vector512.MultiplyAddEstimate(a.AsDouble(), b.AsDouble(), c.AsDouble())
                .As<double, T>();
}
