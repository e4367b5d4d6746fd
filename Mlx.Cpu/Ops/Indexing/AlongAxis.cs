using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// out[..., i, ...] = a[..., indices[..., i, ...], ...] (<c>take_along_axis</c>).
/// </summary>
internal sealed class GatherAxis(int axis) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<GatherAxis, int>(
        "GatherAxis", State.Int, p => p.axis, (x, axis) => Op.TakeAlongAxis(x[0], x[1], axis), 2);

    private readonly int axis = axis;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        if (outputs[0].Size > 0)
        {
            AlongAxisKernel.Gather(inputs[0], inputs[1], outputs[0], axis);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var vjps = new Node?[argnums.Length];
        var source = argnums.IndexOf(0);
        if (source >= 0)
        {
            vjps[source] = Op.ScatterAxis(
                UpdateMode.Add, Op.ZerosLike(inputs[0]), inputs[1], cotangents[0], axis);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.TakeAlongAxis(Tangents.Of(inputs, tangents, argnums, 0), inputs[1], axis)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var front = AlongAxisKernel.Front(inputs, axes);
        return ([Op.TakeAlongAxis(front[0], front[1], axis + 1)], [0]);
    }

    public override bool SameAs(Primitive other) => other is GatherAxis g && axis == g.axis;
}

/// <summary>
/// The source in which out[..., indices[..., i, ...], ...] is replaced by, or added to,
/// values[..., i, ...]; the last value for a place replaces.
/// </summary>
internal sealed class ScatterAxis(UpdateMode mode, int axis) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<ScatterAxis, (UpdateMode Mode, int Axis)>(
        "ScatterAxis",
        State.Of(State.OneOf(UpdateMode.Add, UpdateMode.Replace), State.Int),
        p => (p.mode, p.axis), (x, s) => Op.ScatterAxis(s.Mode, x[0], x[1], x[2], s.Axis), 3);

    private readonly UpdateMode mode = mode;
    private readonly int axis = axis;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        Updates.Start(inputs[0], outputs[0]);
        if (inputs[1].Size > 0)
        {
            AlongAxisKernel.Scatter(mode, inputs[1], inputs[2], outputs[0], axis);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (indices, values, c) = (inputs[1], inputs[2], cotangents[0]);
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = (argnums[i], mode) switch
            {
                (0, UpdateMode.Add) => c,
                (0, _) => Op.ScatterAxis(mode, c, indices, Op.ZerosLike(values), axis),
                (2, UpdateMode.Add) => Op.TakeAlongAxis(c, indices, axis),
                (2, _) => Op.Multiply(Op.TakeAlongAxis(c, indices, axis), Winners(inputs, c.Dtype)),
                _ => null,
            };
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.ScatterAxis(
            mode, Tangents.Of(inputs, tangents, argnums, 0), inputs[1],
            Tangents.Of(inputs, tangents, argnums, 2), axis),
    ];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var front = AlongAxisKernel.Front(inputs, axes);
        return ([Op.ScatterAxis(mode, front[0], front[1], front[2], axis + 1)], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is ScatterAxis s && mode == s.mode && axis == s.axis;

    /// <summary>
    /// 1 for the values that are there in the end, 0 for those that were replaced.
    /// </summary>
    private Node Winners(Node[] inputs, Dtype dtype)
    {
        var (indices, values) = (inputs[1], inputs[2]);
        var numbers = Op.Reshape(Op.Arange(checked((int)values.Size)), values.Shape);
        var blank = Op.Zeros(inputs[0].Shape, Dtype.Int32);
        var left = Op.ScatterAxis(UpdateMode.Replace, blank, indices, numbers, axis);
        return Op.AsType(Op.Equal(Op.TakeAlongAxis(left, indices, axis), numbers), dtype);
    }
}

internal static partial class Op
{
    [Export("mlx_take_along_axis")]
    public static Node TakeAlongAxis(Node a, Node indices, int axis)
    {
        var at = CheckedAlongAxis(a, indices, axis, "take_along_axis");
        var both = BroadcastArrays([a, indices], [at - a.Rank], "take_along_axis");
        return Node.Lazy(both[1].Shape, a.Dtype, new GatherAxis(at), both);
    }

    [Export("mlx_put_along_axis")]
    public static Node PutAlongAxis(Node a, Node indices, Node values, int axis) =>
        ScatterAxis(UpdateMode.Replace, a, indices, values, axis);

    [Export("mlx_scatter_add_axis")]
    public static Node ScatterAddAxis(Node a, Node indices, Node values, int axis) =>
        ScatterAxis(UpdateMode.Add, a, indices, values, axis);

    public static Node ScatterAxis(UpdateMode mode, Node a, Node indices, Node values, int axis)
    {
        var op = mode == UpdateMode.Replace ? "put_along_axis" : "scatter_add_axis";
        var at = CheckedAlongAxis(a, indices, axis, op);
        if (a.Size == 0)
        {
            return a;
        }

        var v = AsType(values, a.Dtype);
        if (v.Rank > indices.Rank)
        {
            v = Squeeze(v, Shapes.AllAxes(v.Rank - indices.Rank));
        }

        var places = BroadcastArrays([indices, v], [], op);
        var all = BroadcastArrays([a, .. places], [at - a.Rank], op);
        return Node.Lazy(all[0].Shape, a.Dtype, new ScatterAxis(mode, at), all);
    }

    private static int CheckedAlongAxis(Node a, Node indices, int axis, string op)
    {
        if (indices.Rank != a.Rank)
        {
            throw new ArgumentException(
                $"[{op}] Indices of shape {Shapes.Text(indices.Shape)} do not match the " +
                $"dimensions of array of shape {Shapes.Text(a.Shape)}.");
        }

        if (!indices.Dtype.IsInteger())
        {
            throw new ArgumentException(
                $"[{op}] Got indices with invalid dtype {indices.Dtype.Name()}. Indices must be " +
                "integral.");
        }

        return Shapes.Axis(axis, a.Rank, op);
    }
}
