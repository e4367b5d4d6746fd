using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Quantized;

namespace Mlx.Cpu.Ops;

/// <summary>
/// x W^T (or x W) with W quantized, without ever holding W in full
/// (<c>mlx.core.quantized_matmul</c>). Inputs: x, codes, scales and, in affine mode, biases; with
/// <paramref name="gathered"/> also which matrix of x and of W each product takes.
/// </summary>
internal unsafe class QuantizedMatMul(QuantFormat format, bool transpose, bool gathered)
    : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<
        QuantizedMatMul, (QuantFormat Format, bool Transpose)>(
        "QuantizedMatmul", State.Of(QuantFormat.InFiles, State.Bool),
        p => (p.format, p.transpose),
        (x, s) => Op.QuantizedMatMul(
            x[0], x[1], x[2], x.Length > 3 ? x[3] : null, s.Transpose, s.Format.GroupSize,
            s.Format.Bits, s.Format.ModeName), 3, 4);

    private readonly QuantFormat format = format;
    private readonly bool transpose = transpose;
    private readonly bool gathered = gathered;

    protected QuantFormat Format => format;

    protected bool Transpose => transpose;

    public override string Name => gathered ? "GatherQMM" : "QuantizedMatmul";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, w, y) = (inputs[0], inputs[1], outputs[0]);
        y.Allocate();
        if (y.Size == 0)
        {
            return;
        }

        var columns = (long)w.Shape[^1] * 32 / format.Bits;
        using var operand = new QuantOperand(format, inputs, 1, columns);
        using var wide = new WideRows(x);
        using var result = new Scratch(y.Dtype == Dtype.Float32 ? 0 : y.Size * sizeof(float));
        var target = y.Dtype == Dtype.Float32 ? y.As<float>() : result.Floats;
        var (k, n, rows) = (x.Shape[^1], y.Shape[^1], w.Shape[^2]);
        var isHalf = x.Dtype != Dtype.Float32;
        if (gathered)
        {
            var m = x.Shape[^2];
            using var left = new RowOperand(inputs[^2]);
            using var right = new RowOperand(inputs[^1]);
            CheckPicks((uint*)left.Data, inputs[^2].Size, x.Size / Math.Max(1, (long)m * k));
            CheckPicks((uint*)right.Data, inputs[^1].Size, w.Size / ((long)rows * w.Shape[^1]));
            for (long i = 0; i < inputs[^1].Size; i++)
            {
                QuantGemm.Run(
                    m, n, k, wide.Data + ((uint*)left.Data)[i] * (long)m * k,
                    operand.Matrix.From(((uint*)right.Data)[i] * (long)rows), transpose,
                    target + i * m * n);
            }
        }
        else if (w.Rank == 2)
        {
            QuantGemm.Run(
                x.Size / k, n, k, wide.Data, operand.Matrix, transpose, target, isHalf);
        }
        else
        {
            long m = x.Rank > 1 ? x.Shape[^2] : 1;
            var batch = y.Size / (m * n);
            for (long i = 0; i < batch; i++)
            {
                QuantGemm.Run(
                    m, n, k, wide.Data + i * m * k, operand.Matrix.From(i * rows), transpose,
                    target + i * m * n);
            }
        }

        if (y.Dtype != Dtype.Float32)
        {
            Narrow(target, y);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        if (gathered)
        {
            return GatheredVjp(inputs, cotangents[0], argnums);
        }

        var (c, x, w) = (cotangents[0], inputs[0], inputs[1]);
        var result = new Node?[argnums.Length];
        for (var i = 0; i < result.Length; i++)
        {
            if (argnums[i] == 0)
            {
                result[i] = Op.SumTo(On(c, inputs, !transpose), x.Shape);
                continue;
            }

            RefuseCodes(argnums[i]);
            var (fc, fx) = w.Rank > 2
                ? (c, x)
                : (Op.Reshape(c, [-1, c.Shape[^1]]), Op.Reshape(x, [-1, x.Shape[^1]]));
            var dw = transpose
                ? Op.MatMul(Op.SwapAxes(fc, -1, -2), fx)
                : Op.MatMul(Op.SwapAxes(fx, -1, -2), fc);
            result[i] = Op.GroupGradient(dw, inputs[1..], format, argnums[i] == 2);
        }

        return result;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        if (argnums.Length != 1 || argnums[0] != 0)
        {
            throw new NotSupportedException(
                $"[{Name}] has no derivative (jvp) with respect to the quantized matrix.");
        }

        Node[] moved = [tangents[0], .. inputs[1..]];
        return [Node.Lazy(outputs[0].Shape, outputs[0].Dtype, this, moved)];
    }

    public override bool SameAs(Primitive other) => other is QuantizedMatMul q
        && q.format == format && q.transpose == transpose && q.gathered == gathered;

    private Node?[] GatheredVjp(Node[] inputs, Node c, ReadOnlySpan<int> argnums)
    {
        var x = inputs[0];
        var (left, right) = (inputs[^2], inputs[^1]);
        var result = new Node?[argnums.Length];
        for (var i = 0; i < result.Length; i++)
        {
            if (argnums[i] == 0)
            {
                var g = Op.GatherQmm(
                    c, inputs[1], inputs[2], format.IsAffine ? inputs[3] : null, null, right,
                    !transpose, format.GroupSize, format.Bits,
                    format.ModeName, false);
                var flat = Op.Reshape(
                    Op.ZerosLike(x), [-1, x.Shape[^2], x.Shape[^1]]);
                result[i] = Op.Reshape(
                    Op.ScatterAdd(flat, [left], Op.ExpandDims(g, -3), [0]), x.Shape);
                continue;
            }

            if (argnums[i] >= inputs.Length - 2)
            {
                continue;
            }

            RefuseCodes(argnums[i]);
            var w = inputs[1];
            var xs = Op.Take(Op.Reshape(x, [-1, x.Shape[^2], x.Shape[^1]]), left, 0);
            var each = transpose
                ? Op.MatMul(Op.SwapAxes(c, -1, -2), xs)
                : Op.MatMul(Op.SwapAxes(xs, -1, -2), c);
            int[] shape = [.. w.Shape[..^1], each.Shape[^1]];
            var all = Op.Zeros(
                [(int)(w.Size / ((long)w.Shape[^1] * w.Shape[^2])), each.Shape[^2], each.Shape[^1]],
                each.Dtype);
            var dw = Op.Reshape(
                Op.ScatterAdd(all, [right], Op.ExpandDims(each, -3), [0]), shape);
            result[i] = Op.GroupGradient(dw, inputs[1..], format, argnums[i] == 2);
        }

        return result;
    }

    /// <summary>
    /// MLX does not look; we do, because nobody may read what is not the array's.
    /// </summary>
    private static void CheckPicks(uint* picks, long count, long matrices)
    {
        for (long i = 0; i < count; i++)
        {
            if (picks[i] >= matrices)
            {
                throw new ArgumentException(
                    $"[gather_qmm] index {picks[i]} of {matrices} matrices.");
            }
        }
    }

    private void RefuseCodes(int argument)
    {
        if (argument == 1)
        {
            throw new NotSupportedException(
                $"[{Name}] has no derivative with respect to the quantized weights.");
        }
    }

    private Node On(Node x, Node[] inputs, bool transposed) => Op.QuantizedMatMul(
        x, inputs[1], inputs[2], format.IsAffine ? inputs[3] : null, transposed, format.GroupSize,
        format.Bits, format.ModeName);

    private static void Narrow(float* from, Node y)
    {
        Widening.Narrow(y.Dtype)((byte*)from, y.Data, 1, y.Size);
    }

    /// <summary>x as row-major float32.</summary>
    private readonly struct WideRows : IDisposable
    {
        private readonly RowOperand rows;
        private readonly Scratch? wide;

        public WideRows(Node x)
        {
            rows = new RowOperand(x);
            Data = (float*)rows.Data;
            if (x.Dtype == Dtype.Float32)
            {
                return;
            }

            var scratch = new Scratch(x.Size * sizeof(float));
            wide = scratch;
            Data = scratch.Floats;
            Widening.Widen(x.Dtype)(rows.Data, 1, scratch.Pointer, x.Size);
        }

        public float* Data { get; }

        public void Dispose()
        {
            rows.Dispose();
            wide?.Dispose();
        }
    }
}

/// <summary>The one with indices: a primitive of its own in files.</summary>
internal sealed class GatherQMM(QuantFormat format, bool transpose)
    : QuantizedMatMul(format, transpose, true)
{
    [Serialized]
    public static new readonly Form Form = Form.Of<
        GatherQMM, (QuantFormat Format, bool Transpose, bool LeftSorted, bool RightSorted)>(
        "GatherQMM", State.Of(QuantFormat.InFiles, State.Bool, State.Bool, State.Bool),
        p => (p.Format, p.Transpose, false, false),
        (x, s) => Op.GatherQmm(
            x[0], x[1], x[2], x.Length > 5 ? x[3] : null, x[^2], x[^1], s.Transpose,
            s.Format.GroupSize, s.Format.Bits, s.Format.ModeName, false), 5, 6);
}

internal static partial class Op
{
    [Export("mlx_quantized_matmul")]
    public static Node QuantizedMatMul(
        Node x, Node w, Node scales, Node? biases, bool transpose, int? groupSize, int? bits,
        string mode)
    {
        const string op = "quantized_matmul";
        var f = Quantization.Format(op, mode, groupSize, bits);
        var own = Quantization.Dtype(op, f, scales, biases, null);
        var outer = Quantization.Outer(op, f, x, w, scales, biases, transpose);
        var dtype = f.IsAffine ? Dtypes.Promote(x.Dtype, own) : x.Dtype;
        RequireFloating(op, dtype, x);
        Node[] inputs = f.IsAffine
            ? [AsType(x, dtype), w, AsType(scales, dtype), AsType(biases!, dtype)]
            : [x, w, scales];
        if (x.Rank > 2 && w.Rank > 2)
        {
            inputs = BroadcastBatches(inputs);
        }
        else if (w.Rank > 2)
        {
            throw new ArgumentException(
                $"[{op}] A batch of quantized matrices of shape {Shapes.Text(w.Shape)} needs a " +
                $"batch of inputs, not one of shape {Shapes.Text(x.Shape)}.");
        }

        var shape = Shapes.With(inputs[0].Shape, inputs[0].Rank - 1, outer);
        return Node.Lazy(shape, dtype, new QuantizedMatMul(f, transpose, false), inputs);
    }

    /// <summary>
    /// Products of the matrices of x and W that two index arrays pair up; an absent one counts
    /// through all (<c>mlx.core.gather_qmm</c>).
    /// </summary>
    [Export("mlx_gather_qmm")]
    public static Node GatherQmm(
        Node x, Node w, Node scales, Node? biases, Node? lhsIndices, Node? rhsIndices,
        bool transpose, int? groupSize, int? bits, string mode, bool sortedIndices)
    {
        const string op = "gather_qmm";
        if (lhsIndices is null && rhsIndices is null)
        {
            return QuantizedMatMul(x, w, scales, biases, transpose, groupSize, bits, mode);
        }

        var f = Quantization.Format(op, mode, groupSize, bits);
        var own = Quantization.Dtype(op, f, scales, biases, null);
        var outer = Quantization.Outer(op, f, x, w, scales, biases, transpose);
        var dtype = f.IsAffine ? Dtypes.Promote(x.Dtype, own) : x.Dtype;
        RequireFloating(op, dtype, x);
        if (x.Rank < 2)
        {
            throw new ArgumentException(
                $"[{op}] Non-quantized input must have at least two dimensions " +
                "but got input with " +
                $"shape {Shapes.Text(x.Shape)}.");
        }

        var left = BatchIndices(op, "lhs_indices", lhsIndices, x);
        var right = BatchIndices(op, "rhs_indices", rhsIndices, w);
        var batch = Shapes.Broadcast(left.Shape, right.Shape, op);
        left = BroadcastTo(left, batch);
        right = BroadcastTo(right, batch);
        Node[] inputs = f.IsAffine
            ? [AsType(x, dtype), w, AsType(scales, dtype), AsType(biases!, dtype), left, right]
            : [x, w, scales, left, right];
        int[] shape = [.. batch, x.Shape[^2], outer];
        return Node.Lazy(shape, dtype, new GatherQMM(f, transpose), inputs);
    }

    private static Node BatchIndices(string op, string name, Node? indices, Node of)
    {
        if (indices is null)
        {
            var batch = of.Shape[..^2];
            return Reshape(Arange(0, Shapes.Size(batch), 1, Dtype.UInt32), batch);
        }

        return indices.Dtype.IsInteger()
            ? AsType(indices, Dtype.UInt32)
            : throw new ArgumentException(
            $"[{op}] Got {name} with invalid dtype. Indices must be integral.");
    }

    /// <summary>All but the last two axes broadcast to one shape.</summary>
    private static Node[] BroadcastBatches(Node[] inputs)
    {
        var batch = Shapes.Scalar;
        foreach (var i in inputs)
        {
            batch = Shapes.Broadcast(batch, i.Shape[..^2], "quantized_matmul");
        }

        return Array.ConvertAll(inputs, i => BroadcastTo(i, [.. batch, .. i.Shape[^2..]]));
    }

    private static void RequireFloating(string op, Dtype dtype, Node x)
    {
        if (dtype == Dtype.Float64)
        {
            throw new ArgumentException($"[{op}] Not supported for float64.");
        }

        if (!dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[{op}] Only real floating types are supported but " +
                $"x.dtype() == {x.Dtype.Name()}.");
        }
    }
}
