using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// A transpose of one matrix: to[r, c] = from[c, r], where a row of either side is contiguous and
/// <c>fromStep</c>, <c>toStep</c> lead from row to row (in elements).
/// </summary>
internal readonly unsafe struct Plane(
    long rows, long columns, long fromStep, long toStep, int width)
{
    /// <summary>Target rows moved together: a few cache lines of every source row.</summary>
    public const int Block = 128;

    /// <summary>
    /// Moves the target rows from <paramref name="row"/> on, at most a block of them.
    /// </summary>
    public void Strip(byte* from, byte* to, long row)
    {
        var n = (int)Math.Min(Block, rows - row);
        from += row * width;
        to += row * toStep * width;
        switch (width)
        {
            case 1: Strip(from, to, n, 0); break;
            case 2: Strip((ushort*)from, (ushort*)to, n, 0); break;
            case 4: Words((float*)from, (float*)to, n); break;
            default: Strip((ulong*)from, (ulong*)to, n, 0); break;
        }
    }

    private void Strip<T>(T* from, T* to, int n, long c) where T : unmanaged
    {
        const int Tile = 8;
        for (; c + Tile <= columns; c += Tile)
        {
            for (var r = 0; r < n; r++)
            {
                var source = from + c * fromStep + r;
                var target = to + r * toStep + c;
                for (var i = 0; i < Tile; i++)
                {
                    target[i] = source[i * fromStep];
                }
            }
        }

        for (; c < columns; c++)
        {
            for (var r = 0; r < n; r++)
            {
                to[r * toStep + c] = from[c * fromStep + r];
            }
        }
    }

    /// <summary>
    /// Four-byte elements, a square in registers at a time, so that whole lines are written.
    /// </summary>
    private void Words(float* from, float* to, int n)
    {
        var side = Avx512F.IsSupported ? 16 : Avx.IsSupported ? 8 : 0;
        long c = 0;
        for (; side > 0 && c + side <= columns; c += side)
        {
            var r = 0;
            for (; r + side <= n; r += side)
            {
                if (side == 16)
                {
                    Tile16(from + c * fromStep + r, to + r * toStep + c);
                }
                else
                {
                    Tile8(from + c * fromStep + r, to + r * toStep + c);
                }
            }

            for (; r < n; r++)
            {
                for (var i = 0; i < side; i++)
                {
                    to[r * toStep + c + i] = from[(c + i) * fromStep + r];
                }
            }
        }

        Strip(from, to, n, c);
    }

    /// <summary>
    /// 16 x 16: pairs and quads of source rows, then the four quarters of the lanes.
    /// </summary>
    private void Tile16(float* from, float* to)
    {
        Quads(from, out var a0, out var a1, out var a2, out var a3);
        Quads(from + 4 * fromStep, out var b0, out var b1, out var b2, out var b3);
        Quads(from + 8 * fromStep, out var c0, out var c1, out var c2, out var c3);
        Quads(from + 12 * fromStep, out var d0, out var d1, out var d2, out var d3);
        Quarters(a0, b0, c0, d0, to);
        Quarters(a1, b1, c1, d1, to + toStep);
        Quarters(a2, b2, c2, d2, to + 2 * toStep);
        Quarters(a3, b3, c3, d3, to + 3 * toStep);
    }

    /// <summary>Of four source rows, the k-th elements of each quarter side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Quads(
        float* from, out Vector512<float> k0, out Vector512<float> k1, out Vector512<float> k2,
        out Vector512<float> k3)
    {
        var (a, b) = (Vector512.Load(from), Vector512.Load(from + fromStep));
        var (c, d) = (Vector512.Load(from + 2 * fromStep), Vector512.Load(from + 3 * fromStep));
        var (ab0, ab1) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackHigh(a, b).AsDouble());
        var (cd0, cd1) = (Avx512F.UnpackLow(c, d).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
        k0 = Avx512F.UnpackLow(ab0, cd0).AsSingle();
        k1 = Avx512F.UnpackHigh(ab0, cd0).AsSingle();
        k2 = Avx512F.UnpackLow(ab1, cd1).AsSingle();
        k3 = Avx512F.UnpackHigh(ab1, cd1).AsSingle();
    }

    /// <summary>Target rows 0, 4, 8 and 12 from here: one from each quarter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Quarters(
        Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to)
    {
        const byte Even = 0x88, Odd = 0xDD;
        var (ab0, ab1) = (Avx512F.Shuffle4x128(a, b, Even), Avx512F.Shuffle4x128(a, b, Odd));
        var (cd0, cd1) = (Avx512F.Shuffle4x128(c, d, Even), Avx512F.Shuffle4x128(c, d, Odd));
        Avx512F.Shuffle4x128(ab0, cd0, Even).Store(to);
        Avx512F.Shuffle4x128(ab1, cd1, Even).Store(to + 4 * toStep);
        Avx512F.Shuffle4x128(ab0, cd0, Odd).Store(to + 8 * toStep);
        Avx512F.Shuffle4x128(ab1, cd1, Odd).Store(to + 12 * toStep);
    }

    /// <summary>8 x 8: pairs, quads, halves.</summary>
    private void Tile8(float* from, float* to)
    {
        var (a, b) = (Vector256.Load(from), Vector256.Load(from + fromStep));
        var (c, d) = (Vector256.Load(from + 2 * fromStep), Vector256.Load(from + 3 * fromStep));
        var (e, f) = (Vector256.Load(from + 4 * fromStep), Vector256.Load(from + 5 * fromStep));
        var (g, h) = (Vector256.Load(from + 6 * fromStep), Vector256.Load(from + 7 * fromStep));

        var (ab0, ab1) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b));
        var (cd0, cd1) = (Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        var (ef0, ef1) = (Avx.UnpackLow(e, f), Avx.UnpackHigh(e, f));
        var (gh0, gh1) = (Avx.UnpackLow(g, h), Avx.UnpackHigh(g, h));

        const byte Low = 0x44, High = 0xEE;
        var (q0, q1) = (Avx.Shuffle(ab0, cd0, Low), Avx.Shuffle(ab0, cd0, High));
        var (q2, q3) = (Avx.Shuffle(ab1, cd1, Low), Avx.Shuffle(ab1, cd1, High));
        var (p0, p1) = (Avx.Shuffle(ef0, gh0, Low), Avx.Shuffle(ef0, gh0, High));
        var (p2, p3) = (Avx.Shuffle(ef1, gh1, Low), Avx.Shuffle(ef1, gh1, High));

        Avx.Permute2x128(q0, p0, 0x20).Store(to);
        Avx.Permute2x128(q1, p1, 0x20).Store(to + toStep);
        Avx.Permute2x128(q2, p2, 0x20).Store(to + 2 * toStep);
        Avx.Permute2x128(q3, p3, 0x20).Store(to + 3 * toStep);
        Avx.Permute2x128(q0, p0, 0x31).Store(to + 4 * toStep);
        Avx.Permute2x128(q1, p1, 0x31).Store(to + 5 * toStep);
        Avx.Permute2x128(q2, p2, 0x31).Store(to + 6 * toStep);
        Avx.Permute2x128(q3, p3, 0x31).Store(to + 7 * toStep);
    }
}
