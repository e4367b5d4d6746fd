using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>y = e^(x - max x) / sum of all of them; the row stays in the cache between passes.
/// </summary>
internal readonly unsafe struct SoftmaxKernel<T> : IRowKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>, IMinMaxValue<T>
{
    public void Run(T* x, T* y, long count)
    {
        var max = FoldKernel<T, MaxFold<T>>.Row(x, (nint)count);
        var scale = T.One / ShiftedExp.Row(x, y, count, max);
        long i = 0;
        var factor = Vector512.Create(scale);
        for (; i <= count - Vector512<T>.Count; i += Vector512<T>.Count)
        {
            (Vector512.Load(y + i) * factor).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] *= scale;
        }
    }
}

/// <summary>y = max x + log(sum of e^(x - max x)).</summary>
internal readonly unsafe struct LogSumExpKernel<T> : IRowKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>, IMinMaxValue<T>
{
    public void Run(T* x, T* y, long count)
    {
        var max = FoldKernel<T, MaxFold<T>>.Row(x, (nint)count);
        *y = T.IsInfinity(max) ? max : max + T.Log(ShiftedExp.Row(x, null, count, max));
    }
}

internal static unsafe class ShiftedExp
{
    /// <summary>The sum of e^(x - shift), and each term to y if that is not null.</summary>
    public static T Row<T>(T* x, T* y, long count, T shift)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        long lanes = Vector512<T>.Count;
        var by = Vector512.Create(shift);
        var sum0 = Vector512<T>.Zero;
        var sum1 = Vector512<T>.Zero;
        long i = 0;
        if (y == null)
        {
            for (; i <= count - (2 * lanes); i += 2 * lanes)
            {
                sum0 += Exp(Vector512.Load(x + i) - by);
                sum1 += Exp(Vector512.Load(x + i + lanes) - by);
            }
        }
        else
        {
            for (; i <= count - (2 * lanes); i += 2 * lanes)
            {
                var e0 = Exp(Vector512.Load(x + i) - by);
                var e1 = Exp(Vector512.Load(x + i + lanes) - by);
                e0.Store(y + i);
                e1.Store(y + i + lanes);
                sum0 += e0;
                sum1 += e1;
            }
        }

        // What is left in padded vectors, so that a value does not depend on its place.
        var pad = stackalloc T[Vector512<T>.Count];
        for (; i < count; i += lanes)
        {
            var n = Math.Min(lanes, count - i);
            new Span<T>(pad, (int)lanes).Fill(T.NegativeInfinity);
            new Span<T>(x + i, (int)n).CopyTo(new Span<T>(pad, (int)n));
            var e = Exp(Vector512.Load(pad) - by);
            sum0 += e;
            if (y != null)
            {
                e.Store(pad);
                new Span<T>(pad, (int)n).CopyTo(new Span<T>(y + i, (int)n));
            }
        }

        return Vector512.Sum(sum0 + sum1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Exp<T>(Vector512<T> x)
        where T : unmanaged =>
        typeof(T) == typeof(float)
            ? VectorMath.Exp(x.AsSingle()).As<float, T>()
            : Vector512.Exp(x.AsDouble()).As<double, T>();
}
