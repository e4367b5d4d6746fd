namespace Mlx.Core.Trees;

/// <summary>A struct that may be absent: adds no segment to the path.</summary>
internal sealed class NullableWalker<T>(TreeWalker<T> item) : TreeWalker<T?> where T : struct
{
    public override bool HasLeaves => true;

    public override int Count(T? tree) => tree is { } x ? item.Count(x) : 0;

    public override void Read(T? tree, ref LeafCursor into)
    {
        if (tree is { } x)
        {
            item.Read(x, ref into);
        }
    }

    public override T? Build(T? like, ref LeafCursor from) =>
        like is { } x ? item.Build(x, ref from) : null;

    public override void Skeleton(T? tree, TreeParts into)
    {
        into.Add(tree.HasValue);
        if (tree is { } x)
        {
            item.Skeleton(x, into);
        }
    }

    public override void Describe(T? tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, tree.HasValue ? "present" : "absent"));
        if (tree is { } x)
        {
            item.Describe(x, path, into);
        }
    }
}

/// <summary>
/// A reference whose declaration says that it may be null: an array (a layer's bias) or a part.
/// </summary>
internal sealed class OptionalWalker<T>(TreeWalker<T> item) : TreeWalker<T?> where T : class
{
    public override bool HasLeaves => true;

    public override int Count(T? tree) => tree is null ? 0 : item.Count(tree);

    public override void Read(T? tree, ref LeafCursor into)
    {
        if (tree is not null)
        {
            item.Read(tree, ref into);
        }
    }

    public override T? Build(T? like, ref LeafCursor from) =>
        like is null ? null : item.Build(like, ref from);

    public override void Skeleton(T? tree, TreeParts into)
    {
        into.Add(tree is not null);
        if (tree is not null)
        {
            item.Skeleton(tree, into);
        }
    }

    public override void Describe(T? tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, tree is null ? "absent" : "present"));
        if (tree is not null)
        {
            item.Describe(tree, path, into);
        }
    }
}
