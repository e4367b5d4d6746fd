using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>Codes of a width that divides 32 bits, decoded from sixteen words at a time.</summary>
internal interface IWordCodes
{
    /// <summary>Codes in a word of 32 bits.</summary>
    static abstract int PerWord { get; }

    /// <summary>Code i of each word as a float, divided by its <see cref="Weight"/>.</summary>
    /// <param name="table">The values of all codes, where a code is that short.</param>
    static abstract Vector512<float> Decode(Vector512<uint> words, Vector512<float> table, int i);

    /// <summary>
    /// What the elements that meet code i are multiplied by beforehand. An integer converts where
    /// it stands in its word, and the power of two that is then too much comes off x, which costs
    /// nothing and rounds nothing (but what is below 2^-98).
    /// </summary>
    static abstract float Weight(int i);
}

/// <summary>Integers of four bits.</summary>
internal readonly struct FourBits : IWordCodes
{
    public static int PerWord => 8;

    public static float Weight(int i) => IntegerCodes.Weight(4, i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        IntegerCodes.Decode(words, 4, i);
}

/// <summary>Integers of a byte.</summary>
internal readonly struct EightBits : IWordCodes
{
    public static int PerWord => 4;

    public static float Weight(int i) => IntegerCodes.Weight(8, i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        IntegerCodes.Decode(words, 8, i);
}

/// <summary>Floats of four bits, looked up by the four lowest bits of a word.</summary>
internal readonly struct FloatFourBits : IWordCodes
{
    public static int PerWord => 8;

    public static float Weight(int i) => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        Avx512F.PermuteVar16x32(table, (words >>> (4 * i)).AsInt32());
}

/// <summary>
/// Integers of some bits. All but the topmost are masked where they stand and so are positive; that
/// one is shifted down, since there is but a slower conversion of unsigned words.
/// </summary>
file static class IntegerCodes
{
    private static bool IsTop(int bits, int i) => bits * (i + 1) == 32;

    public static float Weight(int bits, int i) =>
        IsTop(bits, i) ? 1 : MathF.ScaleB(1, -bits * i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(Vector512<uint> words, int bits, int i) =>
        Vector512.ConvertToSingle(
            (IsTop(bits, i)
                ? words >>> (bits * i)
                : words & Vector512.Create(((1u << bits) - 1) << (bits * i))).AsInt32());
}
