using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>The array in a frame of one value.</summary>
internal sealed unsafe class Pad(int[] axes, int[] low, int[] high) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Pad, (int[] Axes, int[] Low, int[] High)>(
        "Pad", State.Of(State.Ints, State.Ints, State.Ints), p => (p.axes, p.low, p.high),
        (x, s) => Op.Pad(x[0], s.Axes, s.Low, s.High, x[1], "constant"), 2);

    private readonly int[] axes = axes;
    private readonly int[] low = low;
    private readonly int[] high = high;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        to.Allocate();
        var width = to.Dtype.Size();
        Span<long> still = stackalloc long[to.Rank];
        still.Clear();
        Transfer.Copy(inputs[1].Data, still, to.Data, to.Strides, to.Shape, width);
        var target = to.Data;
        for (var i = 0; i < axes.Length; i++)
        {
            target += low[i] * to.Strides[axes[i]] * width;
        }

        if (from.Size > 0)
        {
            Transfer.Copy(from.Data, from.Strides, target, to.Strides, from.Shape, width);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var c = cotangents[0];
        var inner = Inner(c);
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            // The value collects from the frame: everything but the inside.
            vjps[i] = argnums[i] == 0 ? inner : Op.Reshape(
                Op.Subtract(
                    Op.Sum(c, Shapes.AllAxes(c.Rank), false),
                    Op.Sum(inner, Shapes.AllAxes(c.Rank), false)),
                inputs[1].Shape);
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.Pad(
            Tangents.Of(inputs, tangents, argnums, 0), axes, low, high,
            Tangents.Of(inputs, tangents, argnums, 1), "constant"),
    ];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var n = Batching.Length(inputs, mapped);
        var x = Batching.Spread(inputs[0], mapped[0], n);
        var shifted = Shapes.Shifted(axes);
        if (mapped[1] < 0)
        {
            return ([Op.Pad(x, shifted, low, high, inputs[1], "constant")], [0]);
        }

        // A value for each example: the frames first, then the inside.
        var target = Op.Pad(x, shifted, low, high, Op.Scalar(0.0, x.Dtype), "constant").Shape;
        int[] spread = [n, .. Enumerable.Repeat(1, target.Length - 1)];
        var value = Op.Reshape(Op.MoveAxis(inputs[1], mapped[1], 0), spread);
        var start = new int[target.Length];
        var stop = (int[])target.Clone();
        for (var i = 0; i < axes.Length; i++)
        {
            start[shifted[i]] = low[i];
            stop[shifted[i]] -= high[i];
        }

        var steps = new int[target.Length];
        Array.Fill(steps, 1);
        return ([Op.SliceUpdate(Op.Full(target, value, x.Dtype), x, start, stop, steps)], [0]);
    }

    public override bool SameAs(Primitive other) => other is Pad p && Shapes.Same(axes, p.axes)
        && Shapes.Same(low, p.low) && Shapes.Same(high, p.high);

    private Node Inner(Node a)
    {
        var start = new int[a.Rank];
        var stop = (int[])a.Shape.Clone();
        for (var i = 0; i < axes.Length; i++)
        {
            start[axes[i]] = low[i];
            stop[axes[i]] -= high[i];
        }

        return Op.Slice(a, start, stop);
    }
}

internal static partial class Op
{
    /// <summary>Mode "constant" (the given value) or "edge" (the nearest element).</summary>
    [Export("mlx_pad")]
    public static Node Pad(
        Node a, ReadOnlySpan<int> axes, ReadOnlySpan<int> lowPadSize,
        ReadOnlySpan<int> highPadSize, Node padValue, string mode)
    {
        if (axes.Length != lowPadSize.Length || axes.Length != highPadSize.Length)
        {
            throw new ArgumentException(
                $"[pad] Got {lowPadSize.Length} and {highPadSize.Length} padding sizes for " +
                $"{axes.Length} axes.");
        }

        var at = axes.ToArray();
        var shape = (int[])a.Shape.Clone();
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = Shapes.Axis(axes[i], a.Rank, "pad");
            if (lowPadSize[i] < 0 || highPadSize[i] < 0)
            {
                throw new ArgumentException(
                    $"[pad] Invalid padding ({lowPadSize[i]}, {highPadSize[i]}) for axis " +
                    $"{axes[i]}. Padding sizes must be non-negative.");
            }

            shape[at[i]] = checked(shape[at[i]] + lowPadSize[i] + highPadSize[i]);
        }

        Shapes.SortedAxes(at, a.Rank, "pad");
        switch (mode)
        {
            case "constant":
                if (padValue.Size != 1)
                {
                    throw new ArgumentException(
                        $"[pad] The padding value must be one element, not of shape " +
                        $"{Shapes.Text(padValue.Shape)}.");
                }

                return Node.Lazy(
                    shape, a.Dtype, new Pad(at, lowPadSize.ToArray(), highPadSize.ToArray()),
                    a, AsType(padValue, a.Dtype));
            case "edge":
                // MLX asks for all axes here; so do we, to be replaceable by it.
                return at.Length == a.Rank
                    ? EdgePad(a, at, lowPadSize, highPadSize)
                    : throw new ArgumentException(
                        $"[pad] Mode edge needs padding sizes for all axes of shape " +
                        $"{Shapes.Text(a.Shape)}, but got {at.Length}.");
            default:
                throw new ArgumentException($"[pad] Invalid padding mode ({mode}).");
        }
    }

    [Export("mlx_pad_symmetric")]
    public static Node Pad(Node a, int padWidth, Node padValue, string mode)
    {
        Span<int> width = stackalloc int[a.Rank];
        width.Fill(padWidth);
        return Pad(a, Shapes.AllAxes(a.Rank), width, width, padValue, mode);
    }

    private static Node EdgePad(
        Node a, int[] axes, ReadOnlySpan<int> low, ReadOnlySpan<int> high)
    {
        var result = a;
        for (var i = 0; i < axes.Length; i++)
        {
            var (at, n) = (axes[i], a.Shape[axes[i]]);
            if (n == 0 && low[i] + high[i] > 0)
            {
                throw new ArgumentException(
                    $"[pad] The empty axis {at} of shape {Shapes.Text(a.Shape)} has no edge.");
            }

            var parts = new List<Node>(3);
            if (low[i] > 0)
            {
                parts.Add(BroadcastTo(
                    SliceAxis(result, at, 0, 1), Shapes.With(result.Shape, at, low[i])));
            }

            parts.Add(result);
            if (high[i] > 0)
            {
                parts.Add(BroadcastTo(
                    SliceAxis(result, at, n - 1, n), Shapes.With(result.Shape, at, high[i])));
            }

            result = Concatenate(parts.ToArray(), at);
        }

        return result;
    }
}
