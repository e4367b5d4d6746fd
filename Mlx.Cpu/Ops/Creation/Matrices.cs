using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>Ones on diagonal k, zeros elsewhere.</summary>
    [Export("mlx_eye")]
    public static Node Eye(int n, int m, int k, Dtype dtype)
    {
        if (n <= 0 || m <= 0)
        {
            throw new ArgumentException(
                $"[eye] N and M must be positive integers, but are {n} and {m}.");
        }

        var (top, left) = (Math.Max(0L, -(long)k), Math.Max(0L, k));
        var count = (int)Math.Max(0, Math.Min(n - top, m - left));
        var zeros = Zeros([n, m], dtype);
        return count == 0 ? zeros : Scatter(
            zeros, [ArangeFrom((int)top, count), ArangeFrom((int)left, count)],
            BroadcastTo(Scalar(1.0, dtype), [count, 1, 1]), [0, 1]);
    }

    [Export("mlx_identity")]
    public static Node Identity(int n, Dtype dtype) => Eye(n, n, 0, dtype);

    /// <summary>Ones on and below diagonal k.</summary>
    [Export("mlx_tri")]
    public static Node Tri(int n, int m, int k, Dtype type)
    {
        // Counted in float32, as MLX does, so that m - k may pass the range of int32.
        var rows = ExpandDims(Arange(0, n, 1, Dtype.Float32), 1);
        var columns = ExpandDims(Arange(-(double)k, (double)m - k, 1, Dtype.Float32), 0);
        return AsType(GreaterEqual(rows, columns), type);
    }

    /// <summary>Matrices with zeros above diagonal k.</summary>
    [Export("mlx_tril")]
    public static Node Tril(Node x, int k) =>
        Where(Below(x, k, "tril"), x, Scalar(0.0, x.Dtype));

    /// <summary>Matrices with zeros below diagonal k.</summary>
    [Export("mlx_triu")]
    public static Node Triu(Node x, int k) =>
        Where(Below(x, k - 1, "triu"), Scalar(0.0, x.Dtype), x);

    private static Node Below(Node x, int k, string op) => x.Rank >= 2
        ? Tri(x.Shape[^2], x.Shape[^1], k, Dtype.Bool)
        : throw new ArgumentException(
            $"[{op}] array must be at least 2-D, but has shape {Shapes.Text(x.Shape)}.");
}
