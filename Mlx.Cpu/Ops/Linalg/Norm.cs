using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>Norms of vectors and matrices, composed, so that they differentiate.</summary>
internal static partial class Op
{
    /// <summary>The Euclidean (or Frobenius) norm; without axes, of all elements.</summary>
    [Export("mlx_linalg_norm_l2")]
    public static Node NormL2(Node a, ReadOnlySpan<int> axis, bool keepdims)
    {
        if (Spans.IsNull(axis))
        {
            return L2(Flatten(a), [0], keepdims);
        }

        return axis.Length > 2
            ? throw new ArgumentException("[linalg::norm] Received too many axes for norm.")
            : L2(a, axis.ToArray(), keepdims);
    }

    /// <summary>Along one axis (sum |x|^ord)^(1/ord), over two a matrix norm.</summary>
    [Export("mlx_linalg_norm")]
    public static Node Norm(Node a, double ord, ReadOnlySpan<int> axis, bool keepdims)
    {
        var axes = Spans.IsNull(axis) ? Shapes.AllAxes(a.Rank) : axis.ToArray();
        return axes.Length switch
        {
            1 => VectorNorm(a, ord, axes, keepdims),
            2 => MatrixNorm(a, ord, axes, keepdims),
            _ => throw new ArgumentException(
                "[linalg::norm] Received too many axes for norm."),
        };
    }

    /// <summary>"f" or "fro": Frobenius; "nuc": the sum of the singular values.</summary>
    [Export("mlx_linalg_norm_matrix")]
    public static Node NormMatrix(Node a, string ord, ReadOnlySpan<int> axis, bool keepdims)
    {
        var axes = Spans.IsNull(axis) ? Shapes.AllAxes(a.Rank) : axis.ToArray();
        if (axes.Length != 2)
        {
            throw new ArgumentException(
                $"[linalg::norm] Norm '{ord}' only supported for matrices, but received " +
                $"{axes.Length} axis/axes.");
        }

        return ord switch
        {
            "f" or "fro" => L2(a, axes, keepdims),
            "nuc" => OverSingularValues(a, axes, keepdims, s => Sum(s, -1, false)),
            _ => throw new ArgumentException(
                $"[linalg::norm] Invalid ord value '{ord}' for matrix norm."),
        };
    }

    private static Node L2(Node a, int[] axes, bool keepdims)
    {
        var squares = a.Dtype == Dtype.Complex64 ? Square(Abs(a)) : Square(a);
        return Sqrt(Sum(squares, axes, keepdims));
    }

    private static Node VectorNorm(Node a, double ord, int[] axis, bool keepdims)
    {
        var dtype = a.Dtype.AtLeastFloat();
        return ord switch
        {
            0 => AsType(Sum(NotEqual(a, Scalar(0)), axis, keepdims), dtype),
            1 => AsType(Sum(Abs(a), axis, keepdims), dtype),
            2 => L2(a, axis, keepdims),
            double.PositiveInfinity => AsType(Max(Abs(a), axis, keepdims), dtype),
            double.NegativeInfinity => AsType(Min(Abs(a), axis, keepdims), dtype),
            _ => Power(
                Sum(Power(Abs(a), Scalar(ord, dtype)), axis, keepdims), Scalar(1 / ord, dtype)),
        };
    }

    private static Node MatrixNorm(Node a, double ord, int[] axes, bool keepdims)
    {
        var dtype = a.Dtype.AtLeastFloat();
        switch (ord)
        {
            case 1 or -1:
                return AsType(SumThenExtreme(a, axes[0], axes[1], ord > 0, keepdims), dtype);
            case double.PositiveInfinity or double.NegativeInfinity:
                return AsType(SumThenExtreme(a, axes[1], axes[0], ord > 0, keepdims), dtype);
            case 2:
                return AsType(OverSingularValues(a, axes, keepdims, s => Max(s, -1, false)), dtype);
            case -2:
                return AsType(OverSingularValues(a, axes, keepdims, s => Min(s, -1, false)), dtype);
            default:
                throw new ArgumentException($"[linalg::norm] Invalid ord {ord} for matrix norm.");
        }
    }

    private static Node SumThenExtreme(Node a, int summed, int other, bool largest, bool keepdims)
    {
        (summed, other) = (Shapes.Axis(summed, a.Rank, "norm"), Shapes.Axis(other, a.Rank, "norm"));
        var sums = Sum(Abs(a), summed, true);
        var extreme = largest ? Max(sums, other, true) : Min(sums, other, true);
        return keepdims ? extreme : Squeeze(extreme, [summed, other]);
    }

    private static Node OverSingularValues(
        Node a, int[] axes, bool keepdims, Func<Node, Node> fold)
    {
        var row = Shapes.Axis(axes[0], a.Rank, "norm");
        var column = Shapes.Axis(axes[1], a.Rank, "norm");
        var matrices = row > column
            ? MoveAxis(MoveAxis(a, row, -1), column, -1)
            : MoveAxis(MoveAxis(a, column, -1), row, -2);
        var result = fold(Svd(matrices, false)[0]);
        return keepdims
            ? ExpandDims(result, [Math.Min(row, column), Math.Max(row, column)])
            : result;
    }
}
