using Mlx.Core;

namespace MlpConsole;

/// <summary>
/// Adam on the parameters of a perceptron. A whole step (loss, gradients, update) is traced once and
/// then is one compiled graph over arrays that stay on the engine's side.
/// </summary>
internal sealed class Training : IDisposable
{
    private readonly int count;
    private readonly float learningRate;
    private readonly ValueAndGradFunction gradient;
    private readonly CompiledFunction step;
    private readonly ArrayVector state;

    public Training(Mlp model, float learningRate, ulong seed)
    {
        this.learningRate = learningRate;
        using var scope = Scope.Enter();
        var parameters = model.Init(MlxRandom.Key(seed));
        count = parameters.Length;
        gradient = new ValueAndGradFunction(
            inputs => [Mlp.Loss(inputs.AsSpan(0, count), inputs[^2], inputs[^1])],
            [.. Enumerable.Range(0, count)]);
        step = new CompiledFunction(Update);

        // The step takes and answers: loss, parameters, and Adam's two means of each.
        MlxArray[] zeros = [.. parameters.Select(p => Ops.ZerosLike(p))];
        state = new ArrayVector([MlxArray.Scalar(0f), .. parameters, .. zeros, .. zeros]);
    }

    /// <summary>The loss of the last step.</summary>
    public float Loss
    {
        get
        {
            using var loss = state[0];
            return loss.Item<float>();
        }
    }

    /// <summary>One step on a batch.</summary>
    public void Step(MlxArray x, MlxArray labels) => step.Step(state, [x, labels]);

    /// <summary>The likeliest class of each point.</summary>
    public uint[] Classify(MlxArray points)
    {
        using var scope = Scope.Enter();
        MlxArray[] parameters = [.. Enumerable.Range(1, count).Select(state.Get)];
        return Ops.ArgMax(Mlp.Forward(parameters, points), axis: -1).ToArray<uint>();
    }

    /// <summary>The share of points that fall into their own class.</summary>
    public double Accuracy(MlxArray points, MlxArray labels) =>
        Classify(points).Zip(labels.ToArray<int>(), (a, b) => a == b ? 1.0 : 0.0).Average();

    public void Dispose()
    {
        state.Dispose();
        step.Dispose();
        gradient.Dispose();
    }

    // p - lr m / (sqrt v + eps), with m and v the running means of the gradient and of its square.
    private MlxArray[] Update(MlxArray[] inputs)
    {
        var parameters = inputs[1..(count + 1)];
        var m = inputs[(count + 1)..(2 * count + 1)];
        var v = inputs[(2 * count + 1)..(3 * count + 1)];
        var (values, grads) = gradient.Apply([.. parameters, inputs[^2], inputs[^1]]);
        for (var i = 0; i < count; i++)
        {
            m[i] = 0.9f * m[i] + 0.1f * grads[i];
            v[i] = 0.999f * v[i] + 0.001f * Ops.Square(grads[i]);
            parameters[i] -= learningRate * m[i] / (Ops.Sqrt(v[i]) + 1e-8f);
        }

        return [values[0], .. parameters, .. m, .. v];
    }
}
