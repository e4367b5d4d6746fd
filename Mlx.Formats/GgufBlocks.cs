namespace Mlx.Formats;

/// <summary>
/// Blocks of 32 quantized weights. Those whose form the quantized products take are split into
/// codes, scales and biases; the others become half floats, as MLX makes of what it has no
/// type for.
/// </summary>
internal static unsafe class GgufBlocks
{
    public const int Group = 32;

    /// <summary>The names of a quantized tensor's scales and biases.</summary>
    public static (string Scales, string Biases) Names(string name)
    {
        const string Weight = ".weight";
        var stem = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        return ($"{stem}.scales", $"{stem}.biases");
    }

    /// <summary>
    /// Splits blocks: codes packed from the lowest bits on, and a scale and a bias for each block,
    /// so that a weight is <c>code * scale + bias</c>.
    /// </summary>
    public static void Split(
        GgufType type, byte* from, long blocks, byte* codes, Half* scales, Half* biases)
    {
        var bits = type.CodeBits()!.Value;
        var size = type.Block()!.Value.Bytes;
        for (long i = 0; i < blocks; i++, from += size, codes += bits * Group / 8)
        {
            var scale = *(Half*)from;
            scales[i] = scale;
            biases[i] = type switch
            {
                GgufType.Q4_0 => (Half)(-8 * (float)scale),
                GgufType.Q4_1 => ((Half*)from)[1],
                _ => (Half)(-128 * (float)scale),
            };
            switch (type)
            {
                case GgufType.Q4_0: Codes4(from + 2, codes); break;
                case GgufType.Q4_1: Codes4(from + 4, codes); break;
                default: Codes8(from + 2, codes); break;
            }
        }
    }

    /// <summary>Makes half floats of blocks.</summary>
    public static void ToHalf(GgufType type, byte* from, long blocks, Half* to)
    {
        var (weights, bytes) = type.Block()!.Value;
        var block = stackalloc float[weights];
        for (; blocks > 0; blocks--, from += bytes, to += weights)
        {
            Dequantize(type, from, block);
            for (var i = 0; i < weights; i++)
            {
                to[i] = Round(block[i]);
            }
        }
    }

    /// <summary>A NaN keeps its sign and loses its payload, as in MLX.</summary>
    private static Half Round(float x) => !float.IsNaN(x)
        ? (Half)x
        : BitConverter.UInt16BitsToHalf(float.IsNegative(x) ? (ushort)0xFE00 : (ushort)0x7E00);

    private static void Dequantize(GgufType type, byte* from, float* to)
    {
        switch (type)
        {
            case GgufType.BF16:
                *to = BitConverter.UInt32BitsToSingle((uint)*(ushort*)from << 16);
                break;
            case GgufType.Q5_0:
                Codes5(from + 6, *(uint*)(from + 2), 16, (float)*(Half*)from, 0, to);
                break;
            case GgufType.Q5_1:
                var bias = (float)((Half*)from)[1];
                Codes5(from + 8, *(uint*)(from + 4), 0, (float)*(Half*)from, bias, to);
                break;
            case GgufType.Q2_K: GgufSuperBlocks.Q2(from, to); break;
            case GgufType.Q3_K: GgufSuperBlocks.Q3(from, to); break;
            case GgufType.Q4_K: GgufSuperBlocks.Q4(from, to); break;
            case GgufType.Q5_K: GgufSuperBlocks.Q5(from, to); break;
            case GgufType.Q6_K: GgufSuperBlocks.Q6(from, to); break;
            default: throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    /// <summary>The low halves of 16 bytes come first, then the high ones.</summary>
    private static void Codes4(byte* from, byte* to)
    {
        for (var i = 0; i < 8; i++)
        {
            to[i] = (byte)((from[2 * i] & 15) | (from[(2 * i) + 1] << 4));
            to[8 + i] = (byte)((from[2 * i] >> 4) | (from[(2 * i) + 1] & 0xF0));
        }
    }

    /// <summary>Signed codes become unsigned, with the bias of 128.</summary>
    private static void Codes8(byte* from, byte* to)
    {
        for (var i = 0; i < Group; i++)
        {
            to[i] = (byte)(from[i] ^ 0x80);
        }
    }

    /// <summary>Halves of bytes as in <see cref="Codes4"/>; the fifth bits lie in a word.</summary>
    private static void Codes5(
        byte* from, uint fifth, int zero, float scale, float bias, float* to)
    {
        for (var i = 0; i < 16; i++)
        {
            var low = (from[i] & 15) | ((int)(fifth >> i) & 1) << 4;
            var high = (from[i] >> 4) | ((int)(fifth >> (i + 16)) & 1) << 4;
            to[i] = ((low - zero) * scale) + bias;
            to[i + 16] = ((high - zero) * scale) + bias;
        }
    }
}
