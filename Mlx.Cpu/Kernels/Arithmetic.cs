using System.Numerics;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Scalar arithmetic on elements as they are stored, for kernels whose work is where elements go
/// and not what is computed (scatters, scans, sorts). The 16-bit floats compute in float32 and
/// round at each step, as MLX does.
/// </summary>
internal interface IArithmetic<T> where T : unmanaged
{
    static abstract T Zero { get; }

    static abstract T One { get; }

    /// <summary>Nothing is less: minus infinity, or the smallest integer.</summary>
    static abstract T Least { get; }

    static abstract T Greatest { get; }

    static abstract T Add(T a, T b);

    static abstract T Multiply(T a, T b);

    /// <summary>False if either is NaN.</summary>
    static abstract bool Less(T a, T b);

    static abstract bool IsNaN(T a);

    /// <summary>log(exp a + exp b) without overflow.</summary>
    static abstract T LogAddExp(T a, T b);

    /// <summary>Converts as C converts a double: towards zero, and then cut to the width.</summary>
    static abstract T From(double value);
}

/// <summary>Something to do for the element type of a dtype.</summary>
internal interface IDtypeAction
{
    void Run<T, A>() where T : unmanaged where A : struct, IArithmetic<T>;
}

internal static class ElementTypes
{
    /// <summary>Runs the action for the type that stores <paramref name="dtype"/>.</summary>
    public static void Run<TAction>(Dtype dtype, TAction action)
        where TAction : struct, IDtypeAction
    {
        switch (dtype)
        {
            case Dtype.Bool: action.Run<byte, BoolArithmetic>(); break;
            case Dtype.UInt8: action.Run<byte, Native<byte>>(); break;
            case Dtype.UInt16: action.Run<ushort, Native<ushort>>(); break;
            case Dtype.UInt32: action.Run<uint, Native<uint>>(); break;
            case Dtype.UInt64: action.Run<ulong, Native<ulong>>(); break;
            case Dtype.Int8: action.Run<sbyte, Native<sbyte>>(); break;
            case Dtype.Int16: action.Run<short, Native<short>>(); break;
            case Dtype.Int32: action.Run<int, Native<int>>(); break;
            case Dtype.Int64: action.Run<long, Native<long>>(); break;
            case Dtype.Float16: action.Run<Half, Native<Half>>(); break;
            case Dtype.Float32: action.Run<float, Native<float>>(); break;
            case Dtype.Float64: action.Run<double, Native<double>>(); break;
            case Dtype.BFloat16: action.Run<ushort, BFloat16Arithmetic>(); break;
            default: action.Run<Complex64, ComplexArithmetic>(); break;
        }
    }
}

/// <summary>The types that .NET computes with itself.</summary>
internal readonly struct Native<T> : IArithmetic<T>
    where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    private static bool IsFloat =>
        typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);

    public static T Zero => T.Zero;

    public static T One => T.One;

    public static T Least => IsFloat ? T.CreateTruncating(float.NegativeInfinity) : T.MinValue;

    public static T Greatest => IsFloat ? T.CreateTruncating(float.PositiveInfinity) : T.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add(T a, T b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Multiply(T a, T b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Less(T a, T b) => a < b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN(T a) => T.IsNaN(a);

    /// <summary>Of integers the larger one: cut to integers, the logarithm adds nothing.</summary>
    public static T LogAddExp(T a, T b) => !IsFloat ? T.Max(a, b)
        : typeof(T) == typeof(double)
        ? T.CreateTruncating(LogSum.Of(double.CreateTruncating(a), double.CreateTruncating(b)))
        : T.CreateTruncating(LogSum.Of(float.CreateTruncating(a), float.CreateTruncating(b)));

    public static T From(double value) =>
        IsFloat ? T.CreateTruncating(value)
        : typeof(T) == typeof(ulong) && value >= 9.2233720368547758e18
        ? T.CreateTruncating((ulong)value)
        : T.CreateTruncating((long)value);
}

/// <summary>One byte, 0 or 1; as in C++, a sum is "or" and a product is "and".</summary>
internal readonly struct BoolArithmetic : IArithmetic<byte>
{
    public static byte Zero => 0;

    public static byte One => 1;

    public static byte Least => 0;

    public static byte Greatest => 1;

    public static byte Add(byte a, byte b) => (byte)(a | b);

    public static byte Multiply(byte a, byte b) => (byte)(a & b);

    public static bool Less(byte a, byte b) => a < b;

    public static bool IsNaN(byte a) => false;

    public static byte LogAddExp(byte a, byte b) => (byte)(a | b);

    public static byte From(double value) => value != 0 ? (byte)1 : (byte)0;
}

/// <summary>The upper half of a float32.</summary>
internal readonly struct BFloat16Arithmetic : IArithmetic<ushort>
{
    public static ushort Zero => 0;

    public static ushort One => 0x3F80;

    public static ushort Least => 0xFF80;

    public static ushort Greatest => 0x7F80;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Widen(ushort a) => BitConverter.UInt32BitsToSingle((uint)a << 16);

    /// <summary>Rounds to nearest, ties to even; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Round(float a)
    {
        if (float.IsNaN(a))
        {
            return 0x7FC0;
        }

        var bits = BitConverter.SingleToUInt32Bits(a);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public static ushort Add(ushort a, ushort b) => Round(Widen(a) + Widen(b));

    public static ushort Multiply(ushort a, ushort b) => Round(Widen(a) * Widen(b));

    public static bool Less(ushort a, ushort b) => Widen(a) < Widen(b);

    public static bool IsNaN(ushort a) => (a & 0x7FFF) > 0x7F80;

    public static ushort LogAddExp(ushort a, ushort b) => Round(LogSum.Of(Widen(a), Widen(b)));

    public static ushort From(double value) => Round((float)value);
}

/// <summary>Complex numbers, ordered by real part and then imaginary part.</summary>
internal readonly struct ComplexArithmetic : IArithmetic<Complex64>
{
    public static Complex64 Zero => default;

    public static Complex64 One => new(1, 0);

    public static Complex64 Least => new(float.NegativeInfinity, float.NegativeInfinity);

    public static Complex64 Greatest => new(float.PositiveInfinity, float.PositiveInfinity);

    public static Complex64 Add(Complex64 a, Complex64 b) => new(a.Re + b.Re, a.Im + b.Im);

    public static Complex64 Multiply(Complex64 a, Complex64 b) =>
        new(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re);

    public static bool Less(Complex64 a, Complex64 b) =>
        a.Re < b.Re || (a.Re == b.Re && a.Im < b.Im);

    public static bool IsNaN(Complex64 a) => float.IsNaN(a.Re) || float.IsNaN(a.Im);

    /// <summary>log(1 + exp(low - high)) + high, for the larger and the smaller by order.</summary>
    public static Complex64 LogAddExp(Complex64 a, Complex64 b)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            return new(float.NaN, float.NaN);
        }

        var (low, high) = Less(b, a) ? (b, a) : (a, b);
        if (float.IsNegativeInfinity(low.Re) || float.IsPositiveInfinity(high.Re))
        {
            return high;
        }

        var (sin, cos) = MathF.SinCos(low.Im - high.Im);
        var m = MathF.Exp(low.Re - high.Re);
        var (re, im) = (1 + m * cos, m * sin);
        return new(
            high.Re + MathF.Log(MathF.Sqrt(re * re + im * im)), high.Im + MathF.Atan2(im, re));
    }

    public static Complex64 From(double value) => new((float)value, 0);
}

internal static class LogSum
{
    public static float Of(float a, float b)
    {
        if (float.IsNaN(a) || float.IsNaN(b))
        {
            return float.NaN;
        }

        var (low, high) = a < b ? (a, b) : (b, a);
        return float.IsNegativeInfinity(low) || float.IsPositiveInfinity(high)
            ? high
            : high + LogOnePlus(MathF.Exp(low - high));
    }

    public static double Of(double a, double b)
    {
        if (double.IsNaN(a) || double.IsNaN(b))
        {
            return double.NaN;
        }

        var (low, high) = a < b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) || double.IsPositiveInfinity(high)
            ? high
            : high + double.LogP1(Math.Exp(low - high));
    }

    /// <summary>
    /// log(1 + x) that keeps the digits of a small x: the rounding of 1 + x is divided out again
    /// (Kahan, "How futile are mindless assessments of roundoff", 2006).
    /// </summary>
    private static float LogOnePlus(float x)
    {
        var u = 1 + x;
        return u == 1 ? x : MathF.Log(u) * (x / (u - 1));
    }
}
