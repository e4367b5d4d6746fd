using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms;

/// <summary>
/// Vectorisation in two steps, as the ABI has it: trace the function on stand-ins for one example,
/// then rebuild its graph on the batch with each primitive's rule.
/// </summary>
internal static class Vmap
{
    /// <summary>
    /// The stand-ins, and the function's outputs on them. A mapped input is represented by a node
    /// without data, so whatever evaluates it is told that it cannot.
    /// </summary>
    public static (Held Inputs, Held Outputs) Trace(
        Function f, Node[] inputs, ReadOnlySpan<int> axes)
    {
        Check(inputs, axes);
        var stand = new Node[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            stand[i] = axes[i] == -1
                ? inputs[i]
                : Node.StandIn(Shapes.RemoveAt(inputs[i].Shape, axes[i]), inputs[i].Dtype);
        }

        var held = new Held(stand);
        try
        {
            using (Evaluator.Trace())
            {
                return (held, f(stand));
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public static Node[] Replace(
        Node[] inputs, Node[] standIns, Node[] outputs,
        ReadOnlySpan<int> inAxes, ReadOnlySpan<int> outAxes)
    {
        if (outAxes.Length != outputs.Length)
        {
            throw new ArgumentException(
                $"[vmap] The number of out axes ({outAxes.Length}) must match the number of " +
                $"outputs ({outputs.Length}).");
        }

        var length = Batching.Length(inputs, inAxes);
        var map = new Dictionary<Node, (Node Node, int Axis)>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < inputs.Length; i++)
        {
            map[standIns[i]] = (inputs[i], inAxes[i]);
        }

        var dependent = GraphWalk.NewSet();
        foreach (var step in GraphWalk.Between(standIns, outputs, dependent, false))
        {
            var given = Array.ConvertAll(step.Inputs, i => map.GetValueOrDefault(i, (i, -1)).Item1);
            var axes = Array.ConvertAll(step.Inputs, i => map.GetValueOrDefault(i, (i, -1)).Item2);
            var originals = GraphWalk.Outputs(step);
            var (results, outputAxes) = Array.TrueForAll(axes, a => a == -1)
                ? (GraphWalk.Rebuild(step, given), Array.ConvertAll(originals, _ => -1))
                : step.Primitive!.Vmap(given, axes);
            for (var i = 0; i < results.Length; i++)
            {
                map[originals[i]] = (results[i], outputAxes[i]);
            }
        }

        var placed = new Node[outputs.Length];
        for (var i = 0; i < outputs.Length; i++)
        {
            var (node, axis) = map.GetValueOrDefault(outputs[i], (outputs[i], -1));
            placed[i] = Place(node, axis, outAxes[i], length);
        }

        return placed;
    }

    /// <summary>
    /// Moves the mapped axis where the caller wants it; repeats what was not mapped.
    /// </summary>
    private static Node Place(Node node, int axis, int wanted, int length)
    {
        if (axis == -1)
        {
            return wanted == -1 ? node : Op.MoveAxis(Batching.Spread(node, -1, length), 0, wanted);
        }

        if (wanted >= node.Rank)
        {
            throw new ArgumentException(
                $"[vmap] Axis {wanted} invalid for output with {node.Rank} dimensions.");
        }

        return axis == wanted ? node : Op.MoveAxis(node, axis, wanted);
    }

    private static void Check(Node[] inputs, ReadOnlySpan<int> axes)
    {
        if (axes.Length != inputs.Length)
        {
            throw new ArgumentException(
                $"[vmap] The number of in axes ({axes.Length}) must match the number of inputs " +
                $"({inputs.Length}).");
        }

        var length = -1;
        for (var i = 0; i < inputs.Length; i++)
        {
            if (axes[i] == -1)
            {
                continue;
            }

            if (inputs[i].Rank == 0)
            {
                throw new ArgumentException("[vmap] Cannot vmap an input with zero dimensions.");
            }

            if (axes[i] < 0 || axes[i] >= inputs[i].Rank)
            {
                throw new ArgumentException(
                    $"[vmap] Axis {axes[i]} invalid for input with {inputs[i].Rank} dimensions.");
            }

            var d = inputs[i].Shape[axes[i]];
            if (length >= 0 && d != length)
            {
                throw new ArgumentException($"[vmap] Inconsistent axis sizes: {d} and {length}.");
            }

            length = d;
        }
    }
}
