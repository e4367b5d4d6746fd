using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// Two neighbouring rows of codes and up to four vectors, whose sums stay in registers: the rows
/// share what they load of x, the vectors share what is decoded.
/// </summary>
/// <param name="x">Vectors in the order of the codes, each as long as a row.</param>
/// <param name="sums">Sums of their groups, <paramref name="groups"/> apart.</param>
internal readonly unsafe struct CodeTile<TCodes>(
    QuantMatrix w, float* x, float* sums, long groups)
    where TCodes : struct, IWordCodes
{
    public const int Words = 16;

    /// <summary>
    /// How far ahead codes are fetched at least, in words: a page, as far as no processor looks by
    /// itself in short streams, and long enough before they are needed.
    /// </summary>
    private const long Page = 1024;

    private readonly long rowWords = w.Columns / TCodes.PerWord;

    /// <summary>
    /// The tile's rows are <paramref name="row"/> and the one <paramref name="next"/> further on;
    /// its vectors begin with the one of number <paramref name="first"/>.
    /// </summary>
    /// <remarks>
    /// A root of its own for the JIT: inlined into a caller, it would be too much for its budget.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Dot<TVectors>(
        long row, long next, float* scales, float* biases, int first, float* y, long yRow)
        where TVectors : struct, IConstant
    {
        var nextGroups = next * w.Groups;
        Sums a = default, b = default;
        if (w.Format.IsAffine)
        {
            AddBiases<TVectors>(biases, biases + nextGroups, sums + first * groups, ref a, ref b);
        }

        var table = Vector512.Create(w.Format.Table4);
        var groupBits = BitOperations.Log2((uint)(w.Format.GroupSize / TCodes.PerWord));
        var spread = Vector512<int>.Indices >>> groupBits;
        var codes = (uint*)(w.Codes + row * w.RowBytes);
        var nextCodes = codes + next * rowWords;
        var ahead = (Page + 2 * rowWords - 1) / (2 * rowWords) * (2 * rowWords);
        var p = x + first * w.Columns;
        for (long word = 0; word < rowWords; word += Words, p += Words * TCodes.PerWord)
        {
            Sse.Prefetch0(codes + word + ahead);
            Sse.Prefetch0(nextCodes + word + ahead);
            var words = Vector512.Load(codes + word);
            var nextWords = Vector512.Load(nextCodes + word);
            Sums c = default, d = default;
            Multiply4<TVectors>(0, words, nextWords, table, p, ref c, ref d);
            if (TCodes.PerWord == 8)
            {
                Multiply4<TVectors>(4, words, nextWords, table, p, ref c, ref d);
            }

            var scale = scales + (word >> groupBits);
            var scale0 = Avx512F.PermuteVar16x32(Vector512.Load(scale), spread);
            var scale1 = Avx512F.PermuteVar16x32(Vector512.Load(scale + nextGroups), spread);
            a.Add<TVectors>(c, scale0);
            b.Add<TVectors>(d, scale1);
        }

        a.Store<TVectors>(y, yRow);
        b.Store<TVectors>(y + next, yRow);
    }

    private void AddBiases<TVectors>(
        float* biases, float* nextBiases, float* g, ref Sums a, ref Sums b)
        where TVectors : struct, IConstant
    {
        for (long j = 0; j < w.Groups; j += Words)
        {
            // What lies past the row belongs to others, who may not be numbers.
            var own = Vector512.LessThan(
                Vector512<int>.Indices, Vector512.Create((int)(w.Groups - j))).AsSingle();
            var bias0 = Vector512.Load(biases + j) & own;
            var bias1 = Vector512.Load(nextBiases + j) & own;
            Multiply<TVectors>(bias0, bias1, g + j, groups, ref a, ref b);
        }
    }

    /// <summary>Codes i to i + 3 of every word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply4<TVectors>(
        int i, Vector512<uint> words0, Vector512<uint> words1, Vector512<float> table,
        float* p, ref Sums c, ref Sums d)
        where TVectors : struct, IConstant
    {
        MultiplyCode<TVectors>(i, words0, words1, table, p, ref c, ref d);
        MultiplyCode<TVectors>(i + 1, words0, words1, table, p, ref c, ref d);
        MultiplyCode<TVectors>(i + 2, words0, words1, table, p, ref c, ref d);
        MultiplyCode<TVectors>(i + 3, words0, words1, table, p, ref c, ref d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MultiplyCode<TVectors>(
        int i, Vector512<uint> words0, Vector512<uint> words1, Vector512<float> table,
        float* p, ref Sums c, ref Sums d)
        where TVectors : struct, IConstant =>
        Multiply<TVectors>(
            TCodes.Decode(words0, table, i), TCodes.Decode(words1, table, i),
            p + i * Words, w.Columns, ref c, ref d);

    /// <summary>What both rows add to the sums of vectors <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TVectors>(
        Vector512<float> row0, Vector512<float> row1, float* v, long stride,
        ref Sums sums0, ref Sums sums1)
        where TVectors : struct, IConstant
    {
        Multiply(row0, row1, Vector512.Load(v), ref sums0.V0, ref sums1.V0);
        if (TVectors.Value > 1)
        {
            Multiply(row0, row1, Vector512.Load(v + stride), ref sums0.V1, ref sums1.V1);
        }

        if (TVectors.Value > 2)
        {
            Multiply(row0, row1, Vector512.Load(v + 2 * stride), ref sums0.V2, ref sums1.V2);
            Multiply(row0, row1, Vector512.Load(v + 3 * stride), ref sums0.V3, ref sums1.V3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(
        Vector512<float> row0, Vector512<float> row1, Vector512<float> v,
        ref Vector512<float> sum0, ref Vector512<float> sum1)
    {
        sum0 = Vector512.FusedMultiplyAdd(row0, v, sum0);
        sum1 = Vector512.FusedMultiplyAdd(row1, v, sum1);
    }

    /// <summary>A row's sums, one a vector: four fields, as many as the JIT takes apart.</summary>
    private struct Sums
    {
        public Vector512<float> V0;
        public Vector512<float> V1;
        public Vector512<float> V2;
        public Vector512<float> V3;

        /// <summary>A block's sums, times the scales of its words.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add<TVectors>(in Sums block, Vector512<float> scale)
            where TVectors : struct, IConstant
        {
            V0 = Vector512.FusedMultiplyAdd(block.V0, scale, V0);
            if (TVectors.Value > 1)
            {
                V1 = Vector512.FusedMultiplyAdd(block.V1, scale, V1);
            }

            if (TVectors.Value > 2)
            {
                V2 = Vector512.FusedMultiplyAdd(block.V2, scale, V2);
                V3 = Vector512.FusedMultiplyAdd(block.V3, scale, V3);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store<TVectors>(float* y, long yRow)
            where TVectors : struct, IConstant
        {
            y[0] = Vector512.Sum(V0);
            if (TVectors.Value > 1)
            {
                y[yRow] = Vector512.Sum(V1);
            }

            if (TVectors.Value > 2)
            {
                y[2 * yRow] = Vector512.Sum(V2);
                y[3 * yRow] = Vector512.Sum(V3);
            }
        }
    }
}
