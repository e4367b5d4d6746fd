using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>
/// Tensors of a gguf file as arrays. Quantized ones become what the quantized products take: packed
/// codes in the weight, and scales and biases for groups of 32.
/// </summary>
internal static unsafe class GgufTensors
{
    public const int Group = 32;

    public static void Load(
        GgufContent content, string name, int[] shape, uint type, byte* from)
    {
        if (GgufFormat.QuantizedBlock(type) is { } block)
        {
            Quantized(content, name, shape, type, block, from);
            return;
        }

        var dtype = GgufFormat.TensorType(type)!.Value;
        if (dtype != Dtype.BFloat16)
        {
            content.Arrays.Add((name, Node.Copied(from, shape, dtype)));
            return;
        }

        // MLX converts what it has no direct type for to float16, bfloat16 among it.
        var half = Node.Allocated(shape, Dtype.Float16);
        for (long i = 0; i < half.Size; i++)
        {
            var bits = (uint)(from[2 * i] | (from[(2 * i) + 1] << 8)) << 16;
            half.As<Half>()[i] = (Half)BitConverter.UInt32BitsToSingle(bits);
        }

        content.Arrays.Add((name, half));
    }

    private static void Quantized(
        GgufContent content, string name, int[] shape, uint type, int block, byte* from)
    {
        var bits = type == 8 ? 8 : 4;
        var groups = Shapes.With(shape, shape.Length - 1, shape[^1] / Group);
        var words = Shapes.With(shape, shape.Length - 1, shape[^1] / (32 / bits));
        var weight = Node.Allocated(words, Dtype.UInt32);
        var scales = Node.Allocated(groups, Dtype.Float16);
        var biases = Node.Allocated(groups, Dtype.Float16);
        var codes = weight.As<byte>();
        for (long i = 0; i < scales.Size; i++, from += block, codes += bits * Group / 8)
        {
            var scale = *(Half*)from;
            scales.As<Half>()[i] = scale;
            biases.As<Half>()[i] = type switch
            {
                2 => (Half)(-8 * (float)scale),
                3 => ((Half*)from)[1],
                _ => (Half)(-128 * (float)scale),
            };
            Codes(from + 2, codes, bits);
        }

        const string Suffix = ".weight";
        var prefix = name[..Math.Max(name.Length - Suffix.Length, 0)];
        content.Arrays.Add((name, weight));
        content.Arrays.Add((prefix + ".scales", scales));
        content.Arrays.Add((prefix + ".biases", biases));
    }

    /// <summary>
    /// The 32 codes of a block. Of 4 bits, the low halves of 16 bytes come first, then the high
    /// ones; of 8 bits they are signed, and become unsigned with the bias of 128.
    /// </summary>
    /// <remarks>
    /// MLX 0.31.2 skips two bytes before the codes in every type, although a block of q4_1 begins
    /// with four: there the bias is read as codes and the last codes are lost. The recorded answers
    /// are MLX's, so this follows it; the right start for q4_1 is two bytes further on.
    /// </remarks>
    private static void Codes(byte* from, byte* to, int bits)
    {
        if (bits == 8)
        {
            for (var j = 0; j < Group; j++)
            {
                to[j] = (byte)(from[j] ^ 0x80);
            }

            return;
        }

        for (var j = 0; j < 8; j++)
        {
            to[j] = (byte)((from[2 * j] & 15) | ((from[(2 * j) + 1] & 15) << 4));
            to[8 + j] = (byte)((from[2 * j] >> 4) | (from[(2 * j) + 1] & 0xF0));
        }
    }
}
