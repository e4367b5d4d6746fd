namespace Mlx.Formats;

/// <summary>
/// The k-quants: blocks of 256 weights in 8 or 16 parts, whose scales and minima are quantized
/// themselves. Products are taken in the order in which MLX takes them, so that the half floats
/// made of them have the same bits.
/// </summary>
internal static unsafe class GgufSuperBlocks
{
    private const int Weights = 256;

    /// <summary>16 x (4-bit scale, minimum), 256 x 2 bits, scale and minimum of those.</summary>
    public static void Q2(byte* block, float* to)
    {
        var codes = block + 16;
        var (scale, minimum) = (HalfAt(block, 80), HalfAt(block, 82));
        for (var i = 0; i < Weights; i++)
        {
            var part = block[i / 16];
            to[i] = (Code2(codes, i) * (scale * (part & 15))) - (minimum * (part >> 4));
        }
    }

    /// <summary>256 x the third bit, 256 x 2 bits, 16 x 6-bit scale, scale of those.</summary>
    public static void Q3(byte* block, float* to)
    {
        byte* third = block, codes = block + 32, scales = block + 96;
        var scale = HalfAt(block, 108);
        for (var i = 0; i < Weights; i++)
        {
            var part = i / 16;
            var low = (scales[part % 8] >> (part / 8 * 4)) & 15;
            var high = (scales[8 + (part % 4)] >> (part / 4 * 2)) & 3;
            var isLow = ((third[i % 32] >> (i / 32)) & 1) == 0;
            to[i] = scale * ((low | high << 4) - 32) * (Code2(codes, i) - (isLow ? 4 : 0));
        }
    }

    /// <summary>Scale and minimum of those, 8 x (6-bit scale, minimum), 256 x 4 bits.</summary>
    public static void Q4(byte* block, float* to)
    {
        var codes = block + 16;
        for (var part = 0; part < 8; part++)
        {
            var (scale, minimum) = Part(block, part);
            for (var i = part * 32; i < (part + 1) * 32; i++)
            {
                to[i] = (Code4(codes, i) * scale) - minimum;
            }
        }
    }

    /// <summary>As <see cref="Q4"/>, with 256 x the fifth bit before the codes.</summary>
    public static void Q5(byte* block, float* to)
    {
        byte* fifth = block + 16, codes = block + 48;
        for (var part = 0; part < 8; part++)
        {
            var (scale, minimum) = Part(block, part);
            for (var i = part * 32; i < (part + 1) * 32; i++)
            {
                var code = Code4(codes, i) | ((fifth[i % 32] >> part) & 1) << 4;
                to[i] = (code * scale) - minimum;
            }
        }
    }

    /// <summary>256 x 4 low bits, 256 x 2 high bits, 16 x 8-bit scale, scale of those.</summary>
    public static void Q6(byte* block, float* to)
    {
        byte* lows = block, highs = block + 128;
        var scales = (sbyte*)block + 192;
        var scale = HalfAt(block, 208);
        for (var i = 0; i < Weights; i++)
        {
            // Two halves of 128 weights; in each, 64 bytes hold the low bits.
            var (half, j) = (i / 128, i % 128);
            var low = (lows[(half * 64) + (j % 64)] >> (j / 64 * 4)) & 15;
            to[i] = scale * scales[i / 16] * ((low | Code2(highs, i) << 4) - 32);
        }
    }

    /// <summary>Four codes in a byte, 32 bytes apart: two halves of 128 weights.</summary>
    private static int Code2(byte* codes, int i) =>
        (codes[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;

    /// <summary>Two codes in a byte, for weights that are 32 apart.</summary>
    private static int Code4(byte* codes, int i) =>
        (codes[(i / 64 * 32) + (i % 32)] >> (i % 64 / 32 * 4)) & 15;

    /// <summary>
    /// The 6-bit scale and minimum of one of 8 parts: the first four lie in bytes of their own, the
    /// others in halves of bytes and the upper bits of those.
    /// </summary>
    private static (float Scale, float Minimum) Part(byte* block, int part)
    {
        var packed = block + 4;
        var (scale, minimum) = part < 4
            ? (packed[part] & 63, packed[part + 4] & 63)
            : ((packed[part + 4] & 15) | packed[part - 4] >> 6 << 4,
                (packed[part + 4] >> 4) | packed[part] >> 6 << 4);
        return (scale * HalfAt(block, 0), minimum * HalfAt(block, 2));
    }

    private static float HalfAt(byte* block, int offset) => (float)*(Half*)(block + offset);
}
