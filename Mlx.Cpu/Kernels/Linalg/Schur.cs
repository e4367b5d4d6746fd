using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Eigenvalues and right eigenvectors of any square matrix: Hessenberg form, then implicit QR with
/// single shifts to the complex Schur form A = Z T Z^H (Golub and Van Loan 7.5), then
/// back-substitution. Real matrices go the same way; their conjugate pairs are restored at the end.
/// </summary>
internal static unsafe class Schur
{
    private const double Epsilon = 2.2e-16;

    /// <summary>Column k of <paramref name="vectors"/> (if not null) belongs to value k.</summary>
    public static bool Eigen(Complex* a, int n, bool isReal, Complex* values, Complex* vectors)
    {
        using var z = new Scratch<Complex>(vectors == null ? 0 : (long)n * n);
        var basis = vectors == null ? null : z.Data;
        if (basis != null)
        {
            ComplexFactors.Identity(basis, n);
        }

        Hessenberg(a, n, basis);
        if (!Iterate(a, n, basis))
        {
            return false;
        }

        for (var k = 0; k < n; k++)
        {
            values[k] = a[((long)k * n) + k];
        }

        if (vectors != null)
        {
            BackSubstitute(a, basis, n, vectors);
        }

        if (isReal)
        {
            RestorePairs(Largest(a, n), n, values, vectors);
        }

        return true;
    }

    private static void Hessenberg(Complex* a, int n, Complex* z)
    {
        var v = new Complex[n];
        for (var k = 0; k < n - 2; k++)
        {
            var x = v.AsSpan(0, n - k - 1);
            for (var i = 0; i < x.Length; i++)
            {
                x[i] = a[((long)(k + 1 + i) * n) + k];
                a[((long)(k + 1 + i) * n) + k] = Complex.Zero;
            }

            var (beta, tau) = ComplexHouseholder.Reflect(x);
            a[((long)(k + 1) * n) + k] = beta;
            ComplexHouseholder.FromLeft(x, tau, a + ((long)(k + 1) * n) + k + 1, n, n - k - 1);
            ComplexHouseholder.FromRight(x, tau, a + k + 1, n, n);
            if (z != null)
            {
                ComplexHouseholder.FromRight(x, tau, z + k + 1, n, n);
            }
        }
    }

    private static bool Iterate(Complex* h, int n, Complex* z)
    {
        var iteration = 0;
        for (var hi = n - 1; hi > 0;)
        {
            var l = hi;
            while (l > 0 && Size(h[((long)l * n) + l - 1]) > Epsilon
                   * (Size(h[((long)(l - 1) * n) + l - 1]) + Size(h[((long)l * n) + l])))
            {
                l--;
            }

            if (l > 0)
            {
                h[((long)l * n) + l - 1] = Complex.Zero;
            }

            if (l == hi)
            {
                (hi, iteration) = (hi - 1, 0);
                continue;
            }

            if (++iteration > 300)
            {
                return false;
            }

            Sweep(h, n, l, hi, Shift(h, n, hi, iteration % 10 == 0), z);
        }

        return true;
    }

    /// <summary>The eigenvalue of the last 2 by 2 block that is nearer to its corner.</summary>
    private static Complex Shift(Complex* h, int n, int hi, bool exceptional)
    {
        var a = h[((long)(hi - 1) * n) + hi - 1];
        var b = h[((long)(hi - 1) * n) + hi];
        var c = h[((long)hi * n) + hi - 1];
        var d = h[((long)hi * n) + hi];
        if (exceptional)
        {
            return d + Size(c);
        }

        var t = (a - d) / 2;
        var s = Complex.Sqrt((t * t) + (b * c));
        var (plus, minus) = (t + s, t - s);
        var larger = Size(plus) >= Size(minus) ? plus : minus;
        return larger == Complex.Zero ? d : d - (b * c / larger);
    }

    /// <summary>One implicit QR step on rows and columns l to hi, chasing the bulge down.</summary>
    private static void Sweep(Complex* h, int n, int l, int hi, Complex shift, Complex* z)
    {
        for (var k = l; k < hi; k++)
        {
            var (upper, lower) = ((long)k * n, (long)(k + 1) * n);
            var x = k == l ? h[upper + l] - shift : h[upper + k - 1];
            var y = k == l ? h[lower + l] : h[lower + k - 1];
            var (c, s) = Givens(x, y);
            for (var j = k == l ? l : k - 1; j < n; j++)
            {
                var (p, q) = (h[upper + j], h[lower + j]);
                h[upper + j] = (c * p) + (s * q);
                h[lower + j] = (c * q) - (Complex.Conjugate(s) * p);
            }

            if (k > l)
            {
                h[lower + k - 1] = Complex.Zero;
            }

            TurnColumns(h, n, Math.Min(k + 2, hi) + 1, k, c, s);
            if (z != null)
            {
                TurnColumns(z, n, n, k, c, s);
            }
        }
    }

    private static void TurnColumns(Complex* a, int n, int rows, int k, double c, Complex s)
    {
        for (var i = 0; i < rows; i++)
        {
            var line = a + ((long)i * n) + k;
            var (p, q) = (line[0], line[1]);
            line[0] = (c * p) + (Complex.Conjugate(s) * q);
            line[1] = (c * q) - (s * p);
        }
    }

    private static (double C, Complex S) Givens(Complex x, Complex y)
    {
        var (ax, ay) = (Complex.Abs(x), Complex.Abs(y));
        if (ay == 0)
        {
            return (1, Complex.Zero);
        }

        if (ax == 0)
        {
            return (0, Complex.Conjugate(y) / ay);
        }

        var r = double.Hypot(ax, ay);
        return (ax / r, x / ax * Complex.Conjugate(y) / r);
    }

    private static void BackSubstitute(Complex* t, Complex* z, int n, Complex* vectors)
    {
        var least = Math.Max(Largest(t, n) * Epsilon, 1e-300);
        var y = new Complex[n];
        for (var k = 0; k < n; k++)
        {
            var value = t[((long)k * n) + k];
            y[k] = Complex.One;
            for (var i = k - 1; i >= 0; i--)
            {
                var sum = Complex.Zero;
                for (var j = i + 1; j <= k; j++)
                {
                    sum += t[((long)i * n) + j] * y[j];
                }

                var gap = t[((long)i * n) + i] - value;
                y[i] = -sum / (Size(gap) < least ? least : gap);
            }

            Store(z, n, k, y, vectors);
        }
    }

    /// <summary>
    /// Column k = Z y, of length one, its largest component real as LAPACK has it.
    /// </summary>
    private static void Store(Complex* z, int n, int k, Complex[] y, Complex* vectors)
    {
        var (length, largest) = (0.0, Complex.Zero);
        for (var i = 0; i < n; i++)
        {
            var sum = Complex.Zero;
            for (var j = 0; j <= k; j++)
            {
                sum += z[((long)i * n) + j] * y[j];
            }

            vectors[((long)i * n) + k] = sum;
            length = double.Hypot(length, Complex.Abs(sum));
            largest = Complex.Abs(sum) > Complex.Abs(largest) * (1 + 1e-10) ? sum : largest;
        }

        var scale = Complex.Conjugate(largest) / Complex.Abs(largest) / length;
        for (var i = 0; i < n; i++)
        {
            vectors[((long)i * n) + k] *= scale;
        }
    }

    /// <summary>
    /// A real matrix has real eigenvalues and conjugate pairs; rounding has left them nearly so.
    /// Pairs stand together, the one above the real axis first.
    /// </summary>
    private static void RestorePairs(double norm, int n, Complex* values, Complex* vectors)
    {
        var (above, below) = (0, 0);
        for (var k = 0; k < n; k++)
        {
            if (Math.Abs(values[k].Imaginary) <= 8 * n * Epsilon * norm)
            {
                values[k] = values[k].Real;
            }

            above += values[k].Imaginary > 0 ? 1 : 0;
            below += values[k].Imaginary < 0 ? 1 : 0;
        }

        if (above != below)
        {
            return;
        }

        var sources = new List<(int Column, Complex Value)>(n);
        for (var k = 0; k < n; k++)
        {
            if (values[k].Imaginary >= 0)
            {
                sources.Add((k, values[k]));
            }

            if (values[k].Imaginary > 0)
            {
                sources.Add((~k, Complex.Conjugate(values[k])));
            }
        }

        var row = new Complex[n];
        for (var i = 0; vectors != null && i < n; i++)
        {
            var line = new Span<Complex>(vectors + ((long)i * n), n);
            line.CopyTo(row);
            for (var k = 0; k < n; k++)
            {
                var from = sources[k].Column;
                line[k] = from >= 0 ? row[from] : Complex.Conjugate(row[~from]);
            }
        }

        for (var k = 0; k < n; k++)
        {
            values[k] = sources[k].Value;
        }
    }

    private static double Largest(Complex* a, int n)
    {
        var largest = 0.0;
        for (long i = 0; i < (long)n * n; i++)
        {
            largest = Math.Max(largest, Size(a[i]));
        }

        return largest;
    }

    private static double Size(Complex z) => Math.Abs(z.Real) + Math.Abs(z.Imaginary);
}
