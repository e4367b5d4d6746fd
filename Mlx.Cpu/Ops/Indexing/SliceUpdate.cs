using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>What an update does with the element that is there.</summary>
internal enum UpdateMode
{
    Replace,
    Add,
    Prod,
    Max,
    Min,
}

internal static class UpdateModes
{
    /// <summary>MLX's numbers for them.</summary>
    public static readonly State<UpdateMode> InFiles = State.OneOf(
        UpdateMode.Max, UpdateMode.Min, UpdateMode.Add, UpdateMode.Prod, UpdateMode.Replace);
}

/// <summary>
/// A copy of the source in which a slice is replaced by, or combined with, the update. In place
/// when this is the last reader of the source.
/// </summary>
internal sealed unsafe class SliceUpdate(UpdateMode mode, SliceRange range) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<
        SliceUpdate, (UpdateMode Mode, (int[] Start, int[] Stop, int[] Steps) Range)>(
        "SliceUpdate", State.Of(
            UpdateModes.InFiles, State.Of(State.Ints, State.Ints, State.Ints)),
        p => (p.mode, p.range.Parts),
        (x, s) =>
        {
            var (start, stop, steps) = SliceRange.Selecting(
                x[0].Shape, s.Range.Start, s.Range.Steps, x[1].Shape);
            return Op.SliceUpdate(s.Mode, x[0], x[1], start, stop, steps);
        }, 2);

    private readonly UpdateMode mode = mode;
    private readonly SliceRange range = range;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (update, to) = (inputs[1], outputs[0]);
        Updates.Start(inputs[0], to);
        if (update.Size == 0)
        {
            return;
        }

        var target = to.Data + range.Offset(to.Strides) * to.Dtype.Size();
        Updates.Apply(
            mode, to.Dtype, update.Data, update.Strides, target, range.Strides(to.Strides),
            update.Shape);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (values, updates, c) = (inputs[0], inputs[1], cotangents[0]);
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = (argnums[i], mode) switch
            {
                (0, UpdateMode.Replace) => With(c, Op.ZerosLike(updates)),
                (0, UpdateMode.Prod) => With(c, updates),
                (_, UpdateMode.Add) => argnums[i] == 0 ? c : Part(c),
                (0, _) => Op.Multiply(c, Op.AsType(Op.Equal(outputs[0], values), c.Dtype)),
                (1, UpdateMode.Replace) => Part(c),
                (1, UpdateMode.Prod) => Op.Multiply(Part(c), Part(values)),
                _ => Op.Multiply(
                    Part(c), Op.AsType(Op.Equal(Part(outputs[0]), updates), c.Dtype)),
            };
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (values, updates) = (inputs[0], inputs[1]);
        var source = Tangents.Of(inputs, tangents, argnums, 0);
        var update = Tangents.Of(inputs, tangents, argnums, 1);
        switch (mode)
        {
            case UpdateMode.Replace:
            case UpdateMode.Add:
                return [With(source, update)];
            case UpdateMode.Prod:
                return
                [
                    With(source, Op.Add(
                        Op.Multiply(Part(source), updates), Op.Multiply(Part(values), update)),
                        UpdateMode.Replace),
                ];
            default:
                var kept = Op.Multiply(
                    source, Op.AsType(Op.Equal(outputs[0], values), source.Dtype));
                var taken = Op.Multiply(
                    update, Op.AsType(Op.Equal(Part(outputs[0]), updates), source.Dtype));
                return [With(kept, taken, UpdateMode.Add)];
        }
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var n = Transforms.Batching.Length(inputs, axes);
        var source = Transforms.Batching.Spread(inputs[0], axes[0], n);
        var update = Transforms.Batching.Spread(inputs[1], axes[1], n);
        var (start, stop, steps) = range.Insert(0, n);
        return ([Op.SliceUpdate(mode, source, update, start, stop, steps)], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is SliceUpdate s && mode == s.mode && range.SameAs(s.range);

    private Node With(Node source, Node update, UpdateMode? other = null) => Op.SliceUpdate(
        other ?? mode, source, update, range.Start, range.Stop, range.Steps);

    private Node Part(Node a) => Op.Slice(a, range.Start, range.Stop, range.Steps);
}

internal static partial class Op
{
    [Export("mlx_slice_update")]
    public static Node SliceUpdate(
        Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        SliceUpdate(UpdateMode.Replace, src, update, start, stop, strides);

    [Export("mlx_slice_update_add")]
    public static Node SliceUpdateAdd(
        Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        SliceUpdate(UpdateMode.Add, src, update, start, stop, strides);

    [Export("mlx_slice_update_prod")]
    public static Node SliceUpdateProd(
        Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        SliceUpdate(UpdateMode.Prod, src, update, start, stop, strides);

    [Export("mlx_slice_update_max")]
    public static Node SliceUpdateMax(
        Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        SliceUpdate(UpdateMode.Max, src, update, start, stop, strides);

    [Export("mlx_slice_update_min")]
    public static Node SliceUpdateMin(
        Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        SliceUpdate(UpdateMode.Min, src, update, start, stop, strides);

    public static Node SliceUpdate(
        UpdateMode mode, Node src, Node update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides)
    {
        var range = SliceRange.Of(src.Shape, start, stop, strides, "slice_update");
        var u = BroadcastTo(AsType(update, src.Dtype), range.Shape);
        if (!range.IsAll)
        {
            return Node.Lazy(src.Shape, src.Dtype, new SliceUpdate(mode, range), src, u);
        }

        return mode switch
        {
            UpdateMode.Replace => u,
            UpdateMode.Add => Add(src, u),
            UpdateMode.Prod => Multiply(src, u),
            UpdateMode.Max => Maximum(src, u),
            _ => Minimum(src, u),
        };
    }
}
