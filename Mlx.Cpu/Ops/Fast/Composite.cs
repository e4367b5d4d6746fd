using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An op with a kernel of its own that could be composed of others. The composition gives it the
/// derivatives and the batching that it has no better rule for.
/// </summary>
internal abstract class Composite : Primitive
{
    /// <summary>The same results from other ops.</summary>
    public abstract Node[] Compose(Node[] inputs);

    public sealed override Node[] Lower(Node[] inputs) => Compose(inputs);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (values, vjps) = Autodiff.Vjp(Function, inputs, cotangents, argnums.ToArray());
        return Released(values, vjps);
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var all = new Node[inputs.Length];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Tangents.Of(inputs, tangents, argnums, i);
        }

        var (values, jvps) = Autodiff.Jvp(Function, inputs, all);
        return Released(values, jvps);
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var (standIns, outputs) = Transforms.Vmap.Trace(Function, inputs, axes);
        var zeros = new int[outputs.Nodes.Length];
        using (standIns)
        using (outputs)
        {
            return (Transforms.Vmap.Replace(
                inputs, standIns.Nodes, outputs.Nodes, axes, zeros), zeros);
        }
    }

    private Held Function(Node[] inputs) => new(Compose(inputs));

    /// <summary>The results outlive the counts that are given back: they are wrapped.</summary>
    private static Node[] Released(Held values, Held results)
    {
        using (values)
        using (results)
        {
            return Array.ConvertAll(results.Nodes, Op.Copy);
        }
    }
}
