using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// One of the two 16-bit floating-point types, which are stored but never computed with.
/// </summary>
internal unsafe interface IFloat16
{
    static abstract float Widen(ushort bits);

    /// <summary>Widens numbers that lie in the low halves of 32-bit lanes.</summary>
    static abstract Vector128<float> Widen(Vector128<uint> bits);

    static abstract Vector256<float> Widen(Vector256<uint> bits);

    static abstract Vector512<float> Widen(Vector512<uint> bits);

    static abstract void WidenRun(ushort* source, float* target, int count);

    /// <summary>Rounds to the nearest, ties to even.</summary>
    static abstract void NarrowRun(float* source, ushort* target, int count);
}

/// <summary>IEEE half precision.</summary>
/// <remarks>
/// .NET exposes no conversion instruction, so the vectors shift exponent and fraction into place
/// and multiply by 2^112, the difference of the exponents' biases. The product is exact, for
/// subnormals too; infinities and NaNs need their exponent set.
/// </remarks>
internal readonly unsafe struct HalfBits : IFloat16
{
    private const uint Sign = 0x8000;
    private const uint Magnitude = 0x7fff;
    private const uint Infinity = 0x0f800000;
    private const uint SingleInfinity = 0x7f800000;
    private const float Rebias = 5.192296858534828e33f;

    public static float Widen(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Widen(Vector128<uint> bits)
    {
        Vector128<uint> magnitude = (bits & Vector128.Create(Magnitude)) << 13;
        Vector128<uint> special =
            Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(Infinity))
            & Vector128.Create(SingleInfinity);
        Vector128<float> value = magnitude.AsSingle() * Vector128.Create(Rebias);
        return (value.AsUInt32() | special | ((bits & Vector128.Create(Sign)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<uint> bits)
    {
        Vector256<uint> magnitude = (bits & Vector256.Create(Magnitude)) << 13;
        Vector256<uint> special =
            Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(Infinity))
            & Vector256.Create(SingleInfinity);
        Vector256<float> value = magnitude.AsSingle() * Vector256.Create(Rebias);
        return (value.AsUInt32() | special | ((bits & Vector256.Create(Sign)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector512<uint> bits)
    {
        Vector512<uint> magnitude = (bits & Vector512.Create(Magnitude)) << 13;
        Vector512<uint> special =
            Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(Infinity))
            & Vector512.Create(SingleInfinity);
        Vector512<float> value = magnitude.AsSingle() * Vector512.Create(Rebias);
        return (value.AsUInt32() | special | ((bits & Vector512.Create(Sign)) << 16)).AsSingle();
    }

    public static void WidenRun(ushort* source, float* target, int count) =>
        TensorPrimitives.ConvertToSingle(
            new ReadOnlySpan<Half>(source, count), new Span<float>(target, count));

    public static void NarrowRun(float* source, ushort* target, int count) =>
        TensorPrimitives.ConvertToHalf(
            new ReadOnlySpan<float>(source, count), new Span<Half>(target, count));
}

/// <summary>bfloat16: the upper half of a single.</summary>
internal readonly unsafe struct BFloat16Bits : IFloat16
{
    private const uint QuietNaN = 0x7fc00000;

    public static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Widen(Vector128<uint> bits) => (bits << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<uint> bits) => (bits << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector512<uint> bits) => (bits << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenRun(ushort* source, float* target, int count)
    {
        int i = 0;
        for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(
                Vector256.Load(source + i));
            Widen(low).Store(target + i);
            Widen(high).Store(target + i + Vector256<uint>.Count);
        }

        for (; i < count; i++)
        {
            target[i] = Widen(source[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void NarrowRun(float* source, ushort* target, int count)
    {
        int i = 0;
        for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256.Narrow(
                Round(Vector256.Load(source + i)),
                Round(Vector256.Load(source + i + Vector256<float>.Count)))
                .Store(target + i);
        }

        for (; i < count; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            target[i] = (ushort)(float.IsNaN(source[i])
                ? QuietNaN >> 16
                : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> odd = (bits >>> 16) & Vector256<uint>.One;
        return Vector256.ConditionalSelect(
            Vector256.Equals(value, value).AsUInt32(),
            bits + odd + Vector256.Create(0x7fffu),
            Vector256.Create(QuietNaN)) >>> 16;
    }
}
