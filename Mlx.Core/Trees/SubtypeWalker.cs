using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Mlx.Core.Trees;

/// <summary>
/// A record that others derive from: each value is walked as what it is, and its type belongs to
/// the structure. So an abstract record with a derived one for each case is a union.
/// </summary>
[RequiresUnreferencedCode(TreeTypes.Reflects)]
[RequiresDynamicCode(TreeTypes.Compiles)]
internal sealed class SubtypeWalker<T>(Func<Type, TreeWalker> exactly) : TreeWalker<T>
    where T : class
{
    private readonly ConcurrentDictionary<Type, TreeWalker<T>> known = [];

    public override bool HasLeaves => true;

    public override int Count(T tree) => For(tree).Count(tree);

    public override void Read(T tree, ref LeafCursor into) => For(tree).Read(tree, ref into);

    public override T Build(T like, ref LeafCursor from) => For(like).Build(like, ref from);

    public override void Skeleton(T tree, TreeParts into)
    {
        into.Add(tree.GetType());
        For(tree).Skeleton(tree, into);
    }

    public override void Describe(T tree, string path, List<TreeEntry> into)
    {
        into.Add(TreeEntry.Structure(path, tree.GetType().Name));
        For(tree).Describe(tree, path, into);
    }

    private TreeWalker<T> For(T tree)
    {
        ArgumentNullException.ThrowIfNull(tree, "a part of the tree");
        return known.GetOrAdd(tree.GetType(), type =>
        {
            var walker = exactly(type);
            return walker as TreeWalker<T> ?? (TreeWalker<T>)Activator.CreateInstance(
                typeof(Cast<>).MakeGenericType(typeof(T), type), walker)!;
        });
    }

    private sealed class Cast<TDerived>(TreeWalker<TDerived> walker) : TreeWalker<T>
        where TDerived : class, T
    {
        public override bool HasLeaves => walker.HasLeaves;

        public override int Count(T tree) => walker.Count((TDerived)tree);

        public override void Read(T tree, ref LeafCursor into) => walker.Read((TDerived)tree, ref into);

        public override T Build(T like, ref LeafCursor from) => walker.Build((TDerived)like, ref from);

        public override void Skeleton(T tree, TreeParts into) =>
            walker.Skeleton((TDerived)tree, into);

        public override void Describe(T tree, string path, List<TreeEntry> into) =>
            walker.Describe((TDerived)tree, path, into);
    }
}
