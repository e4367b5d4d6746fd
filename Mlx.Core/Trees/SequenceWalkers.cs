namespace Mlx.Core.Trees;

/// <summary>An array of trees.</summary>
internal sealed class ArrayWalker<T>(TreeWalker<T> item) : TreeWalker<T[]>
{
    public override bool HasLeaves => true;

    public override int Count(T[] tree)
    {
        var count = 0;
        foreach (var x in tree)
        {
            count += item.Count(x);
        }

        return count;
    }

    public override void Read(T[] tree, ref LeafCursor into)
    {
        foreach (var x in tree)
        {
            item.Read(x, ref into);
        }
    }

    public override T[] Build(T[] like, ref LeafCursor from)
    {
        var result = new T[like.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = item.Build(like[i], ref from);
        }

        return result;
    }

    public override void Skeleton(T[] tree, TreeParts into)
    {
        into.Add(tree.Length);
        foreach (var x in tree)
        {
            item.Skeleton(x, into);
        }
    }

    public override void Describe(T[] tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, $"{tree.Length} items"));
        for (var i = 0; i < tree.Length; i++)
        {
            item.Describe(tree[i], TreePath.Child(path, $"{i}"), into);
        }
    }
}

/// <summary>A list of trees; what is built is a new list.</summary>
internal sealed class ListWalker<TList, T>(TreeWalker<T> item) : TreeWalker<TList>
    where TList : IReadOnlyList<T>
{
    public override bool HasLeaves => true;

    public override int Count(TList tree)
    {
        var count = 0;
        for (var i = 0; i < tree.Count; i++)
        {
            count += item.Count(tree[i]);
        }

        return count;
    }

    public override void Read(TList tree, ref LeafCursor into)
    {
        for (var i = 0; i < tree.Count; i++)
        {
            item.Read(tree[i], ref into);
        }
    }

    public override TList Build(TList like, ref LeafCursor from)
    {
        var result = new List<T>(like.Count);
        for (var i = 0; i < like.Count; i++)
        {
            result.Add(item.Build(like[i], ref from));
        }

        return (TList)(object)result;
    }

    public override void Skeleton(TList tree, TreeParts into)
    {
        into.Add(tree.Count);
        for (var i = 0; i < tree.Count; i++)
        {
            item.Skeleton(tree[i], into);
        }
    }

    public override void Describe(TList tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, $"{tree.Count} items"));
        for (var i = 0; i < tree.Count; i++)
        {
            item.Describe(tree[i], TreePath.Child(path, $"{i}"), into);
        }
    }
}

/// <summary>A dictionary by names; its leaves come in the ordinal order of the names.</summary>
internal sealed class DictionaryWalker<TDictionary, T>(TreeWalker<T> item) : TreeWalker<TDictionary>
    where TDictionary : IReadOnlyDictionary<string, T>
{
    public override bool HasLeaves => true;

    public override int Count(TDictionary tree)
    {
        var count = 0;
        foreach (var x in tree.Values)
        {
            count += item.Count(x);
        }

        return count;
    }

    public override void Read(TDictionary tree, ref LeafCursor into)
    {
        foreach (var key in Keys(tree))
        {
            item.Read(tree[key], ref into);
        }
    }

    public override TDictionary Build(TDictionary like, ref LeafCursor from)
    {
        var result = new Dictionary<string, T>(like.Count);
        foreach (var key in Keys(like))
        {
            result.Add(key, item.Build(like[key], ref from));
        }

        return (TDictionary)(object)result;
    }

    public override void Skeleton(TDictionary tree, TreeParts into)
    {
        into.Add(tree.Count);
        foreach (var key in Keys(tree))
        {
            into.Add(key);
            item.Skeleton(tree[key], into);
        }
    }

    public override void Describe(TDictionary tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, $"keys {string.Join(", ", Keys(tree))}"));
        foreach (var key in Keys(tree))
        {
            item.Describe(tree[key], TreePath.Child(path, key), into);
        }
    }

    private static string[] Keys(TDictionary tree)
    {
        string[] keys = [.. tree.Keys];
        Array.Sort(keys, StringComparer.Ordinal);
        return keys;
    }
}
