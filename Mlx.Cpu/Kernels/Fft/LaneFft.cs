using System.Collections.Concurrent;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels.Fft;

/// <summary>
/// Sixteen complex transforms of one length at a time, one a lane: element p of all of them is a
/// block of sixteen real parts followed by sixteen imaginary parts. No shuffles, and every radix is
/// as easy to vectorise as any other; moving rows into lanes and back is the caller's.
/// <para>Stockham's self-sorting form: stages read one buffer and write the other.</para>
/// </summary>
internal sealed unsafe class LaneFft
{
    public const int Lanes = 16;

    /// <summary>Floats of one element of all lanes.</summary>
    public const int Block = 2 * Lanes;

    /// <summary>
    /// The largest prime for which a direct butterfly is worth its square of work.
    /// </summary>
    private const int LargestPrime = 13;

    private static readonly ConcurrentDictionary<int, LaneFft> Plans = new();

    private readonly int[] radices;

    /// <summary>
    /// For each stage, w^(p k) for p below m and k below the radix: cosine, sine.
    /// </summary>
    private readonly float[][] twiddles;

    /// <summary>For each stage of an odd radix, the radix-th roots of unity.</summary>
    private readonly float[][] roots;

    private LaneFft(int length, int[] radices)
    {
        Length = length;
        this.radices = radices;
        twiddles = new float[radices.Length][];
        roots = new float[radices.Length][];
        var n = length;
        for (var s = 0; s < radices.Length; s++)
        {
            var r = radices[s];
            var m = n / r;
            twiddles[s] = new float[2 * m * r];
            for (var p = 0; p < m; p++)
            {
                for (var k = 0; k < r; k++)
                {
                    Root((long)p * k, n, twiddles[s].AsSpan(2 * (p * r + k)));
                }
            }

            roots[s] = new float[2 * r];
            for (var k = 0; k < r; k++)
            {
                Root(k, r, roots[s].AsSpan(2 * k));
            }

            n = m;
        }
    }

    public int Length { get; }

    /// <summary>The plan for a length without large prime factors; null for others.</summary>
    public static LaneFft? For(int length)
    {
        if (Plans.TryGetValue(length, out var known))
        {
            return known;
        }

        return Factor(length) is { } radices
            ? Plans.GetOrAdd(length, new LaneFft(length, radices))
            : null;
    }

    /// <summary>exp(-2 pi i k / n), computed in double.</summary>
    public static void Root(long k, long n, Span<float> to)
    {
        var (sin, cos) = Math.SinCos(-2 * Math.PI * (k % n) / n);
        to[0] = (float)cos;
        to[1] = (float)sin;
    }

    /// <summary>
    /// Transforms <paramref name="x"/>, using <paramref name="y"/>; answers the one of the two that
    /// holds the result. The inverse (without its factor 1/n) swaps the parts on the way in and
    /// out.
    /// </summary>
    public float* Run(float* x, float* y, bool inverse)
    {
        var (n, stride) = (Length, 1);
        var (re, im) = inverse ? (Lanes, 0) : (0, Lanes);
        for (var s = 0; s < radices.Length; s++)
        {
            var r = radices[s];
            var m = n / r;
            fixed (float* w = twiddles[s], u = roots[s])
            {
                switch (r)
                {
                    case 4: Radix4(x, y, m, stride, w, re, im); break;
                    case 2: Radix2(x, y, m, stride, w, re, im); break;
                    case 3: Radix3(x, y, m, stride, w, re, im); break;
                    default: RadixOdd(x, y, r, m, stride, w, u, re, im); break;
                }
            }

            var t = x;
            x = y;
            y = t;
            n = m;
            stride *= r;
        }

        return x;
    }

    private static int[]? Factor(int n)
    {
        var found = new List<int>();
        foreach (var r in (ReadOnlySpan<int>)[4, 2, 3, 5, 7, 11, LargestPrime])
        {
            for (; n % r == 0; n /= r)
            {
                found.Add(r);
            }
        }

        return n == 1 ? [.. found] : null;
    }

    private static void Store(
        float* to, Vector512<float> a, Vector512<float> b, float* w, int re, int im)
    {
        var (c, s) = (Vector512.Create(w[0]), Vector512.Create(w[1]));
        (a * c - b * s).Store(to + re);
        (a * s + b * c).Store(to + im);
    }

    private static void Radix2(
        float* x, float* y, int m, int stride, float* w, int re, int im)
    {
        for (var p = 0; p < m; p++, w += 4)
        {
            for (var q = 0; q < stride; q++)
            {
                var a = x + (long)(q + stride * p) * Block;
                var b = a + (long)stride * m * Block;
                var to = y + (long)(q + stride * 2 * p) * Block;
                var (ar, ai) = (Vector512.Load(a + re), Vector512.Load(a + im));
                var (br, bi) = (Vector512.Load(b + re), Vector512.Load(b + im));
                (ar + br).Store(to + re);
                (ai + bi).Store(to + im);
                Store(to + (long)stride * Block, ar - br, ai - bi, w + 2, re, im);
            }
        }
    }

    private static void Radix3(
        float* x, float* y, int m, int stride, float* w, int re, int im)
    {
        var half = Vector512.Create(0.5f);
        var sin60 = Vector512.Create(0.8660254037844386f);
        for (var p = 0; p < m; p++, w += 6)
        {
            for (var q = 0; q < stride; q++)
            {
                var step = (long)stride * m * Block;
                var a = x + (long)(q + stride * p) * Block;
                var b = a + step;
                var c = a + 2 * step;
                var to = y + (long)(q + stride * 3 * p) * Block;
                var next = (long)stride * Block;
                var (ar, ai) = (Vector512.Load(a + re), Vector512.Load(a + im));
                var (br, bi) = (Vector512.Load(b + re), Vector512.Load(b + im));
                var (cr, ci) = (Vector512.Load(c + re), Vector512.Load(c + im));
                var (sr, si) = (br + cr, bi + ci);
                var (dr, di) = ((br - cr) * sin60, (bi - ci) * sin60);
                var (mr, mi) = (ar - half * sr, ai - half * si);
                (ar + sr).Store(to + re);
                (ai + si).Store(to + im);
                Store(to + next, mr + di, mi - dr, w + 2, re, im);
                Store(to + 2 * next, mr - di, mi + dr, w + 4, re, im);
            }
        }
    }

    private static void Radix4(
        float* x, float* y, int m, int stride, float* w, int re, int im)
    {
        for (var p = 0; p < m; p++, w += 8)
        {
            for (var q = 0; q < stride; q++)
            {
                var step = (long)stride * m * Block;
                var a = x + (long)(q + stride * p) * Block;
                var b = a + step;
                var c = a + 2 * step;
                var d = a + 3 * step;
                var to = y + (long)(q + stride * 4 * p) * Block;
                var next = (long)stride * Block;
                var (ar, ai) = (Vector512.Load(a + re), Vector512.Load(a + im));
                var (br, bi) = (Vector512.Load(b + re), Vector512.Load(b + im));
                var (cr, ci) = (Vector512.Load(c + re), Vector512.Load(c + im));
                var (dr, di) = (Vector512.Load(d + re), Vector512.Load(d + im));
                var (er, ei) = (ar + cr, ai + ci);
                var (fr, fi) = (ar - cr, ai - ci);
                var (gr, gi) = (br + dr, bi + di);
                var (hr, hi) = (br - dr, bi - di);
                (er + gr).Store(to + re);
                (ei + gi).Store(to + im);
                Store(to + next, fr + hi, fi - hr, w + 2, re, im);
                Store(to + 2 * next, er - gr, ei - gi, w + 4, re, im);
                Store(to + 3 * next, fr - hi, fi + hr, w + 6, re, im);
            }
        }
    }

    /// <summary>Any radix by the definition.</summary>
    private static void RadixOdd(
        float* x, float* y, int r, int m, int stride, float* w, float* roots, int re, int im)
    {
        for (var p = 0; p < m; p++, w += 2 * r)
        {
            for (var q = 0; q < stride; q++)
            {
                var step = (long)stride * m * Block;
                var a = x + (long)(q + stride * p) * Block;
                var to = y + (long)(q + stride * r * p) * Block;
                for (var k = 0; k < r; k++, to += (long)stride * Block)
                {
                    var sumRe = Vector512.Load(a + re);
                    var sumIm = Vector512.Load(a + im);
                    for (var j = 1; j < r; j++)
                    {
                        var u = roots + 2 * (j * k % r);
                        var (c, s) = (Vector512.Create(u[0]), Vector512.Create(u[1]));
                        var (br, bi) = (
                            Vector512.Load(a + j * step + re), Vector512.Load(a + j * step + im));
                        sumRe += br * c - bi * s;
                        sumIm += br * s + bi * c;
                    }

                    Store(to, sumRe, sumIm, w + 2 * k, re, im);
                }
            }
        }
    }
}
