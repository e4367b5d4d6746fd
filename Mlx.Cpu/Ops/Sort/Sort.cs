using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An order of the elements along an axis: sorted, or parted at the k-th (smaller ones before it,
/// larger ones behind). NaN counts as larger than anything.
/// </summary>
internal abstract class Ordering(int axis, int? kth) : Primitive
{
    protected readonly int Axis = axis;
    protected readonly int? Kth = kth;

    public sealed override bool SameAs(Primitive other) => other is Ordering o
        && o.GetType() == GetType() && Axis == o.Axis && Kth == o.Kth;

    protected Node Places(Node a) => Kth is { } k
        ? Op.ArgPartition(a, k, Axis)
        : Op.ArgSort(a, Axis);
}

/// <summary>The elements in order.</summary>
internal abstract class OrderedValues(int axis, int? kth) : Ordering(axis, kth)
{
    public sealed override void Eval(Node[] inputs, Node[] outputs) =>
        SortKernel.Run(inputs[0], outputs[0], Axis, Kth, false);

    /// <summary>Each cotangent goes back where its element came from.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.ScatterAddAxis(
            Op.ZerosLike(inputs[0]), Places(inputs[0]), cotangents[0], Axis),
    ];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.TakeAlongAxis(tangents[0], Places(inputs[0]), Axis)];

    public sealed override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var x = Batching.Front(inputs[0], axes[0]);
        return ([Kth is { } k ? Op.Partition(x, k, Axis + 1) : Op.Sort(x, Axis + 1)], [0]);
    }
}

/// <summary>The positions of the elements in order.</summary>
internal abstract class OrderedPlaces(int axis, int? kth) : Ordering(axis, kth)
{
    public sealed override void Eval(Node[] inputs, Node[] outputs) =>
        SortKernel.Run(inputs[0], outputs[0], Axis, Kth, true);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) => [null];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ZerosLike(outputs[0])];

    public sealed override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var x = Batching.Front(inputs[0], axes[0]);
        return (
            [Kth is { } k ? Op.ArgPartition(x, k, Axis + 1) : Op.ArgSort(x, Axis + 1)], [0]);
    }
}

internal sealed class Sort(int axis) : OrderedValues(axis, null)
{
    [Serialized]
    public static readonly Form Form = Form.Of<Sort, int>(
        "Sort", State.Int, p => p.Axis, (x, axis) => Op.Sort(x[0], axis));
}

internal sealed class ArgSort(int axis) : OrderedPlaces(axis, null)
{
    [Serialized]
    public static readonly Form Form = Form.Of<ArgSort, int>(
        "ArgSort", State.Int, p => p.Axis, (x, axis) => Op.ArgSort(x[0], axis));
}

internal sealed class Partition(int kth, int axis) : OrderedValues(axis, kth)
{
    [Serialized]
    public static readonly Form Form = Form.Of<Partition, (int Kth, int Axis)>(
        "Partition", State.Of(State.Int, State.Int), p => (p.Kth!.Value, p.Axis),
        (x, s) => Op.Partition(x[0], s.Kth, s.Axis));
}

internal sealed class ArgPartition(int kth, int axis) : OrderedPlaces(axis, kth)
{
    [Serialized]
    public static readonly Form Form = Form.Of<ArgPartition, (int Kth, int Axis)>(
        "ArgPartition", State.Of(State.Int, State.Int), p => (p.Kth!.Value, p.Axis),
        (x, s) => Op.ArgPartition(x[0], s.Kth, s.Axis));
}

internal static partial class Op
{
    [Export("mlx_sort_axis")]
    public static Node Sort(Node a, int axis) => Node.Lazy(
        a.Shape, a.Dtype, new Sort(Shapes.Axis(axis, a.Rank, "sort")), a);

    /// <summary>Of the flattened array; so do all of these without an axis.</summary>
    [Export("mlx_sort")]
    public static Node Sort(Node a) => Sort(Flatten(a), 0);

    /// <summary>Positions as uint32; equal elements keep their order.</summary>
    [Export("mlx_argsort_axis")]
    public static Node ArgSort(Node a, int axis) => Node.Lazy(
        a.Shape, Dtype.UInt32, new ArgSort(Shapes.Axis(axis, a.Rank, "argsort")), a);

    [Export("mlx_argsort")]
    public static Node ArgSort(Node a) => ArgSort(Flatten(a), 0);

    /// <summary>The k-th element where a sort would put it, smaller ones before it.</summary>
    [Export("mlx_partition_axis")]
    public static Node Partition(Node a, int kth, int axis)
    {
        var (k, at) = CheckedKth(a, kth, axis, "partition");
        return Node.Lazy(a.Shape, a.Dtype, new Partition(k, at), a);
    }

    [Export("mlx_partition")]
    public static Node Partition(Node a, int kth) => Partition(Flatten(a), kth, 0);

    [Export("mlx_argpartition_axis")]
    public static Node ArgPartition(Node a, int kth, int axis)
    {
        var (k, at) = CheckedKth(a, kth, axis, "argpartition");
        return Node.Lazy(a.Shape, Dtype.UInt32, new ArgPartition(k, at), a);
    }

    [Export("mlx_argpartition")]
    public static Node ArgPartition(Node a, int kth) => ArgPartition(Flatten(a), kth, 0);

    /// <summary>The k largest elements, in no order.</summary>
    [Export("mlx_topk_axis")]
    public static Node TopK(Node a, int k, int axis)
    {
        var at = Shapes.Axis(axis, a.Rank, "topk");
        var n = a.Shape[at];
        if (k < 0 || k > n)
        {
            throw new ArgumentException(
                $"[topk] Received invalid k={k} along axis {axis} for array with shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        return k == n ? a : SliceAxis(Partition(a, k == 0 ? n - 1 : n - k, at), at, n - k, n);
    }

    [Export("mlx_topk")]
    public static Node TopK(Node a, int k) => TopK(Flatten(a), k, 0);

    private static (int Kth, int Axis) CheckedKth(Node a, int kth, int axis, string op)
    {
        var at = Shapes.Axis(axis, a.Rank, op);
        var k = kth < 0 ? kth + a.Shape[at] : kth;
        return k >= 0 && k < a.Shape[at]
            ? (k, at)
            : throw new ArgumentException(
                $"[{op}] Received invalid kth {kth} along axis {axis} for array with shape " +
                $"{Shapes.Text(a.Shape)}.");
    }
}
