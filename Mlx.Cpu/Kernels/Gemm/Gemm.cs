using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>The instruction sets there are tiles for.</summary>
internal enum GemmPath
{
    Scalar,
    Vector128,
    Avx2,
    Avx512,
}

/// <summary>Matrix products: C = A B or C += A B.</summary>
/// <remarks>
/// C is row-major, its rows <c>cRow</c> elements apart; A and B have any strides.
/// </remarks>
internal static unsafe class Gemm
{
    /// <summary>What this processor does best.</summary>
    public static GemmPath BestPath { get; } =
        Avx512F.IsSupported ? GemmPath.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? GemmPath.Avx2
        : Vector128.IsHardwareAccelerated ? GemmPath.Vector128
        : GemmPath.Scalar;

    /// <summary>The instruction set in use; tests lower it.</summary>
    public static GemmPath Path { get; set; } = BestPath;

    public static void Single(
        long m, long n, long k,
        MatrixView<float> a, MatrixView<float> b, float* c, long cRow, bool add) =>
        Run<float, float, float, SameFormat<float>>(m, n, k, a, b, c, cRow, add);

    public static void Double(
        long m, long n, long k,
        MatrixView<double> a, MatrixView<double> b, double* c, long cRow, bool add) =>
        Run<double, double, double, SameFormat<double>>(m, n, k, a, b, c, cRow, add);

    private static void Run<TIn, TAcc, TOut, TFormat>(
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

        if (k <= 0)
        {
            for (long i = 0; !add && i < m; i++)
            {
                new Span<TOut>(c + (i * cRow), checked((int)n)).Clear();
            }

            return;
        }

        switch (Path)
        {
            case GemmPath.Avx512 when Avx512F.IsSupported:
                BlockedGemm<
                    TIn, TAcc, TOut, TFormat,
                    TileKernel<TAcc, Vector512<TAcc>, Lanes512<TAcc>, N4, N8, N12>>
                    .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
                break;
            case GemmPath.Avx2 when Avx2.IsSupported && Fma.IsSupported:
                BlockedGemm<
                    TIn, TAcc, TOut, TFormat,
                    TileKernel<TAcc, Vector256<TAcc>, Lanes256<TAcc>, N2, N4, N6>>
                    .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
                break;
            case GemmPath.Vector128 when System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported:
                BlockedGemm<
                    TIn, TAcc, TOut, TFormat,
                    TileKernel<TAcc, Vector128<TAcc>, Lanes128<TAcc>, N4, N8, N12>>
                    .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
                break;
            case GemmPath.Scalar:
                BlockedGemm<
                    TIn, TAcc, TOut, TFormat,
                    TileKernel<TAcc, TAcc, Lanes1<TAcc>, N1, N2, N4>>
                    .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
                break;
            default:
                BlockedGemm<
                    TIn, TAcc, TOut, TFormat,
                    TileKernel<TAcc, Vector128<TAcc>, Lanes128<TAcc>, N2, N4, N6>>
                    .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
                break;
        }
    }
}
