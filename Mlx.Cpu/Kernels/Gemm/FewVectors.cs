namespace Mlx.Cpu.Kernels;

/// <summary>The ways to multiply few vectors by a matrix.</summary>
internal enum VectorShape
{
    /// <summary>Not such a product.</summary>
    None,

    /// <summary>Few rows of A; the columns of B are contiguous.</summary>
    RowsByColumns,

    /// <summary>Few columns of B; the rows of A are contiguous.</summary>
    ColumnsByRows,

    /// <summary>Few rows of A; the rows of B are contiguous.</summary>
    RowSums,
}

/// <summary>
/// Products in which one operand is a few vectors. They do little arithmetic with each weight, so
/// they are bound by memory, and packing would double what they move.
/// </summary>
internal static unsafe class FewVectors
{
    private const int Most = 8;

    /// <summary>Vectors for which weights in the near caches are best summed by rows: beyond,
    /// register tiles do more with each load.</summary>
    private const int MostNear = 2;

    /// <summary>Weights, in elements, from which memory is the limit and not arithmetic.</summary>
    private const long FarWeights = 256 * 1024;

    /// <param name="xStrided">Whether the vectors may have any stride: they are copied.</param>
    public static VectorShape Choose<T>(
        long m, long n, long k, MatrixView<T> a, MatrixView<T> b, bool xStrided)
        where T : unmanaged
    {
        if (k <= 0 || m <= 0 || n <= 0)
        {
            return VectorShape.None;
        }

        bool contiguousA = a.ColumnStride == 1;
        bool contiguousB = b.RowStride == 1;
        return
            m <= Most && contiguousB && (contiguousA || xStrided) ? VectorShape.RowsByColumns
            : n <= Most && contiguousA && (contiguousB || xStrided) ? VectorShape.ColumnsByRows
            : m <= (k * n >= FarWeights ? Most : MostNear) && n > Most && b.ColumnStride == 1
            ? VectorShape.RowSums
            : VectorShape.None;
    }

    /// <summary>
    /// The 16-bit types: the vectors are widened beforehand, the weights as they are read, and
    /// the sums rounded once.
    /// </summary>
    public static void Float16<TFloat16>(
        VectorShape shape, nint m, nint n, nint k,
        MatrixView<ushort> a, MatrixView<ushort> b, ushort* c, nint cRow, bool add)
        where TFloat16 : struct, IFloat16
    {
        bool across = shape == VectorShape.ColumnsByRows;
        (MatrixView<ushort> from, nint vectors) = across ? (b.Transposed, n) : (a, m);
        nuint bytesX = PackBuffer.Align((nuint)(vectors * k * sizeof(float)));
        using var buffer = new PackBuffer(bytesX + (nuint)(m * n * sizeof(float)));
        float* x = (float*)buffer.Data;
        float* sums = (float*)(buffer.Data + bytesX);
        for (nint i = 0; i < vectors; i++)
        {
            Float16Format<TFloat16>.Widen(
                from.Data + (i * from.RowStride), from.ColumnStride, k, x + (i * k));
        }

        if (shape == VectorShape.RowSums)
        {
            Float16Weights<TFloat16>.SumRows(
                m, n, k, x, k, 1, b.Data, b.RowStride, sums, n, false);
        }
        else if (across)
        {
            Float16Weights<TFloat16>.Dot(
                n, m, k, x, k, a.Data, a.RowStride, sums, 1, n, false);
        }
        else
        {
            Float16Weights<TFloat16>.Dot(
                m, n, k, x, k, b.Data, b.ColumnStride, sums, n, 1, false);
        }

        for (nint i = 0; i < m; i++)
        {
            Float16Format<TFloat16>.StoreRow(sums + (i * n), c + (i * cRow), n, add);
        }
    }
}
