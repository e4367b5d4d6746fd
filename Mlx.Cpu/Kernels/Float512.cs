using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>16 lanes.</summary>
internal readonly unsafe struct Float512(Vector512<float> value) : IFloatVector<Float512>
{
    public readonly Vector512<float> Value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Float512(Vector512<float> value) => new(value);

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Load(float* from) => Vector512.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float512 vector, float* to) => vector.Value.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Of(float value) => Vector512.Create(value);

    public static Float512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<float>.Zero;
    }

    public static Float512 One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<float>.One;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator +(Float512 x, Float512 y) => x.Value + y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator -(Float512 x, Float512 y) => x.Value - y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator *(Float512 x, Float512 y) => x.Value * y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator /(Float512 x, Float512 y) => x.Value / y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator -(Float512 x) => -x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator &(Float512 x, Float512 y) => x.Value & y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator |(Float512 x, Float512 y) => x.Value | y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator ^(Float512 x, Float512 y) => x.Value ^ y.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 operator ~(Float512 x) => ~x.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Abs(Float512 x) => Vector512.Abs(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Sqrt(Float512 x) => Vector512.Sqrt(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Round(Float512 x) => Vector512.Round(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Floor(Float512 x) => Vector512.Floor(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Truncate(Float512 x) => Vector512.Truncate(x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Min(Float512 x, Float512 y) => Vector512.MinNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Max(Float512 x, Float512 y) => Vector512.MaxNative(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 MultiplyAdd(Float512 x, Float512 y, Float512 z) =>
        Vector512.MultiplyAddEstimate(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Fused(Float512 x, Float512 y, Float512 z) =>
        Vector512.FusedMultiplyAdd(x.Value, y.Value, z.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Scale(Float512 x, Float512 k) => Avx512F.IsSupported
        ? Avx512F.Scale(x.Value, k.Value)
        : throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 If(Float512 mask, Float512 yes, Float512 no) =>
        Vector512.ConditionalSelect(mask.Value, yes.Value, no.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Less(Float512 x, Float512 y) =>
        Vector512.LessThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Greater(Float512 x, Float512 y) =>
        Vector512.GreaterThan(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 GreaterOrEqual(Float512 x, Float512 y) =>
        Vector512.GreaterThanOrEqual(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 Equal(Float512 x, Float512 y) =>
        Vector512.Equals(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllLess(Float512 x, Float512 y) =>
        Vector512.LessThanAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllEqual(Float512 x, Float512 y) =>
        Vector512.EqualsAll(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Float512 x, Float512 y) =>
        Vector512.GreaterThanAny(x.Value, y.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 ToInt(Float512 x) => Vector512.ConvertToInt32Native(x.Value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 FromInt(Float512 bits) =>
        Vector512.ConvertToSingle(bits.Value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 AddInt(Float512 x, int y) =>
        (x.Value.AsInt32() + Vector512.Create(y)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 ShiftLeft(Float512 x, int count) =>
        (x.Value.AsInt32() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float512 ShiftRight(Float512 x, int count) =>
        (x.Value.AsInt32() >> count).AsSingle();

    public static Float512 Each(Float512 x, delegate*<float, float> f)
    {
        var v = x.Value;
        var p = (float*)&v;
        for (var i = 0; i < 16; i++)
        {
            p[i] = f(p[i]);
        }

        return v;
    }

    public static Float512 Each(Float512 x, Float512 y, delegate*<float, float, float> f)
    {
        var (v, w) = (x.Value, y.Value);
        var p = (float*)&v;
        var q = (float*)&w;
        for (var i = 0; i < 16; i++)
        {
            p[i] = f(p[i], q[i]);
        }

        return v;
    }
}
