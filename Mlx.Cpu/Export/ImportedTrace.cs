using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>One op of a trace: which values it takes, and the first of those it gives.</summary>
internal sealed record ImportedStep(
    Replay Replay, int[] Inputs, int Output, (int[] Shape, Dtype Dtype)[] Outputs);

/// <summary>
/// A graph that was read from a file. Its values are numbered: arguments first, then constants and
/// the outputs of ops as they come.
/// </summary>
internal sealed class ImportedTrace(
    Signature signature, Node?[] constants, List<ImportedStep> steps, int[] outputs)
{
    public Signature Signature { get; } = signature;

    /// <summary>The graph on some arguments.</summary>
    public Node[] On(Node[] arguments)
    {
        var values = (Node?[])constants.Clone();
        arguments.CopyTo(values, 0);
        foreach (var step in steps)
        {
            var inputs = Array.ConvertAll(step.Inputs, i => values[i]!);
            step.Replay(inputs, step.Outputs).CopyTo(values, step.Output);
        }

        return Array.ConvertAll(outputs, i => values[i]!);
    }
}
