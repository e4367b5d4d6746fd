using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    /// <summary>
    /// Normal vectors with the given mean (..., n) and covariance (..., n, n): standard normal rows
    /// times the square root U diag(sqrt(s)) V^T of the covariance.
    /// </summary>
    [Export("mlx_random_multivariate_normal")]
    public static Node RandomMultivariateNormal(
        Node mean, Node cov, ReadOnlySpan<int> shape, Dtype dtype, Node? key)
    {
        if (dtype != Dtype.Float32)
        {
            throw new ArgumentException(
                $"[multivariate_normal] dtype must be float32 but is {dtype.Name()}.");
        }

        if (mean.Rank < 1 || cov.Rank < 2)
        {
            throw new ArgumentException(
                "[multivariate_normal] mean must have at least one dimension and cov at least " +
                $"two, but the shapes are {Shapes.Text(mean.Shape)} and {Shapes.Text(cov.Shape)}.");
        }

        var n = mean.Shape[^1];
        if (cov.Shape[^1] != cov.Shape[^2] || cov.Shape[^1] != n)
        {
            throw new ArgumentException(
                "[multivariate_normal] cov must be square and fit the mean, but the shapes are " +
                $"{Shapes.Text(mean.Shape)} and {Shapes.Text(cov.Shape)}.");
        }

        var batch = Shapes.Broadcast(
            Shapes.Broadcast(cov.Shape[..^2], mean.Shape[..^1], "multivariate_normal"),
            Shapes.Checked(shape, "multivariate_normal"), "multivariate_normal");
        var svd = Svd(AsType(cov, Dtype.Float32), true);
        var root = MatMul(Multiply(svd[0], ExpandDims(Sqrt(svd[1]), -2)), svd[2]);
        var normal = RandomNormal([.. batch, n], dtype, 0f, 1f, key);
        return Add(mean, Squeeze(MatMul(ExpandDims(normal, -2), root), -2));
    }
}
