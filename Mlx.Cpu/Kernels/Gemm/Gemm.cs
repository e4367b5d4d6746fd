using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>Matrix products: C (m by n) = A (m by k) B (k by n), or C += A B.</summary>
/// <remarks>
/// C is row-major, its rows <c>cRow</c> elements apart; A and B have any strides, and C overlaps
/// neither. Products run on as many threads as they are worth.
/// </remarks>
internal static unsafe class Gemm
{
    public static void Single(
        long m, long n, long k,
        MatrixView<float> a, MatrixView<float> b, float* c, long cRow, bool add)
    {
        switch (FewVectors.Choose(m, n, k, a, b, xStrided: false))
        {
            case VectorShape.RowsByColumns:
                SingleWeights.Dot(
                    (nint)m, (nint)n, (nint)k, a.Data, a.RowStride, b.Data, b.ColumnStride,
                    c, (nint)cRow, 1, add);
                break;
            case VectorShape.ColumnsByRows:
                SingleWeights.Dot(
                    (nint)n, (nint)m, (nint)k, b.Data, b.ColumnStride, a.Data, a.RowStride,
                    c, 1, (nint)cRow, add);
                break;
            case VectorShape.RowSums:
                SingleWeights.SumRows(
                    (nint)m, (nint)n, (nint)k, a.Data, a.RowStride, a.ColumnStride,
                    b.Data, b.RowStride, c, (nint)cRow, add);
                break;
            default:
                Blocked<float, float, float, SameFormat<float>>(m, n, k, a, b, c, cRow, add);
                break;
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
        VectorShape shape = FewVectors.Choose(m, n, k, a, b, xStrided: true);
        if (shape == VectorShape.None)
        {
            Blocked<ushort, float, ushort, Float16Format<TFloat16>>(m, n, k, a, b, c, cRow, add);
        }
        else
        {
            FewVectors.Float16<TFloat16>(
                shape, (nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
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
