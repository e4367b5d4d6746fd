using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// Few vectors times the rows of a quantized matrix: y[m, n] = sum_k x[m, k] w[n, k], each weight
/// read once. With wide vectors the codes meet x as they are (<see cref="CodeDots{TCodes}"/>);
/// else a row is decoded first.
/// </summary>
internal static unsafe class QuantDot
{
    /// <summary>Vectors that one pass over the weights serves.</summary>
    public const int MaxVectors = 8;

    /// <summary>Weights in a chunk: some 5 us of work.</summary>
    private const long ChunkWeights = 64 * 1024;

    /// <summary>Adds nothing: writes y, whose rows are <paramref name="yRow"/> apart.</summary>
    /// <param name="isHalf">Whether x and y are of half precision in truth.</param>
    public static void Run(
        int m, long n, QuantMatrix w, float* x, float* y, long yRow, bool isHalf)
    {
        var grain = Math.Max(1, ChunkWeights / w.Columns);
        if (m == 1 && isHalf && IntegerDots.Serves(w) && IntegerDots.TryRun(n, w, x, y, grain))
        {
            return;
        }

        if (w.Format is { Bits: 4, IsAffine: true } && CodeDots<FourBits>.Serves(w))
        {
            CodeDots<FourBits>.Run(m, n, w, x, y, yRow, grain);
        }
        else if (w.Format is { Bits: 4, IsAffine: false } && CodeDots<FloatFourBits>.Serves(w))
        {
            CodeDots<FloatFourBits>.Run(m, n, w, x, y, yRow, grain);
        }
        else if (w.Format is { Bits: 8, IsAffine: true } && CodeDots<EightBits>.Serves(w))
        {
            CodeDots<EightBits>.Run(m, n, w, x, y, yRow, grain);
        }
        else
        {
            ParallelFor.Run(n, grain, new DecodedRows(m, w, x, y, yRow));
        }
    }

    /// <summary>Any format: a row is decoded, then multiplied with each vector.</summary>
    private readonly struct DecodedRows(int m, QuantMatrix w, float* x, float* y, long yRow)
        : IRangeBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(long start, long end)
        {
            using var row = new Scratch(w.Columns * sizeof(float));
            using var parameters = new Scratch(2 * w.Groups * sizeof(float));
            for (; start < end; start++)
            {
                w.DecodeRow(start, parameters.Floats, row.Floats);
                for (var i = 0; i < m; i++)
                {
                    y[i * yRow + start] = TensorPrimitives.Dot(
                        new ReadOnlySpan<float>(x + i * w.Columns, (int)w.Columns),
                        new ReadOnlySpan<float>(row.Floats, (int)w.Columns));
                }
            }
        }
    }
}
