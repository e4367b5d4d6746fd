namespace Mlx.Cpu.Graph;

/// <summary>
/// Evaluates nodes: orders what is not yet evaluated so that inputs come first, runs the
/// primitives, and lets go of each edge as soon as its reader is done. One evaluation runs at a
/// time (kernels use all cores); building and freeing go on beside it.
/// </summary>
internal static class Evaluator
{
    private static readonly Lock Gate = new();

    // Scratch of the walk, used under the gate only.
    private static readonly List<Node> Tape = [];
    private static readonly Stack<(Node Node, int Next)> Walk = new();
    private static int epoch;

    [ThreadStatic] private static int tracing;

    /// <summary>
    /// Inside a trace an evaluation must leave the graph as it is, because the transform that is
    /// tracing still needs it.
    /// </summary>
    public static bool KeepsGraph { get; private set; }

    /// <summary>Whether the current thread runs a user's function for a transform.</summary>
    public static bool IsTracing => tracing > 0;

    /// <summary>The current thread runs a user's function for a transform.</summary>
    public static TracingScope Trace()
    {
        tracing++;
        return default;
    }

    public readonly ref struct TracingScope
    {
        public void Dispose() => tracing--;
    }

    public static void Eval(Node root)
    {
        if (!root.HasData)
        {
            Eval([root]);
        }
    }

    public static void Eval(ReadOnlySpan<Node> roots)
    {
        if (AllHaveData(roots))
        {
            return;
        }

        lock (Gate)
        {
            var kept = KeepsGraph;
            KeepsGraph = tracing > 0;
            try
            {
                Order(roots);

                // The caller's handles (or a Held) count the roots throughout, and the roots'
                // edges count everything on the tape until it has been read.
                foreach (var node in Tape)
                {
                    Run(node);
                }
            }
            finally
            {
                Tape.Clear();
                Walk.Clear();
                Single[0] = null!;
                KeepsGraph = kept;
            }
        }
    }

    private static bool AllHaveData(ReadOnlySpan<Node> roots)
    {
        foreach (var r in roots)
        {
            if (!r.HasData)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Fills the tape in depth-first order; siblings stand for one another.</summary>
    private static void Order(ReadOnlySpan<Node> roots)
    {
        epoch++;
        foreach (var root in roots)
        {
            Push(root);
            while (Walk.TryPop(out var step))
            {
                var (node, next) = step;
                var inputs = node.Inputs;
                if (next < inputs.Length)
                {
                    Walk.Push((node, next + 1));
                    Push(inputs[next]);
                }
                else
                {
                    Tape.Add(node);
                }
            }
        }
    }

    private static void Push(Node node)
    {
        if (node.HasData || node.Mark == epoch)
        {
            return;
        }

        if (node.Primitive is null)
        {
            throw new InvalidOperationException(
                "[eval] Attempting to eval an array during function transformations like compile " +
                "or vmap is not allowed.");
        }

        node.Mark = epoch;
        if (node.Siblings is { } siblings)
        {
            foreach (var s in siblings)
            {
                s.Mark = epoch;
            }
        }

        Walk.Push((node, 0));
    }

    private static void Run(Node node)
    {
        var primitive = node.Primitive!;
        if (node.Siblings is { } siblings)
        {
            primitive.Eval(node.Inputs, siblings);
            foreach (var s in siblings)
            {
                Finish(s);
            }
        }
        else
        {
            Single[0] = node;
            primitive.Eval(node.Inputs, Single);
            Finish(node);
        }
    }

    // Reused by Run, which never nests: primitives build and evaluate no graphs of their own.
    private static readonly Node[] Single = new Node[1];

    private static void Finish(Node node)
    {
        if (!(KeepsGraph && node.IsTracer))
        {
            node.Detach();
        }
    }
}
