using System.Runtime.CompilerServices;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// A few vectors times a matrix whose rows lie across the summed dimension: weighted sums of rows,
/// at the speed at which the rows can be read.
/// </summary>
/// <remarks>
/// A register tile would go down the rows in strips one tile wide, a page apart, and wait for
/// memory at each. This reads four rows at a time in runs of <see cref="ChunkColumns"/>, whose
/// sums stay in the first-level cache.
/// </remarks>
internal static unsafe class RowSums<TStored, TVector, TLanes, TLoads>
    where TStored : unmanaged
    where TVector : struct
    where TLanes : struct, ISimdLanes<float, TVector>
    where TLoads : struct, IFloatLoads<TStored, TVector>
{
    private const nint ChunkColumns = 512;
    private const nint ChunkWeights = 64 * 1024;

    /// <summary>
    /// output[i * outRow + j] = (or +=) sum over p of x[i * xRow + p * xColumn] *
    /// weights[p * weightsRow + j], for i below m and j below n.
    /// </summary>
    public static void Run(
        nint m, nint n, nint k, float* x, nint xRow, nint xColumn,
        TStored* weights, nint weightsRow, float* output, nint outRow, bool add) =>
        ParallelFor.Run(
            (n + ChunkColumns - 1) / ChunkColumns,
            Math.Max(1, ChunkWeights / (ChunkColumns * k)),
            new Chunks(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add));

    private readonly struct Chunks(
        nint m, nint n, nint k, float* x, nint xRow, nint xColumn,
        TStored* weights, nint weightsRow, float* output, nint outRow, bool add) : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (nint j = (nint)start * ChunkColumns; j < end * ChunkColumns && j < n;
                j += ChunkColumns)
            {
                nint columns = Math.Min(ChunkColumns, n - j);
                for (nint i = 0; !add && i < m; i++)
                {
                    new Span<float>(output + (i * outRow) + j, (int)columns).Clear();
                }

                nint p = 0;
                for (; p <= k - 4; p += 4)
                {
                    AddRows<N4>(p, j, columns);
                }

                for (; p < k; p++)
                {
                    AddRows<N1>(p, j, columns);
                }
            }
        }

        private void AddRows<TRows>(nint p, nint j, nint columns)
            where TRows : struct, IConstant
        {
            TStored* w = weights + (p * weightsRow) + j;
            float* from = x + (p * xColumn);
            float* to = output + j;
            nint i = 0;
            for (; i <= m - 2; i += 2)
            {
                Add<TRows, N2>(
                    from + (i * xRow), xRow, xColumn, w, weightsRow, columns,
                    to + (i * outRow), outRow);
            }

            if (i < m)
            {
                Add<TRows, N1>(
                    from + (i * xRow), xRow, xColumn, w, weightsRow, columns,
                    to + (i * outRow), outRow);
            }
        }
    }

    /// <summary>One or four rows, weighted, to one or two sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Add<TRows, TVectors>(
        float* x, nint xRow, nint xColumn, TStored* w, nint weightsRow, nint columns,
        float* sums, nint sumsRow)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
    {
        bool four = TRows.Value == 4;
        bool two = TVectors.Value == 2;
        nint step = four ? xColumn : 0;
        float* y = two ? x + xRow : x;
        TVector x0 = TLanes.Broadcast(x), y0 = TLanes.Broadcast(y);
        TVector x1 = TLanes.Broadcast(x + step), y1 = TLanes.Broadcast(y + step);
        TVector x2 = TLanes.Broadcast(x + (2 * step)), y2 = TLanes.Broadcast(y + (2 * step));
        TVector x3 = TLanes.Broadcast(x + (3 * step)), y3 = TLanes.Broadcast(y + (3 * step));
        TStored* w1 = w + (four ? weightsRow : 0);
        TStored* w2 = w1 + (four ? weightsRow : 0);
        TStored* w3 = w2 + (four ? weightsRow : 0);
        float* more = sums + sumsRow;
        nint j = 0;
        for (; j <= columns - TLanes.Count; j += TLanes.Count)
        {
            TVector w0 = TLoads.Load(w + j);
            TVector s = TLanes.MultiplyAdd(x0, w0, TLanes.Load(sums + j));
            TVector t = two ? TLanes.MultiplyAdd(y0, w0, TLanes.Load(more + j)) : default;
            if (four)
            {
                TVector a = TLoads.Load(w1 + j), b = TLoads.Load(w2 + j), c = TLoads.Load(w3 + j);
                s = TLanes.MultiplyAdd(x1, a, s);
                s = TLanes.MultiplyAdd(x2, b, s);
                s = TLanes.MultiplyAdd(x3, c, s);
                if (two)
                {
                    t = TLanes.MultiplyAdd(y1, a, t);
                    t = TLanes.MultiplyAdd(y2, b, t);
                    t = TLanes.MultiplyAdd(y3, c, t);
                }
            }

            TLanes.Store(s, sums + j);
            if (two)
            {
                TLanes.Store(t, more + j);
            }
        }

        for (; j < columns; j++)
        {
            for (int r = 0; r < TRows.Value; r++)
            {
                float weight = TLoads.LoadOne(w + (r * weightsRow) + j);
                sums[j] += x[r * xColumn] * weight;
                if (two)
                {
                    more[j] += y[r * xColumn] * weight;
                }
            }
        }
    }
}
