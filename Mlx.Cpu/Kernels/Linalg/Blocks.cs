using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>What the blocked factorizations share.</summary>
internal static unsafe class Blocks
{
    /// <summary>
    /// Columns factored by plain loops before the rest is updated by one product: wide enough for
    /// the product to run at full speed, narrow enough that the loops do not matter.
    /// </summary>
    public const int Width = 48;

    /// <summary>C += A B, or C = A B.</summary>
    public static void Multiply<T>(
        long m, long n, long k, MatrixView<T> a, MatrixView<T> b, T* c, long cRow, bool add)
        where T : unmanaged
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        if (typeof(T) == typeof(float))
        {
            Gemm.Single(
                m, n, k, new((float*)a.Data, a.RowStride, a.ColumnStride),
                new((float*)b.Data, b.RowStride, b.ColumnStride), (float*)c, cRow, add);
        }
        else
        {
            Gemm.Double(
                m, n, k, new((double*)a.Data, a.RowStride, a.ColumnStride),
                new((double*)b.Data, b.RowStride, b.ColumnStride), (double*)c, cRow, add);
        }
    }

    /// <summary>
    /// The negative of a block, tightly packed: products add, so they subtract so.
    /// </summary>
    public static void Negate<T>(T* from, long row, T* to, long rows, long columns)
        where T : unmanaged, INumber<T>
    {
        for (long i = 0; i < rows; i++)
        {
            for (long j = 0; j < columns; j++)
            {
                to[(i * columns) + j] = -from[(i * row) + j];
            }
        }
    }

    public static void Identity<T>(T* a, long rows, long columns) where T : unmanaged, INumber<T>
    {
        System.Runtime.InteropServices.NativeMemory.Clear(a, (nuint)(rows * columns * sizeof(T)));
        for (long i = 0; i < Math.Min(rows, columns); i++)
        {
            a[(i * columns) + i] = T.One;
        }
    }

    /// <summary>B (n by m) = A^T of A (m by n), in tiles that stay in the cache.</summary>
    public static void Transpose<T>(T* a, T* b, long m, long n) where T : unmanaged
    {
        const int Tile = 16;
        for (long i0 = 0; i0 < m; i0 += Tile)
        {
            for (long j0 = 0; j0 < n; j0 += Tile)
            {
                var (i1, j1) = (Math.Min(i0 + Tile, m), Math.Min(j0 + Tile, n));
                for (var i = i0; i < i1; i++)
                {
                    for (var j = j0; j < j1; j++)
                    {
                        b[(j * m) + i] = a[(i * n) + j];
                    }
                }
            }
        }
    }
}
