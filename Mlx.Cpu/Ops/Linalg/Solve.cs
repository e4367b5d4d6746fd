using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>X of A X = B, by P A = L U.</summary>
    [Export("mlx_linalg_solve")]
    public static Node Solve(Node a, Node b)
    {
        CheckSolve(a, b, "solve");
        var factors = Lu(a);
        var order = ArgSort(factors[0], -1);
        var permuted = b.Rank >= 2
            ? TakeAlongAxis(b, ExpandDims(order, -1), -2)
            : TakeAlongAxis(b, order, -1);
        return SolveTriangular(factors[2], SolveTriangular(factors[1], permuted, false), true);
    }

    /// <summary>X of A X = B with a triangular A.</summary>
    [Export("mlx_linalg_solve_triangular")]
    public static Node SolveTriangular(Node a, Node b, bool upper)
    {
        CheckSolve(a, b, "solve_triangular");
        return MatMul(TriInv(a, upper), b);
    }

    private static void CheckSolve(Node a, Node b, string op)
    {
        if (a.Rank < 2)
        {
            throw new ArgumentException(
                $"[linalg::{op}] First input must have >= 2 dimensions. Received array with " +
                $"{a.Rank} dimensions.");
        }

        if (b.Rank < 1)
        {
            throw new ArgumentException(
                $"[linalg::{op}] Second input must have >= 1 dimensions. Received array with " +
                $"{b.Rank} dimensions.");
        }

        if (a.Shape[^1] != a.Shape[^2])
        {
            throw new ArgumentException(
                $"[linalg::{op}] First input must be a square matrix. Received array with shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        if (a.Shape[^1] != b.Shape[b.Rank > 1 ? ^2 : ^1])
        {
            throw new ArgumentException(
                $"[linalg::{op}] Last dimension of first input with shape " +
                $"{Shapes.Text(a.Shape)} must match second to last dimension of second input " +
                $"with shape {Shapes.Text(b.Shape)}.");
        }

        if (Dtypes.Promote(a.Dtype, b.Dtype) is not (Dtype.Float32 or Dtype.Float64))
        {
            throw new ArgumentException(
                $"[linalg::{op}] Input arrays must promote to float32 or float64. Received " +
                $"arrays with type {a.Dtype.Name()} and {b.Dtype.Name()}.");
        }
    }
}
