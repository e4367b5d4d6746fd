using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// The state of a training loop between two fused steps, kept on the engine's side. A step takes it
/// over: afterwards only the new state can be used (<see cref="Fork"/> makes a copy first).
/// </summary>
/// <typeparam name="TState">What the step carries on: a tree.</typeparam>
/// <typeparam name="TResult">What a step answers, such as the loss: a tree.</typeparam>
public sealed class TrainState<TState, TResult> : IDisposable
{
    private readonly TreeWalker<TState> walker;
    private Held? held;

    internal TrainState(TState start, TreeWalker<TState> walker)
    {
        this.walker = walker;
        Like = walker.Hollow(start);
        Structure = walker.Structure(start);
        held = new Held.Start(start);
    }

    private TrainState(TrainState<TState, TResult> before, Held held)
    {
        (walker, Like, Structure) = (before.walker, before.Like, before.Structure);
        this.held = held;
    }

    /// <summary>What the loop carries on, as a tree.</summary>
    /// <exception cref="ObjectDisposedException">A step took the state over.</exception>
    public TState Current => Content switch
    {
        Held.Start start => start.Tree,
        Held.Native native => walker.FromLeaves(
            Like, Backwards(Slice(native.Vector, native.Results.Count, walker.Count(Like)))),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>What the last step answered.</summary>
    /// <exception cref="InvalidOperationException">No step has run yet.</exception>
    /// <exception cref="ObjectDisposedException">A step took the state over.</exception>
    public TResult Result => Content is Held.Native native
        ? native.Results.Walker.FromLeaves(
            native.Results.Like, Slice(native.Vector, 0, native.Results.Count))
        : throw new InvalidOperationException("no step has run yet, so there is no result");

    /// <summary>The state as a tree whose leaves do not matter.</summary>
    internal TState Like { get; }

    internal TreeStructure Structure { get; }

    private Held Content => held ?? throw new ObjectDisposedException(
        nameof(TrainState<,>),
        "this state went into a step already, or was disposed: go on with the state that the step "
        + "answered, or keep a copy by TrainStep.fork");

    /// <summary>A second state with the same content: both can go on.</summary>
    public TrainState<TState, TResult> Fork()
    {
        if (Content is not Held.Native native)
        {
            return new(this, Content);
        }

        using var scope = Scope.Enter();
        var copy = new ArrayVector(native.Vector.ToArray());
        return new(this, native with { Vector = copy });
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        (held as Held.Native)?.Vector.Dispose();
        held = null;
    }

    /// <summary>Whoever takes the content owns it.</summary>
    internal Held Take()
    {
        var taken = Content;
        held = null;
        return taken;
    }

    /// <summary>Undoes <see cref="Take"/> when the step failed.</summary>
    internal void GiveBack(Held taken) => held = taken;

    internal TrainState<TState, TResult> Next(Held.Native content) => new(this, content);

    /// <summary>
    /// The order of the state's leaves on the engine's side. An engine computes outputs in their
    /// order: so the gradients of a model's last layers come first, and what was kept for them is
    /// free before the first layers' turn. Reverses in place.
    /// </summary>
    internal static MlxArray[] Backwards(MlxArray[] leaves)
    {
        Array.Reverse(leaves);
        return leaves;
    }

    private static MlxArray[] Slice(ArrayVector vector, int first, int count)
    {
        var leaves = new MlxArray[count];
        for (var i = 0; i < count; i++)
        {
            leaves[i] = vector.Get(first + i);
        }

        return leaves;
    }

    /// <summary>
    /// What a state holds: a tree of the user's, or a list on the engine's side, results first.
    /// </summary>
    internal abstract record Held
    {
        public sealed record Start(TState Tree) : Held;

        public sealed record Native(ArrayVector Vector, Results Results) : Held;
    }

    /// <summary>The results as a tree whose leaves do not matter.</summary>
    internal sealed record Results(TResult Like, TreeWalker<TResult> Walker)
    {
        public int Count { get; } = Walker.Count(Like);
    }
}
