using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>Axes of several operands looked at together.</summary>
internal static class Axes
{
    /// <summary>
    /// Drops axes of length one and merges neighbours that every operand steps through evenly.
    /// At least one axis is left.
    /// </summary>
    public static (int[] Shape, long[][] Strides) Merge(int[] shape, long[][] strides)
    {
        var merged = new List<int>(shape.Length);
        var kept = new List<int>(shape.Length);
        for (var a = 0; a < shape.Length; a++)
        {
            if (shape[a] == 1)
            {
                continue;
            }

            if (kept.Count > 0 && (long)merged[^1] * shape[a] <= int.MaxValue
                && Joins(strides, kept[^1], a, shape[a]))
            {
                merged[^1] *= shape[a];
                kept[^1] = a;
            }
            else
            {
                merged.Add(shape[a]);
                kept.Add(a);
            }
        }

        if (kept.Count == 0)
        {
            return ([1], [.. strides.Select(_ => new long[] { 0 })]);
        }

        return ([.. merged], [.. strides.Select(s => kept.Select(a => s[a]).ToArray())]);
    }

    /// <summary>
    /// Strides under which data of the given shape and strides, read in row-major order, has the
    /// shape <paramref name="target"/>; null if only a copy can have it.
    /// </summary>
    public static long[]? Restride(int[] shape, long[] strides, int[] target)
    {
        var (merged, steps) = Merge(shape, [strides]);
        var result = new long[target.Length];
        var (axis, left) = (merged.Length - 1, merged[^1]);
        var step = steps[0][axis];
        for (var i = target.Length - 1; i >= 0; i--)
        {
            if (target[i] == 1)
            {
                continue;
            }

            if (left == 1 && axis > 0)
            {
                axis--;
                (left, step) = (merged[axis], steps[0][axis]);
            }

            if (left % target[i] != 0)
            {
                return null;
            }

            result[i] = step;
            step *= target[i];
            left /= target[i];
        }

        return result;
    }

    private static bool Joins(long[][] strides, int outer, int inner, int length)
    {
        foreach (var s in strides)
        {
            if (s[outer] != s[inner] * length)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Moves elements of 1, 2, 4 or 8 bytes between strided and contiguous memory.</summary>
internal static unsafe class Strided
{
    public static void Gather(byte* from, long stride, byte* to, long n, int width)
    {
        switch (width)
        {
            case 1: Gather<byte>(from, stride, to, n); break;
            case 2: Gather<ushort>(from, stride, to, n); break;
            case 4: Gather<uint>(from, stride, to, n); break;
            default: Gather<ulong>(from, stride, to, n); break;
        }
    }

    private static void Gather<T>(byte* from, long stride, byte* to, long n) where T : unmanaged
    {
        var s = (T*)from;
        var d = (T*)to;
        for (long i = 0; i < n; i++)
        {
            d[i] = *s;
            s += stride;
        }
    }

    /// <summary>
    /// Copies <paramref name="n"/> elements, from number <paramref name="start"/> in row-major
    /// order on.
    /// </summary>
    public static void GatherRange(
        byte* from, int[] shape, long[] strides, long start, long n, int width, byte* to)
    {
        switch (width)
        {
            case 1: GatherRange(from, shape, strides, start, n, to); break;
            case 2: GatherRange((ushort*)from, shape, strides, start, n, (ushort*)to); break;
            case 4: GatherRange((uint*)from, shape, strides, start, n, (uint*)to); break;
            default: GatherRange((ulong*)from, shape, strides, start, n, (ulong*)to); break;
        }
    }

    private static void GatherRange<T>(
        T* from, int[] shape, long[] strides, long start, long n, T* to) where T : unmanaged
    {
        var rank = shape.Length;
        var index = stackalloc int[rank];
        var rest = start;
        for (var a = rank - 1; a >= 0; a--)
        {
            (rest, var at) = Math.DivRem(rest, shape[a]);
            index[a] = (int)at;
            from += at * strides[a];
        }

        var inner = shape[rank - 1];
        var step = strides[rank - 1];
        while (true)
        {
            var length = Math.Min(inner - index[rank - 1], n);
            Row(from, step, to, length);
            n -= length;
            if (n == 0)
            {
                return;
            }

            to += length;
            from -= index[rank - 1] * step;
            index[rank - 1] = 0;
            for (var a = rank - 2; a >= 0; a--)
            {
                from += strides[a];
                if (++index[a] < shape[a])
                {
                    break;
                }

                from -= strides[a] * shape[a];
                index[a] = 0;
            }
        }
    }

    /// <summary>Short rows are not worth a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row<T>(T* from, long step, T* to, long n) where T : unmanaged
    {
        if (n < 16 || step is not (0 or 1))
        {
            for (long i = 0; i < n; i++)
            {
                to[i] = *from;
                from += step;
            }
        }
        else if (step == 1)
        {
            Buffer.MemoryCopy(from, to, n * sizeof(T), n * sizeof(T));
        }
        else
        {
            new Span<T>(to, (int)n).Fill(*from);
        }
    }

    /// <summary>Copies the elements of <paramref name="source"/> in row-major order.</summary>
    public static void CopyRow(Node source, byte* target)
    {
        if (source.Size == 0)
        {
            return;
        }

        if (source.IsRow)
        {
            Buffer.MemoryCopy(source.Data, target, source.Bytes, source.Bytes);
            return;
        }

        var (shape, strides) = Axes.Merge(source.Shape, [source.Strides]);
        CopyRow(source.Data, shape, strides[0], source.Dtype.Size(), target);
    }

    private static void CopyRow(byte* from, int[] shape, long[] strides, int width, byte* to)
    {
        var rank = shape.Length;
        var inner = shape[rank - 1];
        var step = strides[rank - 1];
        var index = stackalloc int[rank];
        for (var a = 0; a < rank; a++)
        {
            index[a] = 0;
        }

        while (true)
        {
            if (step == 1)
            {
                Buffer.MemoryCopy(from, to, (long)inner * width, (long)inner * width);
            }
            else
            {
                Gather(from, step, to, inner, width);
            }

            to += (long)inner * width;
            var axis = rank - 2;
            for (; axis >= 0; axis--)
            {
                from += strides[axis] * width;
                if (++index[axis] < shape[axis])
                {
                    break;
                }

                from -= strides[axis] * shape[axis] * width;
                index[axis] = 0;
            }

            if (axis < 0)
            {
                return;
            }
        }
    }
}
