using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>From a trace to a plan.</summary>
internal static class Planner
{
    public static Plan Plan(Trace trace, CompileMode mode)
    {
        var graph = PlanGraph.Of(trace, mode is CompileMode.Enabled or CompileMode.NoFuse);
        graph.Prune();
        if (mode == CompileMode.Enabled)
        {
            Fusion.Run(graph);
        }

        return new Plan(graph);
    }
}

/// <summary>
/// A fixed sequence of primitives over slots, made once and run many times. A run puts the
/// caller's arrays into their places, walks the steps, and counts readers down, so that each
/// buffer goes back to the pool, or on to the next result, the moment it is no longer read.
/// Runs under the evaluator's gate, one at a time.
/// </summary>
internal sealed class Plan : IDisposable
{
    private enum Origin : byte
    {
        Slot,
        Counted,
        Constant,
    }

    private sealed class Line(Primitive primitive, Node[] inputs, Node[] outputs, Origin[] origins)
    {
        public readonly Primitive Primitive = primitive;
        public readonly Node[] Inputs = inputs;
        public readonly Node[] Outputs = outputs;
        public readonly Origin[] Origins = origins;
    }

    /// <summary>A place in a line that holds one of the caller's arrays during a run.</summary>
    private readonly record struct Place(Node[] Array, int Index, int Of);

    private readonly Line[] lines;
    private readonly (Node Slot, int Readers)[] slots;
    private readonly Place[] arguments;
    private readonly Place[] results;
    private readonly int[] argumentReaders;
    private readonly int[] resultReaders;
    private readonly Value[] outputs;
    private readonly int[] firstResult;
    private readonly List<Node> constants = [];

    public Plan(PlanGraph graph)
    {
        outputs = graph.Outputs;
        var resultOf = new Dictionary<Value, int>();
        firstResult = new int[outputs.Length];
        for (var i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].Producer is not null)
            {
                resultOf.TryAdd(outputs[i], i);
            }

            firstResult[i] = resultOf.GetValueOrDefault(outputs[i], -1);
        }

        argumentReaders = new int[graph.ArgumentCount];
        resultReaders = new int[outputs.Length];
        var readers = new Dictionary<Value, int>();
        var nodes = new Dictionary<Value, Node>();
        var argumentPlaces = new List<Place>();
        var resultPlaces = new List<Place>();
        lines = new Line[graph.Steps.Count];
        for (var l = 0; l < lines.Length; l++)
        {
            var step = graph.Steps[l];
            var (ins, outs) = (new Node[step.Inputs.Length], new Node[step.Outputs.Length]);
            var origins = new Origin[ins.Length];
            for (var i = 0; i < ins.Length; i++)
            {
                var v = step.Inputs[i];
                if (v.Argument >= 0)
                {
                    argumentPlaces.Add(new Place(ins, i, v.Argument));
                    argumentReaders[v.Argument]++;
                    origins[i] = Origin.Counted;
                }
                else if (v.Constant is { } c)
                {
                    ins[i] = Keep(c);
                    origins[i] = Origin.Constant;
                }
                else if (resultOf.TryGetValue(v, out var r))
                {
                    resultPlaces.Add(new Place(ins, i, r));
                    resultReaders[r]++;
                    origins[i] = Origin.Counted;
                }
                else
                {
                    ins[i] = nodes[v];
                    readers[v] = readers.GetValueOrDefault(v) + 1;
                }
            }

            for (var o = 0; o < outs.Length; o++)
            {
                var v = step.Outputs[o];
                if (resultOf.TryGetValue(v, out var r))
                {
                    resultPlaces.Add(new Place(outs, o, r));
                }
                else
                {
                    outs[o] = nodes[v] = Node.Slot(v.Shape, v.Dtype);
                }
            }

            lines[l] = new Line(step.Primitive, ins, outs, origins);
        }

        slots = [.. nodes.Select(p => (p.Value, readers.GetValueOrDefault(p.Key)))];
        arguments = [.. argumentPlaces];
        results = [.. resultPlaces];
        foreach (var v in outputs)
        {
            if (v.Constant is { } c)
            {
                Keep(c);
            }
            else if (v.Argument >= 0)
            {
                argumentReaders[v.Argument]++;
            }
        }
    }

    public int Length => lines.Length;

    /// <summary>Gives each of <paramref name="made"/> its data.</summary>
    public void Run(Node[] given, Node[] made)
    {
        Enter(given, made);
        try
        {
            foreach (var line in lines)
            {
                line.Primitive.Eval(line.Inputs, line.Outputs);
                var ins = line.Inputs;
                for (var i = 0; i < ins.Length; i++)
                {
                    switch (line.Origins[i])
                    {
                        case Origin.Slot: ins[i].Read(); break;
                        case Origin.Counted: ins[i].Release(); break;
                    }
                }

                foreach (var o in line.Outputs)
                {
                    if (o.Count == 0)
                    {
                        o.Drop();
                    }
                }
            }

            ShareTheRest(given, made);
        }
        catch
        {
            foreach (var (slot, _) in slots)
            {
                slot.Drop();
            }

            throw;
        }
        finally
        {
            foreach (var p in arguments)
            {
                p.Array[p.Index] = null!;
            }

            foreach (var p in results)
            {
                p.Array[p.Index] = null!;
            }
        }
    }

    public void Dispose()
    {
        foreach (var c in constants)
        {
            c.Release();
            c.Release();
        }

        constants.Clear();
    }

    /// <summary>
    /// Puts the caller's arrays in place and counts the plan's readers on them. The call itself
    /// then stops counting on its inputs, so that the last line to read one may take its buffer.
    /// </summary>
    private void Enter(Node[] given, Node[] made)
    {
        foreach (var (slot, count) in slots)
        {
            slot.Expect(count);
        }

        foreach (var p in arguments)
        {
            p.Array[p.Index] = given[p.Of];
        }

        foreach (var p in results)
        {
            p.Array[p.Index] = made[p.Of];
        }

        for (var i = 0; i < argumentReaders.Length; i++)
        {
            for (var n = argumentReaders[i]; n > 0; n--)
            {
                given[i].Retain();
            }
        }

        for (var i = 0; i < made.Length; i++)
        {
            // One more than its readers, so that no line takes a result's buffer.
            for (var n = resultReaders[i]; n >= 0; n--)
            {
                made[i].Retain();
            }
        }

        if (!(Evaluator.KeepsGraph && made[0].IsTracer))
        {
            made[0].LetGoOfInputs();
        }
    }

    /// <summary>Results that are arguments, constants or other results.</summary>
    private void ShareTheRest(Node[] given, Node[] made)
    {
        for (var i = 0; i < made.Length; i++)
        {
            var v = outputs[i];
            if (v.Argument >= 0)
            {
                made[i].Share(given[v.Argument]);
                given[v.Argument].Release();
            }
            else if (v.Constant is { } c)
            {
                made[i].Share(c);
            }
            else if (firstResult[i] != i)
            {
                made[i].Share(made[firstResult[i]]);
            }
        }

        foreach (var m in made)
        {
            m.Release();
        }
    }

    /// <summary>
    /// Counted twice, so that it never looks like a buffer read for the last time.
    /// </summary>
    private Node Keep(Node constant)
    {
        constant.Retain();
        constant.Retain();
        constants.Add(constant);
        return constant;
    }
}
