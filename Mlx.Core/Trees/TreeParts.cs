namespace Mlx.Core.Trees;

/// <summary>
/// Collects what a tree is apart from its leaves: lengths, cases, keys and, where asked for, the
/// values that are no arrays. Two trees with equal parts have their leaves at the same places.
/// </summary>
internal sealed class TreeParts(bool withValues)
{
    private readonly List<object?> parts = [];

    public void Add(object? part) => parts.Add(part);

    public void AddValue(object? value)
    {
        if (withValues)
        {
            parts.Add(value);
        }
    }

    public object?[] ToArray() => [.. parts];
}
