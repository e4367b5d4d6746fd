using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Hermitian eigenproblems and singular values of complex matrices: reduced to a real tridiagonal
/// or bidiagonal matrix, and from there on as the real ones. Their rotations are real, so they
/// turn rows of n complex numbers as rows of 2n real ones.
/// </summary>
internal static unsafe class ComplexFactors
{
    /// <summary>
    /// As <see cref="Tridiagonal.Eigen"/>; row i of the vectors belongs to value i.
    /// </summary>
    public static bool Eigen(Complex* a, int n, double* values, Complex* vectors)
    {
        using var e = new Scratch<double>(n);
        using var q = new Scratch<Complex>((long)n * n);
        Identity(q.Data, n);
        var v = new Complex[n];
        for (var k = 0; k < n; k++)
        {
            values[k] = a[((long)k * n) + k].Real;
            var rest = n - k - 1;
            if (rest == 0)
            {
                break;
            }

            var x = v.AsSpan(0, rest);
            var block = a + ((long)(k + 1) * n) + k + 1;
            for (var i = 0; i < rest; i++)
            {
                x[i] = a[((long)(k + 1 + i) * n) + k];
            }

            (e.Data[k], var tau) = ComplexHouseholder.Reflect(x);
            ComplexHouseholder.FromLeft(x, tau, block, n, rest);
            ComplexHouseholder.FromRight(x, tau, block, n, rest);
            ComplexHouseholder.FromRight(x, tau, q.Data + k + 1, n, n);
        }

        if (vectors != null)
        {
            Blocks.Transpose(q.Data, vectors, n, n);
        }

        var rotations = new Rotations<double>((double*)vectors, n, 2L * n);
        var converged = Tridiagonal.ImplicitQl(
            values, e.Data, n, ref rotations, Tridiagonal.Epsilon<double>());
        rotations.Finish();
        Sorting.Ascending(values, n, vectors, n);
        return converged;
    }

    /// <summary>
    /// As <see cref="Bidiagonal.Decompose"/>: m >= n, and rows of u and v become the columns of U
    /// and V in A = U diag(values) V^H.
    /// </summary>
    public static bool Decompose(Complex* a, int m, int n, double* values, Complex* u, Complex* v)
    {
        using var e = new Scratch<double>(n + 1, clear: true);
        using var left = new Scratch<Complex>((long)m * m);
        using var right = new Scratch<Complex>((long)n * n);
        Identity(left.Data, m);
        Identity(right.Data, n);
        var buffer = new Complex[m];
        for (var k = 0; k < n; k++)
        {
            var x = buffer.AsSpan(0, m - k);
            for (var i = 0; i < x.Length; i++)
            {
                x[i] = a[((long)(k + i) * n) + k];
            }

            (values[k], var tau) = ComplexHouseholder.Reflect(x);
            ComplexHouseholder.FromRight(x, tau, left.Data + k, m, m);
            var rest = n - k - 1;
            if (rest == 0)
            {
                break;
            }

            ComplexHouseholder.FromLeft(x, tau, a + ((long)k * n) + k + 1, n, rest);
            var y = buffer.AsSpan(0, rest);
            for (var j = 0; j < rest; j++)
            {
                y[j] = Complex.Conjugate(a[((long)k * n) + k + 1 + j]);
            }

            (e.Data[k], tau) = ComplexHouseholder.Reflect(y);
            ComplexHouseholder.FromRight(y, tau, a + ((long)(k + 1) * n) + k + 1, n, m - k - 1);
            ComplexHouseholder.FromRight(y, tau, right.Data + k + 1, n, n);
        }

        if (u != null)
        {
            Blocks.Transpose(left.Data, u, m, m);
            Blocks.Transpose(right.Data, v, n, n);
        }

        var leftRotations = new Rotations<double>((double*)u, n, 2L * m);
        var rightRotations = new Rotations<double>((double*)v, n, 2L * n);
        var converged = BidiagonalQr.Run(
            values, e.Data, n, ref leftRotations, ref rightRotations,
            Tridiagonal.Epsilon<double>());
        leftRotations.Finish();
        rightRotations.Finish();
        Sorting.Descending(values, n, u, m, v, n);
        return converged;
    }

    public static void Identity(Complex* a, int n)
    {
        new Span<Complex>(a, checked(n * n)).Clear();
        for (var i = 0; i < n; i++)
        {
            a[((long)i * n) + i] = Complex.One;
        }
    }
}
