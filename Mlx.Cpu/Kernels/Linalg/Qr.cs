using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>A = Q R by reflections, in blocks of columns (LAPACK's geqrf and orgqr).</summary>
internal static unsafe class Qr
{
    /// <summary>Q is m by k and R k by n, where k = min(m, n); destroys A.</summary>
    public static void Factor<T>(T* a, int m, int n, T* q, T* r)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var k = Math.Min(m, n);
        using var v = new Scratch<T>((long)m * k, clear: true);
        using var taus = new Scratch<T>(k);
        using var line = new Scratch<T>(n);
        using var column = new Scratch<T>(m);
        using var t = new Scratch<T>(Blocks.Width * Blocks.Width);
        for (var j = 0; j < k; j += Blocks.Width)
        {
            var width = Math.Min(Blocks.Width, k - j);
            var end = j + width;
            for (var c = j; c < end; c++)
            {
                taus.Data[c] = Eliminate(
                    a, m, n, c, end, column.Data, line.Data, v.Data, k);
            }

            if (end < n)
            {
                var block = v.Data + ((long)j * k) + j;
                Householder.Compact(block, m - j, width, k, taus.Data + j, t.Data);
                Householder.Apply(
                    block, k, t.Data, width, true, a + ((long)j * n) + end, m - j, n - end, n);
            }
        }

        for (var i = 0; i < k; i++)
        {
            new Span<T>(r + ((long)i * n), i).Clear();
            new Span<T>(a + ((long)i * n) + i, n - i).CopyTo(new(r + ((long)i * n) + i, n - i));
        }

        Householder.Form(v.Data, k, taus.Data, k, q, m, k);
    }

    /// <summary>
    /// Column c of a panel that ends before <paramref name="end"/>; answers its tau.
    /// </summary>
    private static T Eliminate<T>(
        T* a, int m, int n, int c, int end, T* column, T* line, T* v, int vRow)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var rows = m - c;
        for (var i = 0; i < rows; i++)
        {
            column[i] = a[((long)(c + i) * n) + c];
        }

        var (beta, tau) = Householder.Reflect(column, rows);
        for (var i = 0; i < rows; i++)
        {
            v[((long)(c + i) * vRow) + c] = column[i];
        }

        a[((long)c * n) + c] = beta;
        var wide = end - c - 1;
        new Span<T>(line, wide).Clear();
        for (var i = 0; i < rows; i++)
        {
            Lines.Add(column[i], a + ((long)(c + i) * n) + c + 1, line, wide);
        }

        for (var i = 0; i < rows; i++)
        {
            Lines.Add(-tau * column[i], line, a + ((long)(c + i) * n) + c + 1, wide);
        }

        return tau;
    }
}
