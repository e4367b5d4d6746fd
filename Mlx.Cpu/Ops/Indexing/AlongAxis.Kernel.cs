using System.Numerics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Lines along one axis, each with indices of its own. Threads own whole lines, so scatters never
/// collide.
/// </summary>
internal static unsafe class AlongAxisKernel
{
    /// <summary>
    /// Mapped axes in front; what is not mapped gets an axis of length one there.
    /// </summary>
    public static Node[] Front(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var front = new Node[inputs.Length];
        for (var i = 0; i < front.Length; i++)
        {
            front[i] = axes[i] >= 0
                ? Op.MoveAxis(inputs[i], axes[i], 0)
                : Op.ExpandDims(inputs[i], 0);
        }

        return front;
    }

    public static void Gather(Node source, Node indices, Node output, int axis)
    {
        var lines = new Lines(axis, source, indices, output);
        Run(lines, indices.Dtype, new GatherLine(), source.Dtype.Size());
    }

    public static void Scatter(
        UpdateMode mode, Node indices, Node values, Node output, int axis)
    {
        var lines = new Lines(axis, output, indices, values);
        Run(lines, indices.Dtype, new ScatterLine(mode, output.Dtype), values.Dtype.Size());
    }

    private static void Run<TLine>(Lines lines, Dtype indices, TLine line, int width)
        where TLine : struct, ILine
    {
        var grain = Math.Max(1, 8192 / Math.Max(1, lines.Count));
        switch (indices)
        {
            case Dtype.UInt8: Go<byte>(); break;
            case Dtype.UInt16: Go<ushort>(); break;
            case Dtype.UInt32: Go<uint>(); break;
            case Dtype.UInt64: Go<ulong>(); break;
            case Dtype.Int8: Go<sbyte>(); break;
            case Dtype.Int16: Go<short>(); break;
            case Dtype.Int32: Go<int>(); break;
            default: Go<long>(); break;
        }

        void Go<TIndex>() where TIndex : unmanaged, IBinaryInteger<TIndex> =>
            ParallelFor.Run(lines.Total, grain, new Body<TIndex, TLine>(lines, line, width));
    }

    /// <summary>
    /// Where the lines of three arrays begin: the one indexed into, indices, elements.
    /// </summary>
    private sealed class Lines
    {
        public readonly Node Table;
        public readonly Node Indices;
        public readonly Node Elements;
        public readonly int Length;
        public readonly int Count;
        public readonly long[] Steps;
        public readonly int[] Shape;
        public readonly long[][] Strides;
        public readonly long Total;

        public Lines(int axis, Node table, Node indices, Node elements)
        {
            (Table, Indices, Elements) = (table, indices, elements);
            (Length, Count) = (table.Shape[axis], indices.Shape[axis]);
            Steps = [table.Strides[axis], indices.Strides[axis], elements.Strides[axis]];
            (Shape, Strides) = Axes.Merge(
                Shapes.RemoveAt(indices.Shape, axis),
                [Without(table), Without(indices), Without(elements)]);
            Total = Shapes.Size(Shape);

            long[] Without(Node n)
            {
                var s = n.Strides.ToList();
                s.RemoveAt(axis);
                return [.. s];
            }
        }
    }

    private interface ILine
    {
        /// <summary>One element: the place in the table, and the element.</summary>
        void Run(byte* table, byte* element, int width);
    }

    private struct GatherLine : ILine
    {
        public readonly void Run(byte* table, byte* element, int width)
        {
            switch (width)
            {
                case 1: *element = *table; break;
                case 2: *(ushort*)element = *(ushort*)table; break;
                case 4: *(uint*)element = *(uint*)table; break;
                default: *(ulong*)element = *(ulong*)table; break;
            }
        }
    }

    private readonly struct ScatterLine(UpdateMode mode, Dtype dtype) : ILine
    {
        private readonly delegate*<byte*, long, byte*, long, long, void> line =
            Updates.LineFor(mode, dtype);

        public void Run(byte* table, byte* element, int width) => line(element, 1, table, 1, 1);
    }

    private struct Body<TIndex, TLine>(Lines lines, TLine line, int width) : IRangeBody
        where TIndex : unmanaged, IBinaryInteger<TIndex>
        where TLine : struct, ILine
    {
        public void Run(long start, long end)
        {
            var shape = lines.Shape;
            var (tableStep, indexStep, elementStep) =
                (lines.Steps[0] * width, lines.Steps[1], lines.Steps[2] * width);
            for (; start < end; start++)
            {
                var table = lines.Table.Data;
                var index = lines.Indices.As<TIndex>();
                var element = lines.Elements.Data;
                var rest = start;
                for (var a = shape.Length - 1; a >= 0; a--)
                {
                    var at = rest % shape[a];
                    rest /= shape[a];
                    table += at * lines.Strides[0][a] * width;
                    index += at * lines.Strides[1][a];
                    element += at * lines.Strides[2][a] * width;
                }

                for (var i = 0; i < lines.Count; i++)
                {
                    var at = long.CreateTruncating(*index);
                    at += (at >> 63) & lines.Length;
                    if ((ulong)at >= (ulong)lines.Length)
                    {
                        throw new IndexOutOfRangeException(
                            $"[take_along_axis] Index {*index} is out of bounds for an axis of " +
                            $"size {lines.Length}.");
                    }

                    line.Run(table + at * tableStep, element, width);
                    index += indexStep;
                    element += elementStep;
                }
            }
        }
    }
}
