using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>The instruction sets there are tiles for.</summary>
internal enum GemmPath
{
    Scalar,
    Vector128,
    Avx2,
    Avx512,
}

/// <summary>Picks the tiles for the processor at hand.</summary>
/// <remarks>
/// The checks for support are repeated beside each use, where the compiler answers them: code for
/// other processors is never compiled, and an ahead-of-time build tests at run time.
/// </remarks>
internal static unsafe class GemmDispatch
{
    /// <summary>What this processor does best.</summary>
    public static GemmPath BestPath { get; } =
        Avx512F.IsSupported ? GemmPath.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? GemmPath.Avx2
        : Vector128.IsHardwareAccelerated ? GemmPath.Vector128
        : GemmPath.Scalar;

    /// <summary>The instruction set in use. Only tests set it, and only to lesser ones.</summary>
    public static GemmPath Path { get; set; } = BestPath;

    public static void Blocked<TIn, TAcc, TOut, TFormat>(
        long m, long n, long k,
        MatrixView<TIn> a, MatrixView<TIn> b, TOut* c, long cRow, bool add)
        where TIn : unmanaged
        where TAcc : unmanaged, INumber<TAcc>
        where TOut : unmanaged
        where TFormat : struct, IOperandFormat<TIn, TAcc, TOut>
    {
        if (Path == GemmPath.Avx512 && Avx512F.IsSupported)
        {
            BlockedGemm<
                TIn, TAcc, TOut, TFormat,
                TileKernel<TAcc, Vector512<TAcc>, Lanes512<TAcc>, N4, N8, N12>>
                .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
        }
        else if (Path == GemmPath.Avx2 && Avx2.IsSupported && Fma.IsSupported)
        {
            BlockedGemm<
                TIn, TAcc, TOut, TFormat,
                TileKernel<TAcc, Vector256<TAcc>, Lanes256<TAcc>, N2, N4, N6>>
                .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
        }
        else if (Path == GemmPath.Vector128 && AdvSimd.IsSupported)
        {
            BlockedGemm<
                TIn, TAcc, TOut, TFormat,
                TileKernel<TAcc, Vector128<TAcc>, Lanes128<TAcc>, N4, N8, N12>>
                .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
        }
        else if (Path == GemmPath.Vector128)
        {
            BlockedGemm<
                TIn, TAcc, TOut, TFormat,
                TileKernel<TAcc, Vector128<TAcc>, Lanes128<TAcc>, N2, N4, N6>>
                .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
        }
        else
        {
            BlockedGemm<
                TIn, TAcc, TOut, TFormat,
                TileKernel<TAcc, TAcc, Lanes1<TAcc>, N1, N2, N4>>
                .Run((nint)m, (nint)n, (nint)k, a, b, c, (nint)cRow, add);
        }
    }
}
