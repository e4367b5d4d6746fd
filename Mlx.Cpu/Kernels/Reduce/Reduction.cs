using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Reduces an array of any strides over any axes.
/// </summary>
/// <remarks>
/// <para>
/// The axes are sorted by stride and merged. If the one nearest in memory is reduced, the inner
/// loop merges a row into one value; if it is kept, the inner loop merges rows into one row. So
/// memory is read in order either way, once.
/// </para>
/// <para>
/// Tasks are results (or blocks of a row of results). Where there are fewer of them than the
/// threads want, each is split over the reduced axes and the partial results are merged at the
/// end. A task works in pieces and merges those, which keeps the rounding error of a long sum
/// that of two short ones.
/// </para>
/// </remarks>
internal static unsafe class Reduction
{
    /// <summary>Elements of a row, or rows of a block, merged at a time.</summary>
    public const int RowPiece = 16 * 1024;
    public const int ColumnPiece = 512;

    /// <summary>Results that are merged side by side: they stay in the first-level cache.</summary>
    public const int BlockWidth = 2048;

    /// <summary>Rows narrower than this are taken several at a time, as one wider row.</summary>
    private const int NarrowRow = 128;

    /// <summary>Elements worth a thread's attention: some 5 us of reading.</summary>
    private const long TaskElements = 64 * 1024;

    /// <param name="input">The elements.</param>
    /// <param name="axes">Which axes are reduced, sorted.</param>
    /// <param name="output">Row-major and allocated; reduced axes have length one.</param>
    /// <param name="widen">From input elements to T; null where they are T.</param>
    /// <param name="narrow">From T to output elements; null where they are T.</param>
    /// <param name="parts">2 to take each complex number for a pair.</param>
    public static void Run<T, TKernel>(
        Node input, ReadOnlySpan<int> axes, Node output,
        delegate*<byte*, long, byte*, long, void> widen,
        delegate*<byte*, byte*, long, long, void> narrow,
        int parts = 1)
        where T : unmanaged
        where TKernel : struct, IFoldKernel<T>
    {
        if (output.Size == 0)
        {
            return;
        }

        var keptAxes = stackalloc LoopAxis[input.Rank + 2];
        var reducedAxes = stackalloc LoopAxis[input.Rank + 1];
        var (kept, reduced) = (0, 0);
        for (int a = 0, r = 0; a < input.Rank; a++)
        {
            var isReduced = r < axes.Length && axes[r] == a;
            r += isReduced ? 1 : 0;
            if (input.Shape[a] == 1)
            {
                continue;
            }

            var stride = input.Strides[a] * parts;
            if (isReduced)
            {
                reducedAxes[reduced++] = new(input.Shape[a], stride, 0);
            }
            else
            {
                keptAxes[kept++] = new(input.Shape[a], stride, output.Strides[a] * parts);
            }
        }

        if (parts > 1)
        {
            keptAxes[kept++] = new(parts, 1, 1);
        }

        var plan = new Plan<T>
        {
            In = input.Data,
            Out = output.Data,
            InSize = input.Dtype.Size() / parts,
            OutSize = output.Dtype.Size() / parts,
            IsDirect = widen is null,
            Widen = widen is null ? Widening.Same(sizeof(T)) : widen,
            Narrow = narrow is null ? Widening.SameBack(sizeof(T)) : narrow,
            Kept = keptAxes,
            KeptCount = LoopAxis.Simplify(new Span<LoopAxis>(keptAxes, kept)),
            Reduced = reducedAxes,
            ReducedCount = LoopAxis.Simplify(new Span<LoopAxis>(reducedAxes, reduced)),
        };
        plan.Arrange();
        using var partials = new PackBuffer(
            plan.Splits == 1 ? 0 : (nuint)(plan.Splits * plan.Results * sizeof(T)));
        plan.Partials = (T*)partials.Data;
        var grain = Math.Max(1, TaskElements / Math.Max(1, plan.TaskSize));
        if (plan.IsColumns)
        {
            ParallelFor.Run(plan.Tasks, grain, new ReductionColumns<T, TKernel>(&plan));
        }
        else
        {
            ParallelFor.Run(plan.Tasks, grain, new ReductionRows<T, TKernel>(&plan));
        }

        if (plan.Splits > 1)
        {
            TKernel.Rows(
                plan.Partials, plan.Partials + plan.Results, (nint)plan.Results,
                (nint)plan.Splits - 1, (nint)plan.Results);
            plan.StoreAll(plan.Partials);
        }
    }

    /// <summary>One reduction as the tasks see it.</summary>
    internal struct Plan<T>
        where T : unmanaged
    {
        public byte* In;
        public byte* Out;
        public int InSize;
        public int OutSize;
        public bool IsDirect;
        public delegate*<byte*, long, byte*, long, void> Widen;
        public delegate*<byte*, byte*, long, long, void> Narrow;

        /// <summary>The axes outside the inner loops.</summary>
        public LoopAxis* Kept;
        public LoopAxis* Reduced;
        public int KeptCount;
        public int ReducedCount;

        /// <summary>Whether rows are merged into a row of results, and not into one each.</summary>
        public bool IsColumns;

        /// <summary>The axis of a row of results; length one where rows are merged into one.
        /// </summary>
        public LoopAxis Across;

        /// <summary>The reduced axis that the inner loops run along.</summary>
        public LoopAxis Along;

        /// <summary>How many narrow rows are merged as one wide row.</summary>
        public long Copies;

        public long Results;
        public long Blocks;
        public long PiecesAlong;
        public long Pieces;
        public long Splits;
        public long Tasks;
        public long TaskSize;
        public T* Partials;

        /// <summary>Chooses the inner loops and cuts the work.</summary>
        public void Arrange()
        {
            Along = ReducedCount > 0 ? Reduced[--ReducedCount] : new LoopAxis(1, 1, 0);
            Across = new LoopAxis(1, 1, 1);
            IsColumns = KeptCount > 0 && Along.In != 1 && Along.Length > 1
                && IsNearer(Kept[KeptCount - 1].In, Along.In);
            Copies = 1;
            if (IsColumns)
            {
                Across = Kept[--KeptCount];
                if (Across.In == 1 && Along.In == Across.Length && Across.Length < NarrowRow)
                {
                    Copies = Math.Clamp(Along.Length, 1, 512 / Across.Length);
                }
            }

            var outer = Product(Kept, KeptCount);
            Results = outer * Across.Length;
            Blocks = (Across.Length + BlockWidth - 1) / BlockWidth;
            var piece = IsColumns ? ColumnPiece * Copies : RowPiece;
            PiecesAlong = (Along.Length + piece - 1) / piece;
            Pieces = PiecesAlong * Product(Reduced, ReducedCount);
            var elements = Pieces * Math.Min(piece, Along.Length)
                * Math.Min(Across.Length, BlockWidth);
            var tasks = outer * Blocks;
            var wanted = 4 * ParallelFor.AvailableDegree;
            Splits = wanted == 4 || tasks >= wanted
                ? 1
                : Math.Clamp(
                    Math.Min(wanted / tasks, elements / TaskElements), 1, Math.Max(Pieces, 1));
            Tasks = tasks * Splits;
            TaskSize = elements / Splits;
        }

        /// <summary>A run of results from the inner loops.</summary>
        public readonly void Store(T* results, long offset, long count) =>
            Narrow((byte*)results, Out + (offset * OutSize), Across.Out, count);

        /// <summary>All results, in the order of the kept axes.</summary>
        public readonly void StoreAll(T* results)
        {
            var index = stackalloc long[KeptCount];
            var walk = new AxisWalk(Kept, KeptCount, index, 0);
            for (long r = 0; r < Results; r += Across.Length)
            {
                Store(results + r, walk.Out, Across.Length);
                walk.Next();
            }
        }

        private static bool IsNearer(long a, long b) =>
            a != 0 && (b == 0 || Math.Abs(a) < Math.Abs(b));

        private static long Product(LoopAxis* axes, int count)
        {
            long product = 1;
            for (var a = 0; a < count; a++)
            {
                product *= axes[a].Length;
            }

            return product;
        }
    }
}
