using System.Numerics;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>Symmetric eigenproblems: A = Q T Q^T by reflections, T by implicit QL.</summary>
internal static unsafe class Tridiagonal
{
    /// <summary>
    /// Eigenvalues ascending; row i of <paramref name="vectors"/> (if not null) is the
    /// eigenvector of value i. A is symmetric in full, and destroyed.
    /// </summary>
    public static bool Eigen<T>(T* a, int n, T* values, T* vectors)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var d = new Scratch<double>(n);
        using var e = new Scratch<double>(n);
        using var v = new Scratch<T>((long)n * n, clear: true);
        using var taus = new Scratch<T>(n);
        Reduce(a, n, d.Data, e.Data, v.Data, taus.Data);
        if (vectors != null)
        {
            // Row c of V holds reflection c; Form wants it in column c.
            Blocks.Transpose(v.Data, a, n, n);
            using var q = new Scratch<T>((long)n * n);
            Householder.Form(a, n, taus.Data, n - 1, q.Data, n, n);
            Blocks.Transpose(q.Data, vectors, n, n);
        }

        var rotations = new Rotations<T>(vectors, n, n);
        var converged = ImplicitQl(d.Data, e.Data, n, ref rotations, Epsilon<T>());
        rotations.Finish();
        Sorting.Ascending(d.Data, n, vectors, n);
        for (var i = 0; i < n; i++)
        {
            values[i] = T.CreateTruncating(d.Data[i]);
        }

        return converged;
    }

    /// <summary>What is lost in the precision of the matrix may be dropped from T.</summary>
    public static double Epsilon<T>() => typeof(T) == typeof(float) ? 1.5e-8 : 1.1e-16;

    /// <summary>
    /// Diagonal d and subdiagonal e of T. The update of one reflection, the rank-two
    /// A -= v w^T + w v^T, and the product A v' of the next share one pass over A.
    /// </summary>
    private static void Reduce<T>(T* a, int n, double* d, double* e, T* reflections, T* taus)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var product = new Scratch<T>(n);
        using var w = new Scratch<T>(n, clear: true);
        using var none = new Scratch<T>(n, clear: true);
        var v = none.Data;
        for (var k = 0; k < n; k++)
        {
            var row = a + ((long)k * n);
            if (k > 0)
            {
                Lines.Add(-v[k], w.Data + k, row + k, n - k);
                Lines.Add(-w.Data[k], v + k, row + k, n - k);
            }

            d[k] = double.CreateTruncating(row[k]);
            if (k == n - 1)
            {
                return;
            }

            var next = reflections + ((long)k * n);
            var rest = n - k - 1;
            new Span<T>(row + k + 1, rest).CopyTo(new(next + k + 1, rest));
            var (beta, tau) = Householder.Reflect(next + k + 1, rest);
            e[k] = double.CreateTruncating(beta);
            taus[k] = tau;
            ParallelFor.Run(
                rest, 1 + (20_000 / rest),
                new Pass<T>(a, n, k + 1, v, w.Data, next, product.Data));
            var p = product.Data + k + 1;
            Lines.Scale(tau, p, rest);
            var half = -tau * Lines.Dot(p, next + k + 1, rest) / (T.One + T.One);
            Lines.Add(half, next + k + 1, p, rest);
            new Span<T>(p, rest).CopyTo(new(w.Data + k + 1, rest));
            v = next;
        }
    }

    private readonly struct Pass<T>(T* a, int n, int from, T* v, T* w, T* next, T* product)
        : IRangeBody
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public void Run(long start, long end)
        {
            for (var i = from + start; i < from + end; i++)
            {
                product[i] = Lines.AddTwoAndDot(
                    -v[i], w + from, -w[i], v + from, a + (i * n) + from, next + from, n - from);
            }
        }
    }

    /// <summary>
    /// QL with Wilkinson's implicit shifts (EISPACK's imtql2). The scalars are double in any
    /// case: they are few, and their errors would be everybody's.
    /// </summary>
    public static bool ImplicitQl<T>(
        double* d, double* e, int n, ref Rotations<T> rotations, double epsilon)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (n > 0)
        {
            e[n - 1] = 0;
        }

        for (var l = 0; l < n; l++)
        {
            for (var iteration = 0; ; iteration++)
            {
                var m = l;
                while (m < n - 1
                       && Math.Abs(e[m]) > epsilon * (Math.Abs(d[m]) + Math.Abs(d[m + 1])))
                {
                    m++;
                }

                if (m == l)
                {
                    break;
                }

                if (iteration == 60)
                {
                    return false;
                }

                Sweep(d, e, l, m, ref rotations);
            }
        }

        return true;
    }

    private static void Sweep<T>(double* d, double* e, int l, int m, ref Rotations<T> rotations)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var g = (d[l + 1] - d[l]) / (2 * e[l]);
        var r = double.Hypot(g, 1);
        g = d[m] - d[l] + (e[l] / (g + Math.CopySign(r, g)));
        var (s, c, p) = (1.0, 1.0, 0.0);
        for (var i = m - 1; i >= l; i--)
        {
            var (f, b) = (s * e[i], c * e[i]);
            r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= p;
                e[m] = 0;
                return;
            }

            (s, c) = (f / r, g / r);
            g = d[i + 1] - p;
            r = ((d[i] - g) * s) + (2 * c * b);
            p = s * r;
            d[i + 1] = g + p;
            g = (c * r) - b;
            rotations.Add(i, i + 1, c, -s);
        }

        d[l] -= p;
        e[l] = g;
        e[m] = 0;
    }
}
