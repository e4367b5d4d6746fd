using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>Elementwise steps of one shape that will run as one loop.</summary>
internal sealed class FusionGroup(Step first)
{
    public readonly List<Step> Members = [first];

    /// <summary>The earliest member: nothing before it can depend on the group.</summary>
    public int First = first.Index;

    public int Last = first.Index;

    public int[] Shape => Members[0].Outputs[0].Shape;
}

/// <summary>
/// Joins elementwise steps of equal shape along the values they pass, so that intermediates live
/// in the first-level cache. A group runs at one point of the plan, so two groups may join only
/// where no path leads from one to the other through something outside of both.
/// </summary>
internal static class Fusion
{
    private const int MaxMembers = 96;
    private const int MaxInputs = 28;

    public static void Run(PlanGraph graph)
    {
        foreach (var step in graph.Steps)
        {
            step.Group = new FusionGroup(step);
            if (step.Primitive is not ElementwisePrimitive || step.Outputs.Length != 1)
            {
                continue;
            }

            foreach (var input in step.Inputs)
            {
                if (input.Producer is { Group: { } candidate } producer
                    && producer.Primitive is ElementwisePrimitive
                    && candidate != step.Group
                    && Shapes.Same(candidate.Shape, step.Outputs[0].Shape)
                    && CanJoin(candidate, step.Group))
                {
                    Join(candidate, step.Group);
                }
            }
        }

        Emit(graph);
    }

    private static bool CanJoin(FusionGroup a, FusionGroup b) =>
        a.Members.Count + b.Members.Count <= MaxMembers
        && CountInputs(a, b) <= MaxInputs
        && !LeadsTo(a, b)
        && !LeadsTo(b, a);

    private static void Join(FusionGroup into, FusionGroup from)
    {
        into.Members.AddRange(from.Members);
        into.First = Math.Min(into.First, from.First);
        into.Last = Math.Max(into.Last, from.Last);
        foreach (var s in from.Members)
        {
            s.Group = into;
        }
    }

    private static int CountInputs(FusionGroup a, FusionGroup b)
    {
        var inputs = new HashSet<Value>();
        foreach (var s in a.Members.Concat(b.Members))
        {
            foreach (var i in s.Inputs)
            {
                if (i.Producer?.Group is not { } g || (g != a && g != b))
                {
                    inputs.Add(i);
                }
            }
        }

        return inputs.Count;
    }

    /// <summary>
    /// A path from <paramref name="a"/> to <paramref name="b"/> through other groups.
    /// </summary>
    private static bool LeadsTo(FusionGroup a, FusionGroup b)
    {
        if (b.Last < a.First)
        {
            return false;
        }

        var seen = new HashSet<FusionGroup> { a, b };
        var open = new Stack<FusionGroup>();
        Expand(b);
        while (open.TryPop(out var g))
        {
            foreach (var s in g.Members)
            {
                foreach (var i in s.Inputs)
                {
                    if (i.Producer?.Group == a)
                    {
                        return true;
                    }
                }
            }

            Expand(g);
        }

        return false;

        void Expand(FusionGroup g)
        {
            foreach (var s in g.Members)
            {
                foreach (var i in s.Inputs)
                {
                    // What ended before the group began cannot depend on it.
                    if (i.Producer?.Group is { } p && p.Last > a.First && seen.Add(p))
                    {
                        open.Push(p);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Rewrites the steps: a group of several becomes one, in an order that can run.
    /// </summary>
    private static void Emit(PlanGraph graph)
    {
        var read = ReadOutside(graph);
        var waiting = new Dictionary<FusionGroup, int>();
        var readers = new Dictionary<FusionGroup, List<FusionGroup>>();
        var ready = new PriorityQueue<FusionGroup, int>();
        foreach (var g in graph.Steps.Select(s => s.Group!).Distinct())
        {
            var needs = g.Members.SelectMany(s => s.Inputs).Select(i => i.Producer?.Group)
                .Where(p => p is not null && p != g).Distinct().ToList();
            waiting[g] = needs.Count;
            foreach (var p in needs)
            {
                (readers.TryGetValue(p!, out var list) ? list : readers[p!] = []).Add(g);
            }

            if (needs.Count == 0)
            {
                ready.Enqueue(g, g.Last);
            }
        }

        var steps = new List<Step>();
        while (ready.TryDequeue(out var g, out _))
        {
            steps.Add(g.Members.Count == 1 ? g.Members[0] : Fuse(g, read));
            foreach (var r in readers.GetValueOrDefault(g, []))
            {
                if (--waiting[r] == 0)
                {
                    ready.Enqueue(r, r.Last);
                }
            }
        }

        graph.Steps = steps;
    }

    /// <summary>Values that leave the group they are made in.</summary>
    private static HashSet<Value> ReadOutside(PlanGraph graph)
    {
        var read = new HashSet<Value>(graph.Outputs);
        foreach (var s in graph.Steps)
        {
            read.UnionWith(s.Inputs.Where(i => i.Producer?.Group != s.Group));
        }

        return read;
    }

    private static Step Fuse(FusionGroup group, HashSet<Value> readOutside)
    {
        group.Members.Sort((x, y) => x.Index.CompareTo(y.Index));
        var inputs = group.Members.SelectMany(s => s.Inputs)
            .Where(i => i.Producer?.Group != group).Distinct().ToArray();
        var outputs = group.Members.Select(s => s.Outputs[0]).Where(readOutside.Contains).ToArray();
        var fused = new Step(FusedProgram.Build(group.Members, inputs, outputs), inputs, outputs);
        foreach (var o in outputs)
        {
            o.Producer = fused;
        }

        return fused;
    }
}
