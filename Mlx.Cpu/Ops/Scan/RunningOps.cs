using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>What a scan does with what it has so far and the next element.</summary>
internal interface IScan<T> where T : unmanaged
{
    /// <summary>What there is before the first element.</summary>
    static abstract T First { get; }

    static abstract T Of(T before, T x);

    /// <summary>Whether there are vectors of the type that do the same.</summary>
    static virtual bool IsWide => false;

    static virtual Vector512<T> Of(Vector512<T> before, Vector512<T> x) =>
        throw new NotSupportedException();

    /// <summary>
    /// Whether some lane must be taken in its turn: with it, the order of operations matters.
    /// </summary>
    static virtual bool NeedsOrder(Vector512<T> x) => false;
}

/// <summary>Whether an arithmetic is that of the vectors of its type.</summary>
internal static class Wide<A>
{
    public static bool Is
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(A) != typeof(Native<Half>) && typeof(A) != typeof(BoolArithmetic)
            && typeof(A) != typeof(BFloat16Arithmetic) && typeof(A) != typeof(ComplexArithmetic);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasNaN<T>(Vector512<T> x) =>
        (typeof(T) == typeof(float) || typeof(T) == typeof(double)) && !Vector512.EqualsAll(x, x);
}

internal readonly struct RunningSum<T, A> : IScan<T>
    where T : unmanaged where A : struct, IArithmetic<T>
{
    public static T First => A.Zero;

    public static bool IsWide => Wide<A>.Is;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T before, T x) => A.Add(before, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of(Vector512<T> before, Vector512<T> x) => before + x;
}

internal readonly struct RunningProduct<T, A> : IScan<T>
    where T : unmanaged where A : struct, IArithmetic<T>
{
    public static T First => A.One;

    public static bool IsWide => Wide<A>.Is;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T before, T x) => A.Multiply(before, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of(Vector512<T> before, Vector512<T> x) => before * x;
}

/// <summary>
/// The largest so far. As in MLX a NaN is its own result, and after it the search begins anew.
/// </summary>
internal readonly struct RunningMax<T, A> : IScan<T>
    where T : unmanaged where A : struct, IArithmetic<T>
{
    public static T First => A.Least;

    public static bool IsWide => Wide<A>.Is;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T before, T x) => A.Less(x, before) ? before : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of(Vector512<T> before, Vector512<T> x) =>
        Vector512.ConditionalSelect(Vector512.LessThan(x, before), before, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool NeedsOrder(Vector512<T> x) => Wide<A>.HasNaN(x);
}

/// <summary>The smallest so far. As in MLX a NaN is passed over, unless it comes first.</summary>
internal readonly struct RunningMin<T, A> : IScan<T>
    where T : unmanaged where A : struct, IArithmetic<T>
{
    public static T First => A.Greatest;

    public static bool IsWide => Wide<A>.Is;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of(T before, T x) => A.Less(x, before) ? x : before;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of(Vector512<T> before, Vector512<T> x) =>
        Vector512.ConditionalSelect(Vector512.LessThan(x, before), x, before);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool NeedsOrder(Vector512<T> x) => Wide<A>.HasNaN(x);
}

/// <summary>log of the sum of the exponentials so far.</summary>
internal readonly struct RunningLogSum<T, A> : IScan<T>
    where T : unmanaged where A : struct, IArithmetic<T>
{
    public static T First => A.Least;

    public static T Of(T before, T x) => A.LogAddExp(before, x);
}
