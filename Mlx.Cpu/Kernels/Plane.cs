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
    /// <summary>Target rows moved together: one or two cache lines of every source row.</summary>
    public const int Block = 32;

    /// <summary>Moves the target rows from <paramref name="row"/> on, at most a block of them.</summary>
    public void Strip(byte* from, byte* to, long row)
    {
        var n = (int)Math.Min(Block, rows - row);
        from += row * width;
        to += row * toStep * width;
        switch (width)
        {
            case 1: Strip((byte*)from, (byte*)to, n); break;
            case 2: Strip((ushort*)from, (ushort*)to, n); break;
            case 4: Strip((uint*)from, (uint*)to, n); break;
            default: Strip((ulong*)from, (ulong*)to, n); break;
        }
    }

    private void Strip<T>(T* from, T* to, int n) where T : unmanaged
    {
        const int Tile = 8;
        long c = 0;
        for (; c + Tile <= columns; c += Tile)
        {
            var r = 0;
            if (sizeof(T) == 4 && Avx.IsSupported)
            {
                for (; r + Tile <= n; r += Tile)
                {
                    Tile8((float*)(from + c * fromStep + r), (float*)(to + r * toStep + c));
                }
            }

            for (; r < n; r++)
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

    /// <summary>8 x 8 elements of four bytes in registers: pairs, quads, halves.</summary>
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
