using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Quantized;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Affine quantization: in each group the scale spans from the smallest to the largest weight and
/// is then adjusted so that the one farther from zero is met exactly. Codes, scales, biases; bit
/// for bit those of <c>mlx.core.quantize</c>. Rounding has no derivative.
/// </summary>
internal sealed unsafe class Quantize(QuantFormat format) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<Quantize, (QuantFormat Format, bool Back)>(
        "Quantize", State.Of(QuantFormat.InFiles, State.Bool), p => (p.format, false),
        (x, s, outputs) => s.Back
            ? [Op.Dequantize(x, s.Format, outputs[0].Dtype)]
            : Op.Quantize(
                x[0], s.Format.GroupSize, s.Format.Bits, s.Format.ModeName,
                x.Length > 1 ? x[1] : null), 1, 4);

    private const float SmallestScale = 1e-7f;

    private readonly QuantFormat format = format;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var w = inputs[0];
        foreach (var o in outputs)
        {
            o.Allocate();
        }

        using var rows = new Scratch(w.Bytes);
        Strided.CopyRow(w, rows.Pointer);
        var groups = w.Size / format.GroupSize;
        ParallelFor.Run(groups, 512, new Body(
            format, rows.Pointer, w.Dtype, outputs[0].Data, outputs[1].Data, outputs[2].Data));
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        (Op.AffineQuantize(Transforms.Batching.Front(inputs[0], axes[0]), format), [0, 0, 0]);

    public override bool SameAs(Primitive other) => other is Quantize q && q.format == format;

    private readonly struct Body(
        QuantFormat format, byte* from, Dtype dtype, byte* codes, byte* scales, byte* biases)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var widen = Widening.Widen(dtype);
            var size = format.GroupSize;
            var width = dtype.Size();
            var wide = stackalloc double[size];
            var values = (float*)wide;
            var packed = stackalloc byte[size];
            for (var g = start; g < end; g++)
            {
                widen(from + g * size * width, 1, (byte*)wide, size);
                if (dtype == Dtype.Float64)
                {
                    for (var i = 0; i < size; i++)
                    {
                        values[i] = (float)wide[i];
                    }
                }

                var (scale, bias) = Fit(values);
                var top = (1 << format.Bits) - 1;
                for (var i = 0; i < size; i++)
                {
                    var q = MathF.Round((values[i] - bias) / scale);
                    packed[i] = (byte)Math.Min(Math.Max(q, 0), top);
                }

                format.Encode(packed, codes + g * format.GroupBytes);
                Store(scale, scales + g * width);
                Store(bias, biases + g * width);
            }
        }

        private void Store(float value, byte* to)
        {
            if (dtype == Dtype.Float64)
            {
                *(double*)to = value;
            }
            else
            {
                Widening.Narrow(dtype)((byte*)&value, to, 1, 1);
            }
        }

        private (float Scale, float Bias) Fit(float* values)
        {
            var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
            for (var i = 0; i < format.GroupSize; i++)
            {
                low = Math.Min(low, values[i]);
                high = Math.Max(high, values[i]);
            }

            var fromLow = Math.Abs(low) > Math.Abs(high);
            var scale = Math.Max((high - low) / ((1 << format.Bits) - 1), SmallestScale);
            scale = fromLow ? scale : -scale;
            var edge = fromLow ? low : high;
            var steps = MathF.Round(edge / scale);
            return steps == 0 ? (scale, 0) : (edge / steps, edge);
        }
    }
}

internal static partial class Op
{
    [Export("mlx_quantize")]
    public static Node[] Quantize(
        Node w, int? groupSize, int? bits, string mode, Node? globalScale)
    {
        var f = Quantization.Format("quantize", mode, groupSize, bits);
        if (!w.Dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[quantize] Only real floating types can be quantized but w has type " +
                $"{w.Dtype.Name()}.");
        }

        if (w.Rank < 2)
        {
            throw new ArgumentException(
                "[quantize] The matrix to be quantized must have at least 2 dimension but it has " +
                $"only {w.Rank}.");
        }

        if (f.GroupSize <= 0 || w.Shape[^1] % f.GroupSize != 0)
        {
            throw new ArgumentException(
                "[quantize] The last dimension of the matrix needs to be divisible by the " +
                $"quantization group size {f.GroupSize}. However the provided matrix has shape " +
                $"{Shapes.Text(w.Shape)}.");
        }

        Quantization.GlobalScale("quantize", f, globalScale);
        Quantization.Supported("quantize", f);
        return f.IsAffine ? AffineQuantize(w, f) : FloatQuantize(w, f, globalScale);
    }

    public static Node[] AffineQuantize(Node w, QuantFormat f)
    {
        var codes = Shapes.With(w.Shape, w.Rank - 1, (int)((long)w.Shape[^1] * f.Bits / 32));
        var groups = Shapes.With(w.Shape, w.Rank - 1, w.Shape[^1] / f.GroupSize);
        return Node.LazyMany(
            [(codes, Dtype.UInt32), (groups, w.Dtype), (groups, w.Dtype)], new Quantize(f), w);
    }

    /// <summary>
    /// Floats of 4 or 8 bits: the scale maps a group's largest magnitude to the largest code; it is
    /// rounded to a power of two (mx) or an E4M3 float (nv). Codes are the nearest ones.
    /// </summary>
    private static Node[] FloatQuantize(Node w, QuantFormat f, Node? globalScale)
    {
        var largest = f.Bits == 4 ? 6f : 448f;
        var groups = Reshape(w, [-1, f.GroupSize]);
        var raw = Divide(Max(Abs(groups), [-1], true), Like(w, largest));
        Node scales, scaled;
        if (f.Mode == QuantMode.Nvfp4)
        {
            var encode = globalScale is null
                ? Scalar(1f)
                : Divide(Scalar(448f * 6f), Reshape(globalScale, Shapes.Scalar));
            scales = ToFp8(Multiply(raw, encode));
            scaled = Multiply(Divide(groups, FromFp8(scales, w.Dtype)), encode);
        }
        else
        {
            var zero = Like(raw, 0);
            var exponent = Where(
                Equal(raw, zero), zero, AsType(Round(Log2(raw), 0), Dtype.Int32));
            scaled = Divide(groups, Power(Like(w, 2), exponent));
            scales = AsType(Add(exponent, Scalar(127)), Dtype.UInt8);
        }

        Node codes;
        if (f.Bits == 8)
        {
            codes = View(ToFp8(scaled), Dtype.UInt32);
        }
        else
        {
            var table = AsType(Vector(f.Table4), w.Dtype);
            var nearest = ArgMin(Abs(Subtract(ExpandDims(scaled, -1), table)), -1, false);
            var places = Vector(
                [1u, 1u << 4, 1u << 8, 1u << 12, 1u << 16, 1u << 20, 1u << 24, 1u << 28]);
            codes = Sum(Multiply(Reshape(nearest, [-1, 8]), places), [-1], false);
        }

        var shape = Shapes.With(w.Shape, w.Rank - 1, -1);
        return w.Size == 0
            ? [
                Zeros(Shapes.With(w.Shape, w.Rank - 1, w.Shape[^1] * f.Bits / 32), Dtype.UInt32),
                Zeros(Shapes.With(w.Shape, w.Rank - 1, w.Shape[^1] / f.GroupSize), Dtype.UInt8),
            ]
            : [Reshape(codes, shape), Reshape(scales, shape)];
    }

    private static Node Like(Node a, float value) => AsType(Scalar(value), a.Dtype);

    internal static unsafe Node Vector<T>(T[] values) where T : unmanaged
    {
        fixed (T* p = values)
        {
            return Node.Copied(
                p, [values.Length], typeof(T) == typeof(uint) ? Dtype.UInt32 : Dtype.Float32);
        }
    }
}
