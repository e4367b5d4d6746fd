using System.Globalization;
using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// What a function was traced for. Kept apart from the traces, so that the functions given to the
/// engine can write to it without keeping those alive.
/// </summary>
internal sealed class TraceLog
{
    private readonly Lock gate = new();
    private readonly List<Dictionary<string, List<Place>>> arguments = [];
    private readonly List<Trace> traces = [];
    private long calls;

    public void Call() => Interlocked.Increment(ref calls);

    /// <summary>A trace begins, for an argument with these places and leaves.</summary>
    public void Note(IEnumerable<TreeEntry> entries, ReadOnlySpan<MlxArray> leaves)
    {
        var argument = new Dictionary<string, List<Place>>();
        var leaf = 0;
        foreach (var e in entries)
        {
            var place = e.IsLeaf
                ? new Place(true, leaves[leaf].DType, leaves[leaf++].Shape.ToArray(), null)
                : new Place(false, default, [], e.Part);
            if (!argument.TryGetValue(e.Path, out var places))
            {
                argument.Add(e.Path, places = []);
            }

            places.Add(place);
        }

        lock (gate)
        {
            int? nearest = null;
            List<TraceChange> changes = [];
            for (var i = arguments.Count - 1; i >= 0; i--)
            {
                var other = Differences(arguments[i], argument);
                if (nearest is null || other.Count < changes.Count)
                {
                    (nearest, changes) = (i + 1, other);
                }
            }

            arguments.Add(argument);
            traces.Add(new(traces.Count + 1, nearest, changes));
        }
    }

    public CompileExplanation Explain()
    {
        lock (gate)
        {
            return new(Interlocked.Read(ref calls), [.. traces]);
        }
    }

    private static List<TraceChange> Differences(
        Dictionary<string, List<Place>> before, Dictionary<string, List<Place>> after)
    {
        List<TraceChange> changes = [];
        foreach (var (path, places) in after)
        {
            var others = before.GetValueOrDefault(path, []);
            for (var i = 0; i < Math.Max(places.Count, others.Count); i++)
            {
                Compare(
                    path,
                    i < others.Count ? others[i] : null,
                    i < places.Count ? places[i] : null,
                    changes);
            }
        }

        foreach (var (path, others) in before)
        {
            if (!after.ContainsKey(path))
            {
                others.ForEach(place => Compare(path, place, null, changes));
            }
        }

        return changes;
    }

    private static void Compare(
        string path, Place? before, Place? after, List<TraceChange> changes)
    {
        if (before is { IsLeaf: true } b && after is { IsLeaf: true } a)
        {
            if (!a.Shape.AsSpan().SequenceEqual(b.Shape))
            {
                changes.Add(new(
                    path, TraceChangeKind.Shape, Shapes.Text(b.Shape), Shapes.Text(a.Shape)));
            }

            if (a.DType != b.DType)
            {
                changes.Add(new(path, TraceChangeKind.DType, b.DType.Name(), a.DType.Name()));
            }
        }
        else if (before is null || after is null || before.IsLeaf != after.IsLeaf
            || !Equals(before.Part, after.Part))
        {
            var (then, now) = (Text(before), Text(after));
            changes.Add(new(
                path, TraceChangeKind.Structure, then, now == then ? $"another {now}" : now));
        }
    }

    private static string Text(Place? place)
    {
        const int most = 60;
        if (place is null)
        {
            return "nothing";
        }

        if (place.IsLeaf)
        {
            return $"{place.DType.Name()} {Shapes.Text(place.Shape)}";
        }

        var text = Convert.ToString(place.Part, CultureInfo.InvariantCulture) ?? "null";
        return text.Length <= most ? text : text[..most] + "...";
    }

    private sealed record Place(bool IsLeaf, DType DType, int[] Shape, object? Part);
}
