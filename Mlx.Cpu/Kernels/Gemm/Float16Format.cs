namespace Mlx.Cpu.Kernels;

/// <summary>
/// Half precision and bfloat16: widened while they are packed, summed in single precision over
/// the whole depth, and rounded once at the end.
/// </summary>
internal readonly unsafe struct Float16Format<TFloat16> : IOperandFormat<ushort, float, ushort>
    where TFloat16 : struct, IFloat16
{
    /// <summary>Depth widened at a time before it is packed: 8 KiB for the widest panel.</summary>
    private const int StagedDepth = 64;

    private const int StagedRow = 256;

    public static bool IsInPlace => false;

    public static bool SumsInPlace => false;

    public static void PackA(
        MatrixView<ushort> a, nint row, nint depthStart, nint rows, nint depth, int width,
        float* panels)
    {
        ushort* source = a.Data + (row * a.RowStride) + (depthStart * a.ColumnStride);
        for (nint first = 0; first < rows; first += width, panels += width * depth)
        {
            PackPanel(
                source + (first * a.RowStride), a.RowStride, a.ColumnStride,
                (int)Math.Min(width, rows - first), depth, width, panels);
        }
    }

    public static void PackB(
        MatrixView<ushort> b, nint depthStart, nint column, nint columns, nint depth, int width,
        float* panels) =>
        PackA(b.Transposed, column, depthStart, columns, depth, width, panels);

    public static void StoreRow(float* sums, ushort* c, nint count, bool add)
    {
        float* staged = stackalloc float[StagedRow];
        for (nint j = 0; j < count; j += StagedRow)
        {
            int run = (int)Math.Min(StagedRow, count - j);
            if (!add)
            {
                TFloat16.NarrowRun(sums + j, c + j, run);
                continue;
            }

            TFloat16.WidenRun(c + j, staged, run);
            SameFormat<float>.StoreRow(sums + j, staged, run, true);
            TFloat16.NarrowRun(staged, c + j, run);
        }
    }

    /// <summary>Widens numbers that lie any distance apart.</summary>
    public static void Widen(ushort* source, nint stride, nint count, float* target)
    {
        if (stride == 1)
        {
            TFloat16.WidenRun(source, target, checked((int)count));
            return;
        }

        for (nint p = 0; p < count; p++)
        {
            target[p] = TFloat16.Widen(source[p * stride]);
        }
    }

    private static void PackPanel(
        ushort* source, nint laneStride, nint depthStride, int lanes, nint depth, int width,
        float* panel)
    {
        if (laneStride == 1)
        {
            for (; depth > 0; depth--, source += depthStride, panel += width)
            {
                TFloat16.WidenRun(source, panel, lanes);
                new Span<float>(panel + lanes, width - lanes).Clear();
            }

            return;
        }

        float* staged = stackalloc float[width * StagedDepth];
        for (; depth > 0; depth -= StagedDepth)
        {
            int run = (int)Math.Min(StagedDepth, depth);
            for (int i = 0; i < lanes; i++)
            {
                Widen(source + (i * laneStride), depthStride, run, staged + (i * StagedDepth));
            }

            PanelPacking.Pack(staged, StagedDepth, 1, lanes, run, width, panel);
            source += run * depthStride;
            panel += run * width;
        }
    }
}
