using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Runs an elementwise kernel over inputs of any strides. Axes that lie one behind the other in
/// every operand are merged first; what is left is an outer walk over rows and a kernel call a
/// row, in which each input is contiguous, a single element, or copied to a small buffer.
/// </summary>
internal static unsafe partial class ElementwiseLoop
{
    public const int MaxInputs = 8;

    /// <summary>Elements gathered at a time when the innermost stride is neither 0 nor 1.</summary>
    private const int GatherBlock = 256;

    /// <summary>Rows shorter than this are gathered into blocks for one kernel call.</summary>
    private const int ShortRow = 64;

    /// <summary>Elements from which on a transposed input is copied first.</summary>
    private const int WorthCopying = 4096;

    /// <summary>
    /// The output's storage: an input's buffer if this is its last reader, or fresh memory in the
    /// order that all (dense) inputs share, else row-major. Answers whether one flat loop will do.
    /// </summary>
    public static bool Prepare(Node[] inputs, Node output)
    {
        Node? like = null;
        foreach (var i in inputs)
        {
            if (IsScalar(i))
            {
                continue;
            }

            if (like is null)
            {
                like = i;
            }

            if (!i.IsDense || !(i.IsRow && like.IsRow || SameStrides(i, like)))
            {
                output.Allocate();
                return false;
            }
        }

        if (like is null)
        {
            output.Allocate();
            return true;
        }

        foreach (var i in inputs)
        {
            if (i.IsDense && !IsScalar(i) && output.CanTake(i))
            {
                output.Share(i);
                return true;
            }
        }

        output.AllocateLike(like);
        return true;
    }

    public static void Run(Kernel kernel, int cost, Node[] inputs, Node output)
    {
        if (output.Size == 0)
        {
            output.Allocate();
            return;
        }

        var flat = Prepare(inputs, output);
        var grain = Math.Max(1024, 65536 / cost);
        if (flat)
        {
            ParallelFor.Run(output.Size, grain, new FlatBody(kernel, inputs, output));
            return;
        }

        var straight = Straighten(inputs, out flat);
        if (flat)
        {
            ParallelFor.Run(output.Size, grain, new FlatBody(kernel, straight, output));
        }
        else
        {
            var strides = Array.ConvertAll(straight, i => i.Strides);
            var (shape, steps) = Axes.Merge(output.Shape, strides);
            if (shape[^1] >= ShortRow || shape.Length == 1)
            {
                ParallelFor.Run(
                    output.Size, grain, new StridedBody(kernel, straight, output, shape, steps));
            }
            else
            {
                ParallelFor.Run(
                    output.Size, grain, new BlockBody(kernel, straight, output, shape, steps));
            }
        }

        for (var i = 0; i < inputs.Length; i++)
        {
            if (straight[i] != inputs[i])
            {
                straight[i].Drop();
            }
        }
    }

    /// <summary>
    /// Inputs that run along another axis than the output are copied first, in blocks that fit the
    /// cache: read element by element they would cost a cache line each.
    /// </summary>
    private static Node[] Straighten(Node[] inputs, out bool flat)
    {
        var straight = inputs;
        flat = true;
        for (var i = 0; i < inputs.Length; i++)
        {
            var n = inputs[i];
            if (n.Size >= WorthCopying && n.IsDense && !n.IsRow)
            {
                straight = straight == inputs ? (Node[])inputs.Clone() : straight;
                straight[i] = Node.Allocated(n.Shape, n.Dtype);
                Transfer.CopyRow(n, straight[i].Data);
            }

            flat &= straight[i].IsRow || IsScalar(n);
        }

        return straight;
    }

    /// <summary>One element stands for all: size 1, or every axis broadcast.</summary>
    public static bool IsScalar(Node n)
    {
        if (n.Size == 1)
        {
            return true;
        }

        for (var a = 0; a < n.Rank; a++)
        {
            if (n.Strides[a] != 0 && n.Shape[a] != 1)
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameStrides(Node a, Node b)
    {
        for (var i = 0; i < a.Rank; i++)
        {
            if (a.Strides[i] != b.Strides[i] && a.Shape[i] != 1)
            {
                return false;
            }
        }

        return true;
    }

    private struct FlatBody(
        Kernel kernel, Node[] inputs, Node output) : IRangeBody
    {
        public void Run(long start, long end)
        {
            var pointers = stackalloc byte*[MaxInputs];
            uint scalars = 0;
            for (var i = 0; i < inputs.Length; i++)
            {
                var n = inputs[i];
                pointers[i] = n.Data;
                if (IsScalar(n))
                {
                    scalars |= 1u << i;
                }
                else
                {
                    pointers[i] += start * n.Dtype.Size();
                }
            }

            kernel(pointers, output.Data + start * output.Dtype.Size(), end - start, scalars);
        }
    }

    private struct StridedBody : IRangeBody
    {
        private readonly Kernel kernel;
        private readonly Node[] inputs;
        private readonly Node output;
        private readonly int[] shape;
        private readonly long[][] strides;

        public StridedBody(
            Kernel kernel, Node[] inputs, Node output, int[] shape, long[][] strides)
        {
            this.kernel = kernel;
            this.inputs = inputs;
            this.output = output;
            this.shape = shape;
            this.strides = strides;
        }

        public readonly void Run(long start, long end)
        {
            var count = inputs.Length;
            var rank = shape.Length;
            var inner = shape[rank - 1];
            var at = stackalloc long[count];
            var index = stackalloc int[rank];
            var row = stackalloc byte*[MaxInputs];
            var width = stackalloc int[count];
            var step = stackalloc long[count];
            uint scalars = 0;
            var gathered = 0;
            for (var i = 0; i < count; i++)
            {
                width[i] = inputs[i].Dtype.Size();
                step[i] = strides[i][rank - 1];
                scalars |= step[i] == 0 ? 1u << i : 0;
                gathered += step[i] is 0 or 1 ? 0 : 1;
            }

            var buffer = stackalloc byte[gathered * GatherBlock * 8];
            var outWidth = output.Dtype.Size();
            var target = output.Data + start * outWidth;

            // Coordinates of the first element.
            var rest = start;
            for (var a = rank - 1; a >= 0; a--)
            {
                index[a] = (int)(rest % shape[a]);
                rest /= shape[a];
            }

            for (var i = 0; i < count; i++)
            {
                at[i] = 0;
                for (var a = 0; a < rank; a++)
                {
                    at[i] += index[a] * strides[i][a];
                }
            }

            while (start < end)
            {
                var n = Math.Min(inner - index[rank - 1], end - start);
                if (gathered > 0)
                {
                    n = Math.Min(n, GatherBlock);
                }

                var slot = buffer;
                for (var i = 0; i < count; i++)
                {
                    row[i] = inputs[i].Data + at[i] * width[i];
                    if (step[i] is not (0 or 1))
                    {
                        Strided.Gather(row[i], step[i], slot, n, width[i]);
                        row[i] = slot;
                        slot += GatherBlock * 8;
                    }
                }

                kernel(row, target, n, scalars);
                target += n * outWidth;
                start += n;

                // Advance by n along the innermost axis and carry.
                index[rank - 1] += (int)n;
                for (var i = 0; i < count; i++)
                {
                    at[i] += n * step[i];
                }

                for (var a = rank - 1; a > 0 && index[a] == shape[a]; a--)
                {
                    index[a] = 0;
                    index[a - 1]++;
                    for (var i = 0; i < count; i++)
                    {
                        at[i] += strides[i][a - 1] - strides[i][a] * shape[a];
                    }
                }
            }
        }
    }
}
