namespace Mlx.Core;

/// <summary>What shape an op that refused its operands was meant to have.</summary>
internal static class LikelyShapes
{
    private static readonly HashSet<string> Elementwise =
    [
        "mlx_add", "mlx_subtract", "mlx_multiply", "mlx_divide", "mlx_power", "mlx_maximum",
        "mlx_minimum", "mlx_remainder", "mlx_floor_divide", "mlx_logaddexp", "mlx_arctan2",
        "mlx_where", "mlx_equal", "mlx_not_equal", "mlx_less", "mlx_less_equal", "mlx_greater",
        "mlx_greater_equal", "mlx_logical_and", "mlx_logical_or",
    ];

    private static readonly HashSet<string> LikeTheFirst =
        ["mlx_fast_rms_norm", "mlx_fast_layer_norm", "mlx_fast_rope"];

    /// <summary>The shape, or null where the operands do not tell.</summary>
    public static int[]? Of(string op, int[][] operands) => (op, operands) switch
    {
        (_, []) => null,
        ("mlx_matmul", [var a, var b]) => Product(a, b),
        ("mlx_addmm", [_, var a, var b]) => Product(a, b),
        ("mlx_fast_scaled_dot_product_attention", [{ Length: 4 } q, _, { Length: 4 } v, ..]) =>
            [.. q[..3], v[3]],
        _ when LikeTheFirst.Contains(op) => operands[0],
        _ when Elementwise.Contains(op) => operands.Aggregate(Broadcast),
        _ => null,
    };

    /// <summary>Where two lengths contradict each other, the first operand is believed.</summary>
    private static int[] Broadcast(int[] a, int[] b)
    {
        var shape = new int[Math.Max(a.Length, b.Length)];
        for (var i = 1; i <= shape.Length; i++)
        {
            var x = i <= a.Length ? a[^i] : 1;
            var y = i <= b.Length ? b[^i] : 1;
            shape[^i] = x == 1 ? y : x;
        }

        return shape;
    }

    private static int[]? Product(int[] a, int[] b) => (a, b) switch
    {
        ({ Length: >= 2 }, { Length: >= 2 }) =>
            [.. Broadcast(a[..^2], b[..^2]), a[^2], b[^1]],
        ({ Length: >= 2 }, { Length: 1 }) => a[..^1],
        ({ Length: 1 }, { Length: >= 2 }) => [.. b[..^2], b[^1]],
        ({ Length: 1 }, { Length: 1 }) => [],
        _ => null,
    };
}
