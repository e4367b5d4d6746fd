using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>What becomes of random words on their way to memory.</summary>
internal interface IFinish
{
    Vector512<uint> Of(Vector512<uint> bits);
}

/// <summary>
/// Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC11), laid out as MLX does it, so that the same key gives the same bits: for n words, counter
/// pair (i, i + ceil(n / 2)) gives word i and word i + ceil(n / 2); an odd middle word comes from
/// the pair (n / 2, 0).
/// </summary>
internal static unsafe class Threefry
{
    private const uint Parity = 0x1BD11BDA;

    /// <summary>One pair of words.</summary>
    public static (uint First, uint Second) Hash(uint key0, uint key1, uint x0, uint x1)
    {
        var v = Hash(
            Vector512.Create(key0), Vector512.Create(key1),
            Vector512.Create(x0), Vector512.Create(x1));
        return (v.First.ToScalar(), v.Second.ToScalar());
    }

    /// <summary>
    /// Fills <paramref name="bytes"/> bytes at <paramref name="to"/>. What is left of the last word
    /// is dropped.
    /// </summary>
    public static void Fill<TFinish>(uint key0, uint key1, byte* to, long bytes, TFinish finish)
        where TFinish : struct, IFinish
    {
        var words = (bytes + 3) / 4;
        var half = words / 2;
        var body = new Body<TFinish>(key0, key1, to, bytes, half, words - half, finish);
        ParallelFor.Run(half, 4096, body);
        if (words % 2 != 0)
        {
            var odd = Vector512.Create(Hash(key0, key1, (uint)half, 0).First);
            Store(finish.Of(odd), to, half, bytes, 1);
        }
    }

    private readonly struct Body<TFinish>(
        uint key0, uint key1, byte* to, long bytes, long half, long shift, TFinish finish)
        : IRangeBody
        where TFinish : struct, IFinish
    {
        public void Run(long start, long end)
        {
            var (k0, k1) = (Vector512.Create(key0), Vector512.Create(key1));
            var lanes = Vector512<uint>.Indices;
            var i = start;

            // Two blocks at a time: each chain alone would wait for its own results.
            for (; i + 32 <= end && 4 * (i + 32 + shift) <= bytes; i += 32)
            {
                var a0 = Vector512.Create((uint)i) + lanes;
                var a1 = Vector512.Create((uint)(i + shift)) + lanes;
                var sixteen = Vector512.Create(16u);
                var (a, b, c, d) = Hash(k0, k1, a0, a1, a0 + sixteen, a1 + sixteen);
                finish.Of(a).Store((uint*)to + i);
                finish.Of(c).Store((uint*)to + i + 16);
                finish.Of(b).Store((uint*)to + i + shift);
                finish.Of(d).Store((uint*)to + i + shift + 16);
            }

            for (; i < end; i += 16)
            {
                var n = (int)Math.Min(16, end - i);
                var (a, b) = Hash(
                    k0, k1, Vector512.Create((uint)i) + lanes,
                    Vector512.Create((uint)(i + shift)) + lanes);
                Store(finish.Of(a), to, i, 4 * half, n);
                Store(finish.Of(b), to, i + shift, bytes, n);
            }
        }
    }

    /// <summary>The first <paramref name="n"/> words, but nothing beyond the end.</summary>
    private static void Store(Vector512<uint> v, byte* to, long word, long bytes, int n) =>
        Buffer.MemoryCopy(
            &v, to + 4 * word, bytes - 4 * word, Math.Min(4 * n, bytes - 4 * word));

    private static (Vector512<uint> First, Vector512<uint> Second) Hash(
        Vector512<uint> k0, Vector512<uint> k1, Vector512<uint> x0, Vector512<uint> x1)
    {
        var (a, b, _, _) = Hash(k0, k1, x0, x1, x0, x1);
        return (a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint>, Vector512<uint>, Vector512<uint>, Vector512<uint>) Hash(
        Vector512<uint> k0, Vector512<uint> k1,
        Vector512<uint> a0, Vector512<uint> a1, Vector512<uint> b0, Vector512<uint> b1)
    {
        var k2 = k0 ^ k1 ^ Vector512.Create(Parity);
        a0 += k0;
        a1 += k1;
        b0 += k0;
        b1 += k1;
        Even(ref a0, ref a1, ref b0, ref b1);
        Inject(ref a0, ref a1, ref b0, ref b1, k1, k2, 1);
        Odd(ref a0, ref a1, ref b0, ref b1);
        Inject(ref a0, ref a1, ref b0, ref b1, k2, k0, 2);
        Even(ref a0, ref a1, ref b0, ref b1);
        Inject(ref a0, ref a1, ref b0, ref b1, k0, k1, 3);
        Odd(ref a0, ref a1, ref b0, ref b1);
        Inject(ref a0, ref a1, ref b0, ref b1, k1, k2, 4);
        Even(ref a0, ref a1, ref b0, ref b1);
        Inject(ref a0, ref a1, ref b0, ref b1, k2, k0, 5);
        return (a0, a1, b0, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Even(
        ref Vector512<uint> a0, ref Vector512<uint> a1,
        ref Vector512<uint> b0, ref Vector512<uint> b1)
    {
        Round(ref a0, ref a1, ref b0, ref b1, 13);
        Round(ref a0, ref a1, ref b0, ref b1, 15);
        Round(ref a0, ref a1, ref b0, ref b1, 26);
        Round(ref a0, ref a1, ref b0, ref b1, 6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Odd(
        ref Vector512<uint> a0, ref Vector512<uint> a1,
        ref Vector512<uint> b0, ref Vector512<uint> b1)
    {
        Round(ref a0, ref a1, ref b0, ref b1, 17);
        Round(ref a0, ref a1, ref b0, ref b1, 29);
        Round(ref a0, ref a1, ref b0, ref b1, 16);
        Round(ref a0, ref a1, ref b0, ref b1, 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Vector512<uint> a0, ref Vector512<uint> a1,
        ref Vector512<uint> b0, ref Vector512<uint> b1, [ConstantExpected] byte r)
    {
        a0 += a1;
        b0 += b1;
        a1 = Rotate(a1, r) ^ a0;
        b1 = Rotate(b1, r) ^ b0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rotate(Vector512<uint> v, [ConstantExpected] byte r) =>
        Avx512F.IsSupported ? Avx512F.RotateLeft(v, r) : (v << r) | (v >>> (32 - r));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inject(
        ref Vector512<uint> a0, ref Vector512<uint> a1,
        ref Vector512<uint> b0, ref Vector512<uint> b1,
        Vector512<uint> k0, Vector512<uint> k1, uint round)
    {
        var last = k1 + Vector512.Create(round);
        a0 += k0;
        a1 += last;
        b0 += k0;
        b1 += last;
    }
}
