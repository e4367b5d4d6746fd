namespace Mlx.Core;

/// <summary>
/// A learning rate: a number, or a function of the number of steps before, built of ops so that it
/// is part of the fused step.
/// </summary>
public readonly struct LearningRate
{
    private readonly Func<MlxArray, MlxArray>? rule;

    private LearningRate(Func<MlxArray, MlxArray> rule) => this.rule = rule;

    /// <summary>A constant.</summary>
    public static implicit operator LearningRate(double rate) =>
        new(_ => MlxArray.Scalar((float)rate));

    /// <summary>A function from the number of steps before, a float32 of no axes.</summary>
    /// <example><code>LearningRate.Of(step => 1e-3f / (1 + 0.01f * step))</code></example>
    public static LearningRate Of(Func<MlxArray, MlxArray> rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return new(rule);
    }

    /// <summary>
    /// From <paramref name="start"/> down to <paramref name="end"/> along half a cosine
    /// (<c>mlx.optimizers.cosine_decay</c>).
    /// </summary>
    public static LearningRate Cosine(double start, int steps, double end = 0) => new(step =>
    {
        var done = Ops.Minimum(step, (float)steps) / (double)steps;
        return end + 0.5 * (start - end) * (1.0 + Ops.Cos(done * Math.PI));
    });

    /// <summary>The rate after so many steps.</summary>
    internal MlxArray At(MlxArray step) =>
        (rule ?? throw new InvalidOperationException("a learning rate of nothing"))(step);
}
