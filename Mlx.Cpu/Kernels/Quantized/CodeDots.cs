using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// Dot products of vectors with the codes of a quantized matrix. Because w = code * scale + bias
/// in a group, a dot product is the sum over groups of scale * (x . codes) + bias * sum(x), and the
/// sums of x are the same for all rows.
/// </summary>
/// <remarks>
/// A block is sixteen words of codes. Code i of every word makes one vector, so x is laid out
/// beforehand in that order, and decoding costs a mask and a conversion, or a shift and a look-up.
/// </remarks>
internal static unsafe class CodeDots<TCodes>
    where TCodes : struct, IWordCodes
{
    private const int Words = CodeTile<TCodes>.Words;

    /// <summary>Rows whose scales and biases are made floats at once.</summary>
    private const int Strip = 16;

    private static int BlockCodes => Words * TCodes.PerWord;

    /// <summary>Whether rows are whole blocks, and whole words share a scale.</summary>
    public static bool Serves(QuantMatrix w) =>
        Avx512F.IsSupported && w.Columns % BlockCodes == 0
        && w.Format.GroupSize / TCodes.PerWord is 4 or 8 or 16 or 32;

    /// <summary>y[i * yRow + j] for i below m and j below n, in chunks of whole rows.</summary>
    public static void Run(
        int m, long n, QuantMatrix w, float* x, float* y, long yRow, long grain)
    {
        var groups = Padded(w.Groups);
        using var ordered = new Scratch(m * w.Columns * sizeof(float));
        using var sums = new Scratch(m * groups * sizeof(float));
        for (var i = 0; i < m; i++)
        {
            Order(x + i * w.Columns, w.Columns, ordered.Floats + i * w.Columns);
            SumGroups(x + i * w.Columns, w, sums.Floats + i * groups);
        }

        var tile = new CodeTile<TCodes>(w, ordered.Floats, sums.Floats, groups);
        ParallelFor.Run(n, grain, new Rows(m, w, tile, y, yRow));
    }

    /// <summary>Groups as vectors are loaded from them: what is past the end is zero.</summary>
    private static long Padded(long groups) => (groups + Words - 1) / Words * Words;

    /// <summary>Element i of every word of a block side by side, as light as its code is heavy.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Order(float* x, long count, float* to)
    {
        for (var end = x + count; x < end; x += BlockCodes)
        {
            for (var i = 0; i < TCodes.PerWord; i++)
            {
                var weight = TCodes.Weight(i);
                for (var word = 0; word < Words; word++)
                {
                    *to++ = x[word * TCodes.PerWord + i] * weight;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumGroups(float* x, QuantMatrix w, float* sums)
    {
        for (long g = 0; g < Padded(w.Groups); g++)
        {
            float sum = 0;
            for (var j = 0; g < w.Groups && j < w.Format.GroupSize; j++)
            {
                sum += *x++;
            }

            sums[g] = sum;
        }
    }

    private readonly struct Rows(int m, QuantMatrix w, CodeTile<TCodes> tile, float* y, long yRow)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var size = Strip * w.Groups + Words;
            using var parameters = new Scratch(2 * size * sizeof(float));
            var scales = parameters.Floats;
            var biases = scales + size;
            for (; start < end; start += Strip)
            {
                var rows = Math.Min(Strip, end - start);
                w.Scales(start, rows, scales);
                if (w.Format.IsAffine)
                {
                    w.Biases(start, rows, biases);
                }

                for (long row = 0; row < rows; row += 2)
                {
                    // A last row without a neighbour is its own.
                    var next = Math.Min(row + 1, rows - 1) - row;
                    var offset = row * w.Groups;
                    Dots(start + row, next, scales + offset, biases + offset);
                }
            }
        }

        private void Dots(long row, long next, float* scales, float* biases)
        {
            var i = 0;
            var to = y + row;
            for (; i <= m - 4; i += 4)
            {
                tile.Dot<N4>(row, next, scales, biases, i, to + i * yRow, yRow);
            }

            for (; i <= m - 2; i += 2)
            {
                tile.Dot<N2>(row, next, scales, biases, i, to + i * yRow, yRow);
            }

            if (i < m)
            {
                tile.Dot<N1>(row, next, scales, biases, i, to + i * yRow, yRow);
            }
        }
    }
}
