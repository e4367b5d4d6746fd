using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// A pure step, traced once for each signature of its inputs and then run as one graph: its state
/// stays on the engine's side, so that a step costs the same few calls however many arrays it
/// holds.
/// </summary>
/// <typeparam name="TState">What the step carries on: a tree.</typeparam>
/// <typeparam name="TBatch">What comes from outside: a tree.</typeparam>
/// <typeparam name="TResult">What a step answers, such as the loss: a tree.</typeparam>
public sealed class TrainStep<TState, TBatch, TResult>
{
    private readonly ConcurrentDictionary<(TreeStructure, TreeStructure), Lazy<CompiledFunction>>
        traces = [];

    private readonly TraceLog log = new();
    private readonly Func<TState, TBatch, (TResult Result, TState Next)> step;
    private readonly TreeWalker<TState> states;
    private readonly TreeWalker<TBatch> batches;
    private readonly TreeWalker<TResult> results;

    /// <summary>Fuses a step: a pure function over trees.</summary>
    /// <param name="step">Answers results, and a state of the structure it was given.</param>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public TrainStep(Func<TState, TBatch, (TResult Result, TState Next)> step)
        : this(step, Tree.Walker<TState>(), Tree.Walker<TBatch>(), Tree.Walker<TResult>())
    {
    }

    internal TrainStep(
        Func<TState, TBatch, (TResult Result, TState Next)> step,
        TreeWalker<TState> states,
        TreeWalker<TBatch> batches,
        TreeWalker<TResult> results)
    {
        ArgumentNullException.ThrowIfNull(step);
        (this.step, this.states, this.batches, this.results) = (step, states, batches, results);
    }

    /// <summary>The traces so far, and what made each of them necessary.</summary>
    public CompileExplanation Traces => log.Explain();

    /// <summary>The state to begin with; the tree stays usable.</summary>
    public TrainState<TState, TResult> Start(TState state) => new(state, states);

    /// <summary>
    /// One step. The state given is used up; when the step fails it stays as it was.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The state went into a step already.</exception>
    public TrainState<TState, TResult> Run(TBatch batch, TrainState<TState, TResult> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        log.Call();
        var held = state.Take();
        TrainState<TState, TResult>.Held.Native? native = null;
        try
        {
            native = held as TrainState<TState, TResult>.Held.Native
                ?? Begin(((TrainState<TState, TResult>.Held.Start)held).Tree, batch);
            var key = (state.Structure, batches.Structure(batch));
            var compiled = traces.GetOrAdd(
                key, _ => new(() => new CompiledFunction(Flat(state, batch, native.Results.Count))));
            compiled.Value.Step(native.Vector, batches.Leaves(batch));
            return state.Next(native);
        }
        catch
        {
            if (!ReferenceEquals(held, native))
            {
                native?.Vector.Dispose();
            }

            state.GiveBack(held);
            throw;
        }
    }

    /// <summary>
    /// What a step with this batch costs, found by a few steps of a copy of the state.
    /// </summary>
    /// <remarks>Starts the engine's account of <see cref="Memory.Peak"/> anew.</remarks>
    public StepExplanation Explain(TBatch batch, TrainState<TState, TResult> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var nodes = GraphOf(state.Current, batch);
        var copy = state.Fork();
        try
        {
            // The first one may trace.
            copy = Run(batch, copy);
            var traced = Traces.Traces.Count;
            var crossings = long.MaxValue;
            Memory.ResetPeak();
            for (var i = 0; i < 3; i++)
            {
                // The least of three: finalizers cross, too.
                var before = Engine.Crossings;
                copy = Run(batch, copy);
                crossings = Math.Min(crossings, Engine.Crossings - before);
            }

            var all = Traces;
            return new(crossings, all.Traces.Count - traced, nodes, Memory.Peak, all);
        }
        finally
        {
            copy.Dispose();
        }
    }

    private ComputationGraph GraphOf(TState state, TBatch batch)
    {
        using var scope = Scope.Enter();
        var (result, next) = step(state, batch);
        return ComputationGraph.Of([.. results.Leaves(result), .. states.Leaves(next)]);
    }

    /// <summary>
    /// A first state as a list, with placeholders where the results will be: the first step has the
    /// signature of all that follow.
    /// </summary>
    private TrainState<TState, TResult>.Held.Native Begin(TState state, TBatch batch)
    {
        using var scope = Scope.Enter();

        // Built, never computed: it shows the structure, shapes and dtypes of the results.
        var (result, _) = step(state, batch);
        MlxArray[] all =
        [
            .. results.Leaves(result).Select(static x => Ops.ZerosLike(x)),
            .. TrainState<TState, TResult>.Backwards(states.Leaves(state)),
        ];
        MlxArray.Eval(all);
        return new(new ArrayVector(all), new(results.Hollow(result), results));
    }

    /// <summary>
    /// The step over leaves: what comes out, results before state, has the places of what goes in;
    /// the batch is appended.
    /// </summary>
    /// <remarks>
    /// The engine keeps this function alive, and it must not keep this object and so the traces,
    /// whose end is the end of it: it captures none but what it names.
    /// </remarks>
    private Func<MlxArray[], MlxArray[]> Flat(
        TrainState<TState, TResult> state, TBatch batch, int resultCount) =>
        Flat(
            step,
            (states, state.Like, state.Structure),
            (batches, batches.Hollow(batch)),
            (results, resultCount),
            log);

    private static Func<MlxArray[], MlxArray[]> Flat(
        Func<TState, TBatch, (TResult Result, TState Next)> step,
        (TreeWalker<TState> Walker, TState Like, TreeStructure Structure) state,
        (TreeWalker<TBatch> Walker, TBatch Like) batch,
        (TreeWalker<TResult> Walker, int Count) result,
        TraceLog log)
    {
        var batchStart = result.Count + state.Walker.Count(state.Like);
        List<TreeEntry> entries = [.. state.Walker.Entries(state.Like)];
        batch.Walker.Describe(batch.Like, "batch", entries);
        return inputs =>
        {
            var leaves = TrainState<TState, TResult>.Backwards(inputs[result.Count..batchStart]);
            var (answer, next) = step(
                state.Walker.FromLeaves(state.Like, leaves),
                batch.Walker.FromLeaves(batch.Like, inputs[batchStart..]));
            if (!state.Walker.Structure(next).Equals(state.Structure))
            {
                throw new InvalidOperationException(
                    "the step answered a state of another structure than it was given");
            }

            log.Note(entries, [.. leaves, .. inputs.AsSpan(batchStart)]);
            return
            [
                .. result.Walker.Leaves(answer),
                .. TrainState<TState, TResult>.Backwards(state.Walker.Leaves(next)),
            ];
        };
    }
}
