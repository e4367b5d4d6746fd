namespace Mlx.Core;

/// <summary>
/// A rule that makes new parameters of old ones and their gradients, with the formulas and defaults
/// of <c>mlx.optimizers</c>. Immutable: what it remembers belongs to the
/// <see cref="Trainer{TModel, TBatch}"/>. (F# has all optimizers, and stages to compose them of.)
/// </summary>
public abstract class UpdateRule
{
    private protected UpdateRule()
    {
    }

    /// <summary>How many arrays it remembers for each parameter, zeros at first.</summary>
    internal abstract int Slots { get; }

    /// <summary>
    /// Gradient descent: p - lr g; with momentum m, v = m v + g and p - lr v, or p - lr (g + m v) in
    /// Nesterov's form (<c>mlx.optimizers.SGD</c>).
    /// </summary>
    /// <exception cref="ArgumentException">Nesterov's form without momentum.</exception>
    public static UpdateRule Sgd(
        LearningRate rate, double momentum = 0, bool nesterov = false, double weightDecay = 0) =>
        nesterov && momentum <= 0
            ? throw new ArgumentException("Nesterov's form wants a momentum", nameof(nesterov))
            : new SgdRule(rate, momentum, nesterov, weightDecay);

    /// <summary>
    /// Adam (Kingma and Ba 2015): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
    /// p - lr m / (sqrt v + eps) (<c>mlx.optimizers.Adam</c>).
    /// </summary>
    public static UpdateRule Adam(
        LearningRate rate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8) =>
        new AdamRule(rate, beta1, beta2, eps, 0);

    /// <summary>
    /// Adam with decoupled weight decay: p (1 - lr decay), then Adam
    /// (<c>mlx.optimizers.AdamW</c>).
    /// </summary>
    public static UpdateRule AdamW(
        LearningRate rate,
        double weightDecay = 0.01,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double eps = 1e-8) =>
        new AdamRule(rate, beta1, beta2, eps, weightDecay);

    /// <summary>
    /// The same after all gradients were scaled so that their norm together is at most
    /// <paramref name="norm"/> (<c>mlx.optimizers.clip_grad_norm</c>).
    /// </summary>
    public UpdateRule Clipped(double norm) => new ClippedRule(this, norm);

    /// <summary>New parameters, in place of the old ones; the slots likewise.</summary>
    internal abstract void Update(
        MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots);

    private sealed class SgdRule(
        LearningRate rate, double momentum, bool nesterov, double weightDecay) : UpdateRule
    {
        internal override int Slots => momentum > 0 ? 1 : 0;

        internal override void Update(
            MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots)
        {
            var lr = rate.At(step);
            for (var i = 0; i < parameters.Length; i++)
            {
                var (p, g) = (parameters[i], gradients[i]);
                g = weightDecay == 0 ? g : g + weightDecay * p;
                if (momentum > 0)
                {
                    var v = slots[0][i] = momentum * slots[0][i] + g;
                    g = nesterov ? g + momentum * v : v;
                }

                parameters[i] = p - lr.AsType(g.DType) * g;
            }
        }
    }

    private sealed class AdamRule(
        LearningRate rate, double beta1, double beta2, double eps, double weightDecay) : UpdateRule
    {
        internal override int Slots => 2;

        internal override void Update(
            MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots)
        {
            var rateNow = rate.At(step);
            for (var i = 0; i < parameters.Length; i++)
            {
                var (p, g) = (parameters[i], gradients[i]);
                var lr = rateNow.AsType(g.DType);
                p = weightDecay == 0 ? p : p * (1.0 - lr * weightDecay);
                var m = slots[0][i] = beta1 * slots[0][i] + (1 - beta1) * g;
                var v = slots[1][i] = beta2 * slots[1][i] + (1 - beta2) * Ops.Square(g);
                parameters[i] = p - lr * m / (Ops.Sqrt(v) + eps);
            }
        }
    }

    private sealed class ClippedRule(UpdateRule rule, double norm) : UpdateRule
    {
        internal override int Slots => rule.Slots;

        internal override void Update(
            MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots)
        {
            var squares = gradients.Select(static g => Ops.Sum(Ops.Square(g)))
                .Aggregate(static (a, b) => a + b);
            var scale = Ops.Minimum(norm / (Ops.Sqrt(squares) + 1e-6), 1f);
            rule.Update(
                step,
                Array.ConvertAll(gradients, g => g * scale.AsType(g.DType)),
                parameters,
                slots);
        }
    }
}
