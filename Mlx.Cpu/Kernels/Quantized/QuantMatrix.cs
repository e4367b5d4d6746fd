using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>Rows of a quantized matrix in memory, with their scales and biases as stored.</summary>
internal readonly unsafe struct QuantMatrix(
    QuantFormat format, byte* codes, byte* scales, byte* biases, Dtype scaleDtype, long columns)
{
    public readonly QuantFormat Format = format;
    public readonly byte* Codes = codes;
    public readonly long Groups = columns / format.GroupSize;
    public readonly long Columns = columns;
    private readonly int scaleBytes = scaleDtype.Size();

    /// <summary>Bytes of a row of codes.</summary>
    public long RowBytes => Columns * Format.Bits / 8;

    /// <summary>The scales (and biases) of some rows as floats.</summary>
    public void Scales(long row, long count, float* to) => Convert(scales, row, count, to);

    public void Biases(long row, long count, float* to) => Convert(biases, row, count, to);

    /// <summary>
    /// A row as floats; <paramref name="parameters"/> has room for two floats a group.
    /// </summary>
    public void DecodeRow(long row, float* parameters, float* to)
    {
        var scale = parameters;
        var bias = parameters + Groups;
        Scales(row, 1, scale);
        if (Format.IsAffine)
        {
            Biases(row, 1, bias);
        }

        var code = Codes + row * RowBytes;
        var size = Format.GroupSize;
        for (long g = 0; g < Groups; g++, code += Format.GroupBytes, to += size)
        {
            Format.Decode(code, to);
            var s = Vector256.Create(scale[g]);
            var b = Format.IsAffine ? Vector256.Create(bias[g]) : Vector256<float>.Zero;
            for (var i = 0; i < size; i += 8)
            {
                // Two roundings, as MLX has them; minus zero stays where nothing is added.
                var w = Vector256.Load(to + i) * s;
                (Format.IsAffine ? w + b : w).Store(to + i);
            }
        }
    }

    /// <summary>The matrix that starts some rows further on.</summary>
    public QuantMatrix From(long row) => new(
        Format, Codes + row * RowBytes, scales + row * Groups * scaleBytes,
        biases == null ? null : biases + row * Groups * scaleBytes, scaleDtype, Columns);

    private void Convert(byte* from, long row, long count, float* to)
    {
        count *= Groups;
        from += row * Groups * scaleBytes;
        if (scaleDtype == Dtype.UInt8)
        {
            for (long g = 0; g < count; g++)
            {
                to[g] = Format.Scale(from[g]);
            }
        }
        else
        {
            Widening.Widen(scaleDtype)(from, 1, (byte*)to, count);
        }
    }
}
