using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The first input, broadcast with the others, which lend their shapes only; along the axes
/// <c>but</c> (counted from the end, so negative) it keeps its own. What a broadcast is in a
/// <see cref="ShapelessTrace"/>.
/// </summary>
internal sealed class BroadcastAxes(int[] but) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<BroadcastAxes, int[]>(
        "BroadcastAxes", State.Ints, p => p.but, (x, but) => Op.BroadcastFirst(x, but), 1,
        int.MaxValue);

    private readonly int[] but = but;

    public override void Eval(Node[] inputs, Node[] outputs) =>
        Broadcast.Repeat(inputs[0], outputs[0]);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        var first = argnums.IndexOf(0);
        if (first >= 0)
        {
            vjps[first] = Op.SumTo(cotangents[0], inputs[0].Shape);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.BroadcastFirst([Tangents.Of(inputs, tangents, argnums, 0), .. inputs[1..]], but)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        // The mapped axis in front of all others, which stay aligned at the end.
        var rank = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            rank = Math.Max(rank, inputs[i].Rank - (axes[i] >= 0 ? 1 : 0));
        }

        var all = new Node[inputs.Length];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Batching.Front(inputs[i], axes[i]);
            while (axes[i] >= 0 && all[i].Rank < rank + 1)
            {
                all[i] = Op.ExpandDims(all[i], 1);
            }
        }

        return ([Op.BroadcastFirst(all, but)], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is BroadcastAxes b && Shapes.Same(but, b.but);
}
