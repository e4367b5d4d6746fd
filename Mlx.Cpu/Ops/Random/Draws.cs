using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>Choices among things: categories and orders.</summary>
internal static partial class Op
{
    /// <summary>One category for each line of logits.</summary>
    [Export("mlx_random_categorical")]
    public static Node RandomCategorical(Node logits, int axis, Node? key)
    {
        var at = Shapes.Axis(axis, logits.Rank, "categorical");
        return Categorical(logits, at, Shapes.RemoveAt(logits.Shape, at), key);
    }

    /// <summary>As many as the shape says; it must broadcast with that of the lines.</summary>
    [Export("mlx_random_categorical_shape")]
    public static Node RandomCategorical(
        Node logits, int axis, ReadOnlySpan<int> shape, Node? key)
    {
        var at = Shapes.Axis(axis, logits.Rank, "categorical");
        var target = Shapes.Checked(shape, "categorical");
        var lines = Shapes.RemoveAt(logits.Shape, at);
        if (!Shapes.Same(Shapes.Broadcast(target, lines, "categorical"), target))
        {
            throw new ArgumentException(
                $"[categorical] Requested shape {Shapes.Text(target)} is not broadcast " +
                $"compatible with reduced logits shape {Shapes.Text(lines)}.");
        }

        return Categorical(logits, at, target, key);
    }

    /// <summary>Several for each line, along a new last axis.</summary>
    [Export("mlx_random_categorical_num_samples")]
    public static Node RandomCategorical(Node logits, int axis, int numSamples, Node? key)
    {
        var at = Shapes.Axis(axis, logits.Rank, "categorical");
        var spread = ExpandDims(logits, -1);
        var shape = Shapes.RemoveAt(spread.Shape, at);
        shape[^1] = numSamples;
        return Categorical(spread, at, Shapes.Checked(shape, "categorical"), key);
    }

    /// <summary>The array in a random order along an axis.</summary>
    [Export("mlx_random_permutation")]
    public static Node RandomPermutation(Node x, int axis, Node? key)
    {
        var at = Shapes.Axis(axis, x.Rank, "permutation");
        return Take(x, RandomPermutation(x.Shape[at], key), at);
    }

    /// <summary>0 ... x - 1 in a random order: the order of as many random words.</summary>
    [Export("mlx_random_permutation_arange")]
    public static Node RandomPermutation(int x, Node? key) => ArgSort(RandomBits([x], 4, key), 0);

    /// <summary>
    /// The largest of logits + gumbel noise is a draw from softmax(logits) (Gumbel 1954).
    /// </summary>
    private static Node Categorical(Node logits, int axis, int[] shape, Node? key)
    {
        var at = axis + shape.Length - logits.Rank + 1;
        var noise = RandomGumbel(
            Shapes.Insert(shape, at, logits.Shape[axis]), Dtype.Float32, key);
        return ArgMax(Add(noise, logits), at, false);
    }
}
