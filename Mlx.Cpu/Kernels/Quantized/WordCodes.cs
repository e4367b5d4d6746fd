using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels.Quantized;

/// <summary>Codes of a width that divides 32 bits, decoded from sixteen words at a time.</summary>
internal interface IWordCodes
{
    /// <summary>Codes in a word of 32 bits.</summary>
    static abstract int PerWord { get; }

    /// <summary>
    /// Code i of each word as a float, times 2^(i * <see cref="Shift"/>).
    /// </summary>
    /// <param name="table">The values of all codes, where a code is that short.</param>
    static abstract Vector512<float> Decode(Vector512<uint> words, Vector512<float> table, int i);

    /// <summary>
    /// What is not shifted out: an integer converts where it stands, and the power of two that is
    /// then too much comes off x beforehand, which costs nothing and rounds nothing (but what is
    /// below 2^-98).
    /// </summary>
    static abstract int Shift { get; }
}

/// <summary>Integers of four bits.</summary>
internal readonly struct FourBits : IWordCodes
{
    public static int PerWord => 8;

    public static int Shift => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        Vector512.ConvertToSingle(words & Vector512.Create(15u << (4 * i)));
}

/// <summary>Integers of a byte.</summary>
internal readonly struct EightBits : IWordCodes
{
    public static int PerWord => 4;

    public static int Shift => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        Vector512.ConvertToSingle(words & Vector512.Create(255u << (8 * i)));
}

/// <summary>Floats of four bits, looked up by the four lowest bits of a word.</summary>
internal readonly struct FloatFourBits : IWordCodes
{
    public static int PerWord => 8;

    public static int Shift => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Decode(
        Vector512<uint> words, Vector512<float> table, int i) =>
        Avx512F.PermuteVar16x32(table, (words >>> (4 * i)).AsInt32());
}
