namespace Mlx

open System
open Mlx.Core

/// <summary>
/// The state of a training loop between two fused steps, kept on the engine's side. A step takes it
/// over: afterwards only the new state can be used (<c>TrainStep.fork</c> makes a copy first).
/// </summary>
/// <typeparam name="S">What the step carries on: a tree.</typeparam>
/// <typeparam name="R">What a step answers, such as the loss: a tree.</typeparam>
type TrainState<'S, 'R> = Mlx.Core.TrainState<'S, 'R>

/// <summary>
/// A pure step, traced once for each signature of its inputs and then run as one graph: its state
/// stays on the engine's side, so that a step costs the same few calls however many tensors it
/// holds.
/// </summary>
type TrainStep<'S, 'B, 'R> = Mlx.Core.TrainStep<'S, 'B, 'R>

/// <summary>What a fused step costs.</summary>
type StepExplanation = Mlx.Core.StepExplanation

/// <summary>Everything a training loop carries from step to step: a tree, to be saved and resumed
/// from.</summary>
type Snapshot<'P> =
    {
        /// The model.
        Parameters: 'P
        /// What the optimizer remembers.
        Optimizer: OptimState
        /// Randomness for what comes next.
        Key: Key
    }

/// <summary>
/// Training steps that run as one graph: loss, gradients, clipping, optimizer, new parameters and
/// state.
/// </summary>
/// <example><code>
/// let step = TrainStep.fuse (Optim.adamW 1e-3) loss
/// let mutable state = TrainStep.start (Optim.adamW 1e-3) model
/// for batch in batches do
///     state &lt;- TrainStep.run step batch state
/// let trained = TrainStep.parameters state
/// </code></example>
[<RequireQualifiedAccess>]
module TrainStep =
    /// <summary>
    /// Fuses any pure step: it takes a state and a batch, both trees, and answers results and the
    /// next state of the same structure. For what <c>fuse</c> does not cover.
    /// </summary>
    let ofFunction (step: 'S -> 'B -> 'R * 'S) : TrainStep<'S, 'B, 'R> =
        let step state batch =
            let result, next = step state batch
            struct (result, next)

        TrainStep<'S, 'B, 'R>(Func<_, _, _>(step), Tree.walker, Tree.walker, Tree.walker)

    /// The loss and its gradient. Where a stage of the optimizer scales the loss (it remembers
    /// <c>loss_scale.scale</c>), the gradient is that of the scaled one, and the loss is not.
    let private slope (loss: 'P -> Tensor) (state: Snapshot<'P>) : Tensor * 'P =
        if Map.containsKey "loss_scale.scale" state.Optimizer then
            let scaled p () =
                let value = loss p
                Optim.scaleLoss state.Optimizer value, value

            let (_, value), gradients = valueAndGradAux scaled state.Parameters ()
            value, gradients
        else
            valueAndGrad (fun p () -> loss p) state.Parameters ()

    /// <summary>The step of an optimizer and a loss that draws at random (dropout), as a pure
    /// function: unfused.</summary>
    let plainRandom
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Random<Tensor>)
        (state: Snapshot<'P>)
        (batch: 'B)
        : Tensor * Snapshot<'P> =
        let key, next = Key.split state.Key
        let value, gradients = state |> slope (fun p -> loss p batch |> Random.run key)

        let parameters, optimizerState =
            Optim.update optimizer gradients state.Optimizer state.Parameters

        value, { Parameters = parameters; Optimizer = optimizerState; Key = next }

    /// <summary>The step of an optimizer and a loss as a pure function: unfused. The loss is scaled
    /// where the optimizer says so.</summary>
    let plain
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Tensor)
        (state: Snapshot<'P>)
        (batch: 'B)
        : Tensor * Snapshot<'P> =
        let value, gradients = state |> slope (fun p -> loss p batch)

        let parameters, optimizerState =
            Optim.update optimizer gradients state.Optimizer state.Parameters

        value, { state with Parameters = parameters; Optimizer = optimizerState }

    /// <summary>
    /// Fuses loss, gradients and optimizer into one step. The loss is a pure function of parameters
    /// and batch, both trees; its answer is one number.
    /// </summary>
    let fuse
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Tensor)
        : TrainStep<Snapshot<'P>, 'B, Tensor> =
        ofFunction (plain optimizer loss)

    /// <summary>The same for a loss that draws at random, as with dropout: each step draws
    /// anew.</summary>
    let fuseRandom
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Random<Tensor>)
        : TrainStep<Snapshot<'P>, 'B, Tensor> =
        ofFunction (plainRandom optimizer loss)

    /// <summary>Where training begins: parameters, a fresh optimizer state and a key.</summary>
    let snapshot (key: Key) (optimizer: Optimizer) (parameters: 'P) : Snapshot<'P> =
        { Parameters = parameters
          Optimizer = Optim.init optimizer parameters
          Key = key }

    /// <summary>The state to begin with, from any tree, such as a snapshot; the tree stays
    /// usable.</summary>
    let startFrom (state: 'S) : TrainState<'S, 'R> = new TrainState<'S, 'R>(state, Tree.walker)

    /// <summary>The state to begin with: parameters and a fresh state of the optimizer.</summary>
    let start (optimizer: Optimizer) (parameters: 'P) : TrainState<Snapshot<'P>, Tensor> =
        startFrom (snapshot (Key.ofSeed 0) optimizer parameters)

    /// <summary>One step. The state given is used up; when the step fails it stays as it
    /// was.</summary>
    /// <exception cref="T:System.ObjectDisposedException">The state went into a step
    /// already.</exception>
    let run
        (step: TrainStep<'S, 'B, 'R>)
        (batch: 'B)
        (state: TrainState<'S, 'R>)
        : TrainState<'S, 'R> =
        step.Run(batch, state)

    /// <summary>What the last step answered: the loss, of a step made by <c>fuse</c>.</summary>
    /// <exception cref="T:System.InvalidOperationException">No step has run yet.</exception>
    let result (state: TrainState<'S, 'R>) : 'R = state.Result

    /// <summary>What the loop carries on, as a tree.</summary>
    let current (state: TrainState<'S, 'R>) : 'S = state.Current

    /// <summary>The parameters as the record they are.</summary>
    let parameters (state: TrainState<Snapshot<'P>, 'R>) : 'P = (current state).Parameters

    /// <summary>The loss of the last step, read at once.</summary>
    let loss (state: TrainState<'S, Tensor>) : float =
        use loss = result state
        Tensor.toFloat loss

    /// <summary>A second state with the same content: both can go on.</summary>
    let fork (state: TrainState<'S, 'R>) : TrainState<'S, 'R> = state.Fork()

    /// <summary>
    /// What a step with this batch costs: crossings, retraces, nodes of the graph, peak bytes, and
    /// all traces with their reasons. Takes a few steps of a copy of the state.
    /// </summary>
    /// <example><code>
    /// let step = TrainStep.fuse optimizer loss
    /// let cost = TrainStep.start optimizer model |> TrainStep.explain step batch
    /// </code></example>
    let explain
        (step: TrainStep<'S, 'B, 'R>)
        (batch: 'B)
        (state: TrainState<'S, 'R>)
        : StepExplanation =
        step.Explain(batch, state)
