using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// A function over trees as the engine sees it: over their leaves. The structure of the result is
/// learnt when the function runs.
/// </summary>
internal sealed class TracedTree<TIn, TOut>
{
    private readonly TreeWalker<TOut> output;
    private TOut result = default!;
    private bool hasRun;

    public TracedTree(
        TIn like, Func<TIn, TOut> function, TreeWalker<TIn> input, TreeWalker<TOut> output)
    {
        ArgumentNullException.ThrowIfNull(function);
        this.output = output;
        Function = leaves =>
        {
            result = function(input.FromLeaves(like, leaves));
            hasRun = true;
            return output.Leaves(result);
        };
    }

    /// <summary>The function over leaves.</summary>
    public Func<MlxArray[], MlxArray[]> Function { get; }

    /// <summary>The result as the function answered it last.</summary>
    public TOut Like => hasRun ? result : throw new InvalidOperationException("it has not run");

    /// <summary>The result with the leaves that the engine gave back.</summary>
    public TOut Result(MlxArray[] leaves) => output.FromLeaves(Like, leaves);
}
