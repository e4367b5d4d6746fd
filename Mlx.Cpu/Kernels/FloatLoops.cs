using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// The loops of float32 functions, in the machine's own width; see <see cref="Loops"/> for single
/// elements and tails.
/// </summary>
internal static unsafe class FloatLoops
{
    public static Kernel Unary<TMap>() where TMap : struct, IFloatMap =>
        Vector512.IsHardwareAccelerated ? &Unary<TMap, Float512>
        : Vector256.IsHardwareAccelerated ? &Unary<TMap, Float256>
        : &Unary<TMap, Float128>;

    public static Kernel Binary<TZip>() where TZip : struct, IFloatZip =>
        Vector512.IsHardwareAccelerated ? &Binary<TZip, Float512>
        : Vector256.IsHardwareAccelerated ? &Binary<TZip, Float256>
        : &Binary<TZip, Float128>;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unary<TMap, V>(byte** inputs, byte* output, long n, uint scalars)
        where TMap : struct, IFloatMap
        where V : struct, IFloatVector<V>
    {
        var pad = stackalloc float[V.Count];
        var to = (float*)output;
        var x = Input(inputs, 0, scalars, pad, V.Count, out var dx);
        for (; n >= V.Count; n -= V.Count)
        {
            V.Store(TMap.Of(V.Load(x)), to);
            x += dx;
            to += V.Count;
        }

        if (n > 0)
        {
            Tail(x, dx, n, pad, V.Count);
            V.Store(TMap.Of(V.Load(pad)), pad);
            Unsafe.CopyBlockUnaligned(to, pad, (uint)n * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Binary<TZip, V>(byte** inputs, byte* output, long n, uint scalars)
        where TZip : struct, IFloatZip
        where V : struct, IFloatVector<V>
    {
        var pad = stackalloc float[2 * V.Count];
        var to = (float*)output;
        var x = Input(inputs, 0, scalars, pad, V.Count, out var dx);
        var y = Input(inputs, 1, scalars, pad + V.Count, V.Count, out var dy);
        for (; n >= V.Count; n -= V.Count)
        {
            V.Store(TZip.Of(V.Load(x), V.Load(y)), to);
            x += dx;
            y += dy;
            to += V.Count;
        }

        if (n > 0)
        {
            Tail(x, dx, n, pad, V.Count);
            Tail(y, dy, n, pad + V.Count, V.Count);
            V.Store(TZip.Of(V.Load(pad), V.Load(pad + V.Count)), pad);
            Unsafe.CopyBlockUnaligned(to, pad, (uint)n * sizeof(float));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Input(
        byte** inputs, int i, uint scalars, float* pad, int count, out int step)
    {
        var at = (float*)inputs[i];
        if ((scalars >> i & 1) == 0)
        {
            step = count;
            return at;
        }

        new Span<float>(pad, count).Fill(*at);
        step = 0;
        return pad;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tail(float* x, int step, long n, float* pad, int count)
    {
        if (step != 0)
        {
            new Span<float>(pad, count).Clear();
            Unsafe.CopyBlockUnaligned(pad, x, (uint)n * sizeof(float));
        }
    }
}
