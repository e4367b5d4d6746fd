using System.Runtime.CompilerServices;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// A few vectors times a matrix whose rows lie along the summed dimension, as when a token goes
/// through a layer's weights: dot products at the speed at which the weights can be read.
/// </summary>
/// <remarks>
/// Four rows of weights are read at a time, in long streams that the processor foresees, against
/// up to four vectors. Nothing is packed, for each weight is used only once or twice from the
/// nearest cache. Sums are kept in as many lanes as a vector has, which is also more accurate than
/// one running sum.
/// </remarks>
internal static unsafe class DotProducts<TStored, TVector, TLanes, TLoads, TMost>
    where TStored : unmanaged
    where TVector : struct
    where TLanes : struct, ISimdLanes<float, TVector>
    where TLoads : struct, IFloatLoads<TStored, TVector>
    where TMost : struct, IConstant
{
    private const int WeightRows = 4;

    /// <summary>Weights in a chunk: some 5 us of reading.</summary>
    private const nint ChunkWeights = 64 * 1024;

    /// <summary>
    /// out[i * outRow + j * outColumn] = (or +=) sum over p of
    /// x[i * xRow + p] * weights[j * weightsRow + p], for i below m and j below n.
    /// </summary>
    public static void Run(
        nint m, nint n, nint k, float* x, nint xRow, TStored* weights, nint weightsRow,
        float* output, nint outRow, nint outColumn, bool add)
    {
        nint groups = (n + WeightRows - 1) / WeightRows;
        ParallelFor.Run(
            groups,
            Math.Max(1, ChunkWeights / (WeightRows * k)),
            new Groups(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add));
    }

    private readonly struct Groups(
        nint m, nint n, nint k, float* x, nint xRow, TStored* weights, nint weightsRow,
        float* output, nint outRow, nint outColumn, bool add) : IRangeBody
    {
        public void Run(long start, long end)
        {
            float* sums = stackalloc float[WeightRows * WeightRows];
            for (nint j = (nint)start * WeightRows; j < Math.Min((nint)end * WeightRows, n);)
            {
                int rows = (int)Math.Min(WeightRows, n - j);
                TStored* w = weights + (j * weightsRow);
                for (nint i = 0; i < m;)
                {
                    int vectors = (int)Math.Min(TMost.Value, m - i);
                    float* from = x + (i * xRow);
                    if (vectors == 1)
                    {
                        Dot<N1>(k, from, xRow, vectors, w, weightsRow, rows, sums);
                    }
                    else if (vectors == 2)
                    {
                        Dot<N2>(k, from, xRow, vectors, w, weightsRow, rows, sums);
                    }
                    else
                    {
                        Dot<N4>(k, from, xRow, vectors, w, weightsRow, rows, sums);
                    }

                    for (int v = 0; v < vectors; v++, i++)
                    {
                        float* target = output + (i * outRow) + (j * outColumn);
                        for (int r = 0; r < rows; r++, target += outColumn)
                        {
                            float sum = sums[(v * WeightRows) + r];
                            *target = add ? *target + sum : sum;
                        }
                    }
                }

                j += rows;
            }
        }
    }

    /// <summary>
    /// Up to four vectors against four rows of weights. Rows that do not exist read the last one
    /// again, and their sums are left unused.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Dot<TVectors>(
        nint k, float* x, nint xRow, int vectors,
        TStored* w, nint weightsRow, int rows, float* sums)
        where TVectors : struct, IConstant
    {
        float* x1 = x + (Math.Min(1, vectors - 1) * xRow);
        float* x2 = x + (Math.Min(2, vectors - 1) * xRow);
        float* x3 = x + (Math.Min(3, vectors - 1) * xRow);
        TStored* w1 = w + (Math.Min(1, rows - 1) * weightsRow);
        TStored* w2 = w + (Math.Min(2, rows - 1) * weightsRow);
        TStored* w3 = w + (Math.Min(3, rows - 1) * weightsRow);
        TVector s00 = default, s01 = default, s02 = default, s03 = default;
        TVector s10 = default, s11 = default, s12 = default, s13 = default;
        TVector s20 = default, s21 = default, s22 = default, s23 = default;
        TVector s30 = default, s31 = default, s32 = default, s33 = default;
        nint p = 0;
        for (; p <= k - TLanes.Count; p += TLanes.Count)
        {
            TVector a = TLoads.Load(w + p);
            TVector b = TLoads.Load(w1 + p);
            TVector c = TLoads.Load(w2 + p);
            TVector d = TLoads.Load(w3 + p);
            Update<TVectors>(0, x + p, a, b, c, d, ref s00, ref s01, ref s02, ref s03);
            Update<TVectors>(1, x1 + p, a, b, c, d, ref s10, ref s11, ref s12, ref s13);
            Update<TVectors>(2, x2 + p, a, b, c, d, ref s20, ref s21, ref s22, ref s23);
            Update<TVectors>(3, x3 + p, a, b, c, d, ref s30, ref s31, ref s32, ref s33);
        }

        Reduce<TVectors>(0, s00, s01, s02, s03, sums);
        Reduce<TVectors>(1, s10, s11, s12, s13, sums);
        Reduce<TVectors>(2, s20, s21, s22, s23, sums);
        Reduce<TVectors>(3, s30, s31, s32, s33, sums);
        for (; p < k; p++)
        {
            for (int v = 0; v < TVectors.Value; v++)
            {
                float y = v switch { 0 => x[p], 1 => x1[p], 2 => x2[p], _ => x3[p] };
                sums[(v * WeightRows) + 0] += y * TLoads.LoadOne(w + p);
                sums[(v * WeightRows) + 1] += y * TLoads.LoadOne(w1 + p);
                sums[(v * WeightRows) + 2] += y * TLoads.LoadOne(w2 + p);
                sums[(v * WeightRows) + 3] += y * TLoads.LoadOne(w3 + p);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Update<TVectors>(
        int vector, float* x, TVector a, TVector b, TVector c, TVector d,
        ref TVector s0, ref TVector s1, ref TVector s2, ref TVector s3)
        where TVectors : struct, IConstant
    {
        if (vector < TVectors.Value)
        {
            TVector y = TLanes.Load(x);
            s0 = TLanes.MultiplyAdd(y, a, s0);
            s1 = TLanes.MultiplyAdd(y, b, s1);
            s2 = TLanes.MultiplyAdd(y, c, s2);
            s3 = TLanes.MultiplyAdd(y, d, s3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce<TVectors>(
        int vector, TVector s0, TVector s1, TVector s2, TVector s3, float* sums)
        where TVectors : struct, IConstant
    {
        if (vector < TVectors.Value)
        {
            sums += vector * WeightRows;
            sums[0] = TLanes.Sum(s0);
            sums[1] = TLanes.Sum(s1);
            sums[2] = TLanes.Sum(s2);
            sums[3] = TLanes.Sum(s3);
        }
    }
}
