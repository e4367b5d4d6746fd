namespace Mlx.Core.Trees;

/// <summary>
/// A place in a tree: a leaf, or a part of the structure (a length, a case, a value that is no
/// array).
/// </summary>
/// <param name="Path">Its name; several places may share one, as an option and what is in it.</param>
/// <param name="IsLeaf">True for an array.</param>
/// <param name="Part">Of the structure: what is there.</param>
internal readonly record struct TreeEntry(string Path, bool IsLeaf, object? Part)
{
    public static TreeEntry Leaf(string path) => new(path, true, null);

    public static TreeEntry Structure(string path, object? part) => new(path, false, part);
}
