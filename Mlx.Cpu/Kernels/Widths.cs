using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>y = f(x) for float32 vectors of every width.</summary>
internal interface IFloatMap
{
    static abstract V Of<V>(V x) where V : struct, IFloatVector<V>;
}

/// <summary>z = f(x, y) for float32 vectors of every width.</summary>
internal interface IFloatZip
{
    static abstract V Of<V>(V x, V y) where V : struct, IFloatVector<V>;
}

/// <summary>
/// Sixteen lanes by the widest vectors the machine has. Four narrow ones take turns in a loop, so
/// that a long formula is inlined once: the JIT's willingness to inline is limited by method.
/// </summary>
internal static unsafe class Widths
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of<TMap>(Vector512<float> x) where TMap : struct, IFloatMap
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return TMap.Of<Float512>(x).Value;
        }

        return Vector256.IsHardwareAccelerated
            ? Vector512.Create(
                TMap.Of<Float256>(x.GetLower()).Value, TMap.Of<Float256>(x.GetUpper()).Value)
            : Quarters<TMap>(x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of<TZip>(Vector512<float> x, Vector512<float> y)
        where TZip : struct, IFloatZip
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return TZip.Of<Float512>(x, y).Value;
        }

        return Vector256.IsHardwareAccelerated
            ? Vector512.Create(
                TZip.Of<Float256>(x.GetLower(), y.GetLower()).Value,
                TZip.Of<Float256>(x.GetUpper(), y.GetUpper()).Value)
            : Quarters<TZip>(x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector512<float> Quarters<TMap>(Vector512<float> x)
        where TMap : struct, IFloatMap
    {
        var p = (float*)&x;
        for (var i = 0; i < Vector512<float>.Count; i += Float128.Count)
        {
            Float128.Store(TMap.Of(Float128.Load(p + i)), p + i);
        }

        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector512<float> Quarters<TZip>(Vector512<float> x, Vector512<float> y)
        where TZip : struct, IFloatZip
    {
        var p = (float*)&x;
        var q = (float*)&y;
        for (var i = 0; i < Vector512<float>.Count; i += Float128.Count)
        {
            Float128.Store(TZip.Of(Float128.Load(p + i), Float128.Load(q + i)), p + i);
        }

        return x;
    }
}

/// <summary>The functions of <see cref="VectorMath{V}"/> on sixteen lanes.</summary>
internal static class VectorMath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x) => Widths.Of<ExpMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log(Vector512<float> x) => Widths.Of<LogMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sin(Vector512<float> x) => Widths.Of<SinMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Cos(Vector512<float> x) => Widths.Of<CosMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x) => Widths.Of<TanhMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x) => Widths.Of<ErfMap>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ErfInv(Vector512<float> x) => Widths.Of<ErfInvMap>(x);

    private readonly struct ExpMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Exp(x);
    }

    private readonly struct LogMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Log(x);
    }

    private readonly struct SinMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Sin(x);
    }

    private readonly struct CosMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Cos(x);
    }

    private readonly struct TanhMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Tanh(x);
    }

    private readonly struct ErfMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.Erf(x);
    }

    private readonly struct ErfInvMap : IFloatMap
    {
        public static V Of<V>(V x) where V : struct, IFloatVector<V> => VectorMath<V>.ErfInv(x);
    }
}
