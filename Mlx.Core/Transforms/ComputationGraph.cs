using System.Text.RegularExpressions;
using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// The ops that arrays wait for: a look at a lazy graph, without computing it
/// (<c>mlx.core.export_to_dot</c>).
/// </summary>
public sealed unsafe partial class ComputationGraph
{
    private ComputationGraph(string dot)
    {
        Dot = dot;
        var ops = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (Match op in Labels().Matches(dot))
        {
            var name = op.Groups[1].Value;
            ops[name] = ops.GetValueOrDefault(name) + 1;
        }

        Ops = ops;
        Count = ops.Values.Sum();
    }

    /// <summary>The graph in the language of Graphviz.</summary>
    public string Dot { get; }

    /// <summary>How often each op occurs, by name.</summary>
    public IReadOnlyDictionary<string, int> Ops { get; }

    /// <summary>How many ops there are: the nodes of the graph.</summary>
    public int Count { get; }

    /// <summary>The graph below some arrays.</summary>
    public static ComputationGraph Of(params ReadOnlySpan<MlxArray> outputs)
    {
        using var vector = new PinnedVector(outputs);
        var handle = vector.Handle;
        var namer = Native.mlx_node_namer_new();
        try
        {
            return new(TemporaryCFile.Read(file => Result.Check(
                Native.mlx_export_to_dot(file, namer, handle),
                nameof(Native.mlx_export_to_dot))));
        }
        finally
        {
            _ = Native.mlx_node_namer_free(namer);
        }
    }

    /// <summary>The ops and how often each occurs.</summary>
    public override string ToString() =>
        $"{Count} ops: {string.Join(", ", Ops.Select(static op => $"{op.Key} {op.Value}"))}";

    [GeneratedRegex("label =\"([^\"]*)\", shape=rectangle")]
    private static partial Regex Labels();
}
