using System.Collections.Concurrent;
using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>Something whose traces can be told.</summary>
internal interface IExplained
{
    CompileExplanation Explain();
}

/// <summary>
/// A function over trees, compiled for each structure, shapes and dtypes of its argument.
/// </summary>
internal sealed class CompiledTree<TIn, TOut>(
    Func<TIn, TOut> function, TreeWalker<TIn> input, TreeWalker<TOut> output) : IExplained
{
    private readonly ConcurrentDictionary<TreeSignature, Lazy<Compiled>> known = [];
    private readonly TraceLog log = new();

    public TOut Invoke(TIn x)
    {
        log.Call();
        var leaves = input.Leaves(x);
        var signature = new TreeSignature(input.Structure(x), leaves);
        var (compiled, traced) = known.GetOrAdd(signature, _ => new(() => New(x))).Value;
        return traced.Result(compiled.Apply(leaves));
    }

    public CompileExplanation Explain() => log.Explain();

    private Compiled New(TIn x)
    {
        var (walker, notes, entries) = (input, log, input.Entries(x));
        var traced = new TracedTree<TIn, TOut>(walker.Hollow(x), function, walker, output);
        var compiled = new CompiledFunction(leaves =>
        {
            var result = traced.Function(leaves);
            notes.Note(entries, leaves);
            return result;
        });
        return new(compiled, traced);
    }

    private sealed record Compiled(CompiledFunction Function, TracedTree<TIn, TOut> Traced);
}

/// <summary>
/// What a compiled function is kept by: the structure of its argument, and each leaf's dtype and
/// shape.
/// </summary>
internal sealed class TreeSignature : IEquatable<TreeSignature>
{
    private readonly TreeStructure structure;
    private readonly int[] shapes;
    private readonly int hash;

    public TreeSignature(TreeStructure structure, ReadOnlySpan<MlxArray> leaves)
    {
        this.structure = structure;
        var length = 0;
        foreach (var leaf in leaves)
        {
            length += leaf.NDim + 2;
        }

        shapes = new int[length];
        var at = 0;
        foreach (var leaf in leaves)
        {
            var shape = leaf.Shape;
            shapes[at] = (int)leaf.DType;
            shapes[at + 1] = shape.Length;
            shape.CopyTo(shapes.AsSpan(at + 2));
            at += 2 + shape.Length;
        }

        var h = new HashCode();
        h.Add(structure);
        h.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(shapes));
        hash = h.ToHashCode();
    }

    public bool Equals(TreeSignature? other) =>
        other is not null
        && other.structure.Equals(structure)
        && other.shapes.AsSpan().SequenceEqual(shapes);

    public override bool Equals(object? obj) => Equals(obj as TreeSignature);

    public override int GetHashCode() => hash;
}
