using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>
    /// a[..., i, ..., i + offset, ...] over two axes, which become one at the end.
    /// </summary>
    [Export("mlx_diagonal")]
    public static Node Diagonal(Node a, int offset, int axis1, int axis2)
    {
        var (row, column) = DiagonalAxes(a, axis1, axis2, "diagonal");
        var (top, left) = (Math.Max(-offset, 0), Math.Max(offset, 0));
        var n = Math.Max(0, Math.Min(a.Shape[row] - top, a.Shape[column] - left));
        var sizes = (int[])a.Shape.Clone();
        (sizes[row], sizes[column]) = (1, 1);
        var picked = Gather(
            a, [ArangeFrom(top, n), ArangeFrom(left, n)], [row, column], sizes);
        return MoveAxis(Squeeze(picked, [row + 1, column + 1]), 0, -1);
    }

    /// <summary>A matrix with the vector on diagonal k, or the diagonal k of a matrix.</summary>
    [Export("mlx_diag")]
    public static Node Diag(Node a, int k)
    {
        if (a.Rank == 2)
        {
            return Diagonal(a, k, 0, 1);
        }

        if (a.Rank != 1)
        {
            throw new ArgumentException(
                $"[diag] array must be 1-D or 2-D, got shape {Shapes.Text(a.Shape)}.");
        }

        var n = a.Shape[0];
        var side = checked(n + Math.Abs(k));
        return Scatter(
            Zeros([side, side], a.Dtype),
            [ArangeFrom(Math.Max(0, -k), n), ArangeFrom(Math.Max(0, k), n)],
            Reshape(a, [n, 1, 1]), [0, 1]);
    }

    /// <summary>Sum of a diagonal.</summary>
    [Export("mlx_trace")]
    public static Node Trace(Node a, int offset, int axis1, int axis2, Dtype dtype)
    {
        DiagonalAxes(a, axis1, axis2, "trace");
        return Sum(AsType(Diagonal(a, offset, axis1, axis2), dtype), [-1], false);
    }

    private static (int Row, int Column) DiagonalAxes(Node a, int axis1, int axis2, string op)
    {
        if (a.Rank < 2)
        {
            throw new ArgumentException(
                $"[{op}] Array must have at least two dimensions, but has shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        var (row, column) = (Shapes.Axis(axis1, a.Rank, op), Shapes.Axis(axis2, a.Rank, op));
        return row != column
            ? (row, column)
            : throw new ArgumentException(
                $"[{op}] axis1 and axis2 cannot be the same axis ({axis1}, {axis2}).");
    }

    private static Node ArangeFrom(int start, int count) =>
        Arange(start, (double)start + count, 1, Dtype.Int32);
}
