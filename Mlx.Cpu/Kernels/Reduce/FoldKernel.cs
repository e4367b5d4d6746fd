using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>The inner loops of a reduction, over elements of the type it computes with.</summary>
internal unsafe interface IFoldKernel<T>
    where T : unmanaged
{
    static abstract T Identity { get; }

    static abstract T Merge(T a, T b);

    /// <summary>All of a contiguous row, merged.</summary>
    static abstract T Row(T* x, nint count);

    /// <summary>Merges rows of a matrix into one: <c>into[j] = into[j] + x[0,j] + x[1,j] ...</c>.
    /// </summary>
    static abstract void Rows(T* into, T* x, nint rowStride, nint rows, nint width);
}

/// <summary>
/// Vector loops. A row runs in eight registers side by side, which hides the latency of the
/// operation and, for sums, keeps the rounding error of each lane that of a short chain.
/// </summary>
internal readonly unsafe struct FoldKernel<T, TFold> : IFoldKernel<T>
    where T : unmanaged, INumber<T>
    where TFold : struct, IFold<T>
{
    public static T Identity => TFold.Identity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge(T a, T b) => TFold.Merge(a, b);

    public static T Row(T* x, nint count)
    {
        nint lanes = Vector512<T>.Count;
        nint i = 0;
        var total = TFold.Identity;
        if (count >= lanes)
        {
            var v0 = Vector512.Load(x);
            i = lanes;
            if (count >= 8 * lanes)
            {
                v0 = Long(v0, x, count, out i);
            }

            for (; i <= count - lanes; i += lanes)
            {
                v0 = TFold.Merge(v0, Vector512.Load(x + i));
            }

            total = Across(v0);
        }

        for (; i < count; i++)
        {
            total = TFold.Merge(total, x[i]);
        }

        return total;
    }

    public static void Rows(T* into, T* x, nint rowStride, nint rows, nint width)
    {
        nint lanes = Vector512<T>.Count;
        nint r = 0;

        // Four rows at a time: the running row is read and written a quarter as often.
        for (; r <= rows - 4; r += 4, x += 4 * rowStride)
        {
            var a = x;
            var b = a + rowStride;
            var c = b + rowStride;
            var d = c + rowStride;
            nint j = 0;
            for (; j <= width - lanes; j += lanes)
            {
                var four = TFold.Merge(
                    TFold.Merge(Vector512.Load(a + j), Vector512.Load(b + j)),
                    TFold.Merge(Vector512.Load(c + j), Vector512.Load(d + j)));
                TFold.Merge(Vector512.Load(into + j), four).Store(into + j);
            }

            for (; j < width; j++)
            {
                var four = TFold.Merge(TFold.Merge(a[j], b[j]), TFold.Merge(c[j], d[j]));
                into[j] = TFold.Merge(into[j], four);
            }
        }

        for (; r < rows; r++, x += rowStride)
        {
            nint j = 0;
            for (; j <= width - lanes; j += lanes)
            {
                TFold.Merge(Vector512.Load(into + j), Vector512.Load(x + j)).Store(into + j);
            }

            for (; j < width; j++)
            {
                into[j] = TFold.Merge(into[j], x[j]);
            }
        }
    }

    /// <summary>As many whole groups of eight vectors as there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Long(Vector512<T> v0, T* x, nint count, out nint i)
    {
        nint lanes = Vector512<T>.Count;
        var v1 = Vector512.Load(x + lanes);
        var v2 = Vector512.Load(x + (2 * lanes));
        var v3 = Vector512.Load(x + (3 * lanes));
        var v4 = Vector512.Load(x + (4 * lanes));
        var v5 = Vector512.Load(x + (5 * lanes));
        var v6 = Vector512.Load(x + (6 * lanes));
        var v7 = Vector512.Load(x + (7 * lanes));
        for (i = 8 * lanes; i <= count - (8 * lanes); i += 8 * lanes)
        {
            var at = x + i;
            v0 = TFold.Merge(v0, Vector512.Load(at));
            v1 = TFold.Merge(v1, Vector512.Load(at + lanes));
            v2 = TFold.Merge(v2, Vector512.Load(at + (2 * lanes)));
            v3 = TFold.Merge(v3, Vector512.Load(at + (3 * lanes)));
            v4 = TFold.Merge(v4, Vector512.Load(at + (4 * lanes)));
            v5 = TFold.Merge(v5, Vector512.Load(at + (5 * lanes)));
            v6 = TFold.Merge(v6, Vector512.Load(at + (6 * lanes)));
            v7 = TFold.Merge(v7, Vector512.Load(at + (7 * lanes)));
        }

        v0 = TFold.Merge(TFold.Merge(v0, v4), TFold.Merge(v2, v6));
        v1 = TFold.Merge(TFold.Merge(v1, v5), TFold.Merge(v3, v7));
        return TFold.Merge(v0, v1);
    }

    /// <summary>The lanes of one vector, merged in pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Across(Vector512<T> vector)
    {
        if (typeof(TFold) == typeof(SumFold<T>))
        {
            return Vector512.Sum(vector);
        }

        var lane = stackalloc T[Vector512<T>.Count];
        vector.Store(lane);
        for (var half = Vector512<T>.Count / 2; half > 0; half /= 2)
        {
            for (var i = 0; i < half; i++)
            {
                lane[i] = TFold.Merge(lane[i], lane[i + half]);
            }
        }

        return lane[0];
    }
}

/// <summary>Complex products and extremes, one element at a time.</summary>
internal readonly unsafe struct ComplexFoldKernel<TFold> : IFoldKernel<Complex64>
    where TFold : struct, IScalarFold<Complex64>
{
    public static Complex64 Identity => TFold.Identity;

    public static Complex64 Merge(Complex64 a, Complex64 b) => TFold.Merge(a, b);

    public static Complex64 Row(Complex64* x, nint count)
    {
        var total = TFold.Identity;
        for (nint i = 0; i < count; i++)
        {
            total = TFold.Merge(total, x[i]);
        }

        return total;
    }

    public static void Rows(
        Complex64* into, Complex64* x, nint rowStride, nint rows, nint width)
    {
        for (nint r = 0; r < rows; r++, x += rowStride)
        {
            for (nint j = 0; j < width; j++)
            {
                into[j] = TFold.Merge(into[j], x[j]);
            }
        }
    }
}
