namespace Mlx.Core;

/// <summary>What a fused step costs.</summary>
/// <param name="Crossings">Calls of engine functions in a step.</param>
/// <param name="Retraces">Traces in the steps after the first: none, unless something is wrong.</param>
/// <param name="Graph">The step's ops, before the engine simplifies and fuses them.</param>
/// <param name="PeakBytes">The most memory that arrays held during a step, all in all.</param>
/// <param name="Traces">All traces of the step so far.</param>
public sealed record StepExplanation(
    long Crossings,
    int Retraces,
    ComputationGraph Graph,
    long PeakBytes,
    CompileExplanation Traces)
{
    /// <summary>In words.</summary>
    public override string ToString() => string.Join('\n', [
        $"crossings a step  {Crossings}",
        $"retraces          {Retraces}",
        $"graph nodes       {Graph.Count}",
        $"peak bytes        {PeakBytes:N0}",
        $"{Traces}"]);
}
