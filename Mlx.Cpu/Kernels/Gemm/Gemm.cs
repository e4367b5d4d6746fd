using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>Matrix products: C (m by n) = A (m by k) B (k by n), or C += A B.</summary>
/// <remarks>
/// C is row-major, its rows <c>cRow</c> elements apart; A and B have any strides, and C overlaps
/// neither. Products run on as many threads as they are worth.
/// </remarks>
internal static unsafe class Gemm
{
    /// <summary>Rows up to which a product is taken for vectors times weights.</summary>
    private const int FewVectors = 8;

    public static void Single(
        long m, long n, long k,
        MatrixView<float> a, MatrixView<float> b, float* c, long cRow, bool add)
    {
        bool alongDepth = k > 0 && a.ColumnStride == 1 && b.RowStride == 1;
        if (alongDepth && m <= FewVectors)
        {
            GemmDispatch.Dot(
                (nint)m, (nint)n, (nint)k, a.Data, a.RowStride, b.Data, b.ColumnStride,
                c, (nint)cRow, 1, add);
        }
        else if (alongDepth && n <= FewVectors)
        {
            GemmDispatch.Dot(
                (nint)n, (nint)m, (nint)k, b.Data, b.ColumnStride, a.Data, a.RowStride,
                c, 1, (nint)cRow, add);
        }
        else
        {
            Blocked<float, float, float, SameFormat<float>>(m, n, k, a, b, c, cRow, add);
        }
    }

    public static void Double(
        long m, long n, long k,
        MatrixView<double> a, MatrixView<double> b, double* c, long cRow, bool add) =>
        Blocked<double, double, double, SameFormat<double>>(m, n, k, a, b, c, cRow, add);

    /// <summary>Sums in single precision and rounds each element of C once.</summary>
    public static void Half(
        long m, long n, long k,
        MatrixView<Half> a, MatrixView<Half> b, Half* c, long cRow, bool add) =>
        Float16<HalfBits>(
            m, n, k,
            new((ushort*)a.Data, a.RowStride, a.ColumnStride),
            new((ushort*)b.Data, b.RowStride, b.ColumnStride),
            (ushort*)c, cRow, add);

    /// <summary>bfloat16, given as bits. Sums in single precision and rounds once.</summary>
    public static void BFloat16(
        long m, long n, long k,
        MatrixView<ushort> a, MatrixView<ushort> b, ushort* c, long cRow, bool add) =>
        Float16<BFloat16Bits>(m, n, k, a, b, c, cRow, add);

    public static void Complex(
        long m, long n, long k,
        MatrixView<Complex64> a, MatrixView<Complex64> b, Complex64* c, long cRow, bool add) =>
        Blocked<Complex64, float, float, ComplexFormat>(
            m, 2 * n, 2 * k, a, b, (float*)c, 2 * cRow, add);

    private static void Float16<TFloat16>(
        long m, long n, long k,
        MatrixView<ushort> a, MatrixView<ushort> b, ushort* c, long cRow, bool add)
        where TFloat16 : struct, IFloat16
    {
        if (k > 0 && m <= FewVectors && b.RowStride == 1)
        {
            DotFloat16<TFloat16>(a, (nint)m, b.Transposed, (nint)n, (nint)k, false, c, cRow, add);
        }
        else if (k > 0 && n <= FewVectors && a.ColumnStride == 1)
        {
            DotFloat16<TFloat16>(b.Transposed, (nint)n, a, (nint)m, (nint)k, true, c, cRow, add);
        }
        else
        {
            Blocked<ushort, float, ushort, Float16Format<TFloat16>>(m, n, k, a, b, c, cRow, add);
        }
    }

    /// <summary>
    /// A few vectors, widened beforehand, times rows of weights, widened as they are read.
    /// </summary>
    private static void DotFloat16<TFloat16>(
        MatrixView<ushort> x, nint vectors, MatrixView<ushort> weights, nint rows, nint k,
        bool vectorsAcross, ushort* c, long cRow, bool add)
        where TFloat16 : struct, IFloat16
    {
        if (vectors <= 0 || rows <= 0)
        {
            return;
        }

        nuint bytesX = PackBuffer.Align((nuint)(vectors * k * sizeof(float)));
        using var buffer = new PackBuffer(bytesX + (nuint)(vectors * rows * sizeof(float)));
        float* widened = (float*)buffer.Data;
        float* sums = (float*)(buffer.Data + bytesX);
        for (nint i = 0; i < vectors; i++)
        {
            Float16Format<TFloat16>.Widen(
                x.Data + (i * x.RowStride), x.ColumnStride, k, widened + (i * k));
        }

        nint outRow = vectorsAcross ? 1 : rows;
        nint outColumn = vectorsAcross ? vectors : 1;
        GemmDispatch.Dot<TFloat16>(
            vectors, rows, k, widened, k, weights.Data, weights.RowStride,
            sums, outRow, outColumn);
        (nint height, nint width) = vectorsAcross ? (rows, vectors) : (vectors, rows);
        for (nint i = 0; i < height; i++)
        {
            Float16Format<TFloat16>.StoreRow(sums + (i * width), c + (i * cRow), width, add);
        }
    }

    private static void Blocked<TIn, TAcc, TOut, TFormat>(
        long m, long n, long k,
        MatrixView<TIn> a, MatrixView<TIn> b, TOut* c, long cRow, bool add)
        where TIn : unmanaged
        where TAcc : unmanaged, System.Numerics.INumber<TAcc>
        where TOut : unmanaged
        where TFormat : struct, IOperandFormat<TIn, TAcc, TOut>
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        if (k > 0)
        {
            GemmDispatch.Blocked<TIn, TAcc, TOut, TFormat>(m, n, k, a, b, c, cRow, add);
            return;
        }

        // An empty sum is zero, which all the types write as zero bytes.
        for (long i = 0; !add && i < m; i++)
        {
            System.Runtime.InteropServices.NativeMemory.Clear(
                c + (i * cRow), (nuint)n * (nuint)sizeof(TOut));
        }
    }
}
