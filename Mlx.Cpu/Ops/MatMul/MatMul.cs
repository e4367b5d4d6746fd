using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>C = A B over the last two axes; the axes before them are broadcast.</summary>
/// <remarks>
/// Inputs have at least two axes. Broadcasting is part of the op, so that a weight shared by a
/// batch meets all its rows in one product, and its gradient is one product too.
/// </remarks>
internal sealed class MatMul : Primitive
{
    public static readonly MatMul Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<MatMul>(
        "Matmul", x => Op.MatMul(x[0], x[1]), 2);

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        StridedGemm.Run(inputs[0], inputs[1], outputs[0], false);
    }

    /// <summary>dA = dC B^H and dB = A^H dC.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] == 0
                ? LeftGradient(cotangents[0], inputs[0], inputs[1])
                : RightGradient(cotangents[0], inputs[0], inputs[1]);
        }

        return gradients;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var (a, b) = argnums[i] == 0 ? (tangents[i], inputs[1]) : (inputs[0], tangents[i]);
            sum = sum is null ? Op.MatMul(a, b) : Op.AddMM(sum, a, b, 1, 1);
        }

        return [sum!];
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var rank = BatchedRank(inputs, axes, 2);
        return ([Op.MatMul(
            Batched(inputs[0], axes[0], rank), Batched(inputs[1], axes[1], rank))], [0]);
    }

    /// <summary>MLX's operands are matrices, or batches of one shape.</summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var (a, b) = (inputs[0], inputs[1]);
        if (a.Shape.AsSpan(..^2).SequenceEqual(b.Shape.AsSpan(..^2)))
        {
            return null;
        }

        if (b.Rank == 2)
        {
            return [Op.Unflatten(Op.MatMul(Op.Flatten(a, 0, -2), b), 0, a.Shape[..^1])];
        }

        var batch = Op.BroadcastArrays([a, b], [-2, -1], "matmul");
        return [Op.MatMul(batch[0], batch[1])];
    }

    internal static Node LeftGradient(Node g, Node a, Node b) =>
        Op.SumTo(Op.MatMul(g, Op.MatrixAdjoint(b)), a.Shape);

    internal static Node RightGradient(Node g, Node a, Node b)
    {
        if (b.Rank > 2 || a.Rank == 2)
        {
            return Op.SumTo(AdjointProduct(a, g, b), b.Shape);
        }

        // One product over all rows of the batch, instead of one each and a sum.
        return AdjointProduct(
            Op.Reshape(a, [-1, a.Shape[^1]]), Op.Reshape(g, [-1, g.Shape[^1]]), b);
    }

    /// <summary>
    /// a^H g. For a factor that is a transposed view, as the weights of a linear layer are, the
    /// product is made in the order in which the weights lie, so that the update that follows
    /// does not have to read it across.
    /// </summary>
    private static Node AdjointProduct(Node a, Node g, Node b) =>
        b.Primitive is Transpose t && t.Axes[^1] == b.Rank - 2 && t.Axes[^2] == b.Rank - 1
            ? Op.SwapAxes(Op.MatMul(Op.SwapAxes(g, -1, -2), Op.Conjugate(a)), -1, -2)
            : Op.MatMul(Op.MatrixAdjoint(a), g);

    /// <summary>Axes of the result without the mapped one.</summary>
    internal static int BatchedRank(Node[] inputs, ReadOnlySpan<int> axes, int least)
    {
        var rank = least;
        for (var i = 0; i < inputs.Length; i++)
        {
            rank = Math.Max(rank, inputs[i].Rank - (axes[i] >= 0 ? 1 : 0));
        }

        return rank;
    }

    /// <summary>The mapped axis in front, so far that no other meets it in broadcasting.</summary>
    internal static Node Batched(Node x, int axis, int rank)
    {
        if (axis < 0)
        {
            return x;
        }

        var y = Op.MoveAxis(x, axis, 0);
        var shape = new int[rank + 1];
        Array.Fill(shape, 1);
        shape[0] = y.Shape[0];
        y.Shape.AsSpan(1).CopyTo(shape.AsSpan(rank + 2 - y.Rank));
        return Op.Reshape(y, shape);
    }
}

internal static partial class Op
{
    /// <summary>
    /// A vector on the left is a row, one on the right a column; the result lacks that axis.
    /// </summary>
    [Export("mlx_matmul")]
    public static Node MatMul(Node a, Node b)
    {
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        var (left, right, shape) = MatMulShapes(a, b, "matmul");
        if (!dtype.IsInexact())
        {
            throw new ArgumentException(
                $"[matmul] Only inexact types are supported but {a.Dtype.Name()} and " +
                $"{b.Dtype.Name()} were provided which results in {dtype.Name()}.");
        }

        var product = Node.Lazy(
            shape, dtype, Ops.MatMul.Instance, AsType(left, dtype), AsType(right, dtype));
        return MatMulResult(product, a, b);
    }

    /// <summary>The operands with two axes at least, and the shape of their product.</summary>
    internal static (Node A, Node B, int[] Shape) MatMulShapes(Node a, Node b, string op)
    {
        if (a.Rank == 0 || b.Rank == 0)
        {
            throw new ArgumentException(
                $"[{op}] Got 0 dimension input: shapes {Shapes.Text(a.Shape)} and " +
                $"{Shapes.Text(b.Shape)}. Inputs must have at least one dimension.");
        }

        var left = a.Rank == 1 ? ExpandDims(a, 0) : a;
        var right = b.Rank == 1 ? ExpandDims(b, 1) : b;
        if (left.Shape[^1] != right.Shape[^2])
        {
            throw new ArgumentException(
                $"[{op}] Last dimension of first input with shape {Shapes.Text(a.Shape)} must " +
                $"match second to last dimension of second input with shape " +
                $"{Shapes.Text(b.Shape)}.");
        }

        if (ShapelessTrace.IsRunning && Math.Max(left.Rank, right.Rank) > 2)
        {
            var both = BroadcastArrays([left, right], [-2, -1], op);
            (left, right) = (both[0], both[1]);
        }

        var (m, n) = (left.Shape[^2], right.Shape[^1]);
        if (left.Rank == 2 && right.Rank == 2)
        {
            return (left, right, [m, n]);
        }

        var batch = Shapes.Broadcast(left.Shape[..^2], right.Shape[..^2], op);
        return (left, right, [.. batch, m, n]);
    }

    /// <summary>Without the axes that vectors were given.</summary>
    internal static Node MatMulResult(Node product, Node a, Node b)
    {
        var result = b.Rank == 1 ? Squeeze(product, -1) : product;
        return a.Rank == 1 ? Squeeze(result, b.Rank == 1 ? -1 : -2) : result;
    }

    /// <summary>The last two axes exchanged, complex numbers conjugated.</summary>
    internal static Node MatrixAdjoint(Node a) => Conjugate(SwapAxes(a, -1, -2));
}
