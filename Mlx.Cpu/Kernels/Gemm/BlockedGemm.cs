using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Matrix multiplication by cache blocks, after Goto and BLIS: slices of A and B are packed into
/// panels, and register tiles sweep over them.
/// </summary>
/// <remarks>
/// <para>
/// A block is at most <see cref="DepthBlock"/> deep, so that the panel of B that a tile sweeps
/// (32 floats wide with AVX-512: up to 48 KiB) streams from the nearest caches while a task's
/// panels of A, at most 216 KiB, stay in the second. Deeper blocks touch C less often: C costs
/// most once it outgrows the caches. The other two bounds only limit the scratch memory: 7 MB for
/// the largest product in single precision, and the sums besides for the 16-bit types.
/// </para>
/// <para>
/// Each block is two parallel loops, packing and multiplying, over panels and over rectangles of
/// tiles. Operands that are small, or used once, are read in place and only their ragged last
/// panel is packed: for them packing would cost more than it saves. Where C is one task high, each
/// panel of B serves one task only, which packs it for itself and finds it in its cache.
/// </para>
/// </remarks>
internal static unsafe partial class BlockedGemm<TIn, TAcc, TOut, TFormat, TKernel>
    where TIn : unmanaged
    where TAcc : unmanaged
    where TOut : unmanaged
    where TFormat : struct, IOperandFormat<TIn, TAcc, TOut>
    where TKernel : struct, ITileKernel<TAcc>
{
    private const int DepthBlock = 384;
    private const int RowBlock = 1536;
    private const int ColumnBlock = 2304;

    /// <summary>Largest operands read in place, in elements: they stay in the nearer caches.
    /// </summary>
    private const int InPlaceA = 16 * 1024;
    private const int InPlaceB = 64 * 1024;

    /// <summary>Rows and columns of C in a task: its share of A is reused from the second-level
    /// cache, and there are enough tasks for the threads to even out.</summary>
    private const int TaskRows = 144;
    private const int TaskColumns = 128;

    /// <summary>Multiply-adds below which a product stays on one thread: some 3 us of work.
    /// </summary>
    private const double SerialWork = 300_000;

    /// <summary>Multiply-adds that are worth a task of their own.</summary>
    private const long TaskWork = 50_000;

    /// <summary>C (m by n, rows <paramref name="cRow"/> apart) = A B, or C += A B.</summary>
    public static void Run(
        nint m, nint n, nint k,
        MatrixView<TIn> a, MatrixView<TIn> b, TOut* c, nint cRow, bool add)
    {
        nint depth = BalancedBlock(k, DepthBlock, 4);
        nint rows = BalancedBlock(m, RowBlock, TKernel.Rows);
        nint columns = BalancedBlock(n, ColumnBlock, TKernel.Columns);
        nuint bytesA = PackBuffer.Align((nuint)(rows * depth * sizeof(TAcc)));
        nuint bytesB = PackBuffer.Align((nuint)(depth * columns * sizeof(TAcc)));
        nuint bytesC = TFormat.SumsInPlace ? 0 : (nuint)(rows * columns * sizeof(TAcc));
        using var buffer = new PackBuffer(bytesA + bytesB + bytesC);

        var block = new Block
        {
            A = a,
            B = b,
            C = c,
            CRow = cRow,
            PackedA = (TAcc*)buffer.Data,
            PackedB = (TAcc*)(buffer.Data + bytesA),
            Sums = (TAcc*)(buffer.Data + bytesA + bytesB),
            SumsRow = columns,
            Add = add,
            AInPlace = TFormat.IsInPlace
                && (n <= TKernel.Columns || (a.ColumnStride == 1 && m * k <= InPlaceA)),
            BInPlace = TFormat.IsInPlace
                && b.ColumnStride == 1
                && (m <= TKernel.Rows || k * n <= InPlaceB),
        };
        bool serial = (double)m * n * k <= SerialWork;
        for (block.Column = 0; block.Column < n; block.Column += columns)
        {
            block.Columns = Math.Min(columns, n - block.Column);
            for (block.Row = 0; block.Row < m; block.Row += rows)
            {
                block.Rows = Math.Min(rows, m - block.Row);
                for (block.DepthStart = 0; block.DepthStart < k; block.DepthStart += depth)
                {
                    block.Depth = Math.Min(depth, k - block.DepthStart);
                    block.IsLast = block.DepthStart + depth >= k;
                    Multiply(&block, serial ? 1 : ParallelFor.AvailableDegree);
                }
            }
        }
    }

    /// <summary>The block size, at most <paramref name="limit"/>, that leaves no small rest.
    /// </summary>
    private static nint BalancedBlock(nint size, nint limit, nint multiple)
    {
        nint block = Blocks(size, Blocks(size, limit));
        return Blocks(block, multiple) * multiple;
    }

    private static void Multiply(Block* block, int degree)
    {
        nint rowPanels = block->RowPanels;
        nint columnPanels = block->ColumnPanels;
        nint taskRows = Math.Min(rowPanels, TaskRows / TKernel.Rows);
        nint taskColumns = Math.Min(columnPanels, TaskColumns / TKernel.Columns);
        block->PackBInTask = !block->BInPlace && taskRows == rowPanels;
        while (degree > 1
            && Blocks(rowPanels, taskRows) * Blocks(columnPanels, taskColumns) < 4 * degree
            && taskRows * TKernel.Rows * taskColumns * TKernel.Columns * block->Depth > TaskWork
            && taskRows * taskColumns > 1)
        {
            if (taskColumns > 1
                && (block->PackBInTask
                    || taskColumns * TKernel.Columns >= taskRows * TKernel.Rows))
            {
                taskColumns = (taskColumns + 1) / 2;
            }
            else
            {
                taskRows = (taskRows + 1) / 2;
                block->PackBInTask = false;
            }
        }

        block->TaskRows = taskRows;
        block->TaskColumns = taskColumns;
        block->TasksAcross = Blocks(columnPanels, taskColumns);
        var packing = new PackingLoop(block);
        var tiles = new TileLoop(block);
        long tasks = Blocks(rowPanels, taskRows) * block->TasksAcross;
        if (degree == 1)
        {
            packing.Run(0, packing.Count);
            tiles.Run(0, tasks);
        }
        else
        {
            ParallelFor.Run(packing.Count, 1, packing);
            ParallelFor.Run(tasks, 1, tiles);
        }
    }

    private static nint Blocks(nint count, nint size) => (count + size - 1) / size;
}
