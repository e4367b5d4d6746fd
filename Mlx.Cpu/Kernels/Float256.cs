using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>8 lanes.</summary>
internal readonly unsafe struct Float256(Vector256<float> value) : IFloatVector<Float256>
{
    public readonly Vector256<float> Value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Float256(Vector256<float> value) => new(value);

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Load(float* from) => Vector256.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float256 vector, float* to) => vector.Value.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Of(float value) => Vector256.Create(value);

    public static Float256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256<float>.Zero;
    }

    public static Float256 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256<float>.One;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator +(Float256 x, Float256 y) => x.Value + y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator -(Float256 x, Float256 y) => x.Value - y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator *(Float256 x, Float256 y) => x.Value * y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator /(Float256 x, Float256 y) => x.Value / y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator -(Float256 x) => -x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator &(Float256 x, Float256 y) => x.Value & y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator |(Float256 x, Float256 y) => x.Value | y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator ^(Float256 x, Float256 y) => x.Value ^ y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 operator ~(Float256 x) => ~x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Abs(Float256 x) => Vector256.Abs(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Sqrt(Float256 x) => Vector256.Sqrt(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Round(Float256 x) => Vector256.Round(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Floor(Float256 x) => Vector256.Floor(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Truncate(Float256 x) => Vector256.Truncate(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Min(Float256 x, Float256 y) => Vector256.MinNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Max(Float256 x, Float256 y) => Vector256.MaxNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 MultiplyAdd(Float256 x, Float256 y, Float256 z) =>
        Vector256.MultiplyAddEstimate(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Fused(Float256 x, Float256 y, Float256 z) =>
        Vector256.FusedMultiplyAdd(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Scale(Float256 x, Float256 k)
    {
        // In two steps, because 2^k alone may be out of range.
        var n = Vector256.ConvertToInt32Native(k.Value);
        var half = n >> 1;
        var bias = Vector256.Create(127);
        var first = ((half + bias) << 23).AsSingle();
        var second = ((n - half + bias) << 23).AsSingle();
        return x.Value * first * second;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 If(Float256 mask, Float256 yes, Float256 no) =>
        Vector256.ConditionalSelect(mask.Value, yes.Value, no.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Less(Float256 x, Float256 y) =>
        Vector256.LessThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Greater(Float256 x, Float256 y) =>
        Vector256.GreaterThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 GreaterOrEqual(Float256 x, Float256 y) =>
        Vector256.GreaterThanOrEqual(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 Equal(Float256 x, Float256 y) =>
        Vector256.Equals(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllLess(Float256 x, Float256 y) =>
        Vector256.LessThanAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllEqual(Float256 x, Float256 y) =>
        Vector256.EqualsAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Float256 x, Float256 y) =>
        Vector256.GreaterThanAny(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 ToInt(Float256 x) => Vector256.ConvertToInt32Native(x.Value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 FromInt(Float256 bits) =>
        Vector256.ConvertToSingle(bits.Value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 AddInt(Float256 x, int y) =>
        (x.Value.AsInt32() + Vector256.Create(y)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 ShiftLeft(Float256 x, int count) =>
        (x.Value.AsInt32() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float256 ShiftRight(Float256 x, int count) =>
        (x.Value.AsInt32() >> count).AsSingle();

    public static Float256 Each(Float256 x, delegate*<float, float> f)
    {
        var v = x.Value;
        var p = (float*)&v;
        for (var i = 0; i < 8; i++)
        {
            p[i] = f(p[i]);
        }

        return v;
    }

    public static Float256 Each(Float256 x, Float256 y, delegate*<float, float, float> f)
    {
        var (v, w) = (x.Value, y.Value);
        var p = (float*)&v;
        var q = (float*)&w;
        for (var i = 0; i < 8; i++)
        {
            p[i] = f(p[i], q[i]);
        }

        return v;
    }
}
