using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>
/// A function's graph on stand-ins for its arguments, kept so that it can be planned once and, when
/// it is differentiated or batched from outside, built again on other inputs.
/// </summary>
internal sealed class Trace : IDisposable
{
    private readonly Held inputs;
    private readonly Held outputs;

    private Trace(Held inputs, Held outputs)
    {
        this.inputs = inputs;
        this.outputs = outputs;
        var dependent = GraphWalk.NewSet();
        Steps = GraphWalk.Between(inputs.Nodes, outputs.Nodes, dependent, false);
        Dependent = dependent;
        Constants = [.. Steps.SelectMany(s => s.Inputs).Concat(outputs.Nodes)
            .Where(n => !dependent.Contains(n)).Distinct(ReferenceEqualityComparer.Instance)
            .Cast<Node>()];
    }

    /// <summary>
    /// Runs <paramref name="f"/> on stand-ins; when it throws, nothing is left behind.
    /// </summary>
    public static Trace Of(Function f, Node[] like)
    {
        var standIns = new Held(Array.ConvertAll(like, n => Node.StandIn(n.Shape, n.Dtype)));
        try
        {
            using (Compiled.Inlining())
            {
                return new Trace(standIns, f(standIns.Nodes));
            }
        }
        catch
        {
            standIns.Dispose();
            throw;
        }
    }

    public Node[] Inputs => inputs.Nodes;

    public Node[] Outputs => outputs.Nodes;

    /// <summary>What depends on the inputs, in an order in which it can run.</summary>
    public List<Node> Steps { get; }

    public HashSet<Node> Dependent { get; }

    /// <summary>What the function captured or made from nothing: read, but not dependent.</summary>
    public Node[] Constants { get; }

    /// <summary>The same graph on other inputs of the same shapes.</summary>
    public Node[] On(Node[] arguments)
    {
        var map = new Dictionary<Node, Node>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < arguments.Length; i++)
        {
            map[Inputs[i]] = arguments[i];
        }

        foreach (var step in Steps)
        {
            var given = Array.ConvertAll(step.Inputs, i => map.GetValueOrDefault(i, i));
            var built = GraphWalk.Rebuild(step, given);
            var originals = GraphWalk.Outputs(step);
            for (var i = 0; i < originals.Length; i++)
            {
                map[originals[i]] = built[i];
            }
        }

        return Array.ConvertAll(Outputs, o => map.GetValueOrDefault(o, o));
    }

    public void Dispose()
    {
        inputs.Dispose();
        outputs.Dispose();
    }
}
