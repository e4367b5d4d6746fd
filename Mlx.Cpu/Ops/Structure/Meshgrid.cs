using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>
    /// The coordinates of a grid, one array an axis; indexing "xy" (the first two axes swapped, as
    /// for plots) or "ij". Sparse grids keep axes of length one.
    /// </summary>
    [Export("mlx_meshgrid")]
    public static Node[] Meshgrid(Node[] arrays, bool sparse, string indexing)
    {
        if (indexing is not ("xy" or "ij"))
        {
            throw new ArgumentException(
                $"[meshgrid] Invalid indexing value '{indexing}'. Valid values are 'xy' and 'ij'.");
        }

        var grid = new Node[arrays.Length];
        for (var i = 0; i < grid.Length; i++)
        {
            var at = indexing == "xy" && grid.Length > 1 && i < 2 ? 1 - i : i;
            var shape = new int[grid.Length];
            Array.Fill(shape, 1);
            shape[at] = checked((int)arrays[i].Size);
            grid[i] = Reshape(arrays[i], shape);
        }

        return sparse ? grid : BroadcastArrays(grid);
    }

    /// <summary>Kronecker product: every element of a times the whole of b.</summary>
    [Export("mlx_kron")]
    public static Node Kron(Node a, Node b)
    {
        if (a.Size == 0 || b.Size == 0)
        {
            throw new ArgumentException(
                $"[kron] Input arrays cannot be empty: {Shapes.Text(a.Shape)} and " +
                $"{Shapes.Text(b.Shape)}.");
        }

        var rank = Math.Max(a.Rank, b.Rank);
        var (outer, inner, shape) = (new int[2 * rank], new int[2 * rank], new int[rank]);
        for (var i = 0; i < rank; i++)
        {
            var (m, n) = (Length(a, i - (rank - a.Rank)), Length(b, i - (rank - b.Rank)));
            (outer[2 * i], outer[2 * i + 1]) = (m, 1);
            (inner[2 * i], inner[2 * i + 1]) = (1, n);
            shape[i] = checked(m * n);
        }

        return Reshape(Multiply(Reshape(a, outer), Reshape(b, inner)), shape);

        static int Length(Node x, int axis) => axis < 0 ? 1 : x.Shape[axis];
    }
}
