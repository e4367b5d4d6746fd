using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Quantized;
using Mlx.Cpu.Threading;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>w = code * scale + bias (<c>mlx.core.dequantize</c>).</summary>
internal sealed unsafe class Dequantize(QuantFormat format, Dtype dtype) : Primitive
{
    private readonly QuantFormat format = format;
    private readonly Dtype dtype = dtype;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var output = outputs[0];
        output.Allocate();
        if (output.Size == 0)
        {
            return;
        }

        var columns = output.Shape[^1];
        using var matrix = new QuantOperand(format, inputs, 0, columns);
        ParallelFor.Run(
            output.Size / columns, Math.Max(1, 16384 / columns),
            new Body(matrix.Matrix, output.Data, dtype));
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var result = new Node?[argnums.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = argnums[i] == 0
                ? throw new NotSupportedException(
                    "[dequantize] has no derivative with respect to the quantized weights.")
                : Op.GroupGradient(cotangents[0], inputs, format, argnums[i] == 1);
        }

        return result;
    }

    /// <summary>Linear in scales and biases together.</summary>
    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        if (argnums.Contains(0) || !format.IsAffine)
        {
            throw new NotSupportedException(
                "[dequantize] has no derivative (jvp) with respect to codes or 8-bit scales.");
        }

        Node[] moved = [inputs[0], Op.ZerosLike(inputs[1]), Op.ZerosLike(inputs[2])];
        for (var i = 0; i < argnums.Length; i++)
        {
            moved[argnums[i]] = tangents[i];
        }

        return [Node.Lazy(outputs[0].Shape, dtype, this, moved)];
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var length = Batching.Length(inputs, axes);
        var spread = new Node[inputs.Length];
        for (var i = 0; i < spread.Length; i++)
        {
            spread[i] = Batching.Spread(inputs[i], axes[i], length);
        }

        var codes = spread[0];
        var shape = Shapes.With(
            codes.Shape, codes.Rank - 1, (int)((long)codes.Shape[^1] * 32 / format.Bits));
        return ([Node.Lazy(shape, dtype, this, spread)], [0]);
    }

    /// <summary>MLX on a CPU composes it too.</summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var (codes, scales) = (inputs[0], inputs[1]);
        var own = format.IsAffine ? scales.Dtype : dtype;
        var w = Op.Unflatten(
            Op.Codes(codes, format, own), -1, [scales.Shape[^1], format.GroupSize]);
        w = Op.Multiply(w, Op.ExpandDims(Op.Scales(scales, format, own), -1));
        w = format.IsAffine ? Op.Add(w, Op.ExpandDims(inputs[2], -1)) : w;
        return [Op.AsType(Op.Flatten(w, -2, -1), dtype)];
    }

    public override bool SameAs(Primitive other) =>
        other is Dequantize d && d.format == format && d.dtype == dtype;

    private readonly struct Body(QuantMatrix w, byte* to, Dtype dtype) : IRangeBody
    {
        public void Run(long start, long end)
        {
            using var row = new Scratch(w.Columns * sizeof(float));
            using var parameters = new Scratch(2 * w.Groups * sizeof(float));
            var narrow = Widening.Narrow(dtype);
            for (; start < end; start++)
            {
                w.DecodeRow(start, parameters.Floats, row.Floats);
                var target = to + start * w.Columns * dtype.Size();
                if (dtype == Dtype.Float64)
                {
                    for (long i = 0; i < w.Columns; i++)
                    {
                        ((double*)target)[i] = row.Floats[i];
                    }
                }
                else
                {
                    narrow(row.Pointer, target, 1, w.Columns);
                }
            }
        }
    }
}

/// <summary>
/// The quantized matrix among the inputs of a primitive: codes, scales and (in affine mode) biases,
/// row-major; copied first where they are not.
/// </summary>
internal readonly unsafe struct QuantOperand : IDisposable
{
    private readonly RowOperand codes;
    private readonly RowOperand scales;
    private readonly RowOperand? biases;

    public QuantOperand(QuantFormat format, Node[] inputs, int first, long columns)
    {
        codes = new RowOperand(inputs[first]);
        scales = new RowOperand(inputs[first + 1]);
        biases = format.IsAffine ? new RowOperand(inputs[first + 2]) : null;
        Matrix = new QuantMatrix(
            format, codes.Data, scales.Data, biases is { } b ? b.Data : null,
            inputs[first + 1].Dtype, columns);
    }

    public QuantMatrix Matrix { get; }

    public void Dispose()
    {
        codes.Dispose();
        scales.Dispose();
        biases?.Dispose();
    }
}

/// <summary>An input in row-major order: itself, or a copy for the length of a kernel.</summary>
internal readonly unsafe struct RowOperand : IDisposable
{
    private readonly Scratch? copy;

    public RowOperand(Node n)
    {
        if (n.IsRow)
        {
            Data = n.Data;
        }
        else
        {
            var scratch = new Scratch(n.Bytes);
            Strided.CopyRow(n, scratch.Pointer);
            copy = scratch;
            Data = scratch.Pointer;
        }
    }

    public byte* Data { get; }

    public void Dispose() => copy?.Dispose();
}

internal static partial class Op
{
    [Export("mlx_dequantize")]
    public static Node Dequantize(
        Node w, Node scales, Node? biases, int? groupSize, int? bits, string mode,
        Node? globalScale, Dtype? dtype)
    {
        var f = Quantization.Format("dequantize", mode, groupSize, bits);
        var result = Quantization.Dtype("dequantize", f, scales, biases, dtype);
        Quantization.Matrix("dequantize", f, w, scales, biases);
        Quantization.GlobalScale("dequantize", f, globalScale);
        Quantization.Supported("dequantize", f);
        var shape = Shapes.With(w.Shape, w.Rank - 1, (int)((long)w.Shape[^1] * 32 / f.Bits));
        if (!f.IsAffine)
        {
            var plain = Node.Lazy(shape, result, new Dequantize(f, result), w, scales);
            return globalScale is null
                ? plain
                : Multiply(plain, AsType(
                    Divide(Reshape(globalScale, Shapes.Scalar), Scalar(448f * 6f)), result));
        }

        // The sum is rounded to the parameters' dtype, then to the one wanted.
        var own = Dtypes.Promote(scales.Dtype, biases!.Dtype);
        if (own == Dtype.Float64)
        {
            return AsType(InDouble(w, scales, biases, f, shape), result);
        }

        var exact = Node.Lazy(
            shape, own, new Dequantize(f, own), w, AsType(scales, own), AsType(biases, own));
        return AsType(exact, result);
    }

    /// <summary>For what was read from a file: codes, scales, and what else there is.</summary>
    internal static Node Dequantize(Node[] inputs, QuantFormat f, Dtype dtype)
    {
        var third = inputs.Length > 2 ? inputs[2] : null;
        return inputs.Length < 2
            ? throw new ArgumentException("[dequantize] There are no scales.")
            : Dequantize(
                inputs[0], inputs[1], f.IsAffine ? third : null, f.GroupSize, f.Bits, f.ModeName,
                f.IsAffine ? null : third, dtype);
    }

    /// <summary>
    /// The codes of a quantized matrix as numbers, out of ops that MLX can write.
    /// </summary>
    internal static Node Codes(Node packed, QuantFormat f, Dtype dtype)
    {
        if (!f.IsAffine && f.Bits == 8)
        {
            return FromFp8(View(packed, Dtype.UInt8), dtype);
        }

        // Codes may cross words: bits first, then as many as a code has of them.
        var bits = BitwiseAnd(
            RightShift(ExpandDims(packed, -1), Arange(0, 32, 1, Dtype.UInt32)),
            AsType(Scalar(1), Dtype.UInt32));
        var grouped = Unflatten(Flatten(bits, -2, -1), -1, [-1, f.Bits]);
        var codes = Sum(LeftShift(grouped, Arange(0, f.Bits, 1, Dtype.UInt32)), -1, false);
        return f.IsAffine
            ? AsType(codes, dtype)
            : Take(AsType(Vector(f.Table4), dtype), codes, 0);
    }

    /// <summary>The scales as numbers: bytes are powers of two, or floats of 8 bits.</summary>
    internal static Node Scales(Node scales, QuantFormat f, Dtype dtype) => f.Mode switch
    {
        QuantMode.Affine => scales,
        QuantMode.Nvfp4 => FromFp8(scales, dtype),
        _ => Power(Scalar(2.0, dtype), Subtract(AsType(scales, dtype), Scalar(127.0, dtype))),
    };

    /// <summary>The kernel computes in float32, which holds the codes exactly.</summary>
    private static Node InDouble(Node w, Node scales, Node biases, QuantFormat f, int[] shape)
    {
        var (one, none) = (Ones(scales.Shape, Dtype.Float32), Zeros(scales.Shape, Dtype.Float32));
        var codes = Node.Lazy(
            shape, Dtype.Float32, new Dequantize(f, Dtype.Float32), w, one, none);
        int[] grouped = [.. scales.Shape, f.GroupSize];
        var scaled = Multiply(Reshape(codes, grouped), ExpandDims(scales, -1));
        return Reshape(Add(scaled, ExpandDims(biases, -1)), shape);
    }

    /// <summary>
    /// Cotangents of the weights gathered into those of the scales (times the codes) or biases.
    /// </summary>
    public static Node GroupGradient(Node dw, Node[] quantized, QuantFormat f, bool forScales)
    {
        if (!f.IsAffine)
        {
            throw new NotSupportedException(
                $"[dequantize] no gradient wrt scales in {f.Mode.ToString().ToLowerInvariant()} " +
                "quantization.");
        }

        var terms = dw;
        if (forScales)
        {
            var codes = Dequantize(
                quantized[0], OnesLike(quantized[1]), ZerosLike(quantized[2]), f.GroupSize, f.Bits,
                "affine", null, null);
            terms = Multiply(dw, codes);
        }

        int[] grouped = [.. terms.Shape[..^1], terms.Shape[^1] / f.GroupSize, f.GroupSize];
        return Sum(Reshape(terms, grouped), [-1], false);
    }
}
