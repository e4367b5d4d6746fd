using System.Text.RegularExpressions;
using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>A node of a <see cref="ComputationGraph"/>.</summary>
/// <param name="Name">The op, or of an input the letters that stand for the array.</param>
/// <param name="IsInput">Whether it is an array that is there already.</param>
/// <param name="Inputs">What it reads, by place in <see cref="ComputationGraph.Nodes"/>, in the
/// order of the arguments.</param>
public sealed record GraphNode(string Name, bool IsInput, IReadOnlyList<int> Inputs);

/// <summary>
/// The ops that arrays wait for: a look at a lazy graph, without computing it
/// (<c>mlx.core.export_to_dot</c>).
/// </summary>
public sealed unsafe partial class ComputationGraph
{
    private ComputationGraph(string dot)
    {
        Dot = dot;
        Nodes = Parse(dot);
        var ops = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in Nodes.Where(static n => !n.IsInput))
        {
            ops[node.Name] = ops.GetValueOrDefault(node.Name) + 1;
        }

        Ops = ops;
        Count = ops.Values.Sum();
    }

    /// <summary>The graph in the language of Graphviz.</summary>
    public string Dot { get; }

    /// <summary>Inputs and ops; each comes after what it reads.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>How often each op occurs, by name.</summary>
    public IReadOnlyDictionary<string, int> Ops { get; }

    /// <summary>How many ops there are.</summary>
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

    /// <summary>
    /// The lines that MLX writes, in this order for each op: the op with its id, arrows to the id
    /// from arrays, arrows from it to arrays; and a line for each array that nothing computes.
    /// </summary>
    private static List<GraphNode> Parse(string dot)
    {
        var nodes = new List<GraphNode>();
        var producers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Match line in Lines().Matches(dot))
        {
            if (line.Groups["op"] is { Success: true, Value: var op })
            {
                nodes.Add(new(op, IsInput: false, new List<int>()));
            }
            else if (line.Groups["input"] is { Success: true, Value: var input })
            {
                producers[input] = nodes.Count;
                nodes.Add(new(input, IsInput: true, []));
            }
            else if (line.Groups["read"] is { Success: true, Value: var read })
            {
                ((List<int>)nodes[^1].Inputs).Add(producers[read]);
            }
            else
            {
                producers[line.Groups["made"].Value] = nodes.Count - 1;
            }
        }

        return nodes;
    }

    [GeneratedRegex("""
        label\ ="(?<op>[^"]*)"
        | rank=source;\ "(?<input>[^"]*)"
        | "(?<read>[^"]*)"\ ->
        | ->\ "(?<made>[^"]*)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Lines();
}
