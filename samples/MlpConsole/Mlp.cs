using Mlx.Core;

namespace MlpConsole;

/// <summary>A layer: a weight (in, out) and a bias (out).</summary>
internal sealed record Linear(MlxArray Weight, MlxArray Bias)
{
    /// <summary>Weights uniform within 1 / sqrt(inputs), biases zero.</summary>
    public static Linear Init(int inputs, int outputs, MlxArray key)
    {
        var bound = 1 / MathF.Sqrt(inputs);
        return new(
            MlxRandom.Uniform([inputs, outputs], -bound, bound, key: key), Ops.Zeros([outputs]));
    }

    /// <summary>x of shape (batch, in) to (batch, out).</summary>
    public MlxArray Apply(MlxArray x) => x.Matmul(Weight) + Bias;
}

/// <summary>A multilayer perceptron as plain data: a tree whose leaves are its arrays.</summary>
internal sealed record Mlp(Linear[] Layers)
{
    /// <summary>A perceptron.</summary>
    /// <param name="sizes">Features of the input, the hidden layers and the output.</param>
    /// <param name="seed">What the weights are drawn from.</param>
    public static Mlp Init(int[] sizes, ulong seed)
    {
        var key = MlxRandom.Key(seed);
        var layers = new Linear[sizes.Length - 1];
        for (var i = 0; i < layers.Length; i++)
        {
            (key, var draw) = MlxRandom.Split(key);
            layers[i] = Linear.Init(sizes[i], sizes[i + 1], draw);
        }

        return new(layers);
    }

    /// <summary>Logits (batch, classes) of points (batch, features).</summary>
    public MlxArray Forward(MlxArray x)
    {
        foreach (var layer in Layers[..^1])
        {
            x = Ops.Maximum(layer.Apply(x), 0f);
        }

        return Layers[^1].Apply(x);
    }

    /// <summary>Mean cross entropy: log Σ e^logits - logits[label].</summary>
    public MlxArray Loss(MlxArray x, MlxArray labels)
    {
        var logits = Forward(x);
        var score = Ops.TakeAlongAxis(logits, Ops.ExpandDims(labels, -1), -1);
        return Ops.Mean(Ops.LogSumExp(logits, -1) - Ops.Squeeze(score, -1));
    }

    /// <summary>The likeliest class of each point.</summary>
    public uint[] Classify(MlxArray points)
    {
        using var scope = Scope.Enter();
        return Ops.ArgMax(Forward(points), axis: -1).ToArray<uint>();
    }

    /// <summary>The share of points that fall into their own class.</summary>
    public double Accuracy(MlxArray points, MlxArray labels) =>
        Classify(points).Zip(labels.ToArray<int>(), (a, b) => a == b ? 1.0 : 0.0).Average();
}
