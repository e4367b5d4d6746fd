using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The source in which the slice at every index is replaced by, or combined with, its update: the
/// counterpart of <see cref="Gather"/>. Updates to one place come in the order of the indices, so
/// the last one replaces.
/// </summary>
internal sealed class Scatter(UpdateMode mode, int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Scatter, (UpdateMode Mode, int[] Axes)>(
        "Scatter", State.Of(UpdateModes.InFiles, State.Ints), p => (p.mode, p.axes),
        (x, s) => Op.Scatter(s.Mode, x[0], x[1..^1], x[^1], s.Axes), 2, int.MaxValue);

    private readonly UpdateMode mode = mode;
    private readonly int[] axes = axes;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        Updates.Start(inputs[0], outputs[0]);
        if (inputs[^1].Size > 0)
        {
            ScatterKernel.Run(mode, inputs, axes, outputs[0]);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (values, indices, updates) = (inputs[0], inputs[1..^1], inputs[^1]);
        var c = cotangents[0];
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = argnums[i] == 0 ? OfSource()
                : argnums[i] == inputs.Length - 1 ? OfUpdates()
                : null;
        }

        return vjps;

        Node OfSource() => mode switch
        {
            UpdateMode.Replace => Op.Scatter(mode, c, indices, Op.ZerosLike(updates), axes),
            UpdateMode.Add => c,
            UpdateMode.Prod => Op.Scatter(mode, c, indices, updates, axes),
            _ => Op.Multiply(c, Op.AsType(Op.Equal(outputs[0], values), c.Dtype)),
        };

        Node OfUpdates() => mode switch
        {
            UpdateMode.Replace => Op.Multiply(At(c), Winners(inputs, c.Dtype)),
            UpdateMode.Add => At(c),
            UpdateMode.Prod => throw new NotSupportedException(
                "[Scatter] has no derivative (vjp) with respect to the updates of a product."),
            _ => Op.Multiply(At(c), Op.AsType(Op.Equal(At(outputs[0]), updates), c.Dtype)),
        };

        Node At(Node a) => Op.Gather(a, indices, axes, Window(inputs));
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        if (mode is not (UpdateMode.Replace or UpdateMode.Add))
        {
            return base.Jvp(inputs, tangents, argnums, outputs);
        }

        var source = Tangents.Of(inputs, tangents, argnums, 0);
        var update = Tangents.Of(inputs, tangents, argnums, inputs.Length - 1);
        return [Op.Scatter(mode, source, inputs[1..^1], update, axes)];
    }

    /// <summary>Example j writes to source j: one more index array counts the examples.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var n = Batching.Length(inputs, mapped);
        var all = new Node[inputs.Length];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Batching.Spread(inputs[i], mapped[i], n);
        }

        var rank = all.Length > 2 ? all[1].Rank : 1;
        var count = new int[rank];
        Array.Fill(count, 1);
        count[0] = n;
        var example = Op.Reshape(Op.Arange(n), count);
        var updates = Op.ExpandDims(all[^1], rank);
        return (
            [
                Op.Scatter(
                    mode, all[0], [example, .. all[1..^1]], updates, [0, .. Shapes.Shifted(axes)]),
            ],
            [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is Scatter s && mode == s.mode && Shapes.Same(axes, s.axes);

    /// <summary>The shape of one update.</summary>
    private static int[] Window(Node[] inputs) => inputs[^1].Shape[^inputs[0].Rank..];

    /// <summary>
    /// 1 for the updates that are there in the end, 0 for those that another one replaced: numbers
    /// the updates, scatters the numbers, and looks which came through.
    /// </summary>
    private Node Winners(Node[] inputs, Dtype dtype)
    {
        var (indices, updates) = (inputs[1..^1], inputs[^1]);
        if (indices.Length == 0 || indices[0].Size == 1)
        {
            return Op.OnesLike(updates);
        }

        var numbers = Op.Reshape(Op.Arange(checked((int)updates.Size)), updates.Shape);
        var blank = Op.Zeros(inputs[0].Shape, Dtype.Int32);
        var left = Op.Scatter(UpdateMode.Replace, blank, indices, numbers, axes);
        return Op.AsType(
            Op.Equal(Op.Gather(left, indices, axes, Window(inputs)), numbers), dtype);
    }
}

internal static partial class Op
{
    [Export("mlx_scatter")]
    public static Node Scatter(Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes) =>
        Scatter(UpdateMode.Replace, a, indices, updates, axes);

    [Export("mlx_scatter_single")]
    public static Node Scatter(Node a, Node indices, Node updates, int axis) =>
        Scatter(UpdateMode.Replace, a, [indices], updates, [axis]);

    [Export("mlx_scatter_add")]
    public static Node ScatterAdd(Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes) =>
        Scatter(UpdateMode.Add, a, indices, updates, axes);

    [Export("mlx_scatter_add_single")]
    public static Node ScatterAdd(Node a, Node indices, Node updates, int axis) =>
        Scatter(UpdateMode.Add, a, [indices], updates, [axis]);

    [Export("mlx_scatter_prod")]
    public static Node ScatterProd(Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes) =>
        Scatter(UpdateMode.Prod, a, indices, updates, axes);

    [Export("mlx_scatter_prod_single")]
    public static Node ScatterProd(Node a, Node indices, Node updates, int axis) =>
        Scatter(UpdateMode.Prod, a, [indices], updates, [axis]);

    [Export("mlx_scatter_max")]
    public static Node ScatterMax(Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes) =>
        Scatter(UpdateMode.Max, a, indices, updates, axes);

    [Export("mlx_scatter_max_single")]
    public static Node ScatterMax(Node a, Node indices, Node updates, int axis) =>
        Scatter(UpdateMode.Max, a, [indices], updates, [axis]);

    [Export("mlx_scatter_min")]
    public static Node ScatterMin(Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes) =>
        Scatter(UpdateMode.Min, a, indices, updates, axes);

    [Export("mlx_scatter_min_single")]
    public static Node ScatterMin(Node a, Node indices, Node updates, int axis) =>
        Scatter(UpdateMode.Min, a, [indices], updates, [axis]);

    public static Node Scatter(
        UpdateMode mode, Node a, Node[] indices, Node updates, ReadOnlySpan<int> axes)
    {
        var index = CheckedIndices(a, indices, axes, "scatter");
        var positions = index.Length > 0 ? index[0].Shape : [];
        if (updates.Rank != a.Rank + positions.Length
            || !Shapes.Same(updates.Shape.AsSpan(0, positions.Length), positions))
        {
            throw new ArgumentException(
                $"[scatter] Updates of shape {Shapes.Text(updates.Shape)} do not match indices " +
                $"of shape {Shapes.Text(positions)} and array of shape {Shapes.Text(a.Shape)}.");
        }

        for (var i = 0; i < a.Rank; i++)
        {
            if (updates.Shape[positions.Length + i] > a.Shape[i])
            {
                throw new ArgumentException(
                    $"[scatter] Updates with shape {Shapes.Text(updates.Shape)} are too large " +
                    $"for array with shape {Shapes.Text(a.Shape)}.");
            }
        }

        return Node.Lazy(
            a.Shape, a.Dtype, new Scatter(mode, axes.ToArray()),
            [a, .. index, AsType(updates, a.Dtype)]);
    }
}
