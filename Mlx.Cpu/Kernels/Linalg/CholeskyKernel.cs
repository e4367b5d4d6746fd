using System.Numerics;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>A = L L^T, right-looking in blocks of columns, over the lower triangle.</summary>
internal static unsafe class CholeskyKernel
{
    /// <summary>
    /// Factors in place. At a pivot that is not positive it stops and leaves the rest as it is,
    /// as LAPACK's potrf and so MLX does. The upper triangle is not touched.
    /// </summary>
    public static void Factor<T>(T* a, int n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int Strip = 256;
        using var negated = new Scratch<T>(n > Blocks.Width ? (long)n * Blocks.Width : 0);
        for (var j = 0; j < n; j += Blocks.Width)
        {
            var end = Math.Min(j + Blocks.Width, n);
            if (!FactorBlock(a, n, j, end))
            {
                return;
            }

            var (rest, width) = (n - end, end - j);
            if (rest == 0)
            {
                return;
            }

            ParallelFor.Run(rest, 16, new Rows<T>(a, n, j, end));
            Blocks.Negate(a + ((long)end * n) + j, n, negated.Data, rest, width);
            for (var c = 0; c < rest; c += Strip)
            {
                var below = end + c;
                Blocks.Multiply(
                    rest - c, Math.Min(Strip, rest - c), width,
                    new(negated.Data + ((long)c * width), width, 1),
                    new(a + ((long)below * n) + j, 1, n),
                    a + ((long)below * n) + below, n, true);
            }
        }
    }

    private static bool FactorBlock<T>(T* a, int n, int from, int to)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var c = from; c < to; c++)
        {
            var row = a + ((long)c * n);
            var pivot = row[c] - Lines.Dot(row + from, row + from, c - from);
            if (!(pivot > T.Zero))
            {
                row[c] = pivot;
                return false;
            }

            pivot = T.Sqrt(pivot);
            row[c] = pivot;
            for (var i = c + 1; i < to; i++)
            {
                var line = a + ((long)i * n);
                line[c] = (line[c] - Lines.Dot(line + from, row + from, c - from)) / pivot;
            }
        }

        return true;
    }

    /// <summary>Rows below a factored block: L21 = A21 L11^-T.</summary>
    private readonly struct Rows<T>(T* a, int n, int from, int to) : IRangeBody
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        public void Run(long start, long end)
        {
            for (var i = to + start; i < to + end; i++)
            {
                var line = a + (i * n);
                for (var c = from; c < to; c++)
                {
                    var row = a + ((long)c * n);
                    line[c] = (line[c] - Lines.Dot(line + from, row + from, c - from)) / row[c];
                }
            }
        }
    }
}
