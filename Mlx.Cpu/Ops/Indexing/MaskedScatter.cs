using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Where the mask holds, the elements of the source in order: the n-th true place takes the n-th
/// value. The first axis of all three is a batch.
/// </summary>
internal sealed unsafe class MaskedScatter : Primitive
{
    public static readonly MaskedScatter Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<MaskedScatter>(
        "MaskedScatter", x => Op.MaskedScatter(x), 3);

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (target, mask, values, to) = (inputs[0], inputs[1], inputs[2], outputs[0]);
        to.Allocate();
        Transfer.CopyRow(target, to.Data);
        if (to.Size == 0)
        {
            return;
        }

        // Row-major copies of what is not: masks are often broadcast.
        using var maskRow = new RowData(mask);
        using var valueRow = new RowData(values);
        var batch = to.Shape[0];
        var body = new Body(
            to.Data, maskRow.Data, valueRow.Data, to.Size / batch, values.Size / batch,
            to.Dtype.Size());
        ParallelFor.Run(batch, Math.Max(1, 16384 / (to.Size / batch)), body);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (mask, values, c) = (inputs[1], inputs[2], cotangents[0]);
        var vjps = new Node?[argnums.Length];
        for (var i = 0; i < vjps.Length; i++)
        {
            vjps[i] = argnums[i] switch
            {
                0 => Op.Where(mask, Op.Scalar(0.0, c.Dtype), c),
                2 => OfValues(mask, values, c),
                _ => null,
            };
        }

        return vjps;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
    [
        Op.MaskedScatter(
        [
            Tangents.Of(inputs, tangents, argnums, 0), inputs[1],
            Tangents.Of(inputs, tangents, argnums, 2),
        ]),
    ];

    /// <summary>The mapped axis joins the batch.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var n = Batching.Length(inputs, axes);
        var all = new Node[3];
        for (var i = 0; i < 3; i++)
        {
            all[i] = Op.Flatten(Batching.Spread(inputs[i], axes[i], n), 0, 1);
        }

        var result = Op.MaskedScatter(all);
        return ([Op.Unflatten(result, 0, [n, result.Shape[0] / n])], [0]);
    }

    /// <summary>Each value collects from the place that took it: row by row of the batch.</summary>
    private static Node? OfValues(Node mask, Node values, Node c)
    {
        var batch = values.Shape[0];
        if (values.Size == 0 || c.Size == 0)
        {
            return null;
        }

        var rows = Op.Reshape(mask, [batch, -1]);
        var place = Op.CumSum(Op.AsType(rows, Dtype.Int32), 1, false, false);
        var taken = Op.Where(rows, Op.Reshape(c, [batch, -1]), Op.Scalar(0.0, c.Dtype));

        // Places beyond the last value took nothing; they add their zero to the first one.
        var count = checked((int)(values.Size / batch));
        var inside = Op.Where(Op.Less(place, Op.Scalar(count)), place, Op.Scalar(0));
        var sum = Op.ScatterAddAxis(
            Op.Zeros([batch, count], c.Dtype), inside, taken, 1);
        return Op.Reshape(sum, values.Shape);
    }

    private readonly struct Body(
        byte* to, byte* mask, byte* values, long size, long valueCount, int width) : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (var row = start; row < end; row++)
            {
                var (at, last) = (row * valueCount, (row + 1) * valueCount);
                for (long i = 0; i < size; i++)
                {
                    if (mask[row * size + i] == 0)
                    {
                        continue;
                    }

                    if (at == last)
                    {
                        throw new ArgumentException(
                            $"[masked_scatter] The mask holds at more than the {valueCount} " +
                            "places for which there are values.");
                    }

                    Transfer.Line(
                        values + at++ * width, 1, to + (row * size + i) * width, 1, 1, width);
                }
            }
        }
    }
}

internal static partial class Op
{
    [Export("mlx_masked_scatter")]
    public static Node MaskedScatter(Node a, Node mask, Node src)
    {
        var inner = a.Rank - mask.Rank;
        if (mask.Dtype != Dtype.Bool || inner < 0
            || !Shapes.Same(mask.Shape, a.Shape.AsSpan(0, mask.Rank)))
        {
            throw new ArgumentException(
                "[masked_scatter] The mask has to be boolean and have the shape of the beginning " +
                $"of the array, but is {mask.Dtype.Name()} of shape {Shapes.Text(mask.Shape)} for " +
                $"an array of shape {Shapes.Text(a.Shape)}.");
        }

        if (src.Rank > inner + 1)
        {
            throw new ArgumentException(
                $"[masked_scatter] Values of shape {Shapes.Text(src.Shape)} do not broadcast " +
                $"with the last {inner} dimensions of shape {Shapes.Text(a.Shape)}.");
        }

        // One row of values for each true place: the row's shape is what the mask leaves open.
        var rows = src.Rank == inner + 1 ? src.Shape[0] : checked((int)mask.Size);
        int[] shape = [rows, .. a.Shape.AsSpan(mask.Rank)];
        var values = BroadcastTo(AsType(src, a.Dtype), shape);
        int[] open = [.. mask.Shape, .. Enumerable.Repeat(1, inner)];
        var spread = BroadcastTo(Reshape(mask, open), a.Shape);
        return Squeeze(
            MaskedScatter([ExpandDims(a, 0), ExpandDims(spread, 0), ExpandDims(values, 0)]), 0);
    }

    internal static Node MaskedScatter(Node[] batched)
    {
        var (a, mask, values) = (batched[0], batched[1], batched[2]);
        var fits = mask.Dtype == Dtype.Bool && Shapes.Same(mask.Shape, a.Shape)
                   && values.Dtype == a.Dtype && a.Rank > 0 && values.Rank > 0
                   && values.Shape[0] == a.Shape[0];
        return fits
            ? Node.Lazy(a.Shape, a.Dtype, Ops.MaskedScatter.Instance, batched)
            : throw new ArgumentException(
                $"[masked_scatter] A mask of shape {Shapes.Text(mask.Shape)} and values of shape " +
                $"{Shapes.Text(values.Shape)} do not fit a batch of {Shapes.Text(a.Shape)}.");
    }
}
