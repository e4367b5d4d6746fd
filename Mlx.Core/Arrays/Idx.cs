namespace Mlx.Core;

/// <summary>
/// One entry of an index, with the meaning NumPy and MLX give it: an integer (negative ones count
/// from the end), a range, a stepped slice, a new axis, an ellipsis, or an array of integers. A
/// bool array selects by a mask and stands alone, in an update only.
/// </summary>
/// <example><code>
/// x[0]; x[^1, ..]; x[1..3, Idx.Slice(step: -1)]; x[Idx.Ellipsis, Idx.NewAxis]; x[rows, 2]
/// </code></example>
public readonly struct Idx
{
    private Idx(
        IdxKind kind, int? start = null, int? stop = null, int step = 1, MlxArray? array = null)
    {
        Kind = kind;
        Start = start;
        Stop = stop;
        Step = step;
        Array = array;
    }

    /// <summary>The whole axis, as <c>..</c> and NumPy's <c>:</c>.</summary>
    public static Idx All => default;

    /// <summary>A new axis of length one.</summary>
    public static Idx NewAxis => new(IdxKind.NewAxis);

    /// <summary>As many whole axes as the rest of the index leaves.</summary>
    public static Idx Ellipsis => new(IdxKind.Ellipsis);

    internal IdxKind Kind { get; }

    internal int? Start { get; }

    internal int? Stop { get; }

    // The default struct is the whole axis, so 0 stands for 1.
    internal int Step => field == 0 ? 1 : field;

    internal MlxArray? Array { get; }

    internal bool IsAdvanced => Kind is IdxKind.Array or IdxKind.At;

    /// <summary>
    /// NumPy's <c>start:stop:step</c>: absent ends reach as far as there is, negative ones count
    /// from the end, those beyond are cut.
    /// </summary>
    /// <exception cref="ArgumentException">The step is zero.</exception>
    public static Idx Slice(int? start = null, int? stop = null, int step = 1) => step != 0
        ? new(IdxKind.Slice, start, stop, step)
        : throw new ArgumentException("the step of a slice is zero", nameof(step));

    /// <summary>One element of the axis, which goes away.</summary>
    public static implicit operator Idx(int at) => new(IdxKind.At, at);

    /// <summary>One element of the axis, which goes away.</summary>
    public static implicit operator Idx(Index at) => new(IdxKind.At, FromEnd(at));

    /// <summary>A stretch of the axis.</summary>
    public static implicit operator Idx(Range range) => new(
        IdxKind.Slice,
        range.Start.Equals(Index.End) ? int.MaxValue : FromEnd(range.Start),
        range.End.Equals(Index.End) ? null : FromEnd(range.End));

    /// <summary>The elements at the integers of an array.</summary>
    public static implicit operator Idx(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        return new(IdxKind.Array, array: array);
    }

    /// <summary>As NumPy would write it.</summary>
    public override string ToString() => Kind switch
    {
        IdxKind.At => $"{Start}",
        IdxKind.NewAxis => "None",
        IdxKind.Ellipsis => "...",
        IdxKind.Array => $"array{Shapes.Text(Array!.Shape)}",
        _ => $"{Start}:{Stop}{(Step == 1 ? "" : $":{Step}")}",
    };

    private static int FromEnd(Index i) => i.IsFromEnd ? -i.Value : i.Value;
}

internal enum IdxKind : byte
{
    Slice,
    At,
    NewAxis,
    Ellipsis,
    Array,
}

/// <summary>What <see cref="MlxArray.IndexUpdate"/> does where it is told to.</summary>
public enum UpdateKind
{
    /// <summary>Replaces; of several values for one place any may win.</summary>
    Set,

    /// <summary>Adds, all values for one place.</summary>
    Add,

    /// <summary>Multiplies, by all values for one place.</summary>
    Multiply,

    /// <summary>Keeps the larger.</summary>
    Max,

    /// <summary>Keeps the smaller.</summary>
    Min,
}
