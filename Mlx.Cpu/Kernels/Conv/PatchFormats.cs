using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Windows of a convolution as the left operand of a product. The data of A is a pointer to the
/// <see cref="PatchGeometry{T}"/>, and its panels are gathered straight from the input.
/// </summary>
internal readonly unsafe struct LeftPatches<T> : IOperandFormat<T, T, T>
    where T : unmanaged, INumber<T>
{
    public static bool IsInPlace => false;

    public static bool SumsInPlace => true;

    public static void PackA(
        MatrixView<T> a, nint row, nint depthStart, nint rows, nint depth, int width, T* panels)
    {
        ref var geometry = ref *(PatchGeometry<T>*)a.Data;
        var windows = stackalloc Window[width];
        var sources = stackalloc nint[width];
        var window = geometry.WindowAt(row);
        for (nint first = 0; first < rows; first += width, panels += width * depth)
        {
            var lanes = (int)Math.Min(width, rows - first);
            for (var lane = 0; lane < lanes; lane++)
            {
                windows[lane] = window;
                geometry.Next(ref window, row + first + lane);
            }

            if (lanes < width)
            {
                NativeMemory.Clear(panels, (nuint)(width * depth * sizeof(T)));
            }

            nint channels = geometry.Channels;
            var target = panels;
            for (nint at = depthStart; at < depthStart + depth;)
            {
                var (number, channel) = Math.DivRem(at, channels);
                var count = Math.Min(channels - channel, depthStart + depth - at);
                var tap = geometry.TapAt(number);
                for (var lane = 0; lane < lanes; lane++)
                {
                    var source = geometry.At(in windows[lane], in tap);
                    sources[lane] = (nint)(source == geometry.Zeros ? source : source + channel);
                }

                Interleave((T**)sources, lanes, count, width, target);
                at += count;
                target += count * width;
            }
        }
    }

    public static void PackB(
        MatrixView<T> b, nint depthStart, nint column, nint columns, nint depth, int width,
        T* panels) =>
        SameFormat<T>.PackB(b, depthStart, column, columns, depth, width, panels);

    public static void StoreRow(T* sums, T* c, nint count, bool add) =>
        SameFormat<T>.StoreRow(sums, c, count, add);

    /// <summary>target[i * width + lane] = sources[lane][i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(T** sources, int lanes, nint count, int width, T* target)
    {
        var lane = 0;
        for (; lane <= lanes - 4; lane += 4)
        {
            var (s0, s1) = ((nint)sources[lane], (nint)sources[lane + 1]);
            var (s2, s3) = ((nint)sources[lane + 2], (nint)sources[lane + 3]);
            var to = target + lane;
            nint i = 0;
            if (typeof(T) == typeof(float) && Sse.IsSupported)
            {
                for (; i <= count - 4; i += 4, to += 4 * width)
                {
                    Transpose(
                        (float*)s0 + i, (float*)s1 + i, (float*)s2 + i, (float*)s3 + i,
                        (float*)to, width);
                }
            }

            for (; i < count; i++, to += width)
            {
                to[0] = ((T*)s0)[i];
                to[1] = ((T*)s1)[i];
                to[2] = ((T*)s2)[i];
                to[3] = ((T*)s3)[i];
            }
        }

        for (; lane < lanes; lane++)
        {
            var from = sources[lane];
            for (nint i = 0; i < count; i++)
            {
                target[(i * width) + lane] = from[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        float* s0, float* s1, float* s2, float* s3, float* target, int width)
    {
        var r0 = Vector128.Load(s0);
        var r1 = Vector128.Load(s1);
        var r2 = Vector128.Load(s2);
        var r3 = Vector128.Load(s3);
        var low02 = Sse.UnpackLow(r0, r2);
        var low13 = Sse.UnpackLow(r1, r3);
        var high02 = Sse.UnpackHigh(r0, r2);
        var high13 = Sse.UnpackHigh(r1, r3);
        Sse.UnpackLow(low02, low13).Store(target);
        Sse.UnpackHigh(low02, low13).Store(target + width);
        Sse.UnpackLow(high02, high13).Store(target + (2 * width));
        Sse.UnpackHigh(high02, high13).Store(target + (3 * width));
    }
}

/// <summary>
/// Windows of a convolution as the right operand: the gradient of the weights sums over all
/// output positions. The data of B is a pointer to the <see cref="PatchGeometry{T}"/>.
/// </summary>
internal readonly unsafe struct RightPatches<T> : IOperandFormat<T, T, T>
    where T : unmanaged, INumber<T>
{
    public static bool IsInPlace => false;

    public static bool SumsInPlace => true;

    public static void PackA(
        MatrixView<T> a, nint row, nint depthStart, nint rows, nint depth, int width, T* panels) =>
        SameFormat<T>.PackA(a, row, depthStart, rows, depth, width, panels);

    public static void PackB(
        MatrixView<T> b, nint depthStart, nint column, nint columns, nint depth, int width,
        T* panels)
    {
        ref var geometry = ref *(PatchGeometry<T>*)b.Data;
        nint channels = geometry.Channels;
        for (nint first = 0; first < columns; first += width, panels += width * depth)
        {
            var lanes = Math.Min(width, columns - first);
            if (lanes < width)
            {
                NativeMemory.Clear(panels, (nuint)(width * depth * sizeof(T)));
            }

            // A run of lanes in one tap: neighbouring channels of each window.
            for (nint lane = 0; lane < lanes;)
            {
                var (number, channel) = Math.DivRem(column + first + lane, channels);
                var count = Math.Min(channels - channel, lanes - lane);
                var tap = geometry.TapAt(number);
                var window = geometry.WindowAt(depthStart);
                var target = panels + lane;
                for (nint p = 0; p < depth; p++, target += width)
                {
                    var source = geometry.At(in window, in tap);
                    source = source == geometry.Zeros ? source : source + channel;
                    geometry.Next(ref window, depthStart + p);
                    Copy(source, target, count);
                }

                lane += count;
            }
        }
    }

    public static void StoreRow(T* sums, T* c, nint count, bool add) =>
        SameFormat<T>.StoreRow(sums, c, count, add);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(T* from, T* to, nint count)
    {
        if (count == Vector512<T>.Count)
        {
            Vector512.Load(from).Store(to);
        }
        else if (count == 2 * Vector512<T>.Count)
        {
            Vector512.Load(from).Store(to);
            Vector512.Load(from + Vector512<T>.Count).Store(to + Vector512<T>.Count);
        }
        else
        {
            for (nint i = 0; i < count; i++)
            {
                to[i] = from[i];
            }
        }
    }
}
