using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms;

/// <summary>
/// Reverse and forward differentiation by graph transformation: the function runs once on
/// stand-ins for its arguments, and each primitive on the way contributes its rule. What comes out
/// is a graph like any other, so it differentiates, batches and compiles again.
/// </summary>
internal static class Autodiff
{
    /// <summary>
    /// Outputs of <paramref name="f"/> and the cotangents of the inputs named by
    /// <paramref name="argnums"/> (all, if null). Outputs that went through stop_gradient take no
    /// cotangent, as in MLX.
    /// </summary>
    public static (Held Outputs, Held Vjps) Vjp(
        Function f, Node[] primals, Node[] cotangents, int[]? argnums = null)
    {
        using var nursery = Nursery.Enter();
        var arguments = argnums ?? Shapes.AllAxes(primals.Length);
        using var tracers = new Held(Array.ConvertAll(primals, Node.Tracer));
        var outputs = Run(f, tracers.Nodes);
        try
        {
            var cotangentOf = Seed(outputs.Nodes, cotangents);
            var wanted = GraphWalk.NewSet();
            var order = GraphWalk.Between(
                arguments.Select(i => tracers.Nodes[i]), outputs.Nodes, wanted, true);
            for (var i = order.Count - 1; i >= 0; i--)
            {
                Back(order[i], wanted, cotangentOf);
            }

            var vjps = Array.ConvertAll(arguments, i =>
                cotangentOf.TryGetValue(tracers.Nodes[i], out var c)
                    ? c
                    : Op.ZerosLike(primals[i]));
            return (outputs, new Held(vjps));
        }
        catch
        {
            outputs.Dispose();
            throw;
        }
    }

    /// <summary>Outputs of <paramref name="f"/> and their tangents.</summary>
    public static (Held Outputs, Held Jvps) Jvp(Function f, Node[] primals, Node[] tangents)
    {
        CheckTangents(primals, tangents);
        using var nursery = Nursery.Enter();
        using var tracers = new Held(Array.ConvertAll(primals, Node.Tracer));
        var outputs = Run(f, tracers.Nodes);
        try
        {
            var tangentOf = NewMap();
            for (var i = 0; i < primals.Length; i++)
            {
                tangentOf[tracers.Nodes[i]] = tangents[i];
            }

            var dependent = GraphWalk.NewSet();
            foreach (var step in GraphWalk.Between(tracers.Nodes, outputs.Nodes, dependent, true))
            {
                Forward(step, tangentOf);
            }

            var jvps = Array.ConvertAll(outputs.Nodes, o =>
                tangentOf.TryGetValue(o, out var t) ? t : Op.ZerosLike(o));
            return (outputs, new Held(jvps));
        }
        catch
        {
            outputs.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Value (the first output, a scalar; the rest is carried along) and gradient with respect to
    /// the inputs named by <paramref name="argnums"/>, which may be negative.
    /// </summary>
    public static (Held Values, Held Gradients) ValueAndGrad(
        Function f, int[] argnums, Node[] inputs)
    {
        var sorted = argnums.Select(a => a < 0 ? a + inputs.Length : a).Order().ToArray();
        if (sorted.Distinct().Count() != argnums.Length)
        {
            throw new ArgumentException("[grad] Repeat argument number not allowed in grad.");
        }

        if (sorted.Length == 0 || sorted[0] < 0 || sorted[^1] >= inputs.Length)
        {
            throw new ArgumentException(
                $"[grad] Invalid argument number for function with {inputs.Length} inputs.");
        }

        return Vjp(FirstOutputOnly, inputs, [Op.Scalar(1f)], sorted);

        Held FirstOutputOnly(Node[] x)
        {
            using var outputs = f(x);
            var nodes = outputs.Nodes;
            return new Held([.. nodes.Take(1), .. nodes.Skip(1).Select(Op.StopGradient)]);
        }
    }

    private static Held Run(Function f, Node[] arguments)
    {
        using (Evaluator.Trace())
        {
            return f(arguments);
        }
    }

    private static Dictionary<Node, Node> Seed(Node[] outputs, Node[] cotangents)
    {
        var map = NewMap();
        var next = 0;
        foreach (var o in outputs)
        {
            if (o.Primitive is StopGradient)
            {
                continue;
            }

            if (next >= cotangents.Length)
            {
                throw new ArgumentException(
                    $"[vjp] Number of outputs to compute gradients for ({outputs.Length}) does " +
                    $"not match number of cotangents ({cotangents.Length}).");
            }

            var c = cotangents[next++];
            if (!Shapes.Same(o.Shape, c.Shape))
            {
                var hint = outputs.Length == 1 && c.Size == 1
                    ? " If you are using grad your function must return a scalar."
                    : "";
                throw new ArgumentException(
                    $"[vjp] Output shape {Shapes.Text(o.Shape)} does not match cotangent shape " +
                    $"{Shapes.Text(c.Shape)}.{hint}");
            }

            Accumulate(map, o, Op.AsType(c, o.Dtype));
        }

        return map;
    }

    /// <summary>
    /// One step of the way back: cotangents of the outputs become those of the inputs.
    /// </summary>
    private static void Back(Node step, HashSet<Node> wanted, Dictionary<Node, Node> cotangentOf)
    {
        var outputs = GraphWalk.Outputs(step);
        if (!Array.Exists(outputs, cotangentOf.ContainsKey))
        {
            return;
        }

        var cotangents = Array.ConvertAll(outputs, o =>
            cotangentOf.Remove(o, out var c) ? c : Op.ZerosLike(o));
        var argnums = GraphWalk.Positions(step, wanted);
        var vjps = step.Primitive!.Vjp(step.Inputs, cotangents, argnums, outputs);
        for (var i = 0; i < argnums.Length; i++)
        {
            if (vjps[i] is { } v)
            {
                Accumulate(cotangentOf, step.Inputs[argnums[i]], v);
            }
        }
    }

    private static void Forward(Node step, Dictionary<Node, Node> tangentOf)
    {
        var argnums = new List<int>();
        var tangents = new List<Node>();
        for (var i = 0; i < step.Inputs.Length; i++)
        {
            if (tangentOf.TryGetValue(step.Inputs[i], out var t))
            {
                argnums.Add(i);
                tangents.Add(t);
            }
        }

        if (argnums.Count == 0)
        {
            return;
        }

        var outputs = GraphWalk.Outputs(step);
        var jvps = step.Primitive!.Jvp(step.Inputs, [.. tangents], argnums.ToArray(), outputs);
        for (var i = 0; i < jvps.Length; i++)
        {
            tangentOf[outputs[i]] = jvps[i];
        }
    }

    private static void Accumulate(Dictionary<Node, Node> map, Node at, Node c) =>
        map[at] = map.TryGetValue(at, out var sum) ? Op.Add(sum, c) : c;

    private static void CheckTangents(Node[] primals, Node[] tangents)
    {
        if (primals.Length != tangents.Length)
        {
            throw new ArgumentException(
                $"[jvp] Number of inputs ({primals.Length}) does not match number of tangents " +
                $"({tangents.Length}).");
        }

        for (var i = 0; i < primals.Length; i++)
        {
            if (!Shapes.Same(primals[i].Shape, tangents[i].Shape))
            {
                throw new ArgumentException(
                    $"[jvp] Input shape {Shapes.Text(primals[i].Shape)} does not match shape " +
                    $"{Shapes.Text(tangents[i].Shape)} of its tangent.");
            }
        }
    }

    private static Dictionary<Node, Node> NewMap() => new(ReferenceEqualityComparer.Instance);
}
