using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Random arrays by the counter-based generator of MLX: the same key gives the same numbers, on any
/// engine. Without a key a draw takes the next one of a sequence that belongs to the process; see
/// <see cref="Seed"/> (<c>mlx.core.random</c>).
/// </summary>
/// <exception cref="MlxException">Shapes that do not fit, or a key that is none.</exception>
public static partial class MlxRandom
{
    /// <summary>
    /// The key made from a seed, an array of two uint32 (<c>mlx.core.random.key</c>).
    /// </summary>
    public static MlxArray Key(ulong seed) => Call.RandomKey(seed);

    /// <summary>Two independent keys (<c>mlx.core.random.split</c>).</summary>
    public static (MlxArray, MlxArray) Split(MlxArray key, MlxStream? stream = null) =>
        Call.RandomSplit(key, stream);

    /// <summary>Independent keys, the rows of (num, 2) (<c>mlx.core.random.split</c>).</summary>
    public static MlxArray Split(MlxArray key, int num, MlxStream? stream = null) =>
        Call.RandomSplitNum(key, num, stream);

    /// <summary>Random bits, width bytes an element (<c>mlx.core.random.bits</c>).</summary>
    public static MlxArray Bits(
        ReadOnlySpan<int> shape, int width = 4, MlxArray? key = null, MlxStream? stream = null) =>
        Call.RandomBits(shape, width, key ?? Next(), stream);

    /// <summary>Uniform in [low, high) (<c>mlx.core.random.uniform</c>).</summary>
    public static MlxArray Uniform(
        ReadOnlySpan<int> shape,
        float low = 0,
        float high = 1,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Uniform(shape, (MlxArray)low, high, dtype, key, stream);

    /// <summary>
    /// Uniform in [low, high), which broadcast to the shape (<c>mlx.core.random.uniform</c>).
    /// </summary>
    public static MlxArray Uniform(
        ReadOnlySpan<int> shape,
        MlxArray low,
        MlxArray high,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomUniform(low, high, shape, dtype, key ?? Next(), stream);

    /// <summary>Normal with mean loc and deviation scale (<c>mlx.core.random.normal</c>).</summary>
    public static MlxArray Normal(
        ReadOnlySpan<int> shape,
        float loc = 0,
        float scale = 1,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomNormal(shape, dtype, loc, scale, key ?? Next(), stream);

    /// <summary>
    /// Normal with means and deviations that broadcast to the shape
    /// (<c>mlx.core.random.normal</c>).
    /// </summary>
    public static MlxArray Normal(
        ReadOnlySpan<int> shape,
        MlxArray? loc,
        MlxArray? scale,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomNormalBroadcast(shape, dtype, loc, scale, key ?? Next(), stream);

    /// <summary>
    /// Standard normal, cut to [lower, upper] (<c>mlx.core.random.truncated_normal</c>).
    /// </summary>
    public static MlxArray TruncatedNormal(
        MlxArray lower,
        MlxArray upper,
        ReadOnlySpan<int> shape,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomTruncatedNormal(lower, upper, shape, dtype, key ?? Next(), stream);

    /// <summary>
    /// Jointly normal with a mean (..., n) and a covariance (..., n, n)
    /// (<c>mlx.core.random.multivariate_normal</c>).
    /// </summary>
    public static MlxArray MultivariateNormal(
        MlxArray mean,
        MlxArray cov,
        ReadOnlySpan<int> shape,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomMultivariateNormal(mean, cov, shape, dtype, key ?? Next(), stream);

    /// <summary>Integers in [low, high) (<c>mlx.core.random.randint</c>).</summary>
    public static MlxArray RandInt(
        MlxArray low,
        MlxArray high,
        ReadOnlySpan<int> shape,
        DType dtype = DType.Int32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomRandint(low, high, shape, dtype, key ?? Next(), stream);

    /// <summary>True with probability p (<c>mlx.core.random.bernoulli</c>).</summary>
    public static MlxArray Bernoulli(
        MlxArray p, ReadOnlySpan<int> shape, MlxArray? key = null, MlxStream? stream = null) =>
        Call.RandomBernoulli(p, shape, key ?? Next(), stream);

    /// <summary>
    /// One index for each row, with the probabilities softmax(logits), as uint32
    /// (<c>mlx.core.random.categorical</c>).
    /// </summary>
    public static MlxArray Categorical(
        MlxArray logits, int axis = -1, MlxArray? key = null, MlxStream? stream = null) =>
        Call.RandomCategorical(logits, axis, key ?? Next(), stream);

    /// <summary>Several indices for each row (<c>mlx.core.random.categorical</c>).</summary>
    public static MlxArray Categorical(
        MlxArray logits,
        int axis,
        int numSamples,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomCategoricalNumSamples(logits, axis, numSamples, key ?? Next(), stream);

    /// <summary>
    /// Indices of a shape that ends as the logits without their axis
    /// (<c>mlx.core.random.categorical</c>).
    /// </summary>
    public static MlxArray Categorical(
        MlxArray logits,
        int axis,
        ReadOnlySpan<int> shape,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomCategoricalShape(logits, axis, shape, key ?? Next(), stream);

    /// <summary>Standard Gumbel (<c>mlx.core.random.gumbel</c>).</summary>
    public static MlxArray Gumbel(
        ReadOnlySpan<int> shape,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomGumbel(shape, dtype, key ?? Next(), stream);

    /// <summary>Laplace with mean loc and scale (<c>mlx.core.random.laplace</c>).</summary>
    public static MlxArray Laplace(
        ReadOnlySpan<int> shape,
        float loc = 0,
        float scale = 1,
        DType dtype = DType.Float32,
        MlxArray? key = null,
        MlxStream? stream = null) =>
        Call.RandomLaplace(shape, dtype, loc, scale, key ?? Next(), stream);

    /// <summary>a shuffled along an axis (<c>mlx.core.random.permutation</c>).</summary>
    public static MlxArray Permutation(
        MlxArray a, int axis = 0, MlxArray? key = null, MlxStream? stream = null) =>
        Call.RandomPermutation(a, axis, key ?? Next(), stream);

    /// <summary>The integers below n, shuffled (<c>mlx.core.random.permutation</c>).</summary>
    public static MlxArray Permutation(int n, MlxArray? key = null, MlxStream? stream = null) =>
        Call.RandomPermutationArange(n, key ?? Next(), stream);
}
