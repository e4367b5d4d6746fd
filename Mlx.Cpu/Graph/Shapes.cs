namespace Mlx.Cpu.Graph;

/// <summary>
/// Shape arithmetic and the errors that go with it; messages begin with <c>[op]</c>.
/// </summary>
internal static class Shapes
{
    public static readonly int[] Scalar = [];

    public static string Text(ReadOnlySpan<int> shape) => $"({string.Join(",", shape.ToArray())})";

    /// <summary>
    /// Elements of an array. Of none may the bytes wrap round to few: a kernel would write beyond
    /// them.
    /// </summary>
    public static long Size(int[] shape, Dtype dtype)
    {
        try
        {
            long size = 1;
            foreach (var d in shape)
            {
                size = checked(size * d);
            }

            _ = checked(size * dtype.Size());
            return size;
        }
        catch (OverflowException e)
        {
            throw new ArgumentException(
                $"There is no room for an array of shape {Text(shape)} and dtype {dtype.Name()}.",
                e);
        }
    }

    public static long Size(ReadOnlySpan<int> shape)
    {
        long n = 1;
        foreach (var d in shape)
        {
            n *= d;
        }

        return n;
    }

    public static bool Same(ReadOnlySpan<int> a, ReadOnlySpan<int> b) => a.SequenceEqual(b);

    /// <summary>NumPy broadcasting of two shapes.</summary>
    public static int[] Broadcast(int[] a, int[] b, string op = "broadcast_shapes")
    {
        if (ReferenceEquals(a, b) || a.AsSpan().SequenceEqual(b))
        {
            return a;
        }

        var (big, small) = a.Length >= b.Length ? (a, b) : (b, a);
        var shape = (int[])big.Clone();
        var shift = big.Length - small.Length;
        for (var i = 0; i < small.Length; i++)
        {
            var (x, y) = (big[i + shift], small[i]);
            shape[i + shift] = x == y || y == 1 ? x : x == 1 ? y
                : throw new ArgumentException(
                    $"[{op}] Shapes {Text(a)} and {Text(b)} cannot be broadcast.");
        }

        return shape;
    }

    /// <summary>
    /// A possibly negative axis of an array of <paramref name="rank"/> dimensions.
    /// </summary>
    public static int Axis(int axis, int rank, string op)
    {
        var a = axis < 0 ? axis + rank : axis;
        return a >= 0 && a < rank ? a : throw new ArgumentException(
            $"[{op}] Invalid axis {axis} for array with {rank} dimensions.");
    }

    /// <summary>Several axes, sorted; a repeated one is an error.</summary>
    public static int[] SortedAxes(ReadOnlySpan<int> axes, int rank, string op)
    {
        var sorted = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            sorted[i] = Axis(axes[i], rank, op);
        }

        Array.Sort(sorted);
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                throw new ArgumentException($"[{op}] Duplicate axis {sorted[i]} in {Text(axes)}.");
            }
        }

        return sorted;
    }

    public static int[] AllAxes(int rank)
    {
        var axes = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            axes[i] = i;
        }

        return axes;
    }

    /// <summary>
    /// A shape given from outside: no dimension may be negative or the size overflow.
    /// </summary>
    public static int[] Checked(ReadOnlySpan<int> shape, string op)
    {
        long size = 1;
        foreach (var d in shape)
        {
            if (d < 0)
            {
                throw new ArgumentException($"[{op}] Negative dimension in shape {Text(shape)}.");
            }

            size = checked(size * Math.Max(d, 1));
        }

        return shape.ToArray();
    }

    public static int[] Insert(int[] shape, int at, int length)
    {
        var s = new int[shape.Length + 1];
        shape.AsSpan(0, at).CopyTo(s);
        s[at] = length;
        shape.AsSpan(at).CopyTo(s.AsSpan(at + 1));
        return s;
    }

    public static int[] RemoveAt(int[] shape, int at)
    {
        var s = new int[shape.Length - 1];
        shape.AsSpan(0, at).CopyTo(s);
        shape.AsSpan(at + 1).CopyTo(s.AsSpan(at));
        return s;
    }

    public static int[] With(int[] shape, int at, int length)
    {
        var s = (int[])shape.Clone();
        s[at] = length;
        return s;
    }

    /// <summary>Axes after a new axis was put before all of them.</summary>
    public static int[] Shifted(ReadOnlySpan<int> axes)
    {
        var s = new int[axes.Length];
        for (var i = 0; i < s.Length; i++)
        {
            s[i] = axes[i] + 1;
        }

        return s;
    }

    /// <summary>
    /// A shape for <paramref name="size"/> elements in which one dimension may be -1; null if none
    /// fits.
    /// </summary>
    public static int[]? Infer(ReadOnlySpan<int> shape, long size, string op)
    {
        var target = shape.ToArray();
        var open = -1;
        long rest = 1;
        for (var i = 0; i < target.Length; i++)
        {
            if (target[i] >= 0)
            {
                rest *= target[i];
            }
            else if (target[i] != -1)
            {
                return null;
            }
            else if (open >= 0)
            {
                throw new ArgumentException($"[{op}] Can only infer one dimension.");
            }
            else
            {
                open = i;
            }
        }

        if (open < 0)
        {
            return rest == size ? target : null;
        }

        if (rest == 0)
        {
            throw new ArgumentException($"[{op}] Cannot infer the shape of an empty array.");
        }

        if (size % rest != 0 || size / rest > int.MaxValue)
        {
            return null;
        }

        target[open] = (int)(size / rest);
        return target;
    }
}
