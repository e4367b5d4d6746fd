using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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
/// Two rows share what they load of x.
/// </remarks>
internal static unsafe class CodeDots<TCodes>
    where TCodes : struct, IWordCodes
{
    private const int Words = 16;

    /// <summary>
    /// How far ahead codes are fetched, in words: a page, as far as no processor looks by itself
    /// in two short streams, and long enough before they are needed.
    /// </summary>
    private const int Ahead = 1024;

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
        using var ordered = new Scratch(m * w.Columns * sizeof(float));
        using var sums = new Scratch(m * Padded(w.Groups) * sizeof(float));
        for (var i = 0; i < m; i++)
        {
            Order(x + i * w.Columns, w.Columns, ordered.Floats + i * w.Columns);
            SumGroups(x + i * w.Columns, w, sums.Floats + i * Padded(w.Groups));
        }

        ParallelFor.Run(n, grain, new Rows(m, w, ordered.Floats, sums.Floats, y, yRow));
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
                var weight = MathF.ScaleB(1, -i * TCodes.Shift);
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

    private readonly struct Rows(
        int m, QuantMatrix w, float* x, float* sums, float* y, long yRow) : IRangeBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            for (; i <= m - 4; i += 4)
            {
                Dot<N4>(row, next, scales, biases, i);
            }

            for (; i <= m - 2; i += 2)
            {
                Dot<N2>(row, next, scales, biases, i);
            }

            if (i < m)
            {
                Dot<N1>(row, next, scales, biases, i);
            }
        }

        /// <summary>Two rows and up to four vectors, whose sums stay in registers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Dot<TVectors>(
            long row, long next, float* scales, float* biases, int first)
            where TVectors : struct, IConstant
        {
            var (k, groups) = (w.Columns, Padded(w.Groups));
            var nextGroups = next * w.Groups;
            var g = sums + first * groups;
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
            Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default;
            for (long j = 0; w.Format.IsAffine && j < w.Groups; j += Words)
            {
                // What lies past the row belongs to others, who may not be numbers.
                var own = Vector512.LessThan(
                    Vector512<int>.Indices, Vector512.Create((int)(w.Groups - j))).AsSingle();
                var a = Vector512.Load(biases + j) & own;
                var b = Vector512.Load(biases + nextGroups + j) & own;
                Add<TVectors>(0, g + j, a, b, ref a0, ref b0);
                Add<TVectors>(1, g + groups + j, a, b, ref a1, ref b1);
                Add<TVectors>(2, g + 2 * groups + j, a, b, ref a2, ref b2);
                Add<TVectors>(3, g + 3 * groups + j, a, b, ref a3, ref b3);
            }

            var table = Vector512.Create(w.Format.Table4);
            var groupBits = BitOperations.Log2((uint)(w.Format.GroupSize / TCodes.PerWord));
            var spread = Vector512<int>.Indices >>> groupBits;
            var codes0 = (uint*)(w.Codes + row * w.RowBytes);
            var codes1 = (uint*)(w.Codes + (row + next) * w.RowBytes);
            var p = x + first * k;
            for (long word = 0; word < k / TCodes.PerWord; word += Words)
            {
                Sse.Prefetch0(codes0 + word + Ahead);
                Sse.Prefetch0(codes1 + word + Ahead);
                var words0 = Vector512.Load(codes0 + word);
                var words1 = Vector512.Load(codes1 + word);
                Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
                Vector512<float> d0 = default, d1 = default, d2 = default, d3 = default;
                Multiply<TVectors>(
                    0, words0, words1, table, p, k,
                    ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                Multiply<TVectors>(
                    1, words0, words1, table, p, k,
                    ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                Multiply<TVectors>(
                    2, words0, words1, table, p, k,
                    ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                Multiply<TVectors>(
                    3, words0, words1, table, p, k,
                    ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                if (TCodes.PerWord == 8)
                {
                    Multiply<TVectors>(
                        4, words0, words1, table, p, k,
                        ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                    Multiply<TVectors>(
                        5, words0, words1, table, p, k,
                        ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                    Multiply<TVectors>(
                        6, words0, words1, table, p, k,
                        ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                    Multiply<TVectors>(
                        7, words0, words1, table, p, k,
                        ref c0, ref c1, ref c2, ref c3, ref d0, ref d1, ref d2, ref d3);
                }

                p += BlockCodes;
                var scale = scales + (word >> groupBits);
                var s0 = Avx512F.PermuteVar16x32(Vector512.Load(scale), spread);
                var s1 = Avx512F.PermuteVar16x32(Vector512.Load(scale + nextGroups), spread);
                Scale<TVectors>(0, c0, d0, s0, s1, ref a0, ref b0);
                Scale<TVectors>(1, c1, d1, s0, s1, ref a1, ref b1);
                Scale<TVectors>(2, c2, d2, s0, s1, ref a2, ref b2);
                Scale<TVectors>(3, c3, d3, s0, s1, ref a3, ref b3);
            }

            var to = y + first * yRow;
            Store<TVectors>(0, a0, b0, to, row, row + next);
            Store<TVectors>(1, a1, b1, to + yRow, row, row + next);
            Store<TVectors>(2, a2, b2, to + 2 * yRow, row, row + next);
            Store<TVectors>(3, a3, b3, to + 3 * yRow, row, row + next);
        }
    }

    /// <summary>Code i of every word, against up to four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TVectors>(
        int i, Vector512<uint> words0, Vector512<uint> words1, Vector512<float> table,
        float* x, long k,
        ref Vector512<float> c0, ref Vector512<float> c1,
        ref Vector512<float> c2, ref Vector512<float> c3,
        ref Vector512<float> d0, ref Vector512<float> d1,
        ref Vector512<float> d2, ref Vector512<float> d3)
        where TVectors : struct, IConstant
    {
        var c = TCodes.Decode(words0, table, i);
        var d = TCodes.Decode(words1, table, i);
        x += i * Words;
        Add<TVectors>(0, x, c, d, ref c0, ref d0);
        Add<TVectors>(1, x + k, c, d, ref c1, ref d1);
        Add<TVectors>(2, x + 2 * k, c, d, ref c2, ref d2);
        Add<TVectors>(3, x + 3 * k, c, d, ref c3, ref d3);
    }

    /// <summary>What both rows add to a vector's sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TVectors>(
        int vector, float* x, Vector512<float> row0, Vector512<float> row1,
        ref Vector512<float> sum0, ref Vector512<float> sum1)
        where TVectors : struct, IConstant
    {
        if (vector < TVectors.Value)
        {
            var y = Vector512.Load(x);
            sum0 = Vector512.FusedMultiplyAdd(row0, y, sum0);
            sum1 = Vector512.FusedMultiplyAdd(row1, y, sum1);
        }
    }

    /// <summary>A block's sums, times the scales of its words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale<TVectors>(
        int vector, Vector512<float> block0, Vector512<float> block1,
        Vector512<float> scale0, Vector512<float> scale1,
        ref Vector512<float> sum0, ref Vector512<float> sum1)
        where TVectors : struct, IConstant
    {
        if (vector < TVectors.Value)
        {
            sum0 = Vector512.FusedMultiplyAdd(block0, scale0, sum0);
            sum1 = Vector512.FusedMultiplyAdd(block1, scale1, sum1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVectors>(
        int vector, Vector512<float> sum0, Vector512<float> sum1, float* y, long row0, long row1)
        where TVectors : struct, IConstant
    {
        if (vector < TVectors.Value)
        {
            y[row0] = Vector512.Sum(sum0);
            y[row1] = Vector512.Sum(sum1);
        }
    }
}
