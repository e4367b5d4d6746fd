using System.Runtime.CompilerServices;
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
internal static unsafe class BlockedGemm<TIn, TAcc, TOut, TFormat, TKernel>
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

        bool once = TFormat.IsInPlace;
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
            AInPlace = once
                && (n <= TKernel.Columns || (a.ColumnStride == 1 && m * k <= InPlaceA)),
            BInPlace = once && b.ColumnStride == 1 && (m <= TKernel.Rows || k * n <= InPlaceB),
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

    /// <summary>One block of the product, as both loops see it.</summary>
    private struct Block
    {
        public MatrixView<TIn> A;
        public MatrixView<TIn> B;
        public TOut* C;
        public nint CRow;
        public TAcc* PackedA;
        public TAcc* PackedB;
        public TAcc* Sums;
        public nint SumsRow;
        public bool Add;
        public bool AInPlace;
        public bool BInPlace;
        public bool PackBInTask;
        public bool IsLast;
        public nint Row;
        public nint Column;
        public nint DepthStart;
        public nint Rows;
        public nint Columns;
        public nint Depth;
        public nint TaskRows;
        public nint TaskColumns;
        public nint TasksAcross;

        public readonly nint RowPanels => (Rows + TKernel.Rows - 1) / TKernel.Rows;

        public readonly nint ColumnPanels => (Columns + TKernel.Columns - 1) / TKernel.Columns;

        public readonly int RowsOf(nint panel) =>
            (int)Math.Min(TKernel.Rows, Rows - (panel * TKernel.Rows));

        public readonly int ColumnsOf(nint panel) =>
            (int)Math.Min(TKernel.Columns, Columns - (panel * TKernel.Columns));

        /// <summary>Whether the tiles read this panel of A from its packed copy.</summary>
        public readonly bool IsPackedA(nint panel) =>
            !AInPlace || RowsOf(panel) != TKernel.RoundRows(RowsOf(panel));

        public readonly bool IsPackedB(nint panel) =>
            !BInPlace || ColumnsOf(panel) != TKernel.RoundColumns(ColumnsOf(panel));

        public readonly TAcc* PanelA(nint panel) => PackedA + (panel * TKernel.Rows * Depth);

        public readonly TAcc* PanelB(nint panel) => PackedB + (panel * TKernel.Columns * Depth);

        public readonly void PackB(nint panel, nint panelEnd, TAcc* target)
        {
            nint column = panel * TKernel.Columns;
            if (IsPackedB(panel))
            {
                TFormat.PackB(
                    B, DepthStart, Column + column,
                    Math.Min(panelEnd * TKernel.Columns, Columns) - column,
                    Depth, TKernel.Columns, target);
            }
        }
    }

    /// <summary>Packs panels, a task's worth at a time: those of A come first, then those of B.
    /// </summary>
    private readonly struct PackingLoop(Block* block) : IRangeBody
    {
        private const int Lanes = 128;

        private readonly nint _firstA = block->AInPlace ? block->RowPanels - 1 : 0;
        private readonly nint _firstB = block->BInPlace ? block->ColumnPanels - 1 : 0;

        public nint Count => block->PackBInTask
            ? CountA
            : CountA + Blocks(block->ColumnPanels - _firstB, GroupB);

        private static int GroupA => Lanes / TKernel.Rows;

        private static int GroupB => Lanes / TKernel.Columns;

        private nint CountA => Blocks(block->RowPanels - _firstA, GroupA);

        public void Run(long start, long end)
        {
            nint countA = CountA;
            for (nint i = (nint)start; i < end; i++)
            {
                if (i < countA)
                {
                    PackA(_firstA + (i * GroupA));
                }
                else
                {
                    nint panel = _firstB + ((i - countA) * GroupB);
                    nint panelEnd = Math.Min(panel + GroupB, block->ColumnPanels);
                    block->PackB(panel, panelEnd, block->PanelB(panel));
                }
            }
        }

        private void PackA(nint panel)
        {
            nint row = panel * TKernel.Rows;
            if (block->IsPackedA(panel))
            {
                TFormat.PackA(
                    block->A, block->Row + row, block->DepthStart,
                    Math.Min(GroupA * TKernel.Rows, block->Rows - row), block->Depth,
                    TKernel.Rows, block->PanelA(panel));
            }
        }
    }

    /// <summary>Multiplies: a task is a rectangle of tiles, and tasks go along the rows of C, so
    /// that consecutive ones share their panels of A.</summary>
    private readonly struct TileLoop(Block* block) : IRangeBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(long start, long end)
        {
            using PackBuffer own = block->PackBInTask
                ? new((nuint)(block->TaskColumns * TKernel.Columns * block->Depth * sizeof(TAcc)))
                : default;
            for (long task = start; task < end; task++)
            {
                nint row = (nint)(task / block->TasksAcross) * block->TaskRows;
                nint column = (nint)(task % block->TasksAcross) * block->TaskColumns;
                nint rowEnd = Math.Min(row + block->TaskRows, block->RowPanels);
                nint columnEnd = Math.Min(column + block->TaskColumns, block->ColumnPanels);
                TAcc* panelB = block->PanelB(column);
                if (block->PackBInTask)
                {
                    panelB = (TAcc*)own.Data;
                    block->PackB(column, columnEnd, panelB);
                }

                for (nint panel = column; panel < columnEnd; panel++)
                {
                    Sweep(panel, panelB, row, rowEnd);
                    panelB += TKernel.Columns * block->Depth;
                }

                if (!TFormat.SumsInPlace && block->IsLast)
                {
                    StoreSums(row, rowEnd, column, columnEnd);
                }
            }
        }

        /// <summary>One panel of B against a run of panels of A.</summary>
        private void Sweep(nint columnPanel, TAcc* b, nint rowPanel, nint rowPanelEnd)
        {
            int columns = block->ColumnsOf(columnPanel);
            nint column = columnPanel * TKernel.Columns;
            nint bRow = TKernel.Columns;
            if (!block->IsPackedB(columnPanel))
            {
                bRow = block->B.RowStride;
                b = (TAcc*)block->B.Data + (block->DepthStart * bRow) + block->Column + column;
            }

            bool add = block->DepthStart > 0 || (TFormat.SumsInPlace && block->Add);
            bool whole = columns == TKernel.RoundColumns(columns);
            TAcc* tile = stackalloc TAcc[TKernel.Rows * TKernel.Columns];
            for (; rowPanel < rowPanelEnd; rowPanel++)
            {
                int rows = block->RowsOf(rowPanel);
                nint row = rowPanel * TKernel.Rows;
                TAcc* a = block->PanelA(rowPanel);
                nint aRow = 1;
                nint aColumn = TKernel.Rows;
                if (!block->IsPackedA(rowPanel))
                {
                    (aRow, aColumn) = (block->A.RowStride, block->A.ColumnStride);
                    a = (TAcc*)block->A.Data
                        + ((block->Row + row) * aRow) + (block->DepthStart * aColumn);
                }

                if (!TFormat.SumsInPlace)
                {
                    TAcc* sums = block->Sums + (row * block->SumsRow) + column;
                    TKernel.Run(
                        rows, columns, block->Depth, a, aRow, aColumn, b, bRow,
                        sums, block->SumsRow, add);
                    continue;
                }

                TOut* c = block->C
                    + ((block->Row + row) * block->CRow) + block->Column + column;
                if (whole && rows == TKernel.RoundRows(rows))
                {
                    TKernel.Run(
                        rows, columns, block->Depth, a, aRow, aColumn, b, bRow,
                        (TAcc*)c, block->CRow, add);
                    continue;
                }

                TKernel.Run(
                    rows, columns, block->Depth, a, aRow, aColumn, b, bRow,
                    tile, TKernel.Columns, false);
                for (int i = 0; i < rows; i++)
                {
                    TFormat.StoreRow(
                        tile + (i * TKernel.Columns), c + (i * block->CRow), columns, add);
                }
            }
        }

        private void StoreSums(nint rowPanel, nint rowPanelEnd, nint columnPanel, nint columnEnd)
        {
            nint column = columnPanel * TKernel.Columns;
            nint count = Math.Min(columnEnd * TKernel.Columns, block->Columns) - column;
            nint rowEnd = Math.Min(rowPanelEnd * TKernel.Rows, block->Rows);
            for (nint row = rowPanel * TKernel.Rows; row < rowEnd; row++)
            {
                TFormat.StoreRow(
                    block->Sums + (row * block->SumsRow) + column,
                    block->C + ((block->Row + row) * block->CRow) + block->Column + column,
                    count,
                    block->Add);
            }
        }
    }
}
