using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>C[i] = A[:, s:e] B[s:e, :] for each segment (s, e) of the inner dimension.</summary>
internal sealed unsafe class SegmentedMM : RealMatrixProduct
{
    public static readonly SegmentedMM Instance = new();

    protected override void Run<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        Node[] inputs, Node c)
    {
        var (a, b, segments) = (inputs[0], inputs[1], inputs[2]);
        var (m, n, k) = (a.Shape[0], b.Shape[1], a.Shape[1]);
        using var copy = new PackBuffer((nuint)segments.Bytes);
        var bounds = (uint*)copy.Data;
        Transfer.CopyRow(segments, (byte*)bounds);
        for (long i = 0; i < segments.Size / 2; i++)
        {
            var (start, end) = ((long)bounds[2 * i], (long)bounds[(2 * i) + 1]);
            if (end > k && end > start)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(inputs),
                    $"[segmented_mm] segment ({start},{end}) ends beyond the inner dimension {k}.");
            }

            // An empty segment gives zeros, as the product over nothing does.
            start = Math.Min(start, end);
            product(
                m, n, end - start,
                new(a.As<T>() + (start * a.Strides[1]), a.Strides[0], a.Strides[1]),
                new(b.As<T>() + (start * b.Strides[0]), b.Strides[0], b.Strides[1]),
                c.As<T>() + (i * m * n), n, false);
        }
    }
}

internal static partial class Op
{
    [Export("mlx_segmented_mm")]
    public static Node SegmentedMM(Node a, Node b, Node segments)
    {
        if (a.Rank != 2 || b.Rank != 2)
        {
            throw new ArgumentException(
                $"[segmented_mm] Batched matmul not supported: shapes {Shapes.Text(a.Shape)} and " +
                $"{Shapes.Text(b.Shape)}.");
        }

        if (a.Shape[1] != b.Shape[0])
        {
            throw new ArgumentException(
                $"[segmented_mm] Last dimension of first input with shape " +
                $"{Shapes.Text(a.Shape)} must match second to last dimension of second input " +
                $"with shape {Shapes.Text(b.Shape)}.");
        }

        if (segments.Rank < 1 || segments.Shape[^1] != 2)
        {
            throw new ArgumentException(
                $"[segmented_mm] The segments should have shape (..., 2) but " +
                $"{Shapes.Text(segments.Shape)} was provided.");
        }

        var dtype = RealProduct(a, b, "segmented_mm");
        if (!segments.Dtype.IsInteger())
        {
            throw new ArgumentException(
                "[segmented_mm] Got segments with invalid dtype. Segments must be integral.");
        }

        return Node.Lazy(
            [.. segments.Shape[..^1], a.Shape[0], b.Shape[1]], dtype, Ops.SegmentedMM.Instance,
            AsType(a, dtype), AsType(b, dtype), AsType(segments, Dtype.UInt32));
    }
}
