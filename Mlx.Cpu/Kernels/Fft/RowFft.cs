using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Fft;

/// <summary>
/// Transforms of rows of complex numbers of any length. Short rows go sixteen at a time through
/// <see cref="LaneFft"/>. A long row is seen as a matrix of n1 rows and n2 columns: transforms down
/// the columns, twiddles, transforms along the rows (the four-step method), so that its own columns
/// fill the lanes. Lengths with large prime factors become a convolution of a power of two
/// (Bluestein).
/// </summary>
internal static unsafe class RowFft
{
    /// <summary>
    /// Beyond this a group of sixteen rows no longer fits the second-level cache.
    /// </summary>
    private const int LongRow = 4096;

    /// <summary>
    /// <paramref name="count"/> rows, side by side, in place; without any factor.
    /// </summary>
    public static void Run(Complex64* rows, long count, int n, bool inverse)
    {
        if (n <= 1 || count == 0)
        {
            return;
        }

        var lanes = LaneFft.For(n);
        if (lanes is null)
        {
            for (long i = 0; i < count; i++)
            {
                Bluestein.For(n).Run(rows + i * n, inverse);
            }
        }
        else if (Split(n) is var (n1, n2) && n1 > 1 && (n > LongRow || count < 4 && n >= 256))
        {
            for (long i = 0; i < count; i++)
            {
                FourStep(rows + i * n, n1, n2, inverse);
            }
        }
        else
        {
            var grain = Math.Max(1, 4096 / n);
            ParallelFor.Run(
                (count + LaneFft.Lanes - 1) / LaneFft.Lanes, grain,
                new RowGroups(lanes, rows, count, inverse));
        }
    }

    /// <summary>Factors of n as near to each other as they come; 1 if n is prime.</summary>
    private static (int, int) Split(int n)
    {
        for (var d = (int)Math.Sqrt(n); d > 1; d--)
        {
            if (n % d == 0)
            {
                return (d, n / d);
            }
        }

        return (1, n);
    }

    private static void FourStep(Complex64* row, int n1, int n2, bool inverse)
    {
        var n = n1 * n2;
        using var turned = new Scratch((long)n * sizeof(Complex64));
        var t = (Complex64*)turned.Pointer;
        const int lanes = LaneFft.Lanes;
        ParallelFor.Run((n2 + lanes - 1) / lanes, 1, new Columns(row, t, n1, n2, inverse));
        ParallelFor.Run((n1 + lanes - 1) / lanes, 1, new Rows(t, row, n1, n2, inverse));
    }

    /// <summary>Down the columns i2: row[i1 n2 + i2] to t[i2 n1 + k1], with twiddles.</summary>
    private readonly struct Columns(Complex64* row, Complex64* t, int n1, int n2, bool inverse)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var plan = LaneFft.For(n1)!;
            using var x = new Scratch((long)n1 * LaneFft.Block * sizeof(float));
            using var y = new Scratch((long)n1 * LaneFft.Block * sizeof(float));
            for (; start < end; start++)
            {
                var first = (int)start * LaneFft.Lanes;
                var width = Math.Min(LaneFft.Lanes, n2 - first);
                for (var i = 0; i < n1; i++)
                {
                    var from = (Complex64*)row + (long)i * n2 + first;
                    LaneMoves.In(from, 1, width, x.Floats + (long)i * LaneFft.Block);
                }

                var result = plan.Run(x.Floats, y.Floats, inverse);
                for (var lane = 0; lane < width; lane++)
                {
                    Turn(result + lane, t + (long)(first + lane) * n1, first + lane);
                }
            }
        }

        /// <summary>One column out of its lane, times w^(k1 i2).</summary>
        private void Turn(float* from, Complex64* to, int column)
        {
            // The root is advanced in double and set anew every 64 steps: exact to float.
            var (sin1, cos1) = Math.SinCos(-2 * Math.PI * column / ((double)n1 * n2));
            var (c, s) = (1.0, 0.0);
            sin1 = inverse ? -sin1 : sin1;
            for (var k = 0; k < n1; k++, from += LaneFft.Block)
            {
                if ((k & 63) == 0)
                {
                    (s, c) = Math.SinCos(
                        (inverse ? 2 : -2) * Math.PI * ((double)column * k / ((double)n1 * n2)));
                }

                var (re, im) = (from[0], from[LaneFft.Lanes]);
                to[k] = new Complex64(
                    re * (float)c - im * (float)s, re * (float)s + im * (float)c);
                (c, s) = (c * cos1 - s * sin1, c * sin1 + s * cos1);
            }
        }
    }

    /// <summary>Along the rows k1: t[i2 n1 + k1] to row[k2 n1 + k1].</summary>
    private readonly struct Rows(Complex64* t, Complex64* row, int n1, int n2, bool inverse)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var plan = LaneFft.For(n2)!;
            using var x = new Scratch((long)n2 * LaneFft.Block * sizeof(float));
            using var y = new Scratch((long)n2 * LaneFft.Block * sizeof(float));
            for (; start < end; start++)
            {
                var first = (int)start * LaneFft.Lanes;
                var width = Math.Min(LaneFft.Lanes, n1 - first);
                for (var i = 0; i < n2; i++)
                {
                    var from = t + (long)i * n1 + first;
                    LaneMoves.In(from, 1, width, x.Floats + (long)i * LaneFft.Block);
                }

                var result = plan.Run(x.Floats, y.Floats, inverse);
                for (var k = 0; k < n2; k++)
                {
                    LaneMoves.Out(
                        result + (long)k * LaneFft.Block, row + (long)k * n1 + first, 1, width);
                }
            }
        }
    }

    private readonly struct RowGroups(LaneFft plan, Complex64* rows, long count, bool inverse)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var n = plan.Length;
            using var x = new Scratch((long)n * LaneFft.Block * sizeof(float));
            using var y = new Scratch((long)n * LaneFft.Block * sizeof(float));
            for (; start < end; start++)
            {
                var first = start * LaneFft.Lanes;
                var width = (int)Math.Min(LaneFft.Lanes, count - first);
                var group = rows + first * n;
                for (var i = 0; i < n; i++)
                {
                    LaneMoves.In(group + i, n, width, x.Floats + (long)i * LaneFft.Block);
                }

                var result = plan.Run(x.Floats, y.Floats, inverse);
                for (var i = 0; i < n; i++)
                {
                    LaneMoves.Out(result + (long)i * LaneFft.Block, group + i, n, width);
                }
            }
        }
    }
}

/// <summary>Between interleaved complex numbers and lanes.</summary>
internal static unsafe class LaneMoves
{
    public static void In(Complex64* from, long stride, int width, float* to)
    {
        for (var lane = 0; lane < width; lane++, from += stride)
        {
            to[lane] = from->Re;
            to[LaneFft.Lanes + lane] = from->Im;
        }

        for (var lane = width; lane < LaneFft.Lanes; lane++)
        {
            to[lane] = 0;
            to[LaneFft.Lanes + lane] = 0;
        }
    }

    public static void Out(float* from, Complex64* to, long stride, int width)
    {
        for (var lane = 0; lane < width; lane++, to += stride)
        {
            *to = new Complex64(from[lane], from[LaneFft.Lanes + lane]);
        }
    }
}
