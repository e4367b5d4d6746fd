using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>The first inputs as they are, but not before the others have been computed.</summary>
internal sealed class Depends(int count) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<Depends, ValueTuple>(
        "Depends", Form.Nothing, _ => default,
        (x, _, outputs) => Op.Depends(x[..outputs.Length], x[outputs.Length..]), 1, int.MaxValue);

    private readonly int count = count;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        for (var i = 0; i < outputs.Length; i++)
        {
            outputs[i].Share(inputs[i]);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = argnums[i] < cotangents.Length ? cotangents[argnums[i]] : null;
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var jvps = new Node[outputs.Length];
        for (var i = 0; i < jvps.Length; i++)
        {
            jvps[i] = Tangents.Of(inputs, tangents, argnums, i);
        }

        return jvps;
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var all = Op.Depends(inputs[..count], inputs[count..]);
        return (all, axes[..count].ToArray());
    }

    public override bool SameAs(Primitive other) => other is Depends d && count == d.count;
}

internal static partial class Op
{
    [Export("mlx_depends")]
    public static Node[] Depends(Node[] inputs, Node[] dependencies)
    {
        if (inputs.Length == 0)
        {
            throw new ArgumentException("[depends] No arrays were given.");
        }

        return Node.LazyMany(
            Array.ConvertAll(inputs, n => (n.Shape, n.Dtype)), new Depends(inputs.Length),
            [.. inputs, .. dependencies]);
    }
}
