using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Copies elements between memory of any strides on both sides. Axes are put in the order of the
/// target, merged where both sides step evenly, and what is left is rows: copied, filled, or, when
/// the source runs along another axis (a transpose), moved in square blocks that fit the cache.
/// </summary>
internal static unsafe class Transfer
{
    /// <summary>Merged axes handled in one walk; more are peeled off from outside.</summary>
    private const int MaxRank = 8;

    /// <summary>Bytes worth a thread of their own.</summary>
    private const long Grain = 128 * 1024;

    [InlineArray(MaxRank)]
    private struct Steps
    {
        private long first;
    }

    /// <summary>
    /// The walk over rows: plain data, so that threads share it without allocations.
    /// </summary>
    private struct Walk
    {
        public byte* From;
        public byte* To;
        public int Rank;
        public int Width;
        public Steps Shape;
        public Steps FromSteps;
        public Steps ToSteps;
    }

    /// <summary>Bytes as they lie.</summary>
    public static void CopyFlat(byte* from, byte* to, long bytes) =>
        ParallelFor.Run(bytes, Grain, new LineBody(from, 1, to, 1, 1));

    /// <summary>Copies <paramref name="source"/> in row-major order.</summary>
    public static void CopyRow(Node source, byte* target)
    {
        if (source.IsRow)
        {
            CopyFlat(source.Data, target, source.Bytes);
            return;
        }

        Span<long> steps = stackalloc long[source.Rank];
        RowSteps(source.Shape, steps);
        Copy(source.Data, source.Strides, target, steps, source.Shape, source.Dtype.Size());
    }

    public static void RowSteps(ReadOnlySpan<int> shape, Span<long> steps)
    {
        long step = 1;
        for (var a = shape.Length - 1; a >= 0; a--)
        {
            steps[a] = step;
            step *= shape[a];
        }
    }

    /// <summary>Strides are in elements of <paramref name="width"/> bytes.</summary>
    public static void Copy(
        byte* from, ReadOnlySpan<long> fromStrides, byte* to, ReadOnlySpan<long> toStrides,
        ReadOnlySpan<int> shape, int width)
    {
        Span<long> dims = stackalloc long[shape.Length + 1];
        Span<long> fs = stackalloc long[shape.Length + 1];
        Span<long> ts = stackalloc long[shape.Length + 1];
        var rank = 0;
        for (var a = 0; a < shape.Length; a++)
        {
            if (shape[a] == 0)
            {
                return;
            }

            if (shape[a] == 1)
            {
                continue;
            }

            // Insertion keeps the target's outermost axis first.
            var at = rank++;
            for (; at > 0 && Math.Abs(ts[at - 1]) < Math.Abs(toStrides[a]); at--)
            {
                (dims[at], fs[at], ts[at]) = (dims[at - 1], fs[at - 1], ts[at - 1]);
            }

            (dims[at], fs[at], ts[at]) = (shape[a], fromStrides[a], toStrides[a]);
        }

        rank = Merge(dims, fs, ts, rank);
        Run(from, to, dims[..rank], fs[..rank], ts[..rank], width);
    }

    private static int Merge(Span<long> dims, Span<long> fs, Span<long> ts, int rank)
    {
        if (rank == 0)
        {
            (dims[0], fs[0], ts[0]) = (1, 1, 1);
            return 1;
        }

        var last = 0;
        for (var a = 1; a < rank; a++)
        {
            if (fs[last] == fs[a] * dims[a] && ts[last] == ts[a] * dims[a])
            {
                (dims[last], fs[last], ts[last]) = (dims[last] * dims[a], fs[a], ts[a]);
            }
            else
            {
                last++;
                (dims[last], fs[last], ts[last]) = (dims[a], fs[a], ts[a]);
            }
        }

        return last + 1;
    }

    private static void Run(
        byte* from, byte* to, Span<long> dims, Span<long> fs, Span<long> ts, int width)
    {
        if (dims.Length > MaxRank)
        {
            for (long i = 0; i < dims[0]; i++)
            {
                Run(from, to, dims[1..], fs[1..], ts[1..], width);
                from += fs[0] * width;
                to += ts[0] * width;
            }

            return;
        }

        var rank = dims.Length;
        var (inner, last) = (dims[rank - 1], rank - 1);
        if (rank == 1 && inner * width >= 2 * Grain)
        {
            // One long row: cut it, so that threads can share it.
            var body = new LineBody(from, fs[0], to, ts[0], width);
            ParallelFor.Run(inner, Grain / width, body);
            return;
        }

        var walk = new Walk { From = from, To = to, Rank = rank, Width = width };
        long rows = 1;
        for (var a = 0; a < rank; a++)
        {
            (walk.Shape[a], walk.FromSteps[a], walk.ToSteps[a]) = (dims[a], fs[a], ts[a]);
            rows *= a == last ? 1 : dims[a];
        }

        if (ts[last] == 1 && fs[last] != 1 && dims[last] >= 4)
        {
            for (var a = last - 1; a >= 0; a--)
            {
                if (fs[a] == 1 && dims[a] >= 4)
                {
                    Transpose(ref walk, a);
                    return;
                }
            }
        }

        var grain = Math.Max(1, Grain / Math.Max(1, inner * width));
        ParallelFor.Run(rows, grain, new RowsBody(walk));
    }

    /// <summary>One row of elements.</summary>
    public static void Line(byte* from, long fromStep, byte* to, long toStep, long n, int width)
    {
        if (fromStep == 1 && toStep == 1)
        {
            Buffer.MemoryCopy(from, to, n * width, n * width);
            return;
        }

        switch (width)
        {
            case 1: Line((byte*)from, fromStep, (byte*)to, toStep, n); break;
            case 2: Line((ushort*)from, fromStep, (ushort*)to, toStep, n); break;
            case 4: Line((uint*)from, fromStep, (uint*)to, toStep, n); break;
            default: Line((ulong*)from, fromStep, (ulong*)to, toStep, n); break;
        }
    }

    private static void Line<T>(T* from, long fromStep, T* to, long toStep, long n)
        where T : unmanaged
    {
        if (fromStep == 0 && toStep == 1)
        {
            for (; n > int.MaxValue; n -= int.MaxValue, to += int.MaxValue)
            {
                new Span<T>(to, int.MaxValue).Fill(*from);
            }

            new Span<T>(to, (int)n).Fill(*from);
            return;
        }

        for (long i = 0; i < n; i++)
        {
            *to = *from;
            from += fromStep;
            to += toStep;
        }
    }

    private readonly struct LineBody(byte* from, long fs, byte* to, long ts, int width) : IRangeBody
    {
        public void Run(long start, long end) => Line(
            from + start * fs * width, fs, to + start * ts * width, ts, end - start, width);
    }

    private struct RowsBody(Walk walk) : IRangeBody
    {
        private Walk walk = walk;

        public void Run(long start, long end)
        {
            var outer = walk.Rank - 1;
            var (n, fs, ts) = (walk.Shape[outer], walk.FromSteps[outer], walk.ToSteps[outer]);
            var width = walk.Width;
            var index = stackalloc long[MaxRank];
            var from = walk.From;
            var to = walk.To;
            var rest = start;
            for (var a = outer - 1; a >= 0; a--)
            {
                index[a] = rest % walk.Shape[a];
                rest /= walk.Shape[a];
                from += index[a] * walk.FromSteps[a] * width;
                to += index[a] * walk.ToSteps[a] * width;
            }

            for (; start < end; start++)
            {
                Line(from, fs, to, ts, n, width);
                for (var a = outer - 1; a >= 0; a--)
                {
                    from += walk.FromSteps[a] * width;
                    to += walk.ToSteps[a] * width;
                    if (++index[a] < walk.Shape[a])
                    {
                        break;
                    }

                    index[a] = 0;
                    from -= walk.FromSteps[a] * walk.Shape[a] * width;
                    to -= walk.ToSteps[a] * walk.Shape[a] * width;
                }
            }
        }
    }

    // ---- transposes ------------------------------------------------------------------------

    /// <summary>
    /// The source runs along <paramref name="axis"/>, the target along the last one. The plane of
    /// the two is moved in blocks; the other axes are walked around it.
    /// </summary>
    private static void Transpose(ref Walk walk, int axis)
    {
        var last = walk.Rank - 1;
        var (rows, columns) = (walk.Shape[axis], walk.Shape[last]);
        var plane = new Plane(
            rows, columns, walk.FromSteps[last], walk.ToSteps[axis], walk.Width);

        // Close the gap that the plane's axes leave.
        for (var a = axis; a < last - 1; a++)
        {
            walk.Shape[a] = walk.Shape[a + 1];
            walk.FromSteps[a] = walk.FromSteps[a + 1];
            walk.ToSteps[a] = walk.ToSteps[a + 1];
        }

        walk.Rank = last - 1;
        long planes = 1;
        for (var a = 0; a < walk.Rank; a++)
        {
            planes *= walk.Shape[a];
        }

        var strips = (rows + Plane.Block - 1) / Plane.Block;
        var grain = Math.Max(1, Grain / (Plane.Block * columns * walk.Width));
        ParallelFor.Run(planes * strips, grain, new PlanesBody(walk, plane, strips));
    }

    private struct PlanesBody(Walk walk, Plane plane, long strips) : IRangeBody
    {
        private Walk walk = walk;

        public void Run(long start, long end)
        {
            for (var i = start; i < end; i++)
            {
                var from = walk.From;
                var to = walk.To;
                var rest = i / strips;
                for (var a = walk.Rank - 1; a >= 0; a--)
                {
                    from += rest % walk.Shape[a] * walk.FromSteps[a] * walk.Width;
                    to += rest % walk.Shape[a] * walk.ToSteps[a] * walk.Width;
                    rest /= walk.Shape[a];
                }

                plane.Strip(from, to, i % strips * Plane.Block);
            }
        }
    }
}
