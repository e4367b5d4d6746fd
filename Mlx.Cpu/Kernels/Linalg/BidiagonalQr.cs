using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Implicit shifted QR on an upper bidiagonal matrix with diagonal s and superdiagonal e (Golub
/// and Van Loan 8.6, the four cases of LINPACK's svdc). Scalars are double in any case.
/// </summary>
internal static unsafe class BidiagonalQr
{
    private const double Tiny = 1e-291;

    /// <summary>Makes s the singular values, not negative, in no order.</summary>
    public static bool Run<T>(
        double* s, double* e, int n, ref Rotations<T> left, ref Rotations<T> right, double epsilon)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var iterations = 0;
        for (var p = n; p > 0;)
        {
            // The last block [k, p) without a negligible e.
            var k = p - 1;
            while (k > 0
                && Math.Abs(e[k - 1]) > Tiny + (epsilon * (Math.Abs(s[k - 1]) + Math.Abs(s[k]))))
            {
                k--;
            }

            if (k > 0)
            {
                e[k - 1] = 0;
            }

            if (k == p - 1)
            {
                if (s[k] < 0)
                {
                    s[k] = -s[k];
                    right.Negate(k);
                }

                (p, iterations) = (p - 1, 0);
                continue;
            }

            if (++iterations > 100)
            {
                return false;
            }

            var zero = NegligibleDiagonal(s, e, k, p, epsilon);
            if (zero == p - 1)
            {
                s[zero] = 0;
                ChaseUp(s, e, k, p, ref right);
            }
            else if (zero >= 0)
            {
                s[zero] = 0;
                ChaseRight(s, e, zero, p, ref left);
            }
            else
            {
                Step(s, e, k, p, ref left, ref right);
            }
        }

        return true;
    }

    private static int NegligibleDiagonal(double* s, double* e, int k, int p, double epsilon)
    {
        for (var i = p - 1; i >= k; i--)
        {
            var around = (i < p - 1 ? Math.Abs(e[i]) : 0) + (i > k ? Math.Abs(e[i - 1]) : 0);
            if (Math.Abs(s[i]) <= Tiny + (epsilon * epsilon * around))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>s[p-1] is zero: rotates e[p-2] away through the columns.</summary>
    private static void ChaseUp<T>(double* s, double* e, int k, int p, ref Rotations<T> right)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var f = e[p - 2];
        e[p - 2] = 0;
        for (var j = p - 2; j >= k; j--)
        {
            var (t, c, sn) = Givens(s[j], f);
            s[j] = t;
            if (j > k)
            {
                f = -sn * e[j - 1];
                e[j - 1] *= c;
            }

            right.Add(j, p - 1, c, sn);
        }
    }

    /// <summary>s[zero] is zero: rotates e[zero] away through the rows.</summary>
    private static void ChaseRight<T>(double* s, double* e, int zero, int p, ref Rotations<T> left)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var f = e[zero];
        e[zero] = 0;
        for (var j = zero + 1; j < p; j++)
        {
            var (t, c, sn) = Givens(s[j], f);
            s[j] = t;
            f = -sn * e[j];
            e[j] *= c;
            left.Add(j, zero, c, sn);
        }
    }

    private static void Step<T>(
        double* s, double* e, int k, int p, ref Rotations<T> left, ref Rotations<T> right)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // The eigenvalue of the last 2 by 2 block of B^T B that is nearer to its corner.
        var scale = Math.Max(
            Math.Max(Math.Max(Math.Abs(s[p - 1]), Math.Abs(s[p - 2])), Math.Abs(e[p - 2])),
            Math.Max(Math.Abs(s[k]), Math.Abs(e[k])));
        var (sp, spm1, epm1) = (s[p - 1] / scale, s[p - 2] / scale, e[p - 2] / scale);
        var (sk, ek) = (s[k] / scale, e[k] / scale);
        var b = (((spm1 + sp) * (spm1 - sp)) + (epm1 * epm1)) / 2;
        var c2 = sp * epm1 * (sp * epm1);
        var shift = b != 0 || c2 != 0
            ? c2 / (b + Math.CopySign(Math.Sqrt((b * b) + c2), b))
            : 0;
        var (f, g) = (((sk + sp) * (sk - sp)) + shift, sk * ek);
        for (var j = k; j < p - 1; j++)
        {
            var (t, c, sn) = Givens(f, g);
            if (j > k)
            {
                e[j - 1] = t;
            }

            f = (c * s[j]) + (sn * e[j]);
            e[j] = (c * e[j]) - (sn * s[j]);
            g = sn * s[j + 1];
            s[j + 1] *= c;
            right.Add(j, j + 1, c, sn);

            (t, c, sn) = Givens(f, g);
            s[j] = t;
            f = (c * e[j]) + (sn * s[j + 1]);
            s[j + 1] = (c * s[j + 1]) - (sn * e[j]);
            g = sn * e[j + 1];
            e[j + 1] *= c;
            left.Add(j, j + 1, c, sn);
        }

        e[p - 2] = f;
    }

    private static (double R, double C, double S) Givens(double f, double g)
    {
        var r = double.Hypot(f, g);
        return r == 0 ? (0, 1, 0) : (r, f / r, g / r);
    }
}
