using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>Loops over one or two contiguous lines of a matrix (level 1 of the BLAS).</summary>
internal static unsafe class Lines
{
    public static T Dot<T>(T* x, T* y, long n) where T : unmanaged, INumber<T>
    {
        var width = Vector<T>.Count;
        long i = 0;
        var sum = T.Zero;
        if (n >= width)
        {
            var (s0, s1) = (Vector<T>.Zero, Vector<T>.Zero);
            for (; i <= n - 2 * width; i += 2 * width)
            {
                s0 += Vector.Load(x + i) * Vector.Load(y + i);
                s1 += Vector.Load(x + i + width) * Vector.Load(y + i + width);
            }

            for (; i <= n - width; i += width)
            {
                s0 += Vector.Load(x + i) * Vector.Load(y + i);
            }

            sum = Vector.Sum(s0 + s1);
        }

        for (; i < n; i++)
        {
            sum += x[i] * y[i];
        }

        return sum;
    }

    /// <summary>y += a x.</summary>
    public static void Add<T>(T a, T* x, T* y, long n) where T : unmanaged, INumber<T>
    {
        var width = Vector<T>.Count;
        long i = 0;
        if (n >= width)
        {
            var factor = new Vector<T>(a);
            for (; i <= n - width; i += width)
            {
                Vector.Store(Vector.Load(y + i) + (factor * Vector.Load(x + i)), y + i);
            }
        }

        for (; i < n; i++)
        {
            y[i] += a * x[i];
        }
    }

    /// <summary>y += a x + b z; answers y . u.</summary>
    public static T AddTwoAndDot<T>(T a, T* x, T b, T* z, T* y, T* u, long n)
        where T : unmanaged, INumber<T>
    {
        var width = Vector<T>.Count;
        long i = 0;
        var sum = T.Zero;
        if (n >= width)
        {
            var (fa, fb, s) = (new Vector<T>(a), new Vector<T>(b), Vector<T>.Zero);
            for (; i <= n - width; i += width)
            {
                var v = Vector.Load(y + i) + (fa * Vector.Load(x + i)) + (fb * Vector.Load(z + i));
                Vector.Store(v, y + i);
                s += v * Vector.Load(u + i);
            }

            sum = Vector.Sum(s);
        }

        for (; i < n; i++)
        {
            var v = y[i] + (a * x[i]) + (b * z[i]);
            y[i] = v;
            sum += v * u[i];
        }

        return sum;
    }

    public static void Scale<T>(T a, T* x, long n) where T : unmanaged, INumber<T>
    {
        var width = Vector<T>.Count;
        long i = 0;
        for (var factor = new Vector<T>(a); i <= n - width; i += width)
        {
            Vector.Store(factor * Vector.Load(x + i), x + i);
        }

        for (; i < n; i++)
        {
            x[i] *= a;
        }
    }

    /// <summary>(x, y) becomes (c x + s y, c y - s x).</summary>
    public static void Rotate<T>(T* x, T* y, T c, T s, long n) where T : unmanaged, INumber<T>
    {
        var width = Vector<T>.Count;
        long i = 0;
        if (n >= width)
        {
            var (vc, vs) = (new Vector<T>(c), new Vector<T>(s));
            for (; i <= n - width; i += width)
            {
                var (a, b) = (Vector.Load(x + i), Vector.Load(y + i));
                Vector.Store((vc * a) + (vs * b), x + i);
                Vector.Store((vc * b) - (vs * a), y + i);
            }
        }

        for (; i < n; i++)
        {
            var (a, b) = (x[i], y[i]);
            x[i] = (c * a) + (s * b);
            y[i] = (c * b) - (s * a);
        }
    }

    public static void Swap<T>(T* x, T* y, long n) where T : unmanaged
    {
        for (long i = 0; i < n; i++)
        {
            (x[i], y[i]) = (y[i], x[i]);
        }
    }

    /// <summary>The Euclidean length, free of overflow on the way.</summary>
    public static T Norm<T>(T* x, long n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var square = Dot(x, x, n);
        var (least, most) = Safe<T>();
        if (square > least && square < most)
        {
            return T.Sqrt(square);
        }

        var largest = T.Zero;
        for (long i = 0; i < n; i++)
        {
            largest = T.Max(largest, T.Abs(x[i]));
        }

        if (largest == T.Zero || !T.IsFinite(largest))
        {
            return largest;
        }

        var sum = T.Zero;
        for (long i = 0; i < n; i++)
        {
            var r = x[i] / largest;
            sum += r * r;
        }

        return largest * T.Sqrt(sum);
    }

    /// <summary>Squares between these carry full precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T, T) Safe<T>() where T : unmanaged, IFloatingPointIeee754<T> =>
        typeof(T) == typeof(float)
            ? (T.CreateTruncating(1e-28), T.CreateTruncating(1e36))
            : (T.CreateTruncating(1e-280), T.CreateTruncating(1e300));
}
