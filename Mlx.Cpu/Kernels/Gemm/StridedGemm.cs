using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Products of arrays: batch dimensions are broadcast, operands may have any strides, and nothing
/// is copied but by the multiplication itself.
/// </summary>
internal static unsafe class StridedGemm
{
    /// <summary>Batch items whose offsets find room on the stack.</summary>
    private const int StackItems = 256;

    /// <summary>C = A B or C += A B.</summary>
    /// <param name="a">Batch dimensions, m, k.</param>
    /// <param name="b">Batch dimensions, k, n.</param>
    /// <param name="c">Row-major: the broadcast batch dimensions, m, n.</param>
    /// <param name="add">Whether to add to what is in C.</param>
    public static void Run(Node a, Node b, Node c, bool add)
    {
        if (c.Size == 0)
        {
            return;
        }

        switch (c.Dtype)
        {
            case Dtype.Float32:
                Run<float>(&Gemm.Single, a, b, c, add);
                break;
            case Dtype.Float64:
                Run<double>(&Gemm.Double, a, b, c, add);
                break;
            case Dtype.Float16:
                Run<Half>(&Gemm.Half, a, b, c, add);
                break;
            case Dtype.BFloat16:
                Run<ushort>(&Gemm.BFloat16, a, b, c, add);
                break;
            default:
                Run<Complex64>(&Gemm.Complex, a, b, c, add);
                break;
        }
    }

    private static void Run<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        Node a, Node b, Node c, bool add)
        where T : unmanaged
    {
        var rank = c.Rank;
        var (n, k) = (c.Shape[rank - 1], a.Shape[^1]);
        var left = new MatrixView<T>(a.As<T>(), a.Strides[^2], a.Strides[^1]);
        var right = new MatrixView<T>(b.As<T>(), b.Strides[^2], b.Strides[^1]);

        // The batch axes and, where B does not vary, the rows of A: those that follow one another
        // evenly are one tall product. In counts for A, Out for B.
        var axes = stackalloc LoopAxis[rank];
        var count = 0;
        for (var i = 0; i < rank - 2; i++)
        {
            if (c.Shape[i] != 1)
            {
                axes[count++] = new(c.Shape[i], Step(a, i, rank), Step(b, i, rank));
            }
        }

        if (c.Shape[rank - 2] != 1 || count == 0 || axes[count - 1].Out != 0)
        {
            axes[count++] = new(c.Shape[rank - 2], a.Strides[^2], 0);
        }

        count = LoopAxis.Join(new Span<LoopAxis>(axes, count));
        var rows = axes[--count];
        var m = rows.Length;
        left = new(left.Data, rows.In, left.ColumnStride);
        if (count == 0)
        {
            product(m, n, k, left, right, c.As<T>(), n, add);
            return;
        }

        long items = c.Size / (m * n);
        using var buffer = new PackBuffer((nuint)(items > StackItems ? 3 * items * 8 : 0));
        var local = stackalloc long[items > StackItems ? 0 : 3 * StackItems];
        var aOffsets = items > StackItems ? (long*)buffer.Data : local;
        var bOffsets = aOffsets + items;
        var cOffsets = bOffsets + items;
        var index = stackalloc long[count];
        var walk = new AxisWalk(axes, count, index, 0);
        for (long i = 0; i < items; i++)
        {
            aOffsets[i] = walk.In;
            bOffsets[i] = walk.Out;
            cOffsets[i] = i * m * n;
            walk.Next();
        }

        BatchedGemm.Run(
            product, items, m, n, k, left, aOffsets, right, bOffsets, c.As<T>(), cOffsets, n, add);
    }

    /// <summary>The stride of an operand along a batch axis of the result.</summary>
    private static long Step(Node x, int axis, int rank)
    {
        var own = axis - (rank - x.Rank);
        return own < 0 || x.Shape[own] == 1 ? 0 : x.Strides[own];
    }
}
