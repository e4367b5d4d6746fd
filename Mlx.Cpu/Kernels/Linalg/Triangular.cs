using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>Systems with a triangular matrix, and its inverse, in blocks of rows.</summary>
internal static unsafe class Triangular
{
    /// <summary>
    /// B (n by <paramref name="columns"/>) becomes T^-1 B. With <paramref name="identity"/> B is
    /// the identity, and the zeros it keeps are not computed.
    /// </summary>
    public static void Solve<T>(
        T* t, int n, bool upper, bool unit, T* b, int columns, bool identity)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var negated = new Scratch<T>(n > Blocks.Width ? (long)n * Blocks.Width : 0);
        var blocks = (n + Blocks.Width - 1) / Blocks.Width;
        for (var step = 0; step < blocks; step++)
        {
            var from = (upper ? blocks - 1 - step : step) * Blocks.Width;
            var to = Math.Min(from + Blocks.Width, n);

            // The rows solved before, and the columns of them that are not zero.
            var (first, count) = upper ? (to, n - to) : (0, from);
            if (count > 0)
            {
                var (left, wide) = identity ? (first, count) : (0, columns);
                Blocks.Negate(
                    t + ((long)from * n) + first, n, negated.Data, to - from, count);
                Blocks.Multiply(
                    to - from, wide, count, new(negated.Data, count, 1),
                    new(b + ((long)first * columns) + left, columns, 1),
                    b + ((long)from * columns) + left, columns, true);
            }

            var (start, length) = !identity ? (0, columns)
                : upper ? (from, columns - from) : (0, to);
            SolveBlock(t, n, from, to, upper, unit, b + start, columns, length);
        }
    }

    private static void SolveBlock<T>(
        T* t, int n, int from, int to, bool upper, bool unit, T* b, int row, int length)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var step = from; step < to; step++)
        {
            var i = upper ? to - 1 - (step - from) : step;
            var line = t + ((long)i * n);
            var target = b + ((long)i * row);
            for (var q = upper ? i + 1 : from; q < (upper ? to : i); q++)
            {
                if (line[q] != T.Zero)
                {
                    Lines.Add(-line[q], b + ((long)q * row), target, length);
                }
            }

            if (!unit)
            {
                var pivot = line[i];
                for (var j = 0; j < length; j++)
                {
                    target[j] /= pivot;
                }
            }
        }
    }

    /// <summary>
    /// T^-1 into <paramref name="inverse"/>, zero in the other triangle. Answers the number (from
    /// 1) of the first zero on the diagonal, or 0.
    /// </summary>
    public static int Invert<T>(T* t, T* inverse, int n, bool upper)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < n; i++)
        {
            if (t[((long)i * n) + i] == T.Zero)
            {
                return i + 1;
            }
        }

        Blocks.Identity(inverse, n, n);
        Solve(t, n, upper, unit: false, inverse, n, identity: true);
        return 0;
    }
}
