using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>4 lanes.</summary>
internal readonly unsafe struct Float128(Vector128<float> value) : IFloatVector<Float128>
{
    public readonly Vector128<float> Value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Float128(Vector128<float> value) => new(value);

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Load(float* from) => Vector128.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float128 vector, float* to) => vector.Value.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Of(float value) => Vector128.Create(value);

    public static Float128 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<float>.Zero;
    }

    public static Float128 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<float>.One;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator +(Float128 x, Float128 y) => x.Value + y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator -(Float128 x, Float128 y) => x.Value - y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator *(Float128 x, Float128 y) => x.Value * y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator /(Float128 x, Float128 y) => x.Value / y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator -(Float128 x) => -x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator &(Float128 x, Float128 y) => x.Value & y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator |(Float128 x, Float128 y) => x.Value | y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator ^(Float128 x, Float128 y) => x.Value ^ y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 operator ~(Float128 x) => ~x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Abs(Float128 x) => Vector128.Abs(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Sqrt(Float128 x) => Vector128.Sqrt(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Round(Float128 x) => Vector128.Round(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Floor(Float128 x) => Vector128.Floor(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Truncate(Float128 x) => Vector128.Truncate(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Min(Float128 x, Float128 y) => Vector128.MinNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Max(Float128 x, Float128 y) => Vector128.MaxNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 MultiplyAdd(Float128 x, Float128 y, Float128 z) =>
        Vector128.MultiplyAddEstimate(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Fused(Float128 x, Float128 y, Float128 z) =>
        Vector128.FusedMultiplyAdd(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Scale(Float128 x, Float128 k)
    {
        // In two steps, because 2^k alone may be out of range.
        var n = Vector128.ConvertToInt32Native(k.Value);
        var half = n >> 1;
        var bias = Vector128.Create(127);
        var first = ((half + bias) << 23).AsSingle();
        var second = ((n - half + bias) << 23).AsSingle();
        return x.Value * first * second;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 If(Float128 mask, Float128 yes, Float128 no) =>
        Vector128.ConditionalSelect(mask.Value, yes.Value, no.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Less(Float128 x, Float128 y) =>
        Vector128.LessThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Greater(Float128 x, Float128 y) =>
        Vector128.GreaterThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 GreaterOrEqual(Float128 x, Float128 y) =>
        Vector128.GreaterThanOrEqual(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 Equal(Float128 x, Float128 y) =>
        Vector128.Equals(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllLess(Float128 x, Float128 y) =>
        Vector128.LessThanAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllEqual(Float128 x, Float128 y) =>
        Vector128.EqualsAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Float128 x, Float128 y) =>
        Vector128.GreaterThanAny(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 ToInt(Float128 x) => Vector128.ConvertToInt32Native(x.Value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 FromInt(Float128 bits) =>
        Vector128.ConvertToSingle(bits.Value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 AddInt(Float128 x, int y) =>
        (x.Value.AsInt32() + Vector128.Create(y)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 ShiftLeft(Float128 x, int count) =>
        (x.Value.AsInt32() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float128 ShiftRight(Float128 x, int count) =>
        (x.Value.AsInt32() >> count).AsSingle();

    public static Float128 Each(Float128 x, delegate*<float, float> f)
    {
        var v = x.Value;
        var p = (float*)&v;
        for (var i = 0; i < 4; i++)
        {
            p[i] = f(p[i]);
        }

        return v;
    }

    public static Float128 Each(Float128 x, Float128 y, delegate*<float, float, float> f)
    {
        var (v, w) = (x.Value, y.Value);
        var p = (float*)&v;
        var q = (float*)&w;
        for (var i = 0; i < 4; i++)
        {
            p[i] = f(p[i], q[i]);
        }

        return v;
    }
}
