using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>Every element of an axis, several times in a row.</summary>
    [Export("mlx_repeat_axis")]
    public static Node Repeat(Node arr, int repeats, int axis)
    {
        var at = Shapes.Axis(axis, arr.Rank, "repeat");
        if (repeats < 0)
        {
            throw new ArgumentException(
                $"[repeat] Number of repeats cannot be negative, but is {repeats}.");
        }

        if (repeats == 0)
        {
            // What MLX answers: not an empty axis, but an empty vector.
            return Zeros([0], arr.Dtype);
        }

        if (repeats == 1)
        {
            return arr;
        }

        var spread = BroadcastTo(
            ExpandDims(arr, at + 1), Shapes.Insert(arr.Shape, at + 1, repeats));
        return Reshape(spread, Shapes.With(arr.Shape, at, checked(arr.Shape[at] * repeats)));
    }

    [Export("mlx_repeat")]
    public static Node Repeat(Node arr, int repeats) => Repeat(Flatten(arr), repeats, 0);

    /// <summary>The whole array, several times along each axis.</summary>
    [Export("mlx_tile")]
    public static Node Tile(Node arr, ReadOnlySpan<int> reps)
    {
        var rank = Math.Max(arr.Rank, reps.Length);
        var (split, spread, result) = (new List<int>(), new List<int>(), new int[rank]);
        for (var i = 0; i < rank; i++)
        {
            var length = i < rank - arr.Rank ? 1 : arr.Shape[i - (rank - arr.Rank)];
            var times = i < rank - reps.Length ? 1 : reps[i - (rank - reps.Length)];
            if (times < 0)
            {
                throw new ArgumentException(
                    $"[tile] Repetitions cannot be negative: {Shapes.Text(reps)}.");
            }

            if (times != 1)
            {
                split.Add(1);
                spread.Add(times);
            }

            split.Add(length);
            spread.Add(length);
            result[i] = checked(length * times);
        }

        var x = BroadcastTo(Reshape(arr, split.ToArray()), spread.ToArray());
        return Reshape(x, result);
    }
}
