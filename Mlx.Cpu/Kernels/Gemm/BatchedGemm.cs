using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>Many products of one shape.</summary>
internal static unsafe class BatchedGemm
{
    /// <summary>Multiply-adds worth handing to another thread.</summary>
    private const double ChunkWork = 300_000;

    /// <summary>Multiply-adds from which a single product keeps all threads busy.</summary>
    private const double LargeWork = 8_000_000;

    /// <summary>
    /// Runs <paramref name="product"/>, one of <see cref="Gemm"/>'s, once for each of
    /// <paramref name="count"/> triples of offsets, counted in elements.
    /// </summary>
    /// <remarks>
    /// Products that are large, where there are too few to share out, run one after another, each
    /// on all threads; others are shared out whole. Offsets rather than one stride, since a batch
    /// may be broadcast over any of its dimensions; the items of C must not overlap.
    /// </remarks>
    public static void Run<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        long count, long m, long n, long k,
        MatrixView<T> a, long* aOffsets, MatrixView<T> b, long* bOffsets,
        T* c, long* cOffsets, long cRow, bool add)
        where T : unmanaged
    {
        double work = (double)m * n * Math.Max(k, 1);
        var items = new Items<T>(
            product, m, n, k, a, aOffsets, b, bOffsets, c, cOffsets, cRow, add);
        if (work >= LargeWork && count < 4L * ParallelFor.AvailableDegree)
        {
            items.Run(0, count);
        }
        else
        {
            ParallelFor.Run(count, (long)(ChunkWork / Math.Max(work, 1)) + 1, items);
        }
    }

    private readonly struct Items<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        long m, long n, long k,
        MatrixView<T> a, long* aOffsets, MatrixView<T> b, long* bOffsets,
        T* c, long* cOffsets, long cRow, bool add) : IRangeBody
        where T : unmanaged
    {
        public void Run(long start, long end)
        {
            for (long i = start; i < end; i++)
            {
                product(
                    m, n, k, a.Offset(aOffsets[i]), b.Offset(bOffsets[i]),
                    c + cOffsets[i], cRow, add);
            }
        }
    }
}
