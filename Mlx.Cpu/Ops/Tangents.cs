using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>What jvp rules of ops with several inputs have in common.</summary>
internal static class Tangents
{
    /// <summary>The tangent of an input, or zeros where the input does not vary.</summary>
    public static Node Of(Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, int input)
    {
        var at = argnums.IndexOf(input);
        return at >= 0 ? tangents[at] : Op.ZerosLike(inputs[input]);
    }
}
