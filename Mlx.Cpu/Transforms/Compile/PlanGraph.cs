using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>An array in a plan: an argument, a constant, or the result of a step.</summary>
internal sealed class Value(int[] shape, Dtype dtype)
{
    public readonly int[] Shape = shape;
    public readonly Dtype Dtype = dtype;

    /// <summary>Which argument this is, or -1.</summary>
    public int Argument = -1;

    /// <summary>The evaluated node, if this is a constant.</summary>
    public Node? Constant;

    /// <summary>The step that makes it, if neither.</summary>
    public Step? Producer;
}

/// <summary>A primitive between values.</summary>
internal sealed class Step(Primitive primitive, Value[] inputs, Value[] outputs)
{
    public readonly Primitive Primitive = primitive;
    public readonly Value[] Inputs = inputs;
    public readonly Value[] Outputs = outputs;

    /// <summary>Position in the order of the trace.</summary>
    public int Index;

    /// <summary>The steps it will run together with; itself alone at first.</summary>
    public FusionGroup? Group;
}

/// <summary>The steps and results of a traced function, open to rewriting.</summary>
internal sealed class PlanGraph
{
    public required List<Step> Steps { get; set; }

    public required Value[] Outputs { get; init; }

    public required int ArgumentCount { get; init; }

    /// <summary>
    /// Reads a trace. Identities vanish, and with <paramref name="merge"/> so do steps that repeat
    /// an earlier one on the same inputs.
    /// </summary>
    public static PlanGraph Of(Trace trace, bool merge)
    {
        var values = new Dictionary<Node, Value>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < trace.Inputs.Length; i++)
        {
            values[trace.Inputs[i]] =
                new Value(trace.Inputs[i].Shape, trace.Inputs[i].Dtype) { Argument = i };
        }

        var constants = new ConstantTable();
        var known = new StepTable();
        var steps = new List<Step>(trace.Steps.Count);
        foreach (var node in trace.Steps)
        {
            var inputs = Array.ConvertAll(node.Inputs, ValueOf);
            if (node.Primitive is Ops.Copy)
            {
                values[node] = inputs[0];
                continue;
            }

            var originals = GraphWalk.Outputs(node);
            if (merge && known.Find(node, inputs) is { } same)
            {
                for (var i = 0; i < originals.Length; i++)
                {
                    values[originals[i]] = same.Outputs[i];
                }

                continue;
            }

            var outputs = Array.ConvertAll(originals, o => new Value(o.Shape, o.Dtype));
            var step = new Step(node.Primitive!, inputs, outputs) { Index = steps.Count };
            for (var i = 0; i < outputs.Length; i++)
            {
                outputs[i].Producer = step;
                values[originals[i]] = outputs[i];
            }

            steps.Add(step);
            known.Add(step);
        }

        return new PlanGraph
        {
            Steps = steps,
            Outputs = Array.ConvertAll(trace.Outputs, ValueOf),
            ArgumentCount = trace.Inputs.Length,
        };

        Value ValueOf(Node n)
        {
            if (!values.TryGetValue(n, out var v))
            {
                values[n] = v = constants.Get(n);
            }

            return v;
        }
    }

    /// <summary>Drops steps whose results nobody reads.</summary>
    public void Prune()
    {
        var live = new HashSet<Value>(Outputs);
        var kept = new List<Step>(Steps.Count);
        for (var i = Steps.Count - 1; i >= 0; i--)
        {
            if (Array.Exists(Steps[i].Outputs, live.Contains))
            {
                kept.Add(Steps[i]);
                live.UnionWith(Steps[i].Inputs);
            }
        }

        kept.Reverse();
        Steps = kept;
    }

    /// <summary>One value for all scalars of equal dtype and bits.</summary>
    private sealed class ConstantTable
    {
        private readonly Dictionary<(Dtype, ulong), Value> scalars = [];

        public unsafe Value Get(Node n)
        {
            if (n.Rank > 0 || n.Dtype.Size() > 8)
            {
                return new Value(n.Shape, n.Dtype) { Constant = n };
            }

            ulong bits = 0;
            Buffer.MemoryCopy(n.Data, &bits, 8, n.Dtype.Size());
            if (!scalars.TryGetValue((n.Dtype, bits), out var v))
            {
                scalars[(n.Dtype, bits)] = v = new Value(n.Shape, n.Dtype) { Constant = n };
            }

            return v;
        }
    }

    /// <summary>Finds an earlier step that computes the same.</summary>
    private sealed class StepTable
    {
        private readonly Dictionary<int, List<Step>> steps = [];

        public Step? Find(Node node, Value[] inputs)
        {
            if (!node.Primitive!.IsPure
                || !steps.TryGetValue(Hash(node.Primitive, inputs), out var candidates))
            {
                return null;
            }

            return candidates.Find(s =>
                s.Primitive.GetType() == node.Primitive.GetType()
                && s.Inputs.AsSpan().SequenceEqual(inputs)
                && s.Outputs[0].Dtype == GraphWalk.Outputs(node)[0].Dtype
                && Shapes.Same(s.Outputs[0].Shape, GraphWalk.Outputs(node)[0].Shape)
                && s.Primitive.SameAs(node.Primitive));
        }

        public void Add(Step step)
        {
            var hash = Hash(step.Primitive, step.Inputs);
            if (!steps.TryGetValue(hash, out var list))
            {
                steps[hash] = list = [];
            }

            list.Add(step);
        }

        private static int Hash(Primitive primitive, Value[] inputs)
        {
            var h = new HashCode();
            h.Add(primitive.GetType());
            foreach (var i in inputs)
            {
                h.Add(i);
            }

            return h.ToHashCode();
        }
    }
}
