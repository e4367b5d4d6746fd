using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms;

/// <summary>
/// The part of a graph that lies between some starting nodes and some outputs, in topological
/// order. Siblings (outputs of one primitive) are one step, represented by the first of them.
/// </summary>
internal static class GraphWalk
{
    /// <summary>The node that stands for all outputs of a primitive.</summary>
    public static Node Step(Node n) => n.Siblings is { } s ? s[0] : n;

    public static Node[] Outputs(Node step) => step.Siblings ?? [step];

    /// <summary>
    /// Goes down from a node, without recursion, because graphs may be deep.
    /// <paramref name="open"/> answers the step to go into, or null where there is none or it is
    /// known; <paramref name="close"/> is told each step after its inputs.
    /// </summary>
    public static void DepthFirst(Node root, Func<Node, Node?> open, Action<Node> close)
    {
        var walk = new Stack<(Node Step, int Next)>();
        Push(root);
        while (walk.TryPop(out var at))
        {
            var (step, next) = at;
            if (next < step.Inputs.Length)
            {
                walk.Push((step, next + 1));
                Push(step.Inputs[next]);
            }
            else
            {
                close(step);
            }
        }

        void Push(Node n)
        {
            if (open(n) is { } step)
            {
                walk.Push((step, 0));
            }
        }
    }

    /// <summary>
    /// Steps that depend on <paramref name="starts"/>, inputs before consumers; afterwards
    /// <paramref name="dependent"/> holds every node that does, the starts included.
    /// </summary>
    /// <param name="stopAtStopGradient">Derivatives do not pass a StopGradient.</param>
    public static List<Node> Between(
        IEnumerable<Node> starts, Node[] outputs, HashSet<Node> dependent, bool stopAtStopGradient)
    {
        var order = new List<Node>();
        var seen = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        foreach (var s in starts)
        {
            dependent.Add(s);
            seen.Add(s);
        }

        foreach (var output in outputs)
        {
            DepthFirst(output, Open, Close);
        }

        return order;

        // An evaluated node is a constant here: its graph is gone, or it is no tracer's.
        Node? Open(Node n) =>
            !seen.Contains(n) && n.Primitive is not null && seen.Add(Step(n)) ? Step(n) : null;

        void Close(Node step)
        {
            if (stopAtStopGradient && step.Primitive is StopGradient)
            {
                return;
            }

            foreach (var i in step.Inputs)
            {
                if (dependent.Contains(i))
                {
                    order.Add(step);
                    foreach (var o in Outputs(step))
                    {
                        dependent.Add(o);
                    }

                    return;
                }
            }
        }
    }

    /// <summary>Which inputs of a step are among <paramref name="nodes"/>.</summary>
    public static int[] Positions(Node step, HashSet<Node> nodes)
    {
        var found = new List<int>(step.Inputs.Length);
        for (var i = 0; i < step.Inputs.Length; i++)
        {
            if (nodes.Contains(step.Inputs[i]))
            {
                found.Add(i);
            }
        }

        return [.. found];
    }

    /// <summary>The same step on other inputs of the same shapes and dtypes.</summary>
    public static Node[] Rebuild(Node step, Node[] inputs) => step.Siblings is { } siblings
        ? Node.LazyMany(
            Array.ConvertAll(siblings, o => (o.Shape, o.Dtype)), step.Primitive!, inputs)
        : [Node.Lazy(step.Shape, step.Dtype, step.Primitive!, inputs)];

    public static HashSet<Node> NewSet() => new(ReferenceEqualityComparer.Instance);
}
