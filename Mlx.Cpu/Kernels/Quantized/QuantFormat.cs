using System.Runtime.Intrinsics;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels.Quantized;

internal enum QuantMode
{
    Affine,
    Mxfp4,
    Mxfp8,
    Nvfp4,
}

/// <summary>
/// How a matrix is quantized: each row is a little-endian stream of codes of <see cref="Bits"/>
/// bits, and each group of <see cref="GroupSize"/> codes has a scale, in affine mode also a bias:
/// w = code * scale + bias. The other modes have floats of 4 or 8 bits as codes, and scales that
/// are powers of two (mx) or E4M3 floats (nv).
/// </summary>
internal readonly unsafe record struct QuantFormat(QuantMode Mode, int GroupSize, int Bits)
{
    /// <summary>
    /// Codes of 4 bits as float: themselves, or E2M1 with the sign in the top bit.
    /// </summary>
    private static readonly float[] Affine4 = [.. Enumerable.Range(0, 16).Select(i => (float)i)];

    private static readonly float[] Fp4 =
        [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    private static readonly float[] Fp8 = [.. Enumerable.Range(0, 256).Select(i => E4M3((byte)i))];

    public static readonly State<QuantFormat> InFiles = State.Of(
        State.Int, State.Int,
        State.OneOf(QuantMode.Affine, QuantMode.Mxfp4, QuantMode.Mxfp8, QuantMode.Nvfp4)).As(
            s => new QuantFormat(s.Item3, s.Item1, s.Item2), f => (f.GroupSize, f.Bits, f.Mode));

    /// <summary>The name of the mode, as the builders take it.</summary>
    public string ModeName => Mode.ToString().ToLowerInvariant();

    public bool IsAffine => Mode == QuantMode.Affine;

    /// <summary>Bytes of the codes of one group.</summary>
    public int GroupBytes => GroupSize * Bits / 8;

    /// <summary>The sixteen values of 4-bit codes.</summary>
    public float[] Table4 => IsAffine ? Affine4 : Fp4;

    /// <summary>A float of sign, four bits of exponent (bias 7) and three of mantissa.</summary>
    public static float E4M3(byte b)
    {
        var (exponent, mantissa) = ((b >> 3) & 15, b & 7);
        var value = exponent == 0
            ? mantissa / 512f
            : MathF.ScaleB(1 + mantissa / 8f, exponent - 7);
        return (b & 0x80) == 0 ? value : -value;
    }

    /// <summary>A group's scale from its byte.</summary>
    public float Scale(byte b) => Mode == QuantMode.Nvfp4 ? Fp8[b] : MathF.ScaleB(1, b - 127);

    /// <summary>One group as floats, before scale and bias.</summary>
    public void Decode(byte* codes, float* to)
    {
        switch (Bits)
        {
            case 4: Decode4(codes, to); break;
            case 8: Decode8(codes, to); break;
            case 2: Decode2(codes, to); break;
            default: DecodeStream(codes, to); break;
        }
    }

    private void Decode4(byte* codes, float* to)
    {
        if (!IsAffine)
        {
            for (var i = 0; i < GroupSize; i += 2, codes++)
            {
                to[i] = Fp4[*codes & 15];
                to[i + 1] = Fp4[*codes >> 4];
            }

            return;
        }

        for (var i = 0; i < GroupSize; i += 16, codes += 8)
        {
            // A byte widened and beside itself shifted has each of its codes in a byte.
            var pairs = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)codes).AsByte());
            var bytes = (pairs | (pairs << 4)) & Vector128.Create((ushort)0x0F0F);
            StoreFloats(bytes.AsByte(), to + i);
        }
    }

    private void Decode8(byte* codes, float* to)
    {
        if (!IsAffine)
        {
            for (var i = 0; i < GroupSize; i++)
            {
                to[i] = Fp8[codes[i]];
            }

            return;
        }

        for (var i = 0; i < GroupSize; i += 16)
        {
            StoreFloats(Vector128.Load(codes + i), to + i);
        }
    }

    private static void StoreFloats(Vector128<byte> codes, float* to)
    {
        var (a, b) = Vector256.Widen(
            Vector256.Create(Vector128.WidenLower(codes), Vector128.WidenUpper(codes)));
        Vector256.ConvertToSingle(a.AsInt32()).Store(to);
        Vector256.ConvertToSingle(b.AsInt32()).Store(to + 8);
    }

    private void Decode2(byte* codes, float* to)
    {
        for (var i = 0; i < GroupSize; i += 4, codes++)
        {
            int b = *codes;
            to[i] = b & 3;
            to[i + 1] = (b >> 2) & 3;
            to[i + 2] = (b >> 4) & 3;
            to[i + 3] = b >> 6;
        }
    }

    /// <summary>
    /// Codes that do not divide a byte: eight of them fill <see cref="Bits"/> bytes.
    /// </summary>
    private void DecodeStream(byte* codes, float* to)
    {
        var mask = (1ul << Bits) - 1;
        for (var i = 0; i < GroupSize; i += 8, codes += Bits)
        {
            ulong word = 0;
            for (var j = 0; j < Bits; j++)
            {
                word |= (ulong)codes[j] << (8 * j);
            }

            for (var j = 0; j < 8; j++, word >>= Bits)
            {
                to[i + j] = word & mask;
            }
        }
    }

    /// <summary>Packs codes of one group.</summary>
    public void Encode(byte* values, byte* to)
    {
        for (var i = 0; i < GroupSize; i += 8, to += Bits)
        {
            ulong word = 0;
            for (var j = 7; j >= 0; j--)
            {
                word = (word << Bits) | values[i + j];
            }

            for (var j = 0; j < Bits; j++, word >>= 8)
            {
                to[j] = (byte)word;
            }
        }
    }
}
