using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Copies a slice of an operand into the order in which a register tile reads it: for each step
/// along the depth (the summed dimension) the panel's elements side by side.
/// </summary>
/// <remarks>
/// A panel of A has the tile's rows side by side, a panel of B its columns; both are "lanes" here,
/// so one routine serves A, B and their transposes. Lanes beyond the matrix become zeros, and the
/// tiles never have to know.
/// </remarks>
internal static unsafe class PanelPacking
{
    /// <summary>
    /// Packs <paramref name="lanes"/> lanes into panels of <paramref name="width"/>, one after
    /// the other: lane i of a panel at depth p goes to target[p * width + i].
    /// </summary>
    /// <remarks>
    /// Where the lanes adjoin in memory it goes row by row over all the panels it is given, for
    /// rows are often a page apart, and a panel's share of one is too short to be worth the trip.
    /// </remarks>
    public static void Pack<T>(
        T* source, nint laneStride, nint depthStride, nint lanes, nint depth, int width, T* target)
        where T : unmanaged
    {
        nint whole = lanes / width;
        int rest = (int)(lanes % width);
        if (laneStride == 1 && width * sizeof(T) % Vector128<byte>.Count == 0)
        {
            CopyRows(source, depthStride, whole, depth, width, target);
        }
        else
        {
            for (nint panel = 0; panel < whole; panel++)
            {
                PackOne(
                    source + (panel * width * laneStride), laneStride, depthStride, width,
                    depth, width, target + (panel * width * depth));
            }
        }

        if (rest > 0)
        {
            source += whole * width * laneStride;
            target += whole * width * depth;

            // Clearing it all first leaves the loops nothing but the copy.
            NativeMemory.Clear(target, (nuint)(width * depth * sizeof(T)));
            if (laneStride == 1)
            {
                CopyPartialRows(source, depthStride, rest, depth, width, target);
            }
            else
            {
                PackOne(source, laneStride, depthStride, rest, depth, width, target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackOne<T>(
        T* source, nint laneStride, nint depthStride, int lanes, nint depth, int width, T* target)
        where T : unmanaged
    {
        int lane = 0;
        for (; lane <= lanes - 4; lane += 4)
        {
            PackFour(
                source + (lane * laneStride), laneStride, depthStride, depth, width, target + lane);
        }

        for (; lane < lanes; lane++)
        {
            T* from = source + (lane * laneStride);
            T* to = target + lane;
            for (nint p = depth; p > 0; p--, from += depthStride, to += width)
            {
                *to = *from;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRows<T>(
        T* source, nint depthStride, nint panels, nint depth, int width, T* target)
        where T : unmanaged
    {
        int bytes = width * sizeof(T);
        bool wide = bytes % Vector256<byte>.Count == 0;
        for (nint p = 0; p < depth; p++)
        {
            byte* from = (byte*)(source + (p * depthStride));
            byte* to = (byte*)(target + (p * width));
            for (nint panel = 0; panel < panels; panel++, from += bytes, to += bytes * depth)
            {
                if (wide)
                {
                    for (int i = 0; i < bytes; i += Vector256<byte>.Count)
                    {
                        Vector256.Load(from + i).Store(to + i);
                    }
                }
                else
                {
                    for (int i = 0; i < bytes; i += Vector128<byte>.Count)
                    {
                        Vector128.Load(from + i).Store(to + i);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyPartialRows<T>(
        T* source, nint depthStride, int lanes, nint depth, int width, T* target)
        where T : unmanaged
    {
        int four = lanes & ~3;
        for (; depth > 0; depth--, source += depthStride, target += width)
        {
            int i = 0;
            for (; i < four; i += 4)
            {
                Unsafe.CopyBlockUnaligned(target + i, source + i, 4 * (uint)sizeof(T));
            }

            for (; i < lanes; i++)
            {
                target[i] = source[i];
            }
        }
    }

    /// <summary>
    /// Four lanes at a time: a read stream each, and one store of four to each depth step.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackFour<T>(
        T* source, nint laneStride, nint depthStride, nint depth, int width, T* target)
        where T : unmanaged
    {
        T* s0 = source;
        T* s1 = s0 + laneStride;
        T* s2 = s1 + laneStride;
        T* s3 = s2 + laneStride;
        if (typeof(T) == typeof(float) && depthStride == 1 && Vector128.IsHardwareAccelerated)
        {
            for (; depth >= 4; depth -= 4, s0 += 4, s1 += 4, s2 += 4, s3 += 4, target += 4 * width)
            {
                Transpose((float*)s0, (float*)s1, (float*)s2, (float*)s3, (float*)target, width);
            }
        }

        for (; depth > 0; depth--, target += width)
        {
            target[0] = *s0;
            target[1] = *s1;
            target[2] = *s2;
            target[3] = *s3;
            s0 += depthStride;
            s1 += depthStride;
            s2 += depthStride;
            s3 += depthStride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        float* s0, float* s1, float* s2, float* s3, float* target, int width)
    {
        Vector128<float> r0 = Vector128.Load(s0);
        Vector128<float> r1 = Vector128.Load(s1);
        Vector128<float> r2 = Vector128.Load(s2);
        Vector128<float> r3 = Vector128.Load(s3);
        Vector128<float> low02 = InterleaveLow(r0, r2);
        Vector128<float> low13 = InterleaveLow(r1, r3);
        Vector128<float> high02 = InterleaveHigh(r0, r2);
        Vector128<float> high13 = InterleaveHigh(r1, r3);
        InterleaveLow(low02, low13).Store(target);
        InterleaveHigh(low02, low13).Store(target + width);
        InterleaveLow(high02, high13).Store(target + (2 * width));
        InterleaveHigh(high02, high13).Store(target + (3 * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported
            ? Sse.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported
            ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported
            ? Sse.UnpackHigh(a, b)
            : AdvSimd.Arm64.IsSupported
            ? AdvSimd.Arm64.ZipHigh(a, b)
            : Vector128.Create(a[2], b[2], a[3], b[3]);
}
