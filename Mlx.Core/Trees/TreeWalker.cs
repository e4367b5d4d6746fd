namespace Mlx.Core.Trees;

/// <summary>What is known about walking one type.</summary>
internal abstract class TreeWalker
{
    /// <summary>Whether a value of the type can hold an array.</summary>
    public abstract bool HasLeaves { get; }
}

/// <summary>
/// Walks the values of one type, leaves in a fixed order. C# and F# differ in which types they know
/// (<see cref="TreeTypes"/>), not in what is done with a walker.
/// </summary>
internal abstract partial class TreeWalker<T> : TreeWalker
{
    /// <summary>The number of leaves.</summary>
    public abstract int Count(T tree);

    /// <summary>Puts the leaves at the cursor.</summary>
    public abstract void Read(T tree, ref LeafCursor into);

    /// <summary>The same tree with the leaves taken from the cursor.</summary>
    public abstract T Build(T like, ref LeafCursor from);

    /// <summary>Adds what the tree is apart from its leaves.</summary>
    public abstract void Skeleton(T tree, TreeParts into);

    /// <summary>Adds all places, the leaves in the order of <see cref="Read"/>.</summary>
    public abstract void Describe(T tree, string path, List<TreeEntry> into);
}

/// <summary>An array.</summary>
internal sealed class LeafWalker : TreeWalker<MlxArray>
{
    public override bool HasLeaves => true;

    public override int Count(MlxArray tree) => 1;

    public override void Read(MlxArray tree, ref LeafCursor into)
    {
        ArgumentNullException.ThrowIfNull(tree, "a leaf of the tree");
        into.Put(tree);
    }

    public override MlxArray Build(MlxArray like, ref LeafCursor from) => from.Take();

    public override void Skeleton(MlxArray tree, TreeParts into)
    {
    }

    public override void Describe(MlxArray tree, string path, List<TreeEntry> into) =>
        into.Add(TreeEntry.Leaf(path));
}

/// <summary>A value without arrays: carried through as it is.</summary>
internal sealed class ValueWalker<T> : TreeWalker<T>
{
    public override bool HasLeaves => false;

    public override int Count(T tree) => 0;

    public override void Read(T tree, ref LeafCursor into)
    {
    }

    public override T Build(T like, ref LeafCursor from) => like;

    public override void Skeleton(T tree, TreeParts into) => into.AddValue(tree);

    public override void Describe(T tree, string path, List<TreeEntry> into) =>
        into.Add(TreeEntry.Structure(path, tree));
}

/// <summary>Stands in for a type that contains itself while its walker is being built.</summary>
internal sealed class LaterWalker<T>(Func<TreeWalker> find) : TreeWalker<T>
{
    private readonly Lazy<TreeWalker<T>> walker = new(() => (TreeWalker<T>)find());

    public override bool HasLeaves => true;

    public override int Count(T tree) => walker.Value.Count(tree);

    public override void Read(T tree, ref LeafCursor into) => walker.Value.Read(tree, ref into);

    public override T Build(T like, ref LeafCursor from) => walker.Value.Build(like, ref from);

    public override void Skeleton(T tree, TreeParts into) => walker.Value.Skeleton(tree, into);

    public override void Describe(T tree, string path, List<TreeEntry> into) =>
        walker.Value.Describe(tree, path, into);
}
