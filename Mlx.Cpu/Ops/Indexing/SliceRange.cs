using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// start:stop:step along every axis, as NumPy reads it: negative positions count from the end, all
/// are clamped to the array. Starts are stored normalized; stops as given, because -1 means the
/// last element before normalization and "left of the first" after it.
/// </summary>
internal sealed class SliceRange
{
    public readonly int[] Start;
    public readonly int[] Stop;
    public readonly int[] Steps;

    /// <summary>Shape of what is selected.</summary>
    public readonly int[] Shape;

    /// <summary>Everything, in its order.</summary>
    public readonly bool IsAll;

    private SliceRange(int[] shape, int[] start, int[] stop, int[] steps)
    {
        (Start, Stop, Steps) = (start, stop, steps);
        Shape = new int[shape.Length];
        IsAll = true;
        for (var i = 0; i < shape.Length; i++)
        {
            long n = shape[i], step = steps[i];
            var s = start[i] < 0 ? start[i] + n : start[i];
            var e = stop[i] < 0 ? stop[i] + n : stop[i];
            if (step < 0)
            {
                s = Math.Min(s, n - 1);
                e = Math.Min(Math.Max(e, -1), s);
                Shape[i] = (int)((s - e - step - 1) / -step);
            }
            else
            {
                s = Math.Clamp(s, 0, n);
                e = Math.Max(Math.Clamp(e, 0, n), s);
                Shape[i] = (int)((e - s + step - 1) / step);
            }

            Start[i] = (int)s;
            IsAll &= step > 0 && Shape[i] == n;
            if (Shape[i] == 1)
            {
                Steps[i] = 1;
            }
        }
    }

    public static SliceRange Of(
        int[] shape, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> steps,
        string op)
    {
        if (start.Length != shape.Length || stop.Length != shape.Length
            || steps.Length != shape.Length)
        {
            throw new ArgumentException(
                $"[{op}] Invalid number of indices or strides ({start.Length}, {stop.Length}, " +
                $"{steps.Length}) for array of shape {Shapes.Text(shape)}.");
        }

        return !steps.Contains(0)
            ? new SliceRange(shape, start.ToArray(), stop.ToArray(), steps.ToArray())
            : throw new ArgumentException($"[{op}] A stride cannot be 0: {Shapes.Text(steps)}.");
    }

    public (int[] Start, int[] Stop, int[] Steps) Parts => (Start, Stop, Steps);

    /// <summary>
    /// The range that begins and steps as given and selects <paramref name="selected"/> elements of
    /// <paramref name="shape"/>. In files a stop is as it was before anything was normalized, and
    /// the step of a single element is lost, so only this is to be relied on.
    /// </summary>
    public static (int[] Start, int[] Stop, int[] Steps) Selecting(
        int[] shape, int[] start, int[] steps, int[] selected)
    {
        if (start.Length != shape.Length || steps.Length != shape.Length
            || selected.Length != shape.Length)
        {
            throw new ArgumentException(
                $"[slice] Starts {Shapes.Text(start)} and steps {Shapes.Text(steps)} do not " +
                $"select {Shapes.Text(selected)} of {Shapes.Text(shape)}.");
        }

        var parts = ((int[])start.Clone(), new int[shape.Length], (int[])steps.Clone());
        for (var i = 0; i < shape.Length; i++)
        {
            if (selected[i] == 0)
            {
                (parts.Item1[i], parts.Item3[i]) = (0, 1);
                continue;
            }

            var last = start[i] + (long)steps[i] * (selected[i] - 1);
            var stop = steps[i] > 0 ? last + 1 : last > 0 ? last - 1 : -1L - shape[i];
            parts.Item2[i] = (int)Math.Clamp(stop, -1L - shape[i], shape[i]);
        }

        return parts;
    }

    /// <summary>The same range of arrays that have one more axis, taken whole.</summary>
    public (int[] Start, int[] Stop, int[] Steps) Insert(int axis, int length) =>
        (Shapes.Insert(Start, axis, 0), Shapes.Insert(Stop, axis, length),
            Shapes.Insert(Steps, axis, 1));

    /// <summary>Offset of the first element, in elements.</summary>
    public long Offset(long[] strides)
    {
        long offset = 0;
        for (var i = 0; i < strides.Length; i++)
        {
            offset += Shape[i] > 0 ? Start[i] * strides[i] : 0;
        }

        return offset;
    }

    public long[] Strides(long[] strides)
    {
        var s = new long[strides.Length];
        for (var i = 0; i < s.Length; i++)
        {
            s[i] = strides[i] * Steps[i];
        }

        return s;
    }

    public bool SameAs(SliceRange r) =>
        Shapes.Same(Start, r.Start) && Shapes.Same(Stop, r.Stop) && Shapes.Same(Steps, r.Steps);
}
