using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>C + A B: the product is summed onto C, which has the shape of the result.</summary>
internal sealed class AddMM : Primitive
{
    public static readonly AddMM Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<AddMM, (float Alpha, float Beta)>(
        "AddMM", State.Of(State.Float, State.Float), _ => (1, 1),
        (x, s) => Op.AddMM(x[2], x[0], x[1], s.Alpha, s.Beta), 3);

    public override unsafe void Eval(Node[] inputs, Node[] outputs)
    {
        var (c, d) = (inputs[2], outputs[0]);
        if (c.IsRow && d.CanTake(c))
        {
            d.Share(c);
        }
        else
        {
            d.Allocate();
            Strided.CopyRow(c, d.Data);
        }

        if (inputs[0].Shape[^1] > 0)
        {
            StridedGemm.Run(inputs[0], inputs[1], d, true);
        }
    }

    /// <summary>MLX's operands are matrices, or batches of one shape, and real.</summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var (a, b, c) = (inputs[0], inputs[1], inputs[2]);
        if (c.Dtype == Dtype.Complex64)
        {
            return [Op.Add(Op.MatMul(a, b), c)];
        }

        if (a.Shape.AsSpan(..^2).SequenceEqual(b.Shape.AsSpan(..^2)))
        {
            return null;
        }

        if (b.Rank == 2)
        {
            var flat = Op.AddMM(Op.Flatten(c, 0, -2), Op.Flatten(a, 0, -2), b, 1, 1);
            return [Op.Unflatten(flat, 0, a.Shape[..^1])];
        }

        var batch = Op.BroadcastArrays([a, b], [-2, -1], "addmm");
        return [Op.AddMM(c, batch[0], batch[1], 1, 1)];
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var g = cotangents[0];
        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] switch
            {
                0 => Ops.MatMul.LeftGradient(g, inputs[0], inputs[1]),
                1 => Ops.MatMul.RightGradient(g, inputs[0], inputs[1]),
                _ => g,
            };
        }

        return gradients;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        // C's tangent is first, so that the products can be summed onto it.
        var at = argnums.IndexOf(2);
        var sum = at >= 0 ? tangents[at] : null;
        for (var i = 0; i < argnums.Length; i++)
        {
            if (argnums[i] == 2)
            {
                continue;
            }

            var (a, b) = argnums[i] == 0 ? (tangents[i], inputs[1]) : (inputs[0], tangents[i]);
            sum = sum is null ? Op.MatMul(a, b) : Op.AddMM(sum, a, b, 1, 1);
        }

        return [sum!];
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var rank = Ops.MatMul.BatchedRank(inputs, axes, 2);
        var c = Ops.MatMul.Batched(inputs[2], axes[2], rank);
        var a = Ops.MatMul.Batched(inputs[0], axes[0], rank);
        var b = Ops.MatMul.Batched(inputs[1], axes[1], rank);
        // One product for all C, if only these differ.
        var isOne = axes[0] < 0 && axes[1] < 0;
        return ([isOne ? Op.Add(Op.MatMul(a, b), c) : Op.AddMM(c, a, b, 1, 1)], [0]);
    }
}

internal static partial class Op
{
    /// <summary>beta C + alpha A B; C is broadcast to the shape of the product.</summary>
    [Export("mlx_addmm")]
    public static Node AddMM(Node c, Node a, Node b, float alpha, float beta)
    {
        var dtype = Dtypes.Promote(Dtypes.Promote(a.Dtype, b.Dtype), c.Dtype);
        var (left, right, shape) = MatMulShapes(a, b, "addmm");
        if (!dtype.IsInexact())
        {
            throw new ArgumentException(
                $"[addmm] Only floating point types are supported but {c.Dtype.Name()}, " +
                $"{a.Dtype.Name()} and {b.Dtype.Name()} were provided which results in " +
                $"{dtype.Name()}.");
        }

        var resultShape = shape.ToList();
        if (b.Rank == 1)
        {
            resultShape.RemoveAt(resultShape.Count - 1);
        }

        if (a.Rank == 1)
        {
            resultShape.RemoveAt(resultShape.Count - (b.Rank == 1 ? 1 : 2));
        }

        var fits = c.Rank <= resultShape.Count;
        for (var i = 1; fits && i <= c.Rank; i++)
        {
            fits = c.Shape[^i] == 1 || c.Shape[^i] == resultShape[^i];
        }

        if (!fits)
        {
            throw new ArgumentException(
                $"[addmm] Input c of shape {Shapes.Text(c.Shape)} must broadcast to the output " +
                $"shape {Shapes.Text(resultShape.ToArray())}.");
        }

        if (ShapelessTrace.IsRunning)
        {
            // The addend would be broadcast to the shape at hand.
            var product = Multiply(MatMul(a, b), Scalar(alpha, dtype));
            return Add(product, Multiply(c, Scalar(beta, dtype)));
        }

        left = AsType(left, dtype);
        right = AsType(right, dtype);
        var addend = AsType(c, dtype);
        if (beta != 1)
        {
            addend = Multiply(addend, Scalar(beta, dtype));
        }

        addend = Reshape(BroadcastTo(addend, resultShape.ToArray()), shape);
        var sum = alpha == 1
            ? Node.Lazy(shape, dtype, Ops.AddMM.Instance, left, right, addend)
            : Add(Multiply(MatMul(left, right), Scalar(alpha, dtype)), addend);
        return MatMulResult(sum, a, b);
    }
}
