using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>When a value replaces the best so far; never on a draw, so the first one stays.
/// </summary>
internal interface IBetter<T>
    where T : unmanaged
{
    static abstract bool Is(T a, T b);

    static abstract Vector512<T> Is(Vector512<T> a, Vector512<T> b);
}

internal readonly struct Greater<T> : IBetter<T>
    where T : unmanaged, INumber<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(T a, T b) => a > b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Is(Vector512<T> a, Vector512<T> b) => Vector512.GreaterThan(a, b);
}

internal readonly struct Less<T> : IBetter<T>
    where T : unmanaged, INumber<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(T a, T b) => a < b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Is(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b);
}

internal readonly struct ComplexGreater : IBetter<Complex64>
{
    public static bool Is(Complex64 a, Complex64 b) => ComplexOrder.Less(b, a);

    public static Vector512<Complex64> Is(Vector512<Complex64> a, Vector512<Complex64> b) =>
        throw new NotSupportedException();
}

internal readonly struct ComplexLess : IBetter<Complex64>
{
    public static bool Is(Complex64 a, Complex64 b) => ComplexOrder.Less(a, b);

    public static Vector512<Complex64> Is(Vector512<Complex64> a, Vector512<Complex64> b) =>
        throw new NotSupportedException();
}

/// <summary>Finds where the extremes of rows stand.</summary>
/// <remarks>
/// The answer is the first position of the best element. What is not a number is never better, but
/// stays if it comes first, for then nothing is better either (as in MLX).
/// </remarks>
internal unsafe struct Extreme<T, TBetter>(
    Node input, int axis, Node output, LoopAxis* kept, int keptCount,
    delegate*<byte*, long, byte*, long, void> widen) : IRangeBody
    where T : unmanaged
    where TBetter : struct, IBetter<T>
{
    /// <summary>Elements looked at in one go, and the widest row of candidates.</summary>
    private const int Block = 1024;

    public void Run(long start, long end)
    {
        var count = input.Shape[axis];
        var stride = input.Strides[axis];
        var size = input.Dtype.Size();
        var index = stackalloc long[keptCount];
        var buffer = stackalloc T[Block];
        var walk = new AxisWalk(kept, keptCount, index, start);
        var positions = output.As<uint>();
        for (var i = start; i < end; i++)
        {
            var from = input.Data + (walk.In * size);
            var best = default(T);
            long at = 0;
            for (long j = 0; j < count; j += Block)
            {
                var n = Math.Min(count - j, Block);
                var x = (T*)(from + (j * stride * size));
                if (stride != 1 || size != sizeof(T))
                {
                    widen((byte*)x, stride, (byte*)buffer, n);
                    x = buffer;
                }

                best = j == 0 ? *x : best;
                var candidate = BestOf(x, n, best);
                if (TBetter.Is(candidate, best))
                {
                    best = candidate;
                    at = j + First(x, n, best);
                }
            }

            positions[walk.Out] = (uint)at;
            walk.Next();
        }
    }

    private static T BestOf(T* x, long n, T best)
    {
        long i = 0;
        if (Vector512<T>.IsSupported && n >= Vector512<T>.Count)
        {
            var v = Vector512.Create(best);
            for (; i <= n - Vector512<T>.Count; i += Vector512<T>.Count)
            {
                var next = Vector512.Load(x + i);
                v = Vector512.ConditionalSelect(TBetter.Is(next, v), next, v);
            }

            for (var lane = 0; lane < Vector512<T>.Count; lane++)
            {
                best = TBetter.Is(v[lane], best) ? v[lane] : best;
            }
        }

        for (; i < n; i++)
        {
            best = TBetter.Is(x[i], best) ? x[i] : best;
        }

        return best;
    }

    /// <summary>The first element that nothing in the row beats: it is not worse than the best.
    /// </summary>
    private static long First(T* x, long n, T best)
    {
        long i = 0;
        if (Vector512<T>.IsSupported)
        {
            var v = Vector512.Create(best);
            for (; i <= n - Vector512<T>.Count; i += Vector512<T>.Count)
            {
                if (Vector512.EqualsAny(Vector512.Load(x + i), v))
                {
                    break;
                }
            }
        }

        while (i < n - 1 && !EqualityComparer<T>.Default.Equals(x[i], best))
        {
            i++;
        }

        return i;
    }
}

/// <summary>
/// The same across memory: the row of best elements so far is compared with one row after the
/// other.
/// </summary>
internal unsafe struct ExtremeColumns<T, TBetter>(
    Node input, int axis, Node output, LoopAxis* kept, int keptCount, LoopAxis across,
    delegate*<byte*, long, byte*, long, void> widen) : IRangeBody
    where T : unmanaged
    where TBetter : struct, IBetter<T>
{
    public const int Block = 512;

    public void Run(long start, long end)
    {
        var count = input.Shape[axis];
        var step = input.Strides[axis] * input.Dtype.Size();
        var size = input.Dtype.Size();
        var blocks = (across.Length + Block - 1) / Block;
        var index = stackalloc long[keptCount];
        var buffer = stackalloc T[Block];
        var best = stackalloc T[Block];
        var at = stackalloc uint[Block];
        for (var task = start; task < end; task++)
        {
            var walk = new AxisWalk(kept, keptCount, index, task / blocks);
            var column = task % blocks * Block;
            var width = Math.Min(across.Length - column, Block);
            var from = input.Data + ((walk.In + (column * across.In)) * size);
            for (uint r = 0; r < count; r++, from += step)
            {
                var x = (T*)from;
                if (across.In != 1 || size != sizeof(T))
                {
                    widen(from, across.In, (byte*)buffer, width);
                    x = buffer;
                }

                for (long j = 0; j < width; j++)
                {
                    if (r == 0 || TBetter.Is(x[j], best[j]))
                    {
                        best[j] = x[j];
                        at[j] = r;
                    }
                }
            }

            var to = output.As<uint>() + walk.Out + (column * across.Out);
            for (long j = 0; j < width; j++)
            {
                to[j * across.Out] = at[j];
            }
        }
    }
}
