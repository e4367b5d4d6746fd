using System.Numerics;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Singular values: A = U B V^T by reflections from both sides (Golub and Kahan), then implicit QR
/// on the bidiagonal B (<see cref="BidiagonalQr"/>).
/// </summary>
internal static unsafe class Bidiagonal
{
    /// <summary>
    /// A is m by n with m >= n, destroyed. Rows of <paramref name="u"/> (m by m) and
    /// <paramref name="v"/> (n by n), both or neither null, become the singular vectors.
    /// </summary>
    public static bool Decompose<T>(T* a, int m, int n, T* values, T* u, T* v)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var d = new Scratch<double>(n + 1, clear: true);
        using var e = new Scratch<double>(n + 1, clear: true);
        using var left = new Scratch<T>((long)n * m, clear: true);
        using var right = new Scratch<T>((long)n * n, clear: true);
        using var leftTaus = new Scratch<T>(n);
        using var rightTaus = new Scratch<T>(n, clear: true);
        Reduce(
            a, m, n, d.Data, e.Data, left.Data, leftTaus.Data, right.Data, rightTaus.Data);
        if (u != null)
        {
            FormRows(left.Data, m, n, leftTaus.Data, u);
            FormRows(right.Data, n, n - 1, rightTaus.Data, v);
        }

        var leftRotations = new Rotations<T>(u, n, m);
        var rightRotations = new Rotations<T>(v, n, n);
        var converged = BidiagonalQr.Run(
            d.Data, e.Data, n, ref leftRotations, ref rightRotations, Tridiagonal.Epsilon<T>());
        leftRotations.Finish();
        rightRotations.Finish();
        Sorting.Descending(d.Data, n, u, m, v, n);
        for (var i = 0; i < n; i++)
        {
            values[i] = T.CreateTruncating(d.Data[i]);
        }

        return converged;
    }

    /// <summary>
    /// (H_1 ... H_k)^T, where row i of <paramref name="reflections"/> is reflection i.
    /// </summary>
    private static void FormRows<T>(T* reflections, int n, int count, T* taus, T* rows)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var columns = new Scratch<T>((long)n * Math.Max(count, 1));
        using var q = new Scratch<T>((long)n * n);
        Blocks.Transpose(reflections, columns.Data, count, n);
        Householder.Form(columns.Data, count, taus, count, q.Data, n, n);
        Blocks.Transpose(q.Data, rows, n, n);
    }

    private static void Reduce<T>(
        T* a, int m, int n, double* d, double* e, T* left, T* leftTaus, T* right, T* rightTaus)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var w = new Scratch<T>(n);
        using var nothing = new Scratch<T>(n, clear: true);
        for (var k = 0; k < n; k++)
        {
            var v = left + ((long)k * m);
            for (var i = k; i < m; i++)
            {
                v[i] = a[((long)i * n) + k];
            }

            var (alpha, tau) = Householder.Reflect(v + k, m - k);
            d[k] = double.CreateTruncating(alpha);
            leftTaus[k] = tau;
            var rest = n - k - 1;
            if (rest == 0)
            {
                return;
            }

            // w = tau A^T v, shared out by columns so that no two threads add to one sum.
            ParallelFor.Run(
                rest, Math.Max(64, 40_000 / (m - k)),
                new Columns<T>(a, m, n, k, tau, v, w.Data));
            var row = a + ((long)k * n);
            Lines.Add(-v[k], w.Data + k + 1, row + k + 1, rest);
            var u = right + ((long)k * n);
            new Span<T>(row + k + 1, rest).CopyTo(new(u + k + 1, rest));
            var (beta, rightTau) = Householder.Reflect(u + k + 1, rest);
            e[k] = double.CreateTruncating(beta);
            rightTaus[k] = rightTau;
            ParallelFor.Run(
                m - k - 1, 1 + (20_000 / rest),
                new Rows<T>(a, n, k + 1, v, w.Data, u, rightTau, nothing.Data));
        }
    }

    private readonly struct Columns<T>(T* a, int m, int n, int k, T tau, T* v, T* w) : IRangeBody
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public void Run(long start, long end)
        {
            var (from, length) = (k + 1 + start, end - start);
            new Span<T>(w + from, (int)length).Clear();
            for (var i = k; i < m; i++)
            {
                Lines.Add(tau * v[i], a + ((long)i * n) + from, w + from, length);
            }
        }
    }

    /// <summary>
    /// The left reflection, and then the right one, of each row while it is at hand.
    /// </summary>
    private readonly struct Rows<T>(T* a, int n, int from, T* v, T* w, T* u, T tau, T* nothing)
        : IRangeBody
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public void Run(long start, long end)
        {
            for (var i = from + start; i < from + end; i++)
            {
                var row = a + (i * n) + from;
                var dot = Lines.AddTwoAndDot(
                    -v[i], w + from, T.Zero, nothing, row, u + from, n - from);
                Lines.Add(-tau * dot, u + from, row, n - from);
            }
        }
    }
}
