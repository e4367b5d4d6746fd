using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels.Quantized;

namespace Mlx.Cpu.Ops;

/// <summary>What the quantization ops ask of their arguments, as MLX asks it.</summary>
internal static class Quantization
{
    public static QuantFormat Format(string op, string mode, int? groupSize, int? bits)
    {
        var m = mode switch
        {
            "affine" => QuantMode.Affine,
            "mxfp4" => QuantMode.Mxfp4,
            "mxfp8" => QuantMode.Mxfp8,
            "nvfp4" => QuantMode.Nvfp4,
            _ => throw new ArgumentException(
                $"[{op}] Invalid quantization mode '{mode}'; it is 'affine', 'mxfp4', 'mxfp8' " +
                "or 'nvfp4'."),
        };
        var (group, width) = m switch
        {
            QuantMode.Affine => (64, 4),
            QuantMode.Nvfp4 => (16, 4),
            QuantMode.Mxfp4 => (32, 4),
            _ => (32, 8),
        };
        return new QuantFormat(m, groupSize ?? group, bits ?? width);
    }

    /// <summary>The group sizes and widths for which a mode is defined.</summary>
    public static void Supported(string op, QuantFormat f)
    {
        if (f.IsAffine)
        {
            if (f.GroupSize is not (32 or 64 or 128))
            {
                throw new ArgumentException(
                    $"[{op}] The requested group size {f.GroupSize} is not supported. The " +
                    "supported group sizes are 32, 64, and 128.");
            }

            if (f.Bits is < 2 or > 8 or 7)
            {
                throw new ArgumentException(
                    $"[{op}] The requested number of bits {f.Bits} is not supported. The " +
                    "supported bits are 2, 3, 4, 5, 6 and 8.");
            }

            return;
        }

        var group = f.Mode == QuantMode.Nvfp4 ? 16 : 32;
        var bits = f.Mode == QuantMode.Mxfp8 ? 8 : 4;
        if (f.GroupSize != group || f.Bits != bits)
        {
            throw new ArgumentException(
                $"[{op}] {f.Mode.ToString().ToLowerInvariant()} quantization requires group size " +
                $"{group} and bits {bits} but got {f.GroupSize} and {f.Bits}.");
        }
    }

    /// <summary>
    /// The dtype that scales (and biases) stand for, after checking that they fit the mode.
    /// </summary>
    public static Dtype Dtype(
        string op, QuantFormat f, Node scales, Node? biases, Dtype? wanted)
    {
        if (wanted is { } w && !w.IsFloating())
        {
            throw new ArgumentException(
                $"[{op}] Only real floating types are supported but output dtype == {w.Name()}.");
        }

        if (!f.IsAffine)
        {
            if (scales.Dtype != Graph.Dtype.UInt8)
            {
                throw new ArgumentException(
                    $"[{op}] Scale type must be uint8 but received type {scales.Dtype.Name()}.");
            }

            return biases is null ? wanted ?? Graph.Dtype.BFloat16 : throw new ArgumentException(
                $"[{op}] Biases must be null for quantization mode " +
                $"'{f.Mode.ToString().ToLowerInvariant()}'.");
        }

        if (biases is null)
        {
            throw new ArgumentException(
                $"[{op}] Biases must be provided for affine quantization.");
        }

        var dtype = Dtypes.Promote(scales.Dtype, biases.Dtype);
        return dtype.IsFloating() ? wanted ?? dtype : throw new ArgumentException(
            $"[{op}] Only real floating types are supported but scales.dtype() == " +
            $"{scales.Dtype.Name()} and biases.dtype() == {biases.Dtype.Name()}.");
    }

    /// <summary>Inner and outer dimension of the matrix a product sees.</summary>
    public static int Outer(
        string op, QuantFormat f, Node x, Node w, Node scales, Node? biases, bool transpose)
    {
        Matrix(op, f, w, scales, biases);
        if (x.Rank < 1)
        {
            throw new ArgumentException(
                $"[{op}] The first input must have at least one dimension.");
        }

        var columns = w.Shape[^1] * 32 / f.Bits;
        var (inner, outer) = transpose ? (columns, w.Shape[^2]) : (w.Shape[^2], columns);
        return x.Shape[^1] == inner ? outer : throw new ArgumentException(
            $"[{op}] Last dimension of first input with shape {Shapes.Text(x.Shape)} does not " +
            $"match the expanded quantized matrix ({inner}, {outer}) computed from shape " +
            $"{Shapes.Text(w.Shape)} with group_size={f.GroupSize}, bits={f.Bits} and " +
            $"transpose={(transpose ? "true" : "false")}.");
    }

    public static void Matrix(string op, QuantFormat f, Node w, Node scales, Node? biases)
    {
        if (w.Dtype != Graph.Dtype.UInt32)
        {
            throw new ArgumentException(
                $"[{op}] The weight matrix should be uint32 but received {w.Dtype.Name()}.");
        }

        if (biases is not null && !Shapes.Same(scales.Shape, biases.Shape))
        {
            throw new ArgumentException(
                $"[{op}] Scales and biases should have the same shape. " +
                "Received scales with shape " +
                $"{Shapes.Text(scales.Shape)} and biases with {Shapes.Text(biases.Shape)}.");
        }

        if (w.Rank < 2 || scales.Rank != w.Rank
            || !w.Shape.AsSpan(..^1).SequenceEqual(scales.Shape.AsSpan(..^1))
            || f.Bits <= 0 || f.GroupSize <= 0
            || (long)w.Shape[^1] * 32 / f.Bits != (long)scales.Shape[^1] * f.GroupSize)
        {
            throw new ArgumentException(
                $"[{op}] The shapes of the weight and scales are incompatible based on bits and " +
                $"group_size. w.shape() == {Shapes.Text(w.Shape)} and scales.shape() == " +
                $"{Shapes.Text(scales.Shape)} with group_size={f.GroupSize} and bits={f.Bits}.");
        }
    }

    public static void GlobalScale(string op, QuantFormat f, Node? scale)
    {
        if (scale is null)
        {
            return;
        }

        if (f.Mode != QuantMode.Nvfp4)
        {
            throw new ArgumentException(
                $"[{op}] Global scale is only supported for 'nvfp4' quantization mode.");
        }

        if (scale.Size != 1 || scale.Dtype != Graph.Dtype.Float32)
        {
            throw new ArgumentException(
                $"[{op}] Global scale must be a float32 scalar but got {scale.Dtype.Name()} of " +
                $"shape {Shapes.Text(scale.Shape)}.");
        }
    }
}
