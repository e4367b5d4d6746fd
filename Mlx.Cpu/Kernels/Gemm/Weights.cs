using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>A few vectors times stored weights, with the processor's best vectors.</summary>
/// <typeparam name="TStored">What the weights are made of.</typeparam>
internal unsafe interface IWeights<TStored>
    where TStored : unmanaged
{
    /// <summary>Each row of weights gives one column: see <c>DotProducts.Run</c>.</summary>
    static abstract void Dot(
        nint m, nint n, nint k, float* x, nint xRow, TStored* weights, nint weightsRow,
        float* output, nint outRow, nint outColumn, bool add);

    /// <summary>Each column of weights gives one column: see <c>RowSums.Run</c>.</summary>
    static abstract void SumRows(
        nint m, nint n, nint k, float* x, nint xRow, nint xColumn,
        TStored* weights, nint weightsRow, float* output, nint outRow, bool add);
}

/// <summary>Single-precision weights.</summary>
internal readonly unsafe struct SingleWeights : IWeights<float>
{
    public static void Dot(
        nint m, nint n, nint k, float* x, nint xRow, float* weights, nint weightsRow,
        float* output, nint outRow, nint outColumn, bool add)
    {
        if (GemmDispatch.Path == GemmPath.Avx512 && Avx512F.IsSupported)
        {
            DotProducts<
                float, Vector512<float>, Lanes512<float>,
                SameLoads<Vector512<float>, Lanes512<float>>, N4>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else if (GemmDispatch.Path == GemmPath.Avx2 && Avx2.IsSupported && Fma.IsSupported)
        {
            DotProducts<
                float, Vector256<float>, Lanes256<float>,
                SameLoads<Vector256<float>, Lanes256<float>>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else if (GemmDispatch.Path == GemmPath.Vector128)
        {
            DotProducts<
                float, Vector128<float>, Lanes128<float>,
                SameLoads<Vector128<float>, Lanes128<float>>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else
        {
            DotProducts<float, float, Lanes1<float>, SameLoads<float, Lanes1<float>>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
    }

    public static void SumRows(
        nint m, nint n, nint k, float* x, nint xRow, nint xColumn,
        float* weights, nint weightsRow, float* output, nint outRow, bool add)
    {
        if (GemmDispatch.Path == GemmPath.Avx512 && Avx512F.IsSupported)
        {
            RowSums<
                float, Vector512<float>, Lanes512<float>,
                SameLoads<Vector512<float>, Lanes512<float>>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else if (GemmDispatch.Path == GemmPath.Avx2 && Avx2.IsSupported && Fma.IsSupported)
        {
            RowSums<
                float, Vector256<float>, Lanes256<float>,
                SameLoads<Vector256<float>, Lanes256<float>>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else if (GemmDispatch.Path == GemmPath.Vector128)
        {
            RowSums<
                float, Vector128<float>, Lanes128<float>,
                SameLoads<Vector128<float>, Lanes128<float>>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else
        {
            RowSums<float, float, Lanes1<float>, SameLoads<float, Lanes1<float>>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
    }
}

/// <summary>Weights of 16 bits.</summary>
internal readonly unsafe struct Float16Weights<TFloat16> : IWeights<ushort>
    where TFloat16 : struct, IFloat16
{
    public static void Dot(
        nint m, nint n, nint k, float* x, nint xRow, ushort* weights, nint weightsRow,
        float* output, nint outRow, nint outColumn, bool add)
    {
        if (GemmDispatch.Path == GemmPath.Avx512 && Avx512F.IsSupported)
        {
            DotProducts<
                ushort, Vector512<float>, Lanes512<float>,
                Float16Loads<TFloat16>, N4>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else if (GemmDispatch.Path == GemmPath.Avx2 && Avx2.IsSupported && Fma.IsSupported)
        {
            DotProducts<
                ushort, Vector256<float>, Lanes256<float>,
                Float16Loads<TFloat16>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else if (GemmDispatch.Path == GemmPath.Vector128)
        {
            DotProducts<
                ushort, Vector128<float>, Lanes128<float>,
                Float16Loads<TFloat16>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
        else
        {
            DotProducts<ushort, float, Lanes1<float>, Float16Loads<TFloat16>, N2>
                .Run(m, n, k, x, xRow, weights, weightsRow, output, outRow, outColumn, add);
        }
    }

    public static void SumRows(
        nint m, nint n, nint k, float* x, nint xRow, nint xColumn,
        ushort* weights, nint weightsRow, float* output, nint outRow, bool add)
    {
        if (GemmDispatch.Path == GemmPath.Avx512 && Avx512F.IsSupported)
        {
            RowSums<
                ushort, Vector512<float>, Lanes512<float>,
                Float16Loads<TFloat16>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else if (GemmDispatch.Path == GemmPath.Avx2 && Avx2.IsSupported && Fma.IsSupported)
        {
            RowSums<
                ushort, Vector256<float>, Lanes256<float>,
                Float16Loads<TFloat16>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else if (GemmDispatch.Path == GemmPath.Vector128)
        {
            RowSums<
                ushort, Vector128<float>, Lanes128<float>,
                Float16Loads<TFloat16>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
        else
        {
            RowSums<ushort, float, Lanes1<float>, Float16Loads<TFloat16>>
                .Run(m, n, k, x, xRow, xColumn, weights, weightsRow, output, outRow, add);
        }
    }
}
