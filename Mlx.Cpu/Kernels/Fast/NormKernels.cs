using System.Numerics;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>y = (x - mean) / sqrt(variance + eps) w + b; without centring, the mean is zero.
/// </summary>
internal readonly unsafe struct NormKernel<T>(T eps, bool center, T* weight, T* bias)
    : IRowKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void Run(T* x, T* y, long count)
    {
        var (mean, scale) = Moments(x, count, eps, center);
        long lanes = Vector512<T>.Count;
        long i = 0;
        var m = Vector512.Create(mean);
        var s = Vector512.Create(scale);
        for (; i <= count - lanes; i += lanes)
        {
            var v = (Vector512.Load(x + i) - m) * s;
            if (weight != null)
            {
                v *= Vector512.Load(weight + i);
            }

            if (bias != null)
            {
                v += Vector512.Load(bias + i);
            }

            v.Store(y + i);
        }

        for (; i < count; i++)
        {
            var v = (x[i] - mean) * scale;
            v = weight != null ? v * weight[i] : v;
            y[i] = bias != null ? v + bias[i] : v;
        }
    }

    /// <summary>The mean, and 1 / sqrt(variance + eps). The variance is that of the differences,
    /// in a second pass, so that a large mean does not cancel it.</summary>
    public static (T Mean, T Scale) Moments(T* x, long count, T eps, bool center)
    {
        var n = T.CreateTruncating(count);
        var mean = center
            ? FoldKernel<T, SumFold<T>>.Row(x, (nint)count) / n
            : T.Zero;
        var variance = RowMath.SumOfSquares(x, count, mean) / n;
        return (mean, T.One / T.Sqrt(variance + eps));
    }
}

/// <summary>
/// The gradients of a norm. With u = (x - mean) s and s = 1 / sqrt(variance + eps):
/// dx = s (g w - mean(g w) - u mean(g w u)), dw = sum of g u, db = sum of g over the rows; without
/// centring mean(g w) is left out.
/// </summary>
/// <remarks>
/// Each task has rows and sums of its own, which are added up at the end.
/// </remarks>
internal static unsafe class NormGradient<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <param name="x">The input of the norm.</param>
    /// <param name="weight">One for each column, or null for all ones.</param>
    /// <param name="g">The cotangents.</param>
    /// <param name="dx">Row-major.</param>
    /// <param name="sums">The sums of g u and then those of g, one for each column.</param>
    public static void Run(
        Node x, T* weight, Node g, Node dx, T eps, bool center, T* sums)
    {
        long columns = x.Shape[^1];
        var rows = x.Size / Math.Max(columns, 1);
        new Span<T>(sums, (int)(2 * columns)).Clear();
        if (rows == 0 || columns == 0)
        {
            return;
        }

        var tasks = Math.Clamp(
            Math.Min(rows, x.Size / (4 * RowLoop.Grain)), 1, 4 * ParallelFor.AvailableDegree);
        using var partial = new PackBuffer((nuint)(tasks * 2 * columns * sizeof(T)));
        ParallelFor.Run(
            tasks, 1, new Body(x, weight, g, dx, eps, center, (T*)partial.Data, tasks, rows));
        FoldKernel<T, SumFold<T>>.Rows(
            sums, (T*)partial.Data, (nint)(2 * columns), (nint)tasks, (nint)(2 * columns));
    }

    private readonly struct Body(
        Node x, T* weight, Node g, Node dx, T eps, bool center, T* partial, long tasks, long rows)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (var task = start; task < end; task++)
            {
                Rows(task, rows * task / tasks, rows * (task + 1) / tasks);
            }
        }

        private void Rows(long task, long first, long last)
        {
            long columns = x.Shape[^1];
            using var buffer = new PackBuffer((nuint)(5 * columns * sizeof(T)));
            var scratch = (T*)buffer.Data;
            var axes = stackalloc LoopAxis[2 * x.Rank];
            var index = stackalloc long[2 * x.Rank];
            var xRows = new RowReader<T>(x, first, axes, index, scratch);
            var gRows = new RowReader<T>(
                g, first, axes + x.Rank, index + x.Rank, scratch + columns);
            var dxRows = new RowWriter<T>(dx, scratch + (2 * columns));
            var u = scratch + (3 * columns);
            var gw = scratch + (4 * columns);
            var du = partial + (task * 2 * columns);
            var dg = du + columns;
            new Span<T>(du, (int)(2 * columns)).Clear();
            for (var row = first; row < last; row++)
            {
                var target = dxRows.Begin(row);
                Row(xRows.Next(), gRows.Next(), target, u, gw, du, dg, columns);
                dxRows.End(row);
            }
        }

        private void Row(T* xs, T* gs, T* target, T* u, T* gw, T* du, T* dg, long columns)
        {
            var (mean, scale) = NormKernel<T>.Moments(xs, columns, eps, center);
            long lanes = Vector512<T>.Count;
            var m = Vector512.Create(mean);
            var s = Vector512.Create(scale);
            var sumGw = Vector512<T>.Zero;
            var sumGwu = Vector512<T>.Zero;
            long i = 0;
            for (; i <= columns - lanes; i += lanes)
            {
                var gi = Vector512.Load(gs + i);
                var ui = (Vector512.Load(xs + i) - m) * s;
                var wi = weight != null ? gi * Vector512.Load(weight + i) : gi;
                ui.Store(u + i);
                wi.Store(gw + i);
                sumGw += wi;
                sumGwu = RowMath.Fma(wi, ui, sumGwu);
                RowMath.Fma(gi, ui, Vector512.Load(du + i)).Store(du + i);
                (Vector512.Load(dg + i) + gi).Store(dg + i);
            }

            var (a, b) = (Vector512.Sum(sumGw), Vector512.Sum(sumGwu));
            for (; i < columns; i++)
            {
                u[i] = (xs[i] - mean) * scale;
                gw[i] = weight != null ? gs[i] * weight[i] : gs[i];
                a += gw[i];
                b += gw[i] * u[i];
                du[i] += gs[i] * u[i];
                dg[i] += gs[i];
            }

            var n = T.CreateTruncating(columns);
            a = center ? a / n : T.Zero;
            b /= n;
            var (va, vb) = (Vector512.Create(a), Vector512.Create(b));
            for (i = 0; i <= columns - lanes; i += lanes)
            {
                var d = Vector512.Load(gw + i) - va - (Vector512.Load(u + i) * vb);
                (d * s).Store(target + i);
            }

            for (; i < columns; i++)
            {
                target[i] = (gw[i] - a - (u[i] * b)) * scale;
            }
        }
    }
}

/// <summary>A vector of parameters as contiguous T, for the length of a kernel.</summary>
internal readonly unsafe ref struct WideVector<T> : IDisposable
    where T : unmanaged
{
    private readonly PackBuffer buffer;

    /// <summary>The elements, or null where there is no vector.</summary>
    public readonly T* Data;

    public WideVector(Node? x)
    {
        var direct = x is null || RowReader<T>.IsDirect(x);
        buffer = new PackBuffer((nuint)(direct ? 0 : x!.Size * sizeof(T)));
        Data = x is null ? null : direct ? (T*)x.Data : (T*)buffer.Data;
        if (!direct)
        {
            Widening.Widen(x!.Dtype)(x.Data, x.Strides[^1], buffer.Data, x.Size);
        }
    }

    public void Dispose() => buffer.Dispose();
}
