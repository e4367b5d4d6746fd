using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Quantized;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An array quantized to small floats and back. Rounding has no derivative; cotangents pass it
/// unchanged (straight through), so that what is trained can be multiplied in low precision.
/// </summary>
internal sealed class LowPrecision(QuantFormat format) : Primitive
{
    private readonly QuantFormat format = format;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        RowLoop.Run<float, FloatRoundTrip>(inputs[0], outputs[0], new(format));
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        cotangents;

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) => tangents;

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.InLowPrecision(Op.MoveAxis(inputs[0], axes[0], 0), format)], [0]);

    public override bool SameAs(Primitive other) =>
        other is LowPrecision p && p.format == format;
}

internal static partial class Op
{
    /// <summary>
    /// x W^T with both in small floats: x is quantized on the way, W too unless it comes as codes
    /// and scales.
    /// </summary>
    [Export("mlx_qqmm")]
    public static Node QQMatMul(
        Node x, Node w, Node? scales, int? groupSize, int? bits, string mode,
        Node? globalScaleX, Node? globalScaleW)
    {
        const string op = "qqmm";
        var f = Quantization.Format(op, mode, groupSize, bits);
        if (f.Mode is not (QuantMode.Nvfp4 or QuantMode.Mxfp8))
        {
            throw new ArgumentException(
                $"[{op}] Only 'nvfp4' and 'mxfp8' quantization modes are supported but " +
                $"'{mode}' was provided.");
        }

        Quantization.Supported(op, f);
        Quantization.GlobalScale(op, f, globalScaleX);
        Quantization.GlobalScale(op, f, globalScaleW);
        if (globalScaleX is null != globalScaleW is null)
        {
            throw new ArgumentException(
                $"[{op}] Either both global_scale_x and global_scale_w must be provided, or " +
                "neither.");
        }

        var isQuantized = w.Dtype == Dtype.UInt32;
        RequireSmallFloat(op, "first", x);
        if (w.Rank != 2 || x.Rank == 0 || (isQuantized && scales is null))
        {
            throw new ArgumentException(
                $"[{op}] Needs an input and a matrix, with scales if it is quantized, not " +
                $"{Shapes.Text(x.Shape)} and {Shapes.Text(w.Shape)}.");
        }

        if (isQuantized)
        {
            Quantization.Outer(op, f, x, w, scales!, null, true);
        }
        else
        {
            RequireSmallFloat(op, "second", w);
        }

        var k = x.Shape[^1];
        if (k % f.GroupSize != 0 || (!isQuantized && k != w.Shape[1]))
        {
            throw new ArgumentException(
                $"[{op}] Last dimension of first input with shape {Shapes.Text(x.Shape)} must " +
                $"match that of second input with shape {Shapes.Text(w.Shape)} and be a multiple " +
                $"of {f.GroupSize}.");
        }

        var left = Rounded(x, f, globalScaleX);
        if (!isQuantized)
        {
            return AsType(MatMul(left, Transpose(Rounded(w, f, globalScaleW))), x.Dtype);
        }

        return globalScaleW is null
            ? QuantizedMatMul(left, w, scales!, null, true, f.GroupSize, f.Bits, mode)
            : MatMul(left, Transpose(Dequantize(
                w, scales!, null, f.GroupSize, f.Bits, mode, globalScaleW, x.Dtype)));
    }

    internal static Node InLowPrecision(Node x, QuantFormat f) =>
        Node.Lazy(x.Shape, x.Dtype, new LowPrecision(f), x);

    private static Node Rounded(Node x, QuantFormat f, Node? globalScale)
    {
        if (globalScale is null)
        {
            return InLowPrecision(x, f);
        }

        var rows = Reshape(x, [-1, x.Shape[^1]]);
        var mode = f.ModeName;
        var q = Quantize(rows, f.GroupSize, f.Bits, mode, globalScale);
        return Reshape(
            Dequantize(q[0], q[1], null, f.GroupSize, f.Bits, mode, globalScale, x.Dtype),
            x.Shape);
    }

    private static void RequireSmallFloat(string op, string which, Node x)
    {
        if (!x.Dtype.IsFloating() || x.Dtype == Dtype.Float64)
        {
            throw new ArgumentException(
                $"[{op}] Only real floating types except float64 are supported but {which} " +
                $"argument dtype == {x.Dtype.Name()}.");
        }
    }
}
