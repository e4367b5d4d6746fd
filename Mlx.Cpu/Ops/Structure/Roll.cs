using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>Elements moved along axes; what leaves at one end comes in at the other.</summary>
    [Export("mlx_roll_axes")]
    public static Node Roll(Node a, ReadOnlySpan<int> shift, ReadOnlySpan<int> axes)
    {
        if (shift.Length < axes.Length)
        {
            throw new ArgumentException(
                "[roll] At least one shift value per axis is required, " +
                $"{shift.Length} provided for {axes.Length} axes.");
        }

        var result = a;
        for (var i = 0; i < axes.Length; i++)
        {
            var at = Shapes.Axis(axes[i], a.Rank, "roll");
            var length = a.Shape[at];
            if (length == 0)
            {
                continue;
            }

            var cut = (int)((length - (long)shift[i] % length) % length);
            if (cut != 0)
            {
                result = Concatenate(
                    [SliceAxis(result, at, cut, length), SliceAxis(result, at, 0, cut)], at);
            }
        }

        return result;
    }

    /// <summary>Several shifts of one axis add up.</summary>
    [Export("mlx_roll_axis")]
    public static Node Roll(Node a, ReadOnlySpan<int> shift, int axis) =>
        Roll(a, [Total(shift)], [axis]);

    /// <summary>Rolls the flattened array.</summary>
    [Export("mlx_roll")]
    public static Node Roll(Node a, ReadOnlySpan<int> shift) =>
        Reshape(Roll(Flatten(a), [Total(shift)], [0]), a.Shape);

    private static int Total(ReadOnlySpan<int> shifts)
    {
        var total = 0;
        foreach (var s in shifts)
        {
            total += s;
        }

        return total;
    }
}
