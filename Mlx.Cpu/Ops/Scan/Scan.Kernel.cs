using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Running sums and their like. Lines without steps are done with prefixes inside vectors, and a
/// single long line is cut: first every part's total, then every part from what came before.
/// Along other axes, whole rows are combined at a time.
/// </summary>
internal static unsafe class ScanKernel
{
    private const long LongLine = 65536;

    public static void Run(
        ScanKind kind, Node input, Node output, int axis, bool reverse, bool inclusive)
    {
        if (input.IsRow && output.CanTake(input))
        {
            output.Share(input);
        }
        else
        {
            output.Allocate();
        }

        if (output.Size == 0)
        {
            return;
        }

        using var row = new RowData(input);
        ElementTypes.Run(
            input.Dtype,
            new Action(kind, row.Data, output.Data, output.Shape, axis, reverse, inclusive));
    }

    private readonly struct Action(
        ScanKind kind, byte* from, byte* to, int[] shape, int axis, bool reverse, bool inclusive)
        : IDtypeAction
    {
        public void Run<T, A>() where T : unmanaged where A : struct, IArithmetic<T>
        {
            switch (kind)
            {
                case ScanKind.Sum: Go<T, RunningSum<T, A>>(); break;
                case ScanKind.Prod: Go<T, RunningProduct<T, A>>(); break;
                case ScanKind.Max: Go<T, RunningMax<T, A>>(); break;
                case ScanKind.Min: Go<T, RunningMin<T, A>>(); break;
                default: Go<T, RunningLogSum<T, A>>(); break;
            }
        }

        private void Go<T, S>() where T : unmanaged where S : struct, IScan<T>
        {
            var n = shape[axis];
            long inner = Shapes.Size(shape.AsSpan(axis + 1));
            var outer = Shapes.Size(shape.AsSpan(0, axis));
            var (x, y) = ((nint)from, (nint)to);
            var direction = new Direction(reverse, inclusive);
            if (inner > 1)
            {
                // A strip of the inner axes at a time, of about a page.
                var strips = (inner + Rows<T, S>.Strip - 1) / Rows<T, S>.Strip;
                var rows = new Rows<T, S>((T*)x, (T*)y, n, inner, strips, direction);
                ParallelFor.Run(outer * strips, Math.Max(1, 32 / n), rows);
            }
            else if (S.IsWide && n >= LongLine && outer < ParallelFor.AvailableDegree)
            {
                for (long i = 0; i < outer; i++)
                {
                    Parts<T, S>.Run((T*)x + i * n, (T*)y + i * n, n, direction);
                }
            }
            else
            {
                ParallelFor.Run(
                    outer, Math.Max(1, 8192 / n), new Lines<T, S>((T*)x, (T*)y, n, direction));
            }
        }
    }

    private readonly record struct Direction(bool Reverse, bool Inclusive);

    private readonly struct Lines<T, S>(T* from, T* to, long n, Direction direction) : IRangeBody
        where T : unmanaged where S : struct, IScan<T>
    {
        public void Run(long start, long end)
        {
            for (; start < end; start++)
            {
                Line<T, S>(from + start * n, to + start * n, n, direction);
            }
        }
    }

    /// <summary>One line from its beginning; the output may be the input.</summary>
    private static void Line<T, S>(T* from, T* to, long n, Direction direction)
        where T : unmanaged where S : struct, IScan<T>
    {
        // From the element itself: First with it need not be it (NaN, 1 times a complex infinity).
        var at = direction.Reverse ? n - 1 : 0;
        var element = from[at];
        to[at] = direction.Inclusive ? element : S.First;
        var rest = direction.Reverse ? 0 : 1;
        var carry = direction.Inclusive ? element : S.Of(S.First, element);
        Line<T, S>(from + rest, to + rest, n - 1, direction, carry);
    }

    /// <summary>The rest of a line.</summary>
    private static void Line<T, S>(T* from, T* to, long n, Direction direction, T carry)
        where T : unmanaged where S : struct, IScan<T>
    {
        var done = S.IsWide && sizeof(T) == 4
            ? PrefixLine.Run<T, S>(from, to, n, direction.Reverse, direction.Inclusive, ref carry)
            : 0;
        var (at, step) = direction.Reverse ? (n - 1 - done, -1) : (done, 1);
        for (var left = n - done; left > 0; left--, at += step)
        {
            var next = S.Of(carry, from[at]);
            to[at] = direction.Inclusive ? next : carry;
            carry = next;
        }
    }

    /// <summary>A single line on several threads.</summary>
    private readonly struct Parts<T, S>(
        T* from, T* to, long n, Direction direction, int parts, T* totals) : IRangeBody
        where T : unmanaged where S : struct, IScan<T>
    {
        private const int MaxParts = 64;

        public static void Run(T* from, T* to, long n, Direction direction)
        {
            var parts = Math.Min(ParallelFor.AvailableDegree, MaxParts);
            var totals = stackalloc T[MaxParts];
            var needsOrder = 0;
            if (parts > 1)
            {
                ParallelFor.Run(
                    parts, 1, new Totals<T, S>(from, n, parts, totals, &needsOrder));
            }

            if (parts == 1 || needsOrder != 0)
            {
                Line<T, S>(from, to, n, direction);
                return;
            }

            // What comes before each part, in the direction of the scan.
            var carry = S.First;
            for (var i = 0; i < parts; i++)
            {
                var p = direction.Reverse ? parts - 1 - i : i;
                var total = totals[p];
                totals[p] = carry;
                carry = S.Of(carry, total);
            }

            ParallelFor.Run(
                parts, 1, new Parts<T, S>(from, to, n, direction, parts, totals));
        }

        public void Run(long start, long end)
        {
            for (; start < end; start++)
            {
                var first = n * start / parts;
                Line<T, S>(
                    from + first, to + first, n * (start + 1) / parts - first, direction,
                    totals[start]);
            }
        }
    }

    private readonly struct Totals<T, S>(T* from, long n, int parts, T* totals, int* needsOrder)
        : IRangeBody
        where T : unmanaged where S : struct, IScan<T>
    {
        public void Run(long start, long end)
        {
            for (; start < end; start++)
            {
                var (i, last) = (n * start / parts, n * (start + 1) / parts);
                var count = Vector512<T>.Count;
                Vector512<T> a = Vector512.Create(S.First), b = a, c = a, d = a;
                for (; i + 4 * count <= last; i += 4 * count)
                {
                    a = Add(a, Vector512.Load(from + i));
                    b = Add(b, Vector512.Load(from + i + count));
                    c = Add(c, Vector512.Load(from + i + 2 * count));
                    d = Add(d, Vector512.Load(from + i + 3 * count));
                }

                a = S.Of(S.Of(a, b), S.Of(c, d));
                var total = a[0];
                for (var lane = 1; lane < count; lane++)
                {
                    total = S.Of(total, a[lane]);
                }

                for (; i < last; i++)
                {
                    total = Add(Vector512.Create(total), Vector512.Create(from[i]))[0];
                }

                totals[start] = total;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector512<T> Add(Vector512<T> total, Vector512<T> x)
        {
            if (S.NeedsOrder(x))
            {
                *needsOrder = 1;
            }

            return S.Of(total, x);
        }
    }

    /// <summary>Along an axis that is not the last.</summary>
    private readonly struct Rows<T, S>(
        T* from, T* to, int n, long inner, long strips, Direction direction) : IRangeBody
        where T : unmanaged where S : struct, IScan<T>
    {
        public static int Strip => 4096 / sizeof(T);

        public void Run(long start, long end)
        {
            var carry = stackalloc T[Strip];
            for (; start < end; start++)
            {
                var column = start % strips * Strip;
                var width = (int)Math.Min(Strip, inner - column);
                var first = start / strips * n * inner + column;
                new Span<T>(carry, width).Fill(S.First);
                for (var j = 0; j < n; j++)
                {
                    var row = first + (direction.Reverse ? n - 1 - j : j) * inner;
                    if (j == 0 && direction.Inclusive)
                    {
                        new ReadOnlySpan<T>(from + row, width).CopyTo(new Span<T>(carry, width));
                        new ReadOnlySpan<T>(carry, width).CopyTo(new Span<T>(to + row, width));
                        continue;
                    }

                    Combine(carry, from + row, to + row, width);
                }
            }
        }

        private void Combine(T* carry, T* x, T* y, int width)
        {
            var i = 0;
            if (S.IsWide)
            {
                for (; i + Vector512<T>.Count <= width; i += Vector512<T>.Count)
                {
                    var before = Vector512.Load(carry + i);
                    var after = S.Of(before, Vector512.Load(x + i));
                    after.Store(carry + i);
                    (direction.Inclusive ? after : before).Store(y + i);
                }
            }

            for (; i < width; i++)
            {
                var before = carry[i];
                carry[i] = S.Of(before, x[i]);
                y[i] = direction.Inclusive ? carry[i] : before;
            }
        }
    }
}
