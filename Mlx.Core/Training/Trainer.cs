using System.Diagnostics.CodeAnalysis;
using Mlx.Core.Trees;

namespace Mlx.Core;

/// <summary>
/// Trains a model, a tree of arrays, by fused steps: loss, gradients, optimizer and new parameters
/// are traced once and then are one compiled graph over arrays that stay on the engine's side. Used
/// by one thread at a time.
/// </summary>
/// <typeparam name="TModel">The parameters: a record, tuple, array ... of floating arrays.</typeparam>
/// <typeparam name="TBatch">What a step is given: a tree.</typeparam>
/// <example><code>
/// using var trainer = new Trainer&lt;Mlp, (MlxArray X, MlxArray Y)&gt;(
///     model, UpdateRule.AdamW(1e-3), (p, b) => Loss(p, b.X, b.Y));
/// foreach (var batch in batches) trainer.Step(batch);
/// Console.WriteLine(trainer.Loss);
/// Mlp trained = trainer.Model;
/// </code></example>
[RequiresUnreferencedCode(TreeTypes.Reflects)]
[RequiresDynamicCode(TreeTypes.Compiles)]
public sealed class Trainer<TModel, TBatch> : IDisposable
{
    private readonly TrainStep<Training, TBatch, MlxArray> step;
    private TrainState<Training, MlxArray> state;

    /// <summary>Prepares to train; nothing is traced before the first step.</summary>
    /// <param name="model">Where to begin; it stays usable.</param>
    /// <param name="optimizer">What makes new parameters of gradients.</param>
    /// <param name="loss">A pure function of parameters and batch that answers one number.</param>
    public Trainer(TModel model, UpdateRule optimizer, Func<TModel, TBatch, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var gradient = Transforms.ValueAndGrad(loss);
        step = new((before, batch) =>
        {
            var (value, slope) = gradient(before.Model, batch);
            var parameters = Tree.Leaves(before.Model);
            MlxArray[][] slots = [.. before.Slots.Select(static s => (MlxArray[])s.Clone())];
            optimizer.Update(
                before.Steps.AsType(DType.Float32), Tree.Leaves(slope), parameters, slots);
            return (
                value,
                new(Tree.FromLeaves(before.Model, parameters), slots, before.Steps + 1));
        });

        using var scope = Scope.Enter();
        MlxArray[][] zeros =
        [
            .. Enumerable.Range(0, optimizer.Slots)
                .Select(_ => Array.ConvertAll(Tree.Leaves(model), static p => Ops.ZerosLike(p))),
        ];
        var start = new Training(model, zeros, MlxArray.Scalar(0UL));
        scope.Keep([.. zeros.SelectMany(static z => z), start.Steps]);
        state = step.Start(start);
    }

    /// <summary>The loss that the last step began with, read at once.</summary>
    /// <exception cref="InvalidOperationException">No step was done.</exception>
    public float Loss
    {
        get
        {
            using var loss = state.Result;
            using var single = loss.AsType(DType.Float32);
            return single.Item<float>();
        }
    }

    /// <summary>How many steps were done, those before a <see cref="Load"/> included.</summary>
    public long Steps => Read(static x => (long)x.Steps.Item<ulong>());

    /// <summary>The parameters now, as the tree they are.</summary>
    public TModel Model
    {
        get
        {
            using var scope = Scope.Enter();
            var model = state.Current.Model;
            scope.Keep(Tree.Leaves(model));
            return model;
        }
    }

    /// <summary>The traces so far, and what made each of them necessary.</summary>
    public CompileExplanation Traces => step.Traces;

    /// <summary>One step. When it fails, all is as it was.</summary>
    public void Step(TBatch batch) => state = step.Run(batch, state);

    /// <summary>What a step with this batch costs.</summary>
    public StepExplanation Explain(TBatch batch) => step.Explain(batch, state);

    /// <summary>
    /// Writes parameters and all that training goes on from to a safetensors file, which is there
    /// whole or not at all.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => Read(x =>
    {
        Safetensors.Save(path, Tree.Named(x));
        return true;
    });

    /// <summary>Goes on from a file, to the bit.</summary>
    /// <exception cref="TreeMismatchException">It is of another model or optimizer.</exception>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Load(string path)
    {
        using var scope = Scope.Enter();
        var loaded = Tree.FromNamed(state.Current, Safetensors.Load(path).Arrays);
        scope.Keep(Tree.Leaves(loaded));
        state.Dispose();
        state = step.Start(loaded);
    }

    /// <summary>Frees what training holds.</summary>
    public void Dispose() => state.Dispose();

    private T Read<T>(Func<Training, T> read)
    {
        using var scope = Scope.Enter();
        return read(state.Current);
    }

    /// <summary>Everything that a step goes on from: a tree.</summary>
    private sealed record Training(TModel Model, MlxArray[][] Slots, MlxArray Steps);
}
