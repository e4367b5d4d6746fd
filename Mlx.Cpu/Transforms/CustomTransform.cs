using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Transforms;

/// <summary>
/// Derivative given by the user: primals, cotangents, outputs to cotangents of primals.
/// </summary>
internal delegate Held CustomVjp(Node[] primals, Node[] cotangents, Node[] outputs);

/// <summary>
/// Primals, tangents and which primals they belong to, to tangents of the outputs.
/// </summary>
internal delegate Held CustomJvp(Node[] primals, Node[] tangents, int[] argnums);

/// <summary>Inputs and their mapped axes to outputs and theirs.</summary>
internal delegate (Held Outputs, int[] Axes) CustomVmap(Node[] inputs, int[] axes);

/// <summary>
/// Carries the outputs of a function through, under rules of the user's. Its inputs are the
/// function's arguments and then its outputs, cut from the graph they came from, so only these
/// rules lead back to the arguments.
/// </summary>
internal sealed class CustomTransform(
    int outputCount, CustomVjp vjp, CustomJvp jvp, CustomVmap vmap, LifetimeShare share) : Primitive
{
    /// <summary>Keeps the function and its rules callable as long as the node is there.</summary>
    public LifetimeShare Share { get; } = share;

    public override string Name => "CustomTransforms";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var first = inputs.Length - outputCount;
        for (var i = 0; i < outputs.Length; i++)
        {
            outputs[i].Share(inputs[first + i]);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var count = inputs.Length - outputCount;
        using var all = vjp(inputs[..count], cotangents, outputs);
        var result = new Node?[argnums.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = argnums[i] < count ? Float(all.Nodes[argnums[i]]) : null;
        }

        return result;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var count = inputs.Length - outputCount;
        var given = argnums.ToArray().Where(a => a < count).ToArray();
        using var all = jvp(inputs[..count], tangents[..given.Length], given);
        return Array.ConvertAll(all.Nodes, Float);
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var count = inputs.Length - outputCount;
        var (outputs, outAxes) = vmap(inputs[..count], axes[..count].ToArray());
        using (outputs)
        {
            return (Array.ConvertAll(outputs.Nodes, Float), outAxes);
        }
    }

    /// <summary>
    /// A file keeps no rules: what is left is the function, differentiated as any.
    /// </summary>
    public override Node[]? Lower(Node[] inputs) => Array.ConvertAll(
        inputs[^outputCount..], o => o.Primitive is StopGradient ? o.Inputs[0] : o);

    public override bool IsPure => false;

    /// <summary>A result outlives the count that <see cref="Held"/> gives back: wrap it.</summary>
    private static Node Float(Node n) => Op.Copy(n);

    /// <summary>
    /// <paramref name="f"/> under the given rules; a missing one is made from the function itself.
    /// </summary>
    public static Function Apply(
        Function f, Lifetime lifetime, CustomVjp? vjp, CustomJvp? jvp, CustomVmap? vmap) =>
        arguments =>
        {
            using var outputs = f(arguments);
            var cut = Array.ConvertAll(outputs.Nodes, Op.StopGradient);
            var primitive = new CustomTransform(
                cut.Length, vjp ?? VjpOf(f), jvp ?? JvpOf(f), vmap ?? VmapOf(f),
                new LifetimeShare(lifetime));
            var infos = Array.ConvertAll(cut, o => (o.Shape, o.Dtype));
            return new Held(Node.LazyMany(infos, primitive, [.. arguments, .. cut]));
        };

    /// <summary>
    /// <paramref name="f"/> recomputed on the way back instead of remembered: its derivative traces
    /// it again on arguments that wait for the cotangents' graph (<c>mlx.core.checkpoint</c>).
    /// </summary>
    public static Function Checkpoint(Function f, Lifetime lifetime) => Apply(
        f,
        lifetime,
        (primals, cotangents, outputs) =>
        {
            using var again = new Held(Op.Depends(primals, outputs));
            var (values, vjps) = Autodiff.Vjp(f, again.Nodes, cotangents);
            values.Dispose();
            return vjps;
        },
        null,
        null);

    private static CustomVjp VjpOf(Function f) => (primals, cotangents, _) =>
    {
        var (values, vjps) = Autodiff.Vjp(f, primals, cotangents);
        values.Dispose();
        return vjps;
    };

    private static CustomJvp JvpOf(Function f) => (primals, tangents, argnums) =>
    {
        var all = Array.ConvertAll(primals, Op.ZerosLike);
        for (var i = 0; i < argnums.Length; i++)
        {
            all[argnums[i]] = tangents[i];
        }

        var (values, jvps) = Autodiff.Jvp(f, primals, all);
        values.Dispose();
        return jvps;
    };

    private static CustomVmap VmapOf(Function f) => (inputs, axes) =>
    {
        var (standIns, outputs) = Transforms.Vmap.Trace(f, inputs, axes);
        using (standIns)
        using (outputs)
        {
            var zeros = new int[outputs.Nodes.Length];
            return (new Held(Transforms.Vmap.Replace(
                inputs, standIns.Nodes, outputs.Nodes, axes, zeros)), zeros);
        }
    };
}
