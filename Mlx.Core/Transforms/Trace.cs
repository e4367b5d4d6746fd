namespace Mlx.Core;

/// <summary>What of an argument differs between two traces.</summary>
public enum TraceChangeKind
{
    /// <summary>The shape of an array.</summary>
    Shape,

    /// <summary>The dtype of an array.</summary>
    DType,

    /// <summary>A length, a case, a key, or a value that is no array.</summary>
    Structure,
}

/// <summary>A difference between the argument of a trace and that of an earlier one.</summary>
/// <param name="Path">Where in the tree.</param>
/// <param name="Kind">What differs.</param>
/// <param name="Before">How it was in the earlier trace.</param>
/// <param name="After">How it is in this one.</param>
public sealed record TraceChange(string Path, TraceChangeKind Kind, string Before, string After)
{
    /// <summary>In words: <c>'0.weight': shape (4, 3), before (2, 3)</c>.</summary>
    public override string ToString()
    {
        var place = Path.Length == 0 ? "the argument" : $"'{Path}'";
        var what = Kind switch
        {
            TraceChangeKind.Shape => "shape ",
            TraceChangeKind.DType => "dtype ",
            _ => "",
        };
        return $"{place}: {what}{After}, before {Before}";
    }
}

/// <summary>One trace of a compiled function, and what made it necessary.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Nearest">
/// The earlier trace that differs least, to which <paramref name="Changes"/> refer; null for the
/// first one.
/// </param>
/// <param name="Changes">What differs.</param>
public sealed record Trace(int Number, int? Nearest, IReadOnlyList<TraceChange> Changes)
{
    /// <summary>In words.</summary>
    public override string ToString() => Nearest is { } nearest
        ? $"trace {Number}, unlike trace {nearest} in\n"
            + (Changes.Count == 0
                ? "  nothing: the engine had let go of it"
                : string.Join('\n', Changes.Select(static c => $"  {c}")))
        : $"trace {Number}: the first call";
}

/// <summary>How often a compiled function was called and traced, and why.</summary>
/// <param name="Calls">Calls so far.</param>
/// <param name="Traces">All traces, in order.</param>
public sealed record CompileExplanation(long Calls, IReadOnlyList<Trace> Traces)
{
    /// <summary>The traces beyond the first one.</summary>
    public int Retraces => Math.Max(0, Traces.Count - 1);

    /// <summary>In words.</summary>
    public override string ToString() =>
        string.Join('\n', [$"{Calls} calls, {Traces.Count} traces", .. Traces]);
}
