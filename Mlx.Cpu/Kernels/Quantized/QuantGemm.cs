using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// Products with a quantized matrix. Few vectors meet the codes directly; many are worth decoding a
/// panel of rows, small enough to stay in the cache, and calling the matrix product on it.
/// </summary>
internal static unsafe class QuantGemm
{
    private const long PanelBytes = 2 << 20;

    /// <summary>
    /// y (m by n) = x (m by k) W^T with W (n by k) stored, or x W with W (k by n) stored.
    /// </summary>
    /// <param name="isHalf">Whether x and y are of half precision in truth.</param>
    public static void Run(
        long m, long n, long k, float* x, QuantMatrix w, bool transpose, float* y,
        bool isHalf = false)
    {
        if (transpose && m <= QuantDot.MaxVectors)
        {
            QuantDot.Run((int)m, n, w, x, y, n, isHalf);
            return;
        }

        var stored = transpose ? n : k;
        var panel = Math.Min(stored, Math.Max(16, PanelBytes / (w.Columns * sizeof(float))));
        using var rows = new Scratch(panel * w.Columns * sizeof(float));
        if (!transpose && k == 0)
        {
            new Span<float>(y, checked((int)(m * n))).Clear();
        }

        for (long first = 0; first < stored; first += panel)
        {
            var count = Math.Min(panel, stored - first);
            ParallelFor.Run(
                count, Math.Max(1, 16384 / w.Columns), new Decoding(w.From(first), rows.Floats));
            if (transpose)
            {
                Gemm.Single(
                    m, count, k, new(x, k, 1), new(rows.Floats, 1, w.Columns), y + first, n, false);
            }
            else
            {
                Gemm.Single(
                    m, n, count, new(x + first, k, 1), new(rows.Floats, w.Columns, 1), y, n,
                    first > 0);
            }
        }
    }

    private readonly struct Decoding(QuantMatrix w, float* to) : IRangeBody
    {
        public void Run(long start, long end)
        {
            using var parameters = new Scratch(2 * w.Groups * sizeof(float));
            for (; start < end; start++)
            {
                w.DecodeRow(start, parameters.Floats, to + start * w.Columns);
            }
        }
    }
}
