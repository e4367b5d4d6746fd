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
}
