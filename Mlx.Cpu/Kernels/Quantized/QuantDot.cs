using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// Few vectors times the rows of a quantized matrix: y[m, n] = sum_k x[m, k] w[n, k], each weight
/// read once. Because w = code * scale + bias in a group, a dot product is the sum over groups of
/// scale * (x . codes) + bias * sum(x), and the sums of x are the same for all rows.
/// <para>
/// The fast loop takes sixteen words of codes at a time; code i of every word makes one vector, so
/// x is laid out beforehand in that order, and decoding is a shift and a table look-up (4 bits) or
/// a shift and a conversion (8 bits).
/// </para>
/// </summary>
internal static unsafe class QuantDot
{
    /// <summary>Vectors that one pass over the weights serves.</summary>
    public const int MaxVectors = 8;

    private const int Words = 16;

    /// <summary>Adds nothing: writes y, whose rows are <paramref name="yRow"/> apart.</summary>
    public static void Run(
        int m, long n, QuantMatrix w, float* x, float* y, long yRow)
    {
        var format = w.Format;
        using var sums = new Scratch(m * w.Groups * sizeof(float));
        for (var i = 0; i < m; i++)
        {
            for (long g = 0; g < w.Groups; g++)
            {
                float sum = 0;
                var group = x + i * w.Columns + g * format.GroupSize;
                for (var j = 0; j < format.GroupSize; j++)
                {
                    sum += group[j];
                }

                sums.Floats[i * w.Groups + g] = sum;
            }
        }

        var grain = Math.Max(1, 65536 / w.Columns);
        var perWord = 32 / format.Bits;
        var wordsPerGroup = format.GroupSize / perWord;
        var block = (long)Words * perWord;
        var fast = Vector512.IsHardwareAccelerated && Avx512F.IsSupported
            && (format.Bits == 4 || format is { Bits: 8, IsAffine: true })
            && w.Columns % block == 0 && wordsPerGroup is 4 or 8 or 16 or 32;
        if (!fast)
        {
            ParallelFor.Run(n, grain, new PlainRows(m, w, x, y, yRow));
            return;
        }

        using var ordered = new Scratch(m * w.Columns * sizeof(float));
        Order(x, ordered.Floats, m * w.Columns, perWord);
        var rows = new FastRows(m, w, ordered.Floats, sums.Floats, y, yRow, wordsPerGroup);
        ParallelFor.Run(n, grain, rows);
    }

    /// <summary>Element i of every word of a block side by side.</summary>
    private static void Order(float* x, float* to, long count, int perWord)
    {
        for (long at = 0; at < count; at += Words * perWord)
        {
            for (var i = 0; i < perWord; i++)
            {
                for (var word = 0; word < Words; word++)
                {
                    *to++ = x[at + word * perWord + i];
                }
            }
        }
    }

    /// <summary>Any format: a row is decoded, then multiplied with each vector.</summary>
    private readonly struct PlainRows(int m, QuantMatrix w, float* x, float* y, long yRow)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            using var row = new Scratch(w.Columns * sizeof(float));
            using var parameters = new Scratch(2 * w.Groups * sizeof(float));
            for (; start < end; start++)
            {
                w.DecodeRow(start, parameters.Floats, row.Floats);
                for (var i = 0; i < m; i++)
                {
                    y[i * yRow + start] = System.Numerics.Tensors.TensorPrimitives.Dot(
                        new ReadOnlySpan<float>(x + i * w.Columns, (int)w.Columns),
                        new ReadOnlySpan<float>(row.Floats, (int)w.Columns));
                }
            }
        }
    }

    private readonly struct FastRows(
        int m, QuantMatrix w, float* x, float* sums, float* y, long yRow, int wordsPerGroup)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            using var parameters = new Scratch((2 * w.Groups + Words) * sizeof(float));
            var scales = parameters.Floats;
            var biases = scales + w.Groups + Words;
            for (; start < end; start++)
            {
                w.Scales(start, scales);
                if (w.Format.IsAffine)
                {
                    w.Biases(start, biases);
                }

                var codes = (uint*)(w.Codes + start * w.RowBytes);
                for (var i = 0; i < m; i += 4)
                {
                    switch (m - i)
                    {
                        case 1: Dots<One>(codes, scales, biases, i, start); break;
                        case 2: Dots<Two>(codes, scales, biases, i, start); break;
                        case 3: Dots<Three>(codes, scales, biases, i, start); break;
                        default: Dots<Four>(codes, scales, biases, i, start); break;
                    }
                }
            }
        }

        /// <summary>Up to four vectors at once, so that their sums stay in registers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Dots<TCount>(uint* codes, float* scales, float* biases, int first, long n)
            where TCount : struct, ICount
        {
            var k = w.Columns;
            var (x0, g0) = ((nint)(x + first * k), (nint)(sums + first * w.Groups));
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
            if (w.Format.Bits == 4)
            {
                var table = Vector512.Create(w.Format.Table4);
                var groupsPerBlock = Words / wordsPerGroup;
                var end = codes + k / 8;
                for (var p = (float*)x0; codes < end; codes += Words, p += 8 * Words)
                {
                    var word = Vector512.Load(codes).AsInt32();
                    var scale = Spread(scales, wordsPerGroup);
                    scales += groupsPerBlock;
                    Vector512<float> d0 = default, d1 = default, d2 = default, d3 = default;
                    for (var i = 0; i < 8; i++)
                    {
                        var c = Avx512F.PermuteVar16x32(table, word);
                        word = word >>> 4;
                        var q = p + i * Words;
                        d0 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q), d0);
                        if (TCount.Value > 1)
                        {
                            d1 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + k), d1);
                        }

                        if (TCount.Value > 2)
                        {
                            d2 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + 2 * k), d2);
                        }

                        if (TCount.Value > 3)
                        {
                            d3 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + 3 * k), d3);
                        }
                    }

                    a0 = Vector512.FusedMultiplyAdd(d0, scale, a0);
                    a1 = Vector512.FusedMultiplyAdd(d1, scale, a1);
                    a2 = Vector512.FusedMultiplyAdd(d2, scale, a2);
                    a3 = Vector512.FusedMultiplyAdd(d3, scale, a3);
                }
            }
            else
            {
                var mask = Vector512.Create(255);
                var end = codes + k / 4;
                var word0 = 0;
                for (var p = (float*)x0; codes < end; codes += Words, p += 4 * Words)
                {
                    var word = Vector512.Load(codes).AsInt32();
                    var scale = wordsPerGroup == 32
                        ? Vector512.Create(scales[word0 / 32])
                        : Spread(scales + word0 / wordsPerGroup, wordsPerGroup);
                    word0 += Words;
                    Vector512<float> d0 = default, d1 = default, d2 = default, d3 = default;
                    for (var i = 0; i < 4; i++)
                    {
                        var c = Vector512.ConvertToSingle(word & mask);
                        word = word >>> 8;
                        var q = p + i * Words;
                        d0 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q), d0);
                        if (TCount.Value > 1)
                        {
                            d1 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + k), d1);
                        }

                        if (TCount.Value > 2)
                        {
                            d2 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + 2 * k), d2);
                        }

                        if (TCount.Value > 3)
                        {
                            d3 = Vector512.FusedMultiplyAdd(c, Vector512.Load(q + 3 * k), d3);
                        }
                    }

                    a0 = Vector512.FusedMultiplyAdd(d0, scale, a0);
                    a1 = Vector512.FusedMultiplyAdd(d1, scale, a1);
                    a2 = Vector512.FusedMultiplyAdd(d2, scale, a2);
                    a3 = Vector512.FusedMultiplyAdd(d3, scale, a3);
                }
            }

            var target = y + first * yRow + n;
            for (var i = 0; i < TCount.Value; i++)
            {
                var lanes = i switch { 0 => a0, 1 => a1, 2 => a2, _ => a3 };
                var offset = w.Format.IsAffine
                    ? System.Numerics.Tensors.TensorPrimitives.Dot(
                        new ReadOnlySpan<float>(biases, (int)w.Groups),
                        new ReadOnlySpan<float>((float*)g0 + i * w.Groups, (int)w.Groups))
                    : 0;
                target[i * yRow] = Vector512.Sum(lanes) + offset;
            }
        }

        /// <summary>The scale that belongs to each of sixteen words.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> Spread(float* scales, int wordsPerGroup) =>
            wordsPerGroup switch
            {
                16 => Vector512.Create(*scales),
                8 => Vector512.Create(Vector256.Create(scales[0]), Vector256.Create(scales[1])),
                _ => Vector512.Create(
                    Vector256.Create(Vector128.Create(scales[0]), Vector128.Create(scales[1])),
                    Vector256.Create(Vector128.Create(scales[2]), Vector128.Create(scales[3]))),
            };
    }

    private interface ICount
    {
        static abstract int Value { get; }
    }

    private readonly struct One : ICount
    {
        public static int Value => 1;
    }

    private readonly struct Two : ICount
    {
        public static int Value => 2;
    }

    private readonly struct Three : ICount
    {
        public static int Value => 3;
    }

    private readonly struct Four : ICount
    {
        public static int Value => 4;
    }
}
