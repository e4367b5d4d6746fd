using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// C[i] = A[lhs[i]] B[rhs[i]], matrices picked by their number in the flattened batch (a mixture
/// of experts picks weights so). Nothing is gathered: the products read the operands in place.
/// </summary>
internal sealed unsafe class GatherMM : RealMatrixProduct
{
    public static readonly GatherMM Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<
        GatherMM, (bool LeftSorted, bool RightSorted)>(
        "GatherMM", State.Of(State.Bool, State.Bool), _ => (false, false),
        (x, _) => Op.GatherMM(x[0], x[1], x[2], x[3], false), 4);

    protected override void Run<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        Node[] inputs, Node c)
    {
        var (a, b) = (inputs[0], inputs[1]);
        var (m, n, k) = (c.Shape[^2], c.Shape[^1], a.Shape[^1]);
        var items = c.Size / ((long)m * n);
        var offsets = new long[3 * items];
        fixed (long* data = offsets)
        {
            var (left, right, result) = (0L, items, 2 * items);
            Offsets(a, inputs[2], data + left);
            Offsets(b, inputs[3], data + right);
            for (long i = 0; i < items; i++)
            {
                data[result + i] = i * m * n;
            }

            BatchedGemm.Run(
                product, items, m, n, k,
                new MatrixView<T>(a.As<T>(), a.Strides[^2], a.Strides[^1]), data + left,
                new MatrixView<T>(b.As<T>(), b.Strides[^2], b.Strides[^1]), data + right,
                c.As<T>(), data + result, n, false);
        }
    }

    /// <summary>Where the picked matrices begin; the batch axes may have any strides.</summary>
    private static void Offsets(Node x, Node picks, long* offsets)
    {
        var count = Shapes.Size(x.Shape.AsSpan(0, x.Rank - 2));
        using var copy = new PackBuffer((nuint)Math.Max(picks.Bytes, 8));
        var numbers = (uint*)copy.Data;
        Transfer.CopyRow(picks, (byte*)numbers);
        for (long i = 0; i < picks.Size; i++)
        {
            var rest = (long)numbers[i];
            if (rest >= count)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(picks), $"[gather_mm] index {rest} of {count} matrices.");
            }

            long offset = 0;
            for (var axis = x.Rank - 3; axis >= 0; axis--)
            {
                (rest, var at) = Math.DivRem(rest, x.Shape[axis]);
                offset += at * x.Strides[axis];
            }

            offsets[i] = offset;
        }
    }

    /// <summary>dA[lhs[i]] += dC[i] B[rhs[i]]^T and dB[rhs[i]] += A[lhs[i]]^T dC[i].</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (a, b, lhs, rhs) = (inputs[0], inputs[1], inputs[2], inputs[3]);
        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] switch
            {
                0 => Scattered(
                    a, lhs, Op.GatherMM(cotangents[0], Op.SwapAxes(b, -1, -2), null, rhs, false)),
                1 => Scattered(
                    b, rhs, Op.GatherMM(Op.SwapAxes(a, -1, -2), cotangents[0], lhs, null, false)),
                _ => throw new ArgumentException(
                    "[GatherMM] Cannot calculate VJP with respect to indices."),
            };
        }

        return gradients;
    }

    private static Node Scattered(Node x, Node picks, Node updates)
    {
        var matrices = (int)Shapes.Size(x.Shape.AsSpan(0, x.Rank - 2));
        var zeros = Op.Zeros([matrices, x.Shape[^2], x.Shape[^1]], x.Dtype);
        return Op.Reshape(
            Op.ScatterAdd(zeros, picks, Op.ExpandDims(updates, -3), 0), x.Shape);
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var term = argnums[i] switch
            {
                0 => Op.GatherMM(tangents[i], inputs[1], inputs[2], inputs[3], false),
                1 => Op.GatherMM(inputs[0], tangents[i], inputs[2], inputs[3], false),
                _ => throw new ArgumentException(
                    "[GatherMM] Cannot calculate JVP with respect to indices."),
            };
            sum = sum is null ? term : Op.Add(sum, term);
        }

        return [sum!];
    }
}

internal static partial class Op
{
    /// <summary>
    /// Indices count the matrices of an operand over all its batch axes; an absent list is all of
    /// them in order. Both lists are broadcast. <paramref name="sortedIndices"/> is a hint that
    /// this engine has no need of.
    /// </summary>
    [Export("mlx_gather_mm")]
    public static Node GatherMM(
        Node a, Node b, Node? lhsIndices, Node? rhsIndices, bool sortedIndices)
    {
        if (lhsIndices is null && rhsIndices is null)
        {
            return MatMul(a, b);
        }

        if (a.Rank == 0 || b.Rank == 0)
        {
            throw new ArgumentException(
                "[gather_mm] Got 0 dimension input. Inputs must have at least one dimension.");
        }

        var left = a.Rank == 1 ? ExpandDims(a, 0) : a;
        var right = b.Rank == 1 ? ExpandDims(b, 1) : b;
        if (left.Shape[^1] != right.Shape[^2])
        {
            throw new ArgumentException(
                $"[gather_mm] Last dimension of first input with shape {Shapes.Text(a.Shape)} " +
                $"must match second to last dimension of second input with shape " +
                $"{Shapes.Text(b.Shape)}.");
        }

        var dtype = RealProduct(a, b, "gather_mm");
        var picks = BroadcastArrays([Picks(lhsIndices, left), Picks(rhsIndices, right)]);
        var product = Node.Lazy(
            [.. picks[0].Shape, left.Shape[^2], right.Shape[^1]], dtype, Ops.GatherMM.Instance,
            AsType(left, dtype), AsType(right, dtype), picks[0], picks[1]);
        return MatMulResult(product, a, b);
    }

    private static Node Picks(Node? indices, Node x)
    {
        if (indices is null)
        {
            var batch = x.Shape[..^2];
            return Reshape(Arange(0, Shapes.Size(batch), 1, Dtype.UInt32), batch);
        }

        return indices.Dtype.IsInteger() ? AsType(indices, Dtype.UInt32)
            : throw new ArgumentException(
                $"[gather_mm] Got indices with invalid dtype {indices.Dtype.Name()}. Indices " +
                "must be integral.");
    }
}
