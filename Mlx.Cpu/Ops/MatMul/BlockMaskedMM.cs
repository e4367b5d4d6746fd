using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>
    /// Behind the operands come the result's mask, the operands' two, or all three.
    /// </summary>
    [Serialized]
    public static readonly Form BlockMaskedForm = Form.ReadOnly<int>(
        "BlockMaskedMM", State.Int, (x, block, _) =>
        [
            BlockMaskedMM(
                x[0], x[1], block, x.Length % 2 == 1 ? x[2] : null, x.Length > 3 ? x[^2] : null,
                x.Length > 3 ? x[^1] : null),
        ], 3, 5);

    /// <summary>
    /// (A under its mask)(B under its mask), under the mask of the result, where one element of a
    /// mask stands for a square block. Composed, so that it differentiates; a bool mask selects,
    /// any other multiplies.
    /// </summary>
    [Export("mlx_block_masked_mm")]
    public static Node BlockMaskedMM(
        Node a, Node b, int blockSize, Node? maskOut, Node? maskLhs, Node? maskRhs)
    {
        if (maskOut is null && maskLhs is null && maskRhs is null)
        {
            return MatMul(a, b);
        }

        if (blockSize is not (32 or 64))
        {
            throw new ArgumentException(
                $"[block_masked_mm] Only block_sizes 32, 64 are supported. Got block size " +
                $"{blockSize}.");
        }

        var dtype = RealProduct(a, b, "block_masked_mm");
        var (left, right, shape) = MatMulShapes(a, b, "block_masked_mm");
        var (m, n, k) = (shape[^2], shape[^1], left.Shape[^1]);
        int[] batch = shape[..^2];
        var isBool = (maskLhs?.Dtype ?? Dtype.Bool) == Dtype.Bool
                     && (maskRhs?.Dtype ?? Dtype.Bool) == Dtype.Bool;
        left = AsType(left, dtype);
        right = AsType(right, dtype);
        if (maskLhs is not null)
        {
            var mask = a.Rank == 1 ? ExpandDims(maskLhs, -2) : maskLhs;
            left = UnderMask(left, mask, isBool, batch, m, k, blockSize);
        }

        if (maskRhs is not null)
        {
            var mask = b.Rank == 1 ? ExpandDims(maskRhs, -1) : maskRhs;
            right = UnderMask(right, mask, isBool, batch, k, n, blockSize);
        }

        var product = MatMul(left, right);
        if (maskOut is not null)
        {
            var mask = maskOut;
            mask = a.Rank == 1 ? ExpandDims(mask, b.Rank == 1 ? -1 : -2) : mask;
            mask = b.Rank == 1 ? ExpandDims(mask, -1) : mask;
            product = UnderMask(product, mask, mask.Dtype == Dtype.Bool, batch, m, n, blockSize);
        }

        return MatMulResult(product, a, b);
    }

    private static Node UnderMask(
        Node x, Node mask, bool select, int[] batch, int rows, int columns, int block)
    {
        var (y, z) = ((rows + block - 1) / block, (columns + block - 1) / block);
        var typed = BroadcastTo(AsType(mask, select ? Dtype.Bool : x.Dtype), [.. batch, y, z]);
        var spread = BroadcastTo(
            ExpandDims(typed, [-3, -1]), [.. batch, y, block, z, block]);
        var full = Leading(
            Reshape(spread, [.. batch, y * block, z * block]), rows, columns);
        return select ? Where(full, x, Scalar(0.0, x.Dtype)) : Multiply(x, full);
    }

    /// <summary>The dtype of a product that must be real.</summary>
    private static Dtype RealProduct(Node a, Node b, string op)
    {
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        return dtype.IsFloating() ? dtype : throw new ArgumentException(
            $"[{op}] Only real floating point types are supported but {a.Dtype.Name()} and " +
            $"{b.Dtype.Name()} were provided which results in {dtype.Name()}, which is not a " +
            "real floating point type.");
    }
}
