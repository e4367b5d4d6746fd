using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// The product of one vector of half precision with 4-bit integers, in integers: x of a group is
/// s (128 h + l) with bytes h and l and a power of two s, so that codes need no conversion, and 128
/// of them take four multiplications.
/// </summary>
/// <remarks>
/// 14 bits hold the 8 of a bfloat16 whole down to 2^-6 of the largest in its group; what is rounded
/// off below is at most 2^-14 of that one, a thirtieth of what the result is rounded by.
/// </remarks>
internal static unsafe class IntegerDots
{
    /// <summary>Codes of a block: sixteen words.</summary>
    private const int Block = 128;

    /// <summary>Bytes of x that meet a block: h of its even and odd codes, l of them, and s of each
    /// word.</summary>
    private const int BlockBytes = 5 * 64;

    private const int Words = 16;

    /// <summary>Rows whose scales and biases are made floats at once.</summary>
    private const int Strip = 16;

    /// <summary>How far ahead codes are fetched: see <see cref="CodeTile{TCodes}"/>.</summary>
    private const long Ahead = 4096;

    /// <summary>Bits of h and l together, without a sign.</summary>
    private const int Bits = 13;

    /// <summary>Whether rows are whole blocks, and whole words share a scale.</summary>
    public static bool Serves(QuantMatrix w) =>
        Avx512BW.IsSupported && w.Columns % Block == 0
        && w.Format is { Bits: 4, IsAffine: true, GroupSize: 32 or 64 or 128 };

    /// <summary>
    /// Writes y[j] for j below n, in chunks of whole rows; false where x is not finite, and nothing
    /// was written.
    /// </summary>
    public static bool TryRun(long n, QuantMatrix w, float* x, float* y, long grain)
    {
        using var parts = new Scratch(w.Columns / Block * BlockBytes);
        using var sums = new Scratch((w.Groups + Words) * sizeof(float));
        new Span<float>(sums.Floats, (int)w.Groups + Words).Clear();
        if (!Divide(w, x, parts.Pointer, sums.Floats))
        {
            return false;
        }

        ParallelFor.Run(n, grain, new Rows(w, parts.Pointer, sums.Floats, y));
        return true;
    }

    /// <summary>Divides x into bytes, and sums its groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Divide(QuantMatrix w, float* x, byte* parts, float* sums)
    {
        var size = w.Format.GroupSize;
        for (long g = 0; g < w.Groups; g++)
        {
            var group = x + g * size;
            Vector512<float> sum = default, most = default;
            for (var i = 0; i < size; i += 16)
            {
                var v = Vector512.Load(group + i);
                sum += v;
                most = Vector512.Max(most, Vector512.Abs(v));
            }

            sums[g] = Vector512.Sum(sum);
            if (!float.IsFinite(sums[g]))
            {
                return false;
            }

            var largest = Math.Max(
                MaxOf(most.GetLower()), MaxOf(most.GetUpper()));

            // The power of two above the largest; what is too small for its inverse is nothing.
            var above = largest < 1e-30f ? 0 : MathF.ILogB(largest) + 1;
            var scale = largest < 1e-30f ? 0 : MathF.ScaleB(1, above - Bits);
            var inverse = Vector512.Create(largest < 1e-30f ? 0 : MathF.ScaleB(1, Bits - above));
            for (var i = 0; i < size; i += 32)
            {
                var at = g * size + i;
                var block = parts + at / Block * BlockBytes;
                var within = (int)(at % Block) / 2;
                Divide32(group + i, inverse, block + within);
                var s = (float*)(block + 4 * 64) + at % Block / 8;
                Vector128.Create(scale).Store(s);
            }
        }

        return true;
    }

    private static float MaxOf(Vector256<float> v)
    {
        var m = Vector128.Max(v.GetLower(), v.GetUpper());
        return Math.Max(Math.Max(m[0], m[1]), Math.Max(m[2], m[3]));
    }

    /// <summary>32 elements: the even ones and the odd ones, 16 bytes of h and 16 of l each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Divide32(float* x, Vector512<float> inverse, byte* to)
    {
        var (first, second) = (Vector512.Load(x), Vector512.Load(x + 16));
        var even = Vector512<int>.Indices << 1;
        Bytes(Avx512F.PermuteVar16x32x2(first, even, second) * inverse, to);
        Bytes(Avx512F.PermuteVar16x32x2(first, even + Vector512<int>.One, second) * inverse, to + 64);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(Vector512<float> x, byte* to)
    {
        var whole = Avx512F.ConvertToVector512Int32(x);
        var high = (whole + Vector512.Create(64)) >> 7;
        var low = whole - (high << 7);
        Avx512F.ConvertToVector128SByte(high).Store((sbyte*)to);
        Avx512F.ConvertToVector128SByte(low).Store((sbyte*)to + 128);
    }

    private readonly struct Rows(QuantMatrix w, byte* parts, float* sums, float* y) : IRangeBody
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
                w.Biases(start, rows, biases);
                for (long row = 0; row < rows; row += 2)
                {
                    // A last row without a neighbour is its own.
                    var next = Math.Min(row + 1, rows - 1) - row;
                    var offset = row * w.Groups;
                    Dot(start + row, next, scales + offset, biases + offset);
                }
            }
        }

        /// <summary>Two rows, which share what they load of x.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void Dot(long row, long next, float* scales, float* biases)
        {
            var nextGroups = next * w.Groups;
            var groupBits = BitOperations.Log2((uint)w.Format.GroupSize / 8);
            var spread = Vector512<int>.Indices >>> groupBits;
            var codes = w.Codes + row * w.RowBytes;
            var nextCodes = codes + next * w.RowBytes;
            var nibbles = Vector512.Create(0x0F0F0F0Fu);
            var heavy = Vector512.Create((short)128);
            var light = Vector512.Create((short)1);
            Vector512<float> a = default, b = default;
            var p = parts;
            long word = 0;
            for (long at = 0; at < w.RowBytes; at += 64, word += Words, p += BlockBytes)
            {
                Sse.Prefetch0(codes + at + Ahead);
                Sse.Prefetch0(nextCodes + at + Ahead);
                var evenHigh = Vector512.Load((sbyte*)p);
                var oddHigh = Vector512.Load((sbyte*)p + 64);
                var evenLow = Vector512.Load((sbyte*)p + 128);
                var oddLow = Vector512.Load((sbyte*)p + 192);
                var s = Vector512.Load((float*)(p + 256));
                var words = Vector512.Load((uint*)(codes + at));
                var nextWords = Vector512.Load((uint*)(nextCodes + at));
                var scale = scales + (word >> groupBits);
                var scale0 = Avx512F.PermuteVar16x32(Vector512.Load(scale), spread) * s;
                var scale1 = Avx512F.PermuteVar16x32(Vector512.Load(scale + nextGroups), spread) * s;
                var c = Sum(
                    (words & nibbles).AsByte(), ((words >>> 4) & nibbles).AsByte(),
                    evenHigh, oddHigh, evenLow, oddLow, heavy, light);
                var d = Sum(
                    (nextWords & nibbles).AsByte(), ((nextWords >>> 4) & nibbles).AsByte(),
                    evenHigh, oddHigh, evenLow, oddLow, heavy, light);
                a = Vector512.FusedMultiplyAdd(c, scale0, a);
                b = Vector512.FusedMultiplyAdd(d, scale1, b);
            }

            for (long g = 0; g < w.Groups; g += Words)
            {
                // What lies past the row belongs to others, who may not be numbers.
                var own = Vector512.LessThan(
                    Vector512<int>.Indices, Vector512.Create((int)(w.Groups - g))).AsSingle();
                var sum = Vector512.Load(sums + g);
                a = Vector512.FusedMultiplyAdd(Vector512.Load(biases + g) & own, sum, a);
                b = Vector512.FusedMultiplyAdd(
                    Vector512.Load(biases + nextGroups + g) & own, sum, b);
            }

            y[row] = Vector512.Sum(a);
            y[row + next] = Vector512.Sum(b);
        }

        /// <summary>The sums of the words of a block, below 2^24 and so exact as floats.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> Sum(
            Vector512<byte> even, Vector512<byte> odd, Vector512<sbyte> evenHigh,
            Vector512<sbyte> oddHigh, Vector512<sbyte> evenLow, Vector512<sbyte> oddLow,
            Vector512<short> heavy, Vector512<short> light)
        {
            var high = Avx512BW.MultiplyAddAdjacent(even, evenHigh)
                + Avx512BW.MultiplyAddAdjacent(odd, oddHigh);
            var low = Avx512BW.MultiplyAddAdjacent(even, evenLow)
                + Avx512BW.MultiplyAddAdjacent(odd, oddLow);
            return Vector512.ConvertToSingle(
                Avx512BW.MultiplyAddAdjacent(high, heavy)
                + Avx512BW.MultiplyAddAdjacent(low, light));
        }
    }
}
