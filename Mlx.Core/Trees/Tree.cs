using System.Diagnostics.CodeAnalysis;
using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// Parameters as plain data. Any record, record struct, tuple, array, <c>List</c> or
/// <c>Dictionary</c> by name of arrays, nested at will, is a tree whose leaves are its arrays; other
/// values (numbers, strings, functions) are part of its structure and carried through unchanged. A
/// record that others derive from is walked as what it is.
/// </summary>
/// <remarks>
/// A leaf's path is made of the names on the way to it: properties in snake_case (or as
/// <see cref="TreeNameAttribute"/> says), positions in tuples, arrays and lists, keys:
/// <c>layers.3.attention.wq</c>.
/// </remarks>
/// <example><code>
/// record Linear(MlxArray Weight, MlxArray? Bias);
/// var halves = Tree.Map(model, static x => x.AsType(DType.Float16));
/// </code></example>
[RequiresUnreferencedCode(TreeTypes.Reflects)]
[RequiresDynamicCode(TreeTypes.Compiles)]
public static class Tree
{
    /// <summary>The number of arrays in a tree.</summary>
    public static int Count<T>(T tree) => Walker<T>().Count(tree);

    /// <summary>The arrays of a tree, in the order of properties, positions and keys.</summary>
    public static MlxArray[] Leaves<T>(T tree) => Walker<T>().Leaves(tree);

    /// <summary>The tree with other arrays, in the order of <see cref="Leaves"/>.</summary>
    /// <exception cref="ArgumentException">There are more or fewer than the tree has.</exception>
    public static T FromLeaves<T>(T like, params MlxArray[] leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        return Walker<T>().FromLeaves(like, leaves);
    }

    /// <summary>The path of each leaf, in the order of <see cref="Leaves"/>.</summary>
    public static string[] Paths<T>(T tree) => Walker<T>().Paths(tree);

    /// <summary>The leaves by path: what <see cref="Safetensors"/> saves.</summary>
    public static Dictionary<string, MlxArray> Named<T>(T tree) =>
        Paths(tree).Zip(Leaves(tree)).ToDictionary(static x => x.First, static x => x.Second);

    /// <summary>The tree with its arrays taken by path, for loading.</summary>
    /// <param name="like">Gives structure and shapes; its own arrays are not used otherwise.</param>
    /// <param name="entries">Arrays by path.</param>
    /// <exception cref="TreeMismatchException">
    /// Some entries are missing, unexpected or of another shape; it lists all of them.
    /// </exception>
    public static T FromNamed<T>(T like, IReadOnlyDictionary<string, MlxArray> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return Walker<T>().FromNamed(like, entries);
    }

    /// <summary>Applies a function to every leaf.</summary>
    public static T Map<T>(T tree, Func<MlxArray, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Walker<T>().FromLeaves(tree, Array.ConvertAll(Leaves(tree), x => function(x)));
    }

    /// <summary>Combines two trees of the same structure leaf by leaf.</summary>
    /// <exception cref="ArgumentException">
    /// The trees differ; the message names the paths.
    /// </exception>
    public static T Zip<T>(T first, T second, Func<MlxArray, MlxArray, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        Walker<T>().RequireSame("Tree.Zip", first, second);
        return Walker<T>().FromLeaves(
            first, [.. Leaves(first).Zip(Leaves(second), (a, b) => function(a, b))]);
    }

    /// <summary>What the tree is apart from its arrays.</summary>
    public static TreeStructure Structure<T>(T tree) => Walker<T>().Structure(tree);

    /// <summary>Computes all leaves in one go; answers the tree.</summary>
    public static T Eval<T>(T tree)
    {
        MlxArray.Eval(Leaves(tree));
        return tree;
    }

    /// <summary>Frees the leaves at once rather than when the collector finds them.</summary>
    public static void Dispose<T>(T tree) =>
        Array.ForEach(Leaves(tree), static x => x.Dispose());

    /// <summary>
    /// Runs a function in a scope: of the arrays made inside, only those of its result survive.
    /// </summary>
    public static T Scoped<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        using var scope = Scope.Enter();
        var tree = function();
        scope.Keep(Leaves(tree));
        return tree;
    }

    internal static TreeWalker<T> Walker<T>() => Of<T>.Walker;

    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    private static class Of<T>
    {
        private static TreeWalker<T>? walker;

        // No static initializer: a type that is refused is refused each time, in the same words.
        public static TreeWalker<T> Walker =>
            walker ??= (TreeWalker<T>)TreeTypes.CSharp.Of(typeof(T));
    }
}
