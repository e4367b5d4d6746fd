using System.Runtime.CompilerServices;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <content>The two loops over a block.</content>
internal static unsafe partial class BlockedGemm<TIn, TAcc, TOut, TFormat, TKernel>
{
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
