namespace Mlx.Core;

/// <summary>
/// An index understood against a shape. It is carried out in this order, which NumPy's rules for
/// mixed indices come down to: slice all axes; gather along the axes that integers and arrays
/// select, whose broadcast shape (the block) comes first; move the block to where the first of them
/// stood, if they stand side by side; insert the new axes.
/// </summary>
internal sealed class IndexPlan
{
    private readonly int[] shape;
    private readonly List<Idx> entries = [];
    private int blockAt = -1;

    public IndexPlan(ReadOnlySpan<int> shape, ReadOnlySpan<Idx> index)
    {
        this.shape = shape.ToArray();
        Starts = new int[shape.Length];
        Stops = this.shape.AsSpan().ToArray();
        Steps = new int[shape.Length];
        Steps.AsSpan().Fill(1);
        Sliced = this.shape.AsSpan().ToArray();
        Expand(index);
        UsesArrays = entries.Exists(static e => e.Kind == IdxKind.Array);
        Understand();
    }

    /// <summary>Where each axis is sliced, as the engine's slice takes it.</summary>
    public int[] Starts { get; }

    public int[] Stops { get; }

    public int[] Steps { get; }

    /// <summary>
    /// The shape after slicing; selected axes are whole, or of length one for an integer.
    /// </summary>
    public int[] Sliced { get; }

    public bool IsSliced { get; private set; }

    public bool UsesArrays { get; }

    /// <summary>Axes that integers and arrays select (integers only beside arrays).</summary>
    public List<int> SelectedAxes { get; } = [];

    /// <summary>The integer or array for each selected axis.</summary>
    public List<Idx> Selectors { get; } = [];

    /// <summary>Axes that integers take away where there are no arrays.</summary>
    public List<int> DroppedAxes { get; } = [];

    /// <summary>Places of the new axes in the final shape.</summary>
    public List<int> NewAxes { get; } = [];

    /// <summary>The lengths of the axes that are neither selected nor dropped.</summary>
    public List<int> Kept { get; } = [];

    /// <summary>Kept axes before the block in the final order.</summary>
    public int KeptBeforeBlock { get; private set; }

    /// <summary>The shape of the result, given that of the block.</summary>
    public int[] ResultShape(ReadOnlySpan<int> block)
    {
        var result = new List<int>(Kept);
        result.InsertRange(KeptBeforeBlock, block);
        foreach (var at in NewAxes)
        {
            result.Insert(at, 1);
        }

        return [.. result];
    }

    private void Expand(ReadOnlySpan<Idx> index)
    {
        var used = 0;
        var ellipses = 0;
        foreach (var e in index)
        {
            used += e.Kind is IdxKind.NewAxis or IdxKind.Ellipsis ? 0 : 1;
            ellipses += e.Kind == IdxKind.Ellipsis ? 1 : 0;
        }

        if (ellipses > 1)
        {
            throw new ArgumentException("an index has at most one ellipsis", nameof(index));
        }

        if (used > shape.Length)
        {
            throw new ArgumentException(
                $"{used} indices were given for an array of shape {Shapes.Text(shape)}, which has "
                + $"{shape.Length} axes",
                nameof(index));
        }

        var rest = shape.Length - used;
        foreach (var e in index)
        {
            if (e.Kind != IdxKind.Ellipsis)
            {
                entries.Add(e);
                continue;
            }

            for (; rest > 0; rest--)
            {
                entries.Add(Idx.All);
            }
        }

        for (; rest > 0; rest--)
        {
            entries.Add(Idx.All);
        }
    }

    private void Understand()
    {
        var axis = 0;
        var place = 0;
        var (hasBlock, isOver, isSplit) = (false, false, false);
        foreach (var e in entries)
        {
            if (UsesArrays && e.IsAdvanced)
            {
                isSplit |= isOver;
                if (!hasBlock)
                {
                    (hasBlock, blockAt, KeptBeforeBlock) = (true, place, Kept.Count);
                }
            }
            else
            {
                isOver = hasBlock;
            }

            switch (e.Kind)
            {
                case IdxKind.NewAxis:
                    NewAxes.Add(place++);
                    break;
                case IdxKind.Slice:
                    Kept.Add(Cut(axis, e));
                    axis++;
                    place++;
                    break;
                case IdxKind.At when !UsesArrays:
                    (Starts[axis], Stops[axis]) = (At(axis, e), At(axis, e) + 1);
                    Sliced[axis] = 1;
                    IsSliced = true;
                    DroppedAxes.Add(axis++);
                    break;
                default:
                    Selectors.Add(e.Kind == IdxKind.At ? At(axis, e) : Checked(e));
                    SelectedAxes.Add(axis++);
                    break;
            }
        }

        if (isSplit)
        {
            (blockAt, KeptBeforeBlock) = (0, 0);
        }

        MoveNewAxes();
    }

    // New axes behind the block were placed as if it had no length; the block's rank is the
    // largest.
    private void MoveNewAxes()
    {
        var rank = 0;
        foreach (var s in Selectors)
        {
            rank = Math.Max(rank, s.Array?.NDim ?? 0);
        }

        for (var i = 0; i < NewAxes.Count; i++)
        {
            if (blockAt >= 0 && NewAxes[i] >= blockAt)
            {
                NewAxes[i] += rank;
            }
        }
    }

    private static Idx Checked(Idx e) => e.Array!.DType.IsInteger()
        ? e
        : throw new ArgumentException(
            e.Array.DType == DType.Bool
                ? "a bool array cannot be an index: the shape of the result would depend on its "
                    + "elements; use Ops.Where, or a mask alone in an update"
                : $"an index is {e.Array.DType.Name()}, not an integer array");

    private int At(int axis, Idx e)
    {
        var (i, n) = (e.Start!.Value, shape[axis]);
        return i >= -n && i < n ? i < 0 ? i + n : i : throw new ArgumentOutOfRangeException(
            "index",
            i,
            $"index {i} is outside axis {axis} of an array of shape {Shapes.Text(shape)}");
    }

    /// <summary>Cuts an axis as NumPy does; answers the length left.</summary>
    private int Cut(int axis, Idx e)
    {
        var n = shape[axis];
        var step = e.Step;
        var isDown = step < 0;
        var (low, high) = isDown ? (-1L, n - 1L) : (0L, n);
        var start = Inside(e.Start, isDown ? high : low);
        var stop = Inside(e.Stop, isDown ? low : high);
        var length = isDown
            ? (int)Math.Max(0, (start - stop - step - 1) / -(long)step)
            : (int)Math.Max(0, (stop - start + step - 1) / step);
        if (length < n || isDown)
        {
            IsSliced = true;

            // Empty however the ends lie; and the place before the first is written -n-1.
            Starts[axis] = length == 0 ? 0 : (int)start;
            Stops[axis] = length == 0 ? 0 : stop < 0 ? -n - 1 : (int)stop;
            Steps[axis] = length == 0 ? 1 : step;
            Sliced[axis] = length;
        }

        return length;

        long Inside(int? end, long absent) => end is not { } i
            ? absent
            : Math.Clamp(i < 0 ? i + (long)n : i, low, high);
    }
}
