namespace Mlx.Core;

/// <summary>An entry whose shape is not the one the tree wants.</summary>
/// <param name="Path">The path in the tree.</param>
/// <param name="Expected">The shape that the tree wants.</param>
/// <param name="Actual">The shape of the entry.</param>
public sealed record MisshapedLeaf(
    string Path, IReadOnlyList<int> Expected, IReadOnlyList<int> Actual)
{
    internal static MisshapedLeaf Between(string path, MlxArray wanted, MlxArray found) =>
        new(path, wanted.Shape.ToArray(), found.Shape.ToArray());
}

/// <summary>
/// Named arrays do not fit a tree. Tells everything that is wrong at once: paths without an entry,
/// entries without a place, and entries of another shape.
/// </summary>
public sealed class TreeMismatchException : Exception
{
    /// <summary>Everything that is wrong.</summary>
    /// <param name="missing">Paths of the tree without an entry.</param>
    /// <param name="unexpected">Names without a place in the tree.</param>
    /// <param name="misshaped">Entries of another shape.</param>
    public TreeMismatchException(
        IReadOnlyList<string> missing,
        IReadOnlyList<string> unexpected,
        IReadOnlyList<MisshapedLeaf> misshaped)
        : base(Text(missing, unexpected, misshaped))
    {
        Missing = missing;
        Unexpected = unexpected;
        Misshaped = misshaped;
    }

    /// <summary>Paths of the tree without an entry.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Names without a place in the tree.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>Entries of another shape.</summary>
    public IReadOnlyList<MisshapedLeaf> Misshaped { get; }

    private static string Text(
        IReadOnlyList<string> missing,
        IReadOnlyList<string> unexpected,
        IReadOnlyList<MisshapedLeaf> misshaped)
    {
        var lines = new List<string> { "the named tensors do not fit the tree" };
        Add("missing", missing);
        Add("unexpected", unexpected);
        Add("of another shape", [.. misshaped.Select(static m =>
            $"{m.Path}: {Shape(m.Expected)} is wanted, {Shape(m.Actual)} was found")]);
        return string.Join('\n', lines);

        void Add(string title, IReadOnlyList<string> entries)
        {
            if (entries.Count > 0)
            {
                lines.Add($"{entries.Count} {title}:");
                lines.AddRange(entries.Select(static e => "  " + e));
            }
        }
    }

    private static string Shape(IReadOnlyList<int> shape) => Shapes.Text([.. shape]);
}
