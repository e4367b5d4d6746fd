using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Applies the update at every index, in order. When every update covers the inner part of the
/// array from the first indexed axis on, threads own ranges of columns of that part, so that two
/// never write to the same place and the result does not depend on how many there are.
/// </summary>
internal static unsafe class ScatterKernel
{
    private const int Block = 256;

    public static void Run(UpdateMode mode, Node[] inputs, int[] axes, Node output)
    {
        var updates = inputs[^1];
        var window = updates.Shape[^output.Rank..];
        var reader = new IndexReader(
            "scatter", inputs.AsSpan(1, inputs.Length - 2), axes, output.Shape, output.Strides,
            window);
        var body = new Body(mode, reader, updates, window, output);
        if (body.Columns is var columns && columns > 0)
        {
            var grain = Math.Max(64, 65536 / Math.Max(1, updates.Size / columns));
            ParallelFor.Run(columns, grain, body);
        }
        else
        {
            body.Run(0, 1);
        }
    }

    private struct Body : IRangeBody
    {
        /// <summary>Length of updates that are one row on both sides; 0: they are not.</summary>
        public readonly long Columns;

        private readonly delegate*<byte*, long, byte*, long, long, void> line;
        private readonly UpdateMode mode;
        private readonly IndexReader reader;
        private readonly Node updates;
        private readonly Node output;
        private readonly int[] window;
        private readonly long[] steps;
        private readonly long[] positionSteps;
        private readonly int[] positionShape;

        public Body(UpdateMode mode, IndexReader reader, Node updates, int[] window, Node output)
        {
            (this.mode, this.reader, this.updates) = (mode, reader, updates);
            (this.window, this.output) = (window, output);
            steps = updates.Strides[^window.Length..];
            line = Updates.LineFor(mode, output.Dtype);
            var isRow = IsRow(window, steps) && IsRow(window, output.Strides);
            Columns = isRow ? Shapes.Size(window) : 0;
            var positions = updates.Rank - window.Length;
            var (shape, merged) =
                Axes.Merge(updates.Shape[..positions], [updates.Strides[..positions]]);
            (positionShape, positionSteps) = (shape, merged[0]);
        }

        public readonly void Run(long start, long end)
        {
            Span<long> offsets = stackalloc long[Block];
            var width = output.Dtype.Size();
            for (long at = 0; at < reader.Count; at += Block)
            {
                var part = offsets[..(int)Math.Min(Block, reader.Count - at)];
                reader.Read(at, part);
                for (var i = 0; i < part.Length; i++)
                {
                    var update = updates.Data + UpdateOffset(at + i) * width;
                    var target = output.Data + part[i] * width;
                    if (Columns > 0)
                    {
                        line(update + start * width, 1, target + start * width, 1, end - start);
                    }
                    else
                    {
                        Updates.Apply(
                            mode, output.Dtype, update, steps, target, output.Strides, window);
                    }
                }
            }
        }

        private readonly long UpdateOffset(long position)
        {
            long offset = 0;
            for (var a = positionShape.Length - 1; a >= 0; a--)
            {
                offset += position % positionShape[a] * positionSteps[a];
                position /= positionShape[a];
            }

            return offset;
        }

        private static bool IsRow(int[] shape, ReadOnlySpan<long> strides)
        {
            long step = 1;
            for (var a = shape.Length - 1; a >= 0; a--)
            {
                if (shape[a] != 1)
                {
                    if (strides[a] != step)
                    {
                        return false;
                    }

                    step *= shape[a];
                }
            }

            return true;
        }
    }
}
