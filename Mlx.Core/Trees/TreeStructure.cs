namespace Mlx.Core;

/// <summary>
/// What a tree is apart from its arrays: its type, lengths, cases, keys and the values that are no
/// arrays. Trees of equal structure have their leaves at the same places, so the structure is what
/// traced functions are kept by.
/// </summary>
public sealed class TreeStructure : IEquatable<TreeStructure>
{
    private readonly Type root;
    private readonly object?[] parts;
    private readonly int hash;

    internal TreeStructure(Type root, object?[] parts)
    {
        this.root = root;
        this.parts = parts;
        var h = new HashCode();
        h.Add(root);
        foreach (var part in parts)
        {
            h.Add(part);
        }

        hash = h.ToHashCode();
    }

    /// <inheritdoc/>
    public bool Equals(TreeStructure? other) =>
        other is not null && other.root == root && other.parts.AsSpan().SequenceEqual(parts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TreeStructure);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}
