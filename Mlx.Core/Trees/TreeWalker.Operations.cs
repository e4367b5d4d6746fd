namespace Mlx.Core.Trees;

// What both languages do with a walker.
internal abstract partial class TreeWalker<T>
{
    public MlxArray[] Leaves(T tree)
    {
        var count = Count(tree);
        if (count == 0)
        {
            return [];
        }

        var leaves = new MlxArray[count];
        var cursor = new LeafCursor(leaves);
        Read(tree, ref cursor);
        return leaves;
    }

    /// <summary>The tree with other leaves; a tree without any is itself.</summary>
    public T FromLeaves(T like, MlxArray[] leaves)
    {
        var wanted = Count(like);
        if (wanted != leaves.Length)
        {
            throw new ArgumentException(
                $"the tree has {wanted} leaves, {leaves.Length} were given", nameof(leaves));
        }

        var cursor = new LeafCursor(leaves);
        return wanted == 0 ? like : Build(like, ref cursor);
    }

    public List<TreeEntry> Entries(T tree)
    {
        var entries = new List<TreeEntry>();
        Describe(tree, "", entries);
        return entries;
    }

    public string[] Paths(T tree) =>
        [.. Entries(tree).Where(static e => e.IsLeaf).Select(static e => e.Path)];

    public TreeStructure Structure(T tree, bool withValues = true)
    {
        var parts = new TreeParts(withValues);
        Skeleton(tree, parts);
        return new TreeStructure(typeof(T), parts.ToArray());
    }

    /// <summary>The tree with leaves that hold nothing: its structure, to be kept.</summary>
    public T Hollow(T tree)
    {
        using var nothing = MlxArray.Scalar(0);
        var leaves = new MlxArray[Count(tree)];
        Array.Fill(leaves, nothing);
        return FromLeaves(tree, leaves);
    }

    /// <exception cref="ArgumentException">The trees differ; the message names where.</exception>
    public void RequireSame(string caller, T a, T b)
    {
        if (Structure(a, withValues: false).Equals(
            Structure(b, withValues: false)))
        {
            return;
        }

        var (first, second) = (Paths(a), Paths(b));
        string[] differences = [.. Only("first", first, second), .. Only("second", second, first)];
        var told = differences.Length > 0
            ? string.Join("; ", differences)
            : "their leaves have the same paths, but not their cases, keys or lengths";
        throw new ArgumentException($"{caller}: the trees differ: {told}", "tree");

        static string[] Only(string which, string[] some, string[] others)
        {
            string[] paths = [.. some.Except(others)];
            var more = paths.Length > 3 ? $" and {paths.Length - 3} more" : "";
            return paths.Length == 0
                ? []
                : [$"only the {which} has {string.Join(", ", paths.Take(3))}{more}"];
        }
    }

    /// <exception cref="ArgumentException">
    /// Two leaves of one path could not be told apart by name.
    /// </exception>
    public void RequireDistinct(string caller, T tree)
    {
        if (Paths(tree).CountBy(static path => path).FirstOrDefault(static c => c.Value > 1)
            is { Value: > 1 } twice)
        {
            throw new ArgumentException(
                $"{caller}: {twice.Value} leaves of the tree have the path {twice.Key}", "tree");
        }
    }

    /// <summary>The tree with other leaves at some of its paths.</summary>
    /// <exception cref="TreeMismatchException">
    /// An entry has no place in the tree or another shape; it lists all of them.
    /// </exception>
    public T Replace(T tree, IReadOnlyDictionary<string, MlxArray> entries)
    {
        RequireDistinct("Tree.replace", tree);
        return Matched(tree, entries, isComplete: false);
    }

    /// <summary>The tree with all leaves taken by path.</summary>
    /// <exception cref="TreeMismatchException">
    /// Some entries are missing, unexpected or of another shape; it lists all of them.
    /// </exception>
    public T FromNamed(T like, IReadOnlyDictionary<string, MlxArray> entries)
    {
        RequireDistinct("Tree.ofNamed", like);
        return Matched(like, entries, isComplete: true);
    }

    private T Matched(
        T tree, IReadOnlyDictionary<string, MlxArray> entries, bool isComplete)
    {
        var (paths, leaves) = (Paths(tree), Leaves(tree));
        List<string> missing = [];
        List<MisshapedLeaf> misshaped = [];
        for (var i = 0; i < paths.Length; i++)
        {
            if (!entries.TryGetValue(paths[i], out var entry))
            {
                missing.Add(paths[i]);
            }
            else if (entry.Shape.SequenceEqual(leaves[i].Shape))
            {
                leaves[i] = entry;
            }
            else
            {
                misshaped.Add(MisshapedLeaf.Between(paths[i], leaves[i], entry));
            }
        }

        if (!isComplete)
        {
            missing.Clear();
        }

        string[] unexpected = [.. entries.Keys.Except(paths).Order(StringComparer.Ordinal)];
        return missing.Count + unexpected.Length + misshaped.Count == 0
            ? FromLeaves(tree, leaves)
            : throw new TreeMismatchException(missing, unexpected, misshaped);
    }
}
