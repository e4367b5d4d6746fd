using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>How one element type becomes a key and comes back.</summary>
internal interface ISortCode<T, TKey>
{
    static abstract TKey Key(T element);

    static abstract T Element(TKey key);
}

internal readonly struct UInt8Code : ISortCode<byte, uint>
{
    public static uint Key(byte element) => element;

    public static byte Element(uint key) => (byte)key;
}

internal readonly struct Int8Code : ISortCode<byte, uint>
{
    public static uint Key(byte element) => element ^ 0x80u;

    public static byte Element(uint key) => (byte)(key ^ 0x80);
}

internal readonly struct UInt16Code : ISortCode<ushort, uint>
{
    public static uint Key(ushort element) => element;

    public static ushort Element(uint key) => (ushort)key;
}

internal readonly struct Int16Code : ISortCode<ushort, uint>
{
    public static uint Key(ushort element) => element ^ 0x8000u;

    public static ushort Element(uint key) => (ushort)(key ^ 0x8000);
}

internal readonly struct UInt32Code : ISortCode<uint, uint>
{
    public static uint Key(uint element) => element;

    public static uint Element(uint key) => key;
}

internal readonly struct Int32Code : ISortCode<uint, uint>
{
    public static uint Key(uint element) => element ^ 0x80000000;

    public static uint Element(uint key) => key ^ 0x80000000;
}

internal readonly struct UInt64Code : ISortCode<ulong, ulong>
{
    public static ulong Key(ulong element) => element;

    public static ulong Element(ulong key) => key;
}

internal readonly struct Int64Code : ISortCode<ulong, ulong>
{
    public static ulong Key(ulong element) => element ^ (1ul << 63);

    public static ulong Element(ulong key) => key ^ (1ul << 63);
}

/// <summary>16-bit floats: the same trick on 16 bits.</summary>
internal static class HalfKeys
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(ushort bits, int infinity)
    {
        var key = bits ^ (0x8000 | (((short)bits >> 15) & 0xFFFF));
        return (uint)((bits & 0x7FFF) > infinity ? 0xFFFF : key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Bits(uint key) =>
        (ushort)(key ^ (0x8000 | (~((int)(short)key >> 15) & 0xFFFF)));
}

internal readonly struct Float16Code : ISortCode<ushort, uint>
{
    public static uint Key(ushort element) => HalfKeys.Of(element, 0x7C00);

    public static ushort Element(uint key) => HalfKeys.Bits(key);
}

internal readonly struct BFloat16Code : ISortCode<ushort, uint>
{
    public static uint Key(ushort element) => HalfKeys.Of(element, 0x7F80);

    public static ushort Element(uint key) => HalfKeys.Bits(key);
}

internal static class Float32Code
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Key(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x) ? uint.MaxValue : bits ^ (0x80000000 | (uint)((int)bits >> 31));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bits(uint key) => key ^ (0x80000000 | ~(uint)((int)key >> 31));
}

internal readonly struct Float64Code : ISortCode<double, ulong>
{
    public static ulong Key(double element)
    {
        var bits = BitConverter.DoubleToUInt64Bits(element);
        return double.IsNaN(element)
            ? ulong.MaxValue
            : bits ^ ((1ul << 63) | (ulong)((long)bits >> 63));
    }

    public static double Element(ulong key) =>
        BitConverter.UInt64BitsToDouble(key ^ ((1ul << 63) | ~(ulong)((long)key >> 63)));
}

/// <summary>
/// -0 and 0 are one key here: of numbers with equal real parts the imaginary parts decide.
/// </summary>
internal readonly struct ComplexCode : ISortCode<Complex64, ulong>
{
    public static ulong Key(Complex64 element) =>
        float.IsNaN(element.Re) || float.IsNaN(element.Im)
            ? ulong.MaxValue
            : ((ulong)Float32Code.Key(element.Re + 0f) << 32) | Float32Code.Key(element.Im + 0f);

    public static Complex64 Element(ulong key) => new(
        BitConverter.UInt32BitsToSingle(Float32Code.Bits((uint)(key >> 32))),
        BitConverter.UInt32BitsToSingle(Float32Code.Bits((uint)key)));
}
