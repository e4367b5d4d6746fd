using Mlx.Core;

namespace MlpConsole;

/// <summary>
/// A multilayer perceptron as pure functions: its parameters are a list of arrays, a weight (in, out)
/// and a bias (out) for each layer.
/// </summary>
/// <param name="sizes">Features of the input, the hidden layers and the output.</param>
internal sealed class Mlp(int[] sizes)
{
    /// <summary>Weights uniform within 1 / sqrt(inputs), biases zero.</summary>
    public MlxArray[] Init(MlxArray key)
    {
        var parameters = new List<MlxArray>();
        for (var i = 1; i < sizes.Length; i++)
        {
            (key, var draw) = MlxRandom.Split(key);
            var bound = 1 / MathF.Sqrt(sizes[i - 1]);
            parameters.Add(MlxRandom.Uniform([sizes[i - 1], sizes[i]], -bound, bound, key: draw));
            parameters.Add(Ops.Zeros([sizes[i]]));
        }

        return [.. parameters];
    }

    /// <summary>Logits (batch, classes) of points (batch, features).</summary>
    public static MlxArray Forward(ReadOnlySpan<MlxArray> parameters, MlxArray x)
    {
        for (var i = 0; i < parameters.Length; i += 2)
        {
            x = x.Matmul(parameters[i]) + parameters[i + 1];
            if (i + 2 < parameters.Length)
            {
                x = Ops.Maximum(x, 0f);
            }
        }

        return x;
    }

    /// <summary>Mean cross entropy: log Σ e^logits - logits[label].</summary>
    public static MlxArray Loss(ReadOnlySpan<MlxArray> parameters, MlxArray x, MlxArray labels)
    {
        var logits = Forward(parameters, x);
        var score = Ops.TakeAlongAxis(logits, Ops.ExpandDims(labels, -1), -1);
        return Ops.Mean(Ops.LogSumExp(logits, -1) - Ops.Squeeze(score, -1));
    }
}
