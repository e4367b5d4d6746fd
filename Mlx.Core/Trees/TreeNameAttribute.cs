namespace Mlx.Core;

/// <summary>
/// The name of a field in the paths of a tree, where snake_case of its own name will not do. A name
/// may hold dots.
/// </summary>
/// <param name="name">The segment of the path.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class TreeNameAttribute(string name) : Attribute
{
    /// <summary>The name.</summary>
    public string Name => name;
}
