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
            : new LeafRule(rate, momentum > 0 ? 1 : 0, (p, g, lr, slots) =>
            {
                g = weightDecay == 0 ? g : g + weightDecay * p;
                if (momentum > 0)
                {
                    var v = slots[0] = momentum * slots[0] + g;
                    g = nesterov ? g + momentum * v : v;
                }

                return p - lr * g;
            });

    /// <summary>
    /// Adam (Kingma and Ba 2015): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
    /// p - lr m / (sqrt v + eps) (<c>mlx.optimizers.Adam</c>).
    /// </summary>
    public static UpdateRule Adam(
        LearningRate rate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8) =>
        AdamW(rate, 0, beta1, beta2, eps);

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
        new LeafRule(rate, 2, (p, g, lr, slots) =>
        {
            var m = slots[0] = beta1 * slots[0] + (1 - beta1) * g;
            var v = slots[1] = beta2 * slots[1] + (1 - beta2) * Ops.Square(g);
            return Decayed(p, lr, weightDecay) - lr * m / (Ops.Sqrt(v) + eps);
        });

    /// <summary>
    /// Adam by the infinity norm (Kingma and Ba 2015): m = b1 m + (1 - b1) g, v = max(b2 v, |g|),
    /// p - lr m / (v + eps) (<c>mlx.optimizers.Adamax</c>).
    /// </summary>
    public static UpdateRule Adamax(
        LearningRate rate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8) =>
        new LeafRule(rate, 2, (p, g, lr, slots) =>
        {
            var m = slots[0] = beta1 * slots[0] + (1 - beta1) * g;
            var v = slots[1] = Ops.Maximum(beta2 * slots[1], Ops.Abs(g));
            return p - lr * m / (v + eps);
        });

    /// <summary>
    /// RMSprop (Tieleman and Hinton 2012): v = a v + (1 - a) g², p - lr g / (sqrt v + eps)
    /// (<c>mlx.optimizers.RMSprop</c>).
    /// </summary>
    public static UpdateRule RmsProp(LearningRate rate, double alpha = 0.99, double eps = 1e-8) =>
        new LeafRule(rate, 1, (p, g, lr, slots) =>
        {
            var v = slots[0] = alpha * slots[0] + (1 - alpha) * Ops.Square(g);
            return p - lr * g / (Ops.Sqrt(v) + eps);
        });

    /// <summary>
    /// Adagrad (Duchi, Hazan and Singer 2011): v = v + g², p - lr g / (sqrt v + eps)
    /// (<c>mlx.optimizers.Adagrad</c>).
    /// </summary>
    public static UpdateRule Adagrad(LearningRate rate, double eps = 1e-8) =>
        new LeafRule(rate, 1, (p, g, lr, slots) =>
        {
            var v = slots[0] = slots[0] + Ops.Square(g);
            return p - lr * g / (Ops.Sqrt(v) + eps);
        });

    /// <summary>
    /// Lion (Chen et al. 2023): p (1 - lr decay) - lr sign(b1 m + (1 - b1) g), m = b2 m + (1 - b2) g
    /// (<c>mlx.optimizers.Lion</c>). Its rate is a tenth of Adam's.
    /// </summary>
    public static UpdateRule Lion(
        LearningRate rate, double weightDecay = 0, double beta1 = 0.9, double beta2 = 0.99) =>
        new LeafRule(rate, 1, (p, g, lr, slots) =>
        {
            var m = slots[0];
            slots[0] = beta2 * m + (1 - beta2) * g;
            return Decayed(p, lr, weightDecay) - lr * Ops.Sign(beta1 * m + (1 - beta1) * g);
        });

    /// <summary>
    /// The same after all gradients were scaled so that their norm together is at most
    /// <paramref name="norm"/> (<c>mlx.optimizers.clip_grad_norm</c>).
    /// </summary>
    public UpdateRule Clipped(double norm) => new ClippedRule(this, norm);

    /// <summary>New parameters, in place of the old ones; the slots likewise.</summary>
    internal abstract void Update(
        MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots);

    private static MlxArray Decayed(MlxArray p, MlxArray lr, double weightDecay) =>
        weightDecay == 0 ? p : p * (1.0 - lr * weightDecay);

    /// <summary>A new parameter; its slots are changed in place.</summary>
    private delegate MlxArray Next(MlxArray p, MlxArray g, MlxArray lr, Span<MlxArray> slots);

    /// <summary>A rule that looks at one parameter at a time.</summary>
    private sealed class LeafRule(LearningRate rate, int count, Next next) : UpdateRule
    {
        internal override int Slots => count;

        internal override void Update(
            MlxArray step, MlxArray[] gradients, MlxArray[] parameters, MlxArray[][] slots)
        {
            var lr = rate.At(step);
            for (var i = 0; i < parameters.Length; i++)
            {
                MlxArray[] own = [.. slots.Select(slot => slot[i])];
                parameters[i] = next(
                    parameters[i], gradients[i], lr.AsType(gradients[i].DType), own);
                for (var k = 0; k < count; k++)
                {
                    slots[k][i] = own[k];
                }
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
