using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// P A = L U with partial pivoting, right-looking in blocks of columns (LAPACK's getrf), over rows.
/// </summary>
internal static unsafe class Lu
{
    /// <summary>
    /// Factors in place; <paramref name="pivots"/>[i] is the row exchanged with row i. Answers
    /// the number (from 1) of the first column without a pivot, or 0.
    /// </summary>
    public static int Factor<T>(T* a, int m, int n, uint* pivots)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (k, singular) = (Math.Min(m, n), 0);
        using var negated = new Scratch<T>(k > Blocks.Width ? (long)m * Blocks.Width : 0);
        for (var j = 0; j < k; j += Blocks.Width)
        {
            var width = Math.Min(Blocks.Width, k - j);
            var end = j + width;
            for (var c = j; c < end; c++)
            {
                if (!Eliminate(a, m, n, c, end, pivots) && singular == 0)
                {
                    singular = c + 1;
                }
            }

            if (end == n)
            {
                continue;
            }

            for (var i = j + 1; i < end; i++)
            {
                for (var q = j; q < i; q++)
                {
                    Lines.Add(
                        -a[((long)i * n) + q], a + ((long)q * n) + end, a + ((long)i * n) + end,
                        n - end);
                }
            }

            if (end < m)
            {
                Blocks.Negate(a + ((long)end * n) + j, n, negated.Data, m - end, width);
                Blocks.Multiply(
                    m - end, n - end, width, new(negated.Data, width, 1),
                    new(a + ((long)j * n) + end, n, 1), a + ((long)end * n) + end, n, true);
            }
        }

        return singular;
    }

    /// <summary>One column of a panel that ends before <paramref name="end"/>.</summary>
    private static bool Eliminate<T>(T* a, int m, int n, int c, int end, uint* pivots)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (best, largest) = (c, T.Abs(a[((long)c * n) + c]));
        for (var i = c + 1; i < m; i++)
        {
            var size = T.Abs(a[((long)i * n) + c]);
            if (size > largest)
            {
                (best, largest) = (i, size);
            }
        }

        pivots[c] = (uint)best;
        if (largest == T.Zero)
        {
            return false;
        }

        var row = a + ((long)c * n);
        if (best != c)
        {
            Lines.Swap(row, a + ((long)best * n), n);
        }

        for (var i = c + 1; i < m; i++)
        {
            var line = a + ((long)i * n);
            var factor = line[c] / row[c];
            line[c] = factor;
            if (factor != T.Zero)
            {
                Lines.Add(-factor, row + c + 1, line + c + 1, end - c - 1);
            }
        }

        return true;
    }

    /// <summary>
    /// A^-1 = U^-1 L^-1 P into <paramref name="inverse"/>; destroys A. Answers as
    /// <see cref="Factor"/>.
    /// </summary>
    public static int Invert<T>(T* a, T* inverse, int n)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var pivots = new Scratch<uint>(n);
        var singular = Factor(a, n, n, pivots.Data);
        if (singular != 0)
        {
            return singular;
        }

        Blocks.Identity(inverse, n, n);
        Triangular.Solve(a, n, upper: false, unit: true, inverse, n, identity: true);
        Triangular.Solve(a, n, upper: true, unit: false, inverse, n, identity: false);
        for (var i = 0; i < n; i++)
        {
            var line = inverse + ((long)i * n);
            for (var c = n - 1; c >= 0; c--)
            {
                var p = pivots.Data[c];
                (line[c], line[p]) = (line[p], line[c]);
            }
        }

        return 0;
    }
}
