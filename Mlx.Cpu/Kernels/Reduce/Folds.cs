using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>What a reduction does to two values; associative, so lanes and threads may share it.
/// </summary>
internal interface IScalarFold<T>
    where T : unmanaged
{
    /// <summary>The value of an empty reduction, which changes nothing else.</summary>
    static abstract T Identity { get; }

    static abstract T Merge(T a, T b);
}

/// <summary>The same on vectors.</summary>
internal interface IFold<T> : IScalarFold<T>
    where T : unmanaged
{
    static abstract Vector512<T> Merge(Vector512<T> a, Vector512<T> b);
}

internal readonly struct SumFold<T> : IFold<T>
    where T : unmanaged, INumber<T>
{
    public static T Identity => T.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge(T a, T b) => unchecked(a + b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Merge(Vector512<T> a, Vector512<T> b) => a + b;
}

internal readonly struct ProdFold<T> : IFold<T>
    where T : unmanaged, INumber<T>
{
    public static T Identity => T.One;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge(T a, T b) => unchecked(a * b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Merge(Vector512<T> a, Vector512<T> b) => a * b;
}

/// <summary>The largest; one that is not a number wins over all.</summary>
internal readonly struct MaxFold<T> : IFold<T>
    where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    public static T Identity => typeof(T) == typeof(float) ? (T)(object)float.NegativeInfinity
        : typeof(T) == typeof(double) ? (T)(object)double.NegativeInfinity
        : T.MinValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge(T a, T b) => T.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Merge(Vector512<T> a, Vector512<T> b) => Vector512.Max(a, b);
}

/// <summary>The smallest; one that is not a number wins over all.</summary>
internal readonly struct MinFold<T> : IFold<T>
    where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    public static T Identity => typeof(T) == typeof(float) ? (T)(object)float.PositiveInfinity
        : typeof(T) == typeof(double) ? (T)(object)double.PositiveInfinity
        : T.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Merge(T a, T b) => T.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Merge(Vector512<T> a, Vector512<T> b) => Vector512.Min(a, b);
}

/// <summary>Whether all bytes, each 0 or 1, are 1.</summary>
internal readonly struct AllFold : IFold<byte>
{
    public static byte Identity => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Merge(byte a, byte b) => (byte)(a & b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Merge(Vector512<byte> a, Vector512<byte> b) => a & b;
}

/// <summary>Whether any byte, each 0 or 1, is 1.</summary>
internal readonly struct AnyFold : IFold<byte>
{
    public static byte Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Merge(byte a, byte b) => (byte)(a | b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Merge(Vector512<byte> a, Vector512<byte> b) => a | b;
}

internal readonly struct ComplexProdFold : IScalarFold<Complex64>
{
    public static Complex64 Identity => new(1, 0);

    public static Complex64 Merge(Complex64 a, Complex64 b) =>
        new((a.Re * b.Re) - (a.Im * b.Im), (a.Re * b.Im) + (a.Im * b.Re));
}

/// <summary>Complex numbers in MLX's order: by the real part, then by the imaginary one.</summary>
internal readonly struct ComplexMaxFold : IScalarFold<Complex64>
{
    public static Complex64 Identity => new(float.NegativeInfinity, float.NegativeInfinity);

    public static Complex64 Merge(Complex64 a, Complex64 b) =>
        ComplexOrder.IsNaN(a) || (!ComplexOrder.IsNaN(b) && ComplexOrder.Less(b, a)) ? a : b;
}

internal readonly struct ComplexMinFold : IScalarFold<Complex64>
{
    public static Complex64 Identity => new(float.PositiveInfinity, float.PositiveInfinity);

    public static Complex64 Merge(Complex64 a, Complex64 b) =>
        ComplexOrder.IsNaN(a) || (!ComplexOrder.IsNaN(b) && ComplexOrder.Less(a, b)) ? a : b;
}

internal static class ComplexOrder
{
    public static bool IsNaN(Complex64 z) => float.IsNaN(z.Re) || float.IsNaN(z.Im);

    public static bool Less(Complex64 a, Complex64 b) =>
        a.Re < b.Re || (a.Re == b.Re && a.Im < b.Im);
}
