namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>
/// What is left of a row after it was quantized to small floats and back: in each group the
/// nearest multiples of a scale, itself rounded, that brings the largest element to the largest
/// code.
/// </summary>
internal readonly unsafe struct FloatRoundTrip(QuantFormat format) : IRowKernel<float>
{
    private const float Most8 = 448;
    private const float Most4 = 6;

    public void Run(float* x, float* y, long count)
    {
        var isFour = format.Bits == 4;
        for (long first = 0; first < count; first += format.GroupSize)
        {
            float most = 0;
            for (var i = 0; i < format.GroupSize; i++)
            {
                most = MathF.Max(most, MathF.Abs(x[first + i]));
            }

            most /= isFour ? Most4 : Most8;
            var scale = format.Mode == QuantMode.Nvfp4 ? Round8(most) : RoundPower(most);
            for (var i = 0; i < format.GroupSize; i++)
            {
                var code = scale == 0 ? 0 : x[first + i] / scale;
                y[first + i] = scale * (isFour ? Round4(code) : Round8(code));
            }
        }
    }

    /// <summary>The nearest power of two by its logarithm, as the exponent byte can hold it.
    /// </summary>
    private static float RoundPower(float x) => !float.IsFinite(x)
        ? float.PositiveInfinity
        : MathF.ScaleB(1, (int)Math.Clamp(MathF.Round(MathF.Log2(x)), -127, 127));

    /// <summary>The nearest float of four exponent and three mantissa bits.</summary>
    private static float Round8(float x)
    {
        var a = MathF.Abs(x);
        float rounded;
        if (!(a < Most8))
        {
            rounded = Most8;
        }
        else if (a < MathF.ScaleB(1, -6))
        {
            rounded = MathF.ScaleB(MathF.Round(MathF.ScaleB(a, 9)), -9);
        }
        else
        {
            var bits = BitConverter.SingleToUInt32Bits(a);
            bits = (bits + 0x7FFFF + ((bits >> 20) & 1)) & ~0xFFFFFu;
            rounded = BitConverter.UInt32BitsToSingle(bits);
        }

        return float.IsNegative(x) ? -rounded : rounded;
    }

    /// <summary>The nearest float of two exponent bits and one of mantissa; ties to even codes.
    /// </summary>
    private static float Round4(float x)
    {
        var a = MathF.Abs(x);
        var rounded = !(a <= 5) ? 6
            : a >= 3.5f ? 4
            : a > 2.5f ? 3
            : a >= 1.75f ? 2
            : a > 1.25f ? 1.5f
            : a >= 0.75f ? 1
            : a > 0.25f ? 0.5f : 0;
        return float.IsNegative(x) ? -rounded : rounded;
    }
}
