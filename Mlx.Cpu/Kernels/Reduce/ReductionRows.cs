using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>Tasks that merge along memory: each makes one result, or a part of it.</summary>
internal readonly unsafe struct ReductionRows<T, TKernel>(Reduction.Plan<T>* plan) : IRangeBody
    where T : unmanaged
    where TKernel : struct, IFoldKernel<T>
{
    private const int Buffer = 1024;

    public void Run(long start, long end)
    {
        var p = *plan;
        var buffer = stackalloc T[Buffer];
        var index = stackalloc long[p.KeptCount];
        var pieceIndex = stackalloc long[p.ReducedCount];
        var walk = new AxisWalk(p.Kept, p.KeptCount, index, start / p.Splits);
        var split = start % p.Splits;
        var result = start / p.Splits;
        for (var task = start; task < end; task++)
        {
            var from = p.In + (walk.In * p.InSize);
            var total = p.Pieces == 1
                ? Piece(in p, from, p.Along.Length, buffer)
                : Merge(in p, from, split, buffer, pieceIndex);
            if (p.Splits > 1)
            {
                p.Partials[(split * p.Results) + result] = total;
            }
            else
            {
                p.Store(&total, walk.Out, 1);
            }

            if (++split == p.Splits)
            {
                split = 0;
                result++;
                walk.Next();
            }
        }
    }

    /// <summary>The split's share of the pieces.</summary>
    private static T Merge(
        in Reduction.Plan<T> p, byte* from, long split, T* buffer, long* index)
    {
        var piece = p.Pieces * split / p.Splits;
        var last = p.Pieces * (split + 1) / p.Splits;
        var place = piece / Math.Max(1, p.PiecesAlong);
        var walk = new AxisWalk(p.Reduced, p.ReducedCount, index, place);
        var along = piece % Math.Max(1, p.PiecesAlong);
        var total = TKernel.Identity;
        for (; piece < last; piece++)
        {
            var first = along * Reduction.RowPiece;
            var count = Math.Min(p.Along.Length - first, Reduction.RowPiece);
            var at = from + ((walk.In + (first * p.Along.In)) * p.InSize);
            total = TKernel.Merge(total, Piece(in p, at, count, buffer));
            if (++along == p.PiecesAlong)
            {
                along = 0;
                walk.Next();
            }
        }

        return total;
    }

    private static T Piece(in Reduction.Plan<T> p, byte* from, long count, T* buffer)
    {
        if (p.IsDirect && p.Along.In == 1)
        {
            return TKernel.Row((T*)from, (nint)count);
        }

        var total = TKernel.Identity;
        for (long i = 0; i < count; i += Buffer)
        {
            var n = Math.Min(count - i, Buffer);
            p.Widen(from + (i * p.Along.In * p.InSize), p.Along.In, (byte*)buffer, n);
            total = TKernel.Merge(total, TKernel.Row(buffer, (nint)n));
        }

        return total;
    }
}
