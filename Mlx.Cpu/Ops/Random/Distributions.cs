using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>Distributions made from uniform numbers, as MLX makes them.</summary>
internal static partial class Op
{
    /// <summary>
    /// loc + scale sqrt(2) erfinv(u), with a mean and a deviation for each element.
    /// </summary>
    [Export("mlx_random_normal_broadcast")]
    public static Node RandomNormal(
        ReadOnlySpan<int> shape, Dtype dtype, Node? loc, Node? scale, Node? key)
    {
        if (dtype == Dtype.Complex64)
        {
            return ComplexNormal(shape, loc, scale, key);
        }

        if (!dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[normal] Can only generate normal numbers of a float type, not {dtype.Name()}.");
        }

        var target = Shapes.Checked(shape, "normal");
        var k = CheckedKey(key, "normal");
        Node samples;
        if (dtype == Dtype.Float32 && scale is null)
        {
            samples = Ops.RandomNormal.Make(k, target, MathF.Sqrt(2));
        }
        else
        {
            var factor = Scalar(Math.Sqrt(2), dtype);
            if (scale is not null)
            {
                factor = Multiply(factor, AsType(scale, dtype));
            }

            samples = Multiply(factor, AsType(Ops.RandomNormal.Make(k, target, 1), dtype));
        }

        return loc is null ? samples : Add(AsType(loc, dtype), samples);
    }

    [Export("mlx_random_normal")]
    public static Node RandomNormal(
        ReadOnlySpan<int> shape, Dtype dtype, float loc, float scale, Node? key) =>
        RandomNormal(
            shape, dtype,
            loc == 0 ? null : Scalar(loc, dtype), scale == 1 ? null : Scalar(scale, dtype), key);

    /// <summary>Normal numbers between two bounds.</summary>
    [Export("mlx_random_truncated_normal")]
    public static Node RandomTruncatedNormal(
        Node lower, Node upper, ReadOnlySpan<int> shape, Dtype dtype, Node? key)
    {
        if (!dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[trunc_normal] trunc_normal only accepts float types, not {dtype.Name()}.");
        }

        var root = Scalar(Math.Sqrt(2), dtype);
        var (low, high) = (AsType(lower, dtype), AsType(upper, dtype));
        var u = RandomUniform(
            Erf(Divide(low, root)), Erf(Divide(high, root)), shape, dtype, key);
        return Maximum(Minimum(high, Multiply(root, ErfInv(u))), low);
    }

    /// <summary>-log(-log u).</summary>
    [Export("mlx_random_gumbel")]
    public static Node RandomGumbel(ReadOnlySpan<int> shape, Dtype dtype, Node? key) =>
        Negative(Log(Negative(Log(RandomUniform(0, 1, shape, dtype, key)))));

    /// <summary>loc + scale sign(u) log(1 - |u|), for u uniform in (-1, 1).</summary>
    [Export("mlx_random_laplace")]
    public static Node RandomLaplace(
        ReadOnlySpan<int> shape, Dtype dtype, float loc, float scale, Node? key)
    {
        if (!dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[laplace] Can only generate numbers of a float type, not {dtype.Name()}.");
        }

        var u = RandomUniform(MathF.BitIncrement(-1f), 1, shape, Dtype.Float32, key);
        var samples = AsType(
            Multiply(Sign(u), Log1p(Multiply(Scalar(-1.0, dtype), Abs(u)))), dtype);
        if (scale != 1)
        {
            samples = Multiply(Scalar(scale, dtype), samples);
        }

        return loc != 0 ? Add(Scalar(loc, dtype), samples) : samples;
    }

    private static Node ComplexNormal(
        ReadOnlySpan<int> shape, Node? loc, Node? scale, Node? key)
    {
        var pairs = Ops.RandomNormal.Make(
            CheckedKey(key, "normal"), Shapes.Checked([.. shape, 2], "normal"), 1);
        var samples = Squeeze(View(pairs, Dtype.Complex64), -1);
        if (scale is not null)
        {
            samples = Multiply(scale, samples);
        }

        return loc is null ? samples : Add(loc, samples);
    }
}
