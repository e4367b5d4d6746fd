using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Tasks that merge across memory: each makes a block of a row of results, or a part of it.
/// </summary>
internal readonly unsafe struct ReductionColumns<T, TKernel>(Reduction.Plan<T>* plan) : IRangeBody
    where T : unmanaged
    where TKernel : struct, IFoldKernel<T>
{
    public void Run(long start, long end)
    {
        var p = *plan;
        var totals = stackalloc T[Reduction.BlockWidth];
        var sums = stackalloc T[Reduction.BlockWidth];
        var buffer = stackalloc T[Reduction.BlockWidth];
        var index = stackalloc long[p.KeptCount];
        var pieceIndex = stackalloc long[p.ReducedCount];
        var row = start / p.Splits / p.Blocks;
        var block = start / p.Splits % p.Blocks;
        var split = start % p.Splits;
        var walk = new AxisWalk(p.Kept, p.KeptCount, index, row);
        for (var task = start; task < end; task++)
        {
            var column = block * Reduction.BlockWidth;
            var width = Math.Min(p.Across.Length - column, Reduction.BlockWidth);
            var from = p.In + ((walk.In + (column * p.Across.In)) * p.InSize);
            Merge(in p, from, width, split, totals, sums, buffer, pieceIndex);
            if (p.Splits > 1)
            {
                var to = p.Partials + (split * p.Results) + (row * p.Across.Length) + column;
                new Span<T>(totals, (int)width).CopyTo(new Span<T>(to, (int)width));
            }
            else
            {
                p.Store(totals, walk.Out + (column * p.Across.Out), width);
            }

            if (++split < p.Splits)
            {
                continue;
            }

            split = 0;
            if (++block == p.Blocks)
            {
                block = 0;
                row++;
                walk.Next();
            }
        }
    }

    /// <summary>The split's share of the pieces.</summary>
    private static void Merge(
        in Reduction.Plan<T> p, byte* from, long width, long split,
        T* totals, T* sums, T* buffer, long* index)
    {
        var piece = p.Pieces * split / p.Splits;
        var last = p.Pieces * (split + 1) / p.Splits;
        var place = piece / Math.Max(1, p.PiecesAlong);
        var walk = new AxisWalk(p.Reduced, p.ReducedCount, index, place);
        var along = piece % Math.Max(1, p.PiecesAlong);
        var rows = Reduction.ColumnPiece * p.Copies;
        var into = last - piece > 1 ? sums : totals;
        new Span<T>(totals, (int)width).Fill(TKernel.Identity);
        for (; piece < last; piece++)
        {
            var first = along * rows;
            var count = Math.Min(p.Along.Length - first, rows);
            var at = from + ((walk.In + (first * p.Along.In)) * p.InSize);
            Piece(in p, at, width, count, into, buffer);
            if (into == sums)
            {
                TKernel.Rows(totals, sums, 0, 1, (nint)width);
            }

            if (++along == p.PiecesAlong)
            {
                along = 0;
                walk.Next();
            }
        }
    }

    /// <summary>Some rows, merged into one.</summary>
    private static void Piece(
        in Reduction.Plan<T> p, byte* from, long width, long rows, T* into, T* buffer)
    {
        if (p.Copies > 1)
        {
            // Neighbouring rows, taken for one, and at last the copies in it merged.
            var copies = Math.Min(p.Copies, rows);
            var wide = width * copies;
            var groups = rows / copies;
            new Span<T>(into, (int)wide).Fill(TKernel.Identity);
            Rows(in p, from, wide, groups, wide, into, buffer);
            TKernel.Rows(into, into + width, (nint)width, (nint)copies - 1, (nint)width);
            from += groups * wide * p.InSize;
            rows -= groups * copies;
        }
        else
        {
            new Span<T>(into, (int)width).Fill(TKernel.Identity);
        }

        Rows(in p, from, width, rows, p.Along.In, into, buffer);
    }

    private static void Rows(
        in Reduction.Plan<T> p, byte* from, long width, long rows, long stride, T* into, T* buffer)
    {
        if (p.IsDirect && p.Across.In == 1)
        {
            TKernel.Rows(into, (T*)from, (nint)stride, (nint)rows, (nint)width);
            return;
        }

        for (long r = 0; r < rows; r++)
        {
            p.Widen(from + (r * stride * p.InSize), p.Across.In, (byte*)buffer, width);
            TKernel.Rows(into, buffer, 0, 1, (nint)width);
        }
    }
}
