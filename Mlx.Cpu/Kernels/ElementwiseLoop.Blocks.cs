using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

internal static unsafe partial class ElementwiseLoop
{
    /// <summary>How an input comes by the elements of a block.</summary>
    private enum Supply : byte
    {
        /// <summary>One element for all.</summary>
        Scalar,

        /// <summary>In the output's order already.</summary>
        Direct,

        /// <summary>One row again and again: gathered once for all blocks.</summary>
        Periodic,

        Gathered,
    }

    /// <summary>
    /// For short rows: blocks of many rows, into which every input that does not lie that way is
    /// gathered. A block is a whole number of rows.
    /// </summary>
    private struct BlockBody : IRangeBody
    {
        private const int Most = 512;

        private readonly Kernel kernel;
        private readonly Node[] inputs;
        private readonly Node output;
        private readonly int[] shape;
        private readonly long[][] strides;
        private readonly Supply[] supplies;
        private readonly int block;

        public BlockBody(Kernel kernel, Node[] inputs, Node output, int[] shape, long[][] strides)
        {
            this.kernel = kernel;
            this.inputs = inputs;
            this.output = output;
            this.shape = shape;
            this.strides = strides;
            block = Most / shape[^1] * shape[^1];
            supplies = new Supply[inputs.Length];
            for (var i = 0; i < supplies.Length; i++)
            {
                supplies[i] = SupplyOf(shape, strides[i]);
            }
        }

        private static Supply SupplyOf(int[] shape, long[] strides)
        {
            var (direct, periodic) = (true, true);
            long step = 1;
            for (var a = shape.Length - 1; a >= 0; a--)
            {
                direct &= strides[a] == step;
                periodic &= strides[a] == 0 || a == shape.Length - 1;
                step *= shape[a];
            }

            return direct ? Supply.Direct
                : !periodic ? Supply.Gathered
                : strides[^1] == 0 ? Supply.Scalar : Supply.Periodic;
        }

        public readonly void Run(long start, long end)
        {
            var count = inputs.Length;
            var pointers = stackalloc byte*[MaxInputs];
            var buffers = stackalloc byte[count * Most * 8];
            uint scalars = 0;

            // The first block may start within a row; after it all start with one.
            var within = start % shape[^1];
            for (var i = 0; i < count; i++)
            {
                pointers[i] = supplies[i] is Supply.Direct or Supply.Scalar
                    ? inputs[i].Data
                    : buffers + i * Most * 8;
                scalars |= supplies[i] == Supply.Scalar ? 1u << i : 0;
            }

            var width = output.Dtype.Size();
            var fresh = true;
            while (start < end)
            {
                var n = Math.Min(block - within, end - start);
                for (var i = 0; i < count; i++)
                {
                    var size = inputs[i].Dtype.Size();
                    if (supplies[i] == Supply.Direct)
                    {
                        pointers[i] = inputs[i].Data + start * size;
                    }
                    else if (supplies[i] == Supply.Gathered
                        || supplies[i] == Supply.Periodic && fresh)
                    {
                        // A periodic buffer is filled to the end, whatever this block needs of it.
                        var length = supplies[i] == Supply.Periodic
                            ? Math.Min(block, output.Size - start)
                            : n;
                        Strided.GatherRange(
                            inputs[i].Data, shape, strides[i], start, length, size, pointers[i]);
                    }
                }

                kernel(pointers, output.Data + start * width, n, scalars);
                fresh = within > 0;
                within = 0;
                start += n;
            }
        }
    }
}
