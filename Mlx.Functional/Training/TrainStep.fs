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
    /// <example><code>
    /// let average = // of all that was seen: any tree is carried on, here a pair
    ///     TrainStep.ofFunction (fun (sum: Tensor, n: Tensor) (x: Tensor) ->
    ///         let sum, n = sum + Tensor.sum x, n + x.Size
    ///         sum / n, (sum, n))
    /// TrainStep.startFrom (Tensor.scalar 0.0, Tensor.scalar 0.0)
    /// |> TrainStep.run average (Tensor.ofSeq [ 1.0; 2.0 ])
    /// |> TrainStep.run average (Tensor.ofSeq [ 9.0; 8.0 ])
    /// |> TrainStep.loss
    /// // => 5.0
    /// </code></example>
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
    /// function: unfused. Snapshot and batch are trees, the loss a scalar.</summary>
    /// <example><code>
    /// let noisy (w: Tensor) (x: Tensor) = Nn.dropout 0.5 (x * w) |> Random.map Tensor.sum
    /// let step = TrainStep.plainRandom (Optim.sgd 0.1) noisy
    /// let first = TrainStep.snapshot (Key.ofSeed 0) (Optim.sgd 0.1) (Tensor.ones [ 4 ])
    /// let loss, second = step first (Tensor.ones [ 4 ]) // a dropped element stays 1
    /// second.Parameters
    /// // => array([0.8, 1, 1, 0.8], dtype=float32)
    /// </code></example>
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

    /// <summary>The step of an optimizer and a loss as a pure function: unfused. Snapshot and batch
    /// are trees, the loss a scalar. The loss is scaled where the optimizer says so.</summary>
    /// <example><code>
    /// let step = TrainStep.plain (Optim.sgd 0.1) (fun (w: Tensor) x -> Tensor.sum (w * x))
    /// let first = TrainStep.snapshot (Key.ofSeed 0) (Optim.sgd 0.1) (Tensor.ones [ 2 ])
    /// let loss, second = step first (Tensor.ofSeq [ 1.0; 2.0 ])
    /// loss, second.Parameters
    /// // => (array(3, dtype=float32), array([0.9, 0.8], dtype=float32))
    /// </code></example>
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

    /// <summary>Fuses loss, gradients and optimizer into one step. The loss is a pure function of
    /// parameters and batch, both trees; its answer is a scalar.</summary>
    /// <example><code>
    /// let optimizer = Optim.sgd 0.25
    /// let step = TrainStep.fuse optimizer (fun (w: Tensor) (x: Tensor) -> Tensor.square (w - x))
    /// TrainStep.start optimizer (Tensor.scalar 0.0)
    /// |> TrainStep.run step (Tensor.scalar 1.0)
    /// |> TrainStep.run step (Tensor.scalar 1.0)
    /// |> TrainStep.parameters
    /// // => array(0.75, dtype=float32)
    /// </code></example>
    let fuse
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Tensor)
        : TrainStep<Snapshot<'P>, 'B, Tensor> =
        ofFunction (plain optimizer loss)

    /// <summary>The same for a loss, a scalar, that draws at random, as with dropout: each step
    /// draws anew.</summary>
    /// <example><code>
    /// let optimizer = Optim.adamW 1e-3
    /// let noisy model (x, y) =
    ///     Mlp.forward model x |> Nn.dropout 0.1 |> Random.map (Loss.crossEntropy y >> Tensor.mean)
    /// let step = TrainStep.fuseRandom optimizer noisy
    /// let state = TrainStep.start optimizer model |> TrainStep.run step batch
    /// </code></example>
    let fuseRandom
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Random<Tensor>)
        : TrainStep<Snapshot<'P>, 'B, Tensor> =
        ofFunction (plainRandom optimizer loss)

    /// <summary>Where training begins: parameters, a fresh optimizer state and a key.</summary>
    /// <example><code>
    /// let first = TrainStep.snapshot (Key.ofSeed 0) (Optim.adam 1e-3) (Tensor.ones [ 2 ])
    /// first.Optimizer.Keys |> List.ofSeq
    /// // => ["adam.m"; "adam.v"; "step"]
    /// </code></example>
    let snapshot (key: Key) (optimizer: Optimizer) (parameters: 'P) : Snapshot<'P> =
        { Parameters = parameters
          Optimizer = Optim.init optimizer parameters
          Key = key }

    /// <summary>The state to begin with, from any tree, such as a snapshot; the tree stays
    /// usable.</summary>
    /// <example><code>
    /// let optimizer = Optim.adamW 1e-3
    /// let fresh = TrainStep.snapshot (Key.ofSeed 0) optimizer model
    /// let first = fresh |> Checkpoint.load "run.safetensors"
    /// let state = TrainStep.startFrom first |> TrainStep.run (TrainStep.fuse optimizer loss) batch
    /// </code></example>
    let startFrom (state: 'S) : TrainState<'S, 'R> = new TrainState<'S, 'R>(state, Tree.walker)

    /// <summary>The state to begin with: parameters, a tree, and a fresh state of the
    /// optimizer.</summary>
    /// <example><code>
    /// TrainStep.start (Optim.sgd 0.1) (Tensor.ones [ 2 ]) |> TrainStep.parameters
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let start (optimizer: Optimizer) (parameters: 'P) : TrainState<Snapshot<'P>, Tensor> =
        startFrom (snapshot (Key.ofSeed 0) optimizer parameters)

    /// <summary>One step. The state given is used up; when the step fails it stays as it
    /// was.</summary>
    /// <exception cref="T:System.ObjectDisposedException">The state went into a step
    /// already.</exception>
    /// <example><code>
    /// let optimizer = Optim.adamW 1e-3
    /// let step = TrainStep.fuse optimizer loss
    /// let first = TrainStep.start optimizer model
    /// let last = batches |> Seq.fold (fun state batch -> TrainStep.run step batch state) first
    /// </code></example>
    let run
        (step: TrainStep<'S, 'B, 'R>)
        (batch: 'B)
        (state: TrainState<'S, 'R>)
        : TrainState<'S, 'R> =
        step.Run(batch, state)

    /// <summary>What the last step answered: the loss, of a step made by <c>fuse</c>.</summary>
    /// <exception cref="T:System.InvalidOperationException">No step has run yet.</exception>
    /// <example><code>
    /// let optimizer = Optim.sgd 0.1
    /// let step = TrainStep.fuse optimizer (fun (w: Tensor) (x: Tensor) -> Tensor.sum (w * x))
    /// let state = TrainStep.start optimizer (Tensor.ones [ 2 ])
    /// state |> TrainStep.run step (Tensor.ofSeq [ 1.0; 2.0 ]) |> TrainStep.result
    /// // => array(3, dtype=float32)
    /// </code></example>
    let result (state: TrainState<'S, 'R>) : 'R = state.Result

    /// <summary>What the loop carries on, as a tree.</summary>
    /// <example><code>
    /// let snapshot = TrainStep.start (Optim.adam 1e-3) (Tensor.ones [ 2 ]) |> TrainStep.current
    /// snapshot.Optimizer["step"]
    /// // => array(0, dtype=uint64)
    /// </code></example>
    let current (state: TrainState<'S, 'R>) : 'S = state.Current

    /// <summary>The parameters as the record they are.</summary>
    /// <example><code>
    /// let state = TrainStep.start (Optim.sgd 0.1) {| W = Tensor.ones [ 2 ] |}
    /// (TrainStep.parameters state).W
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let parameters (state: TrainState<Snapshot<'P>, 'R>) : 'P = (current state).Parameters

    /// <summary>The loss of the last step, a scalar, read at once.</summary>
    /// <example><code>
    /// let optimizer = Optim.sgd 0.1
    /// let step = TrainStep.fuse optimizer (fun (w: Tensor) (x: Tensor) -> Tensor.sum (w * x))
    /// let state = TrainStep.start optimizer (Tensor.ones [ 2 ])
    /// state |> TrainStep.run step (Tensor.ofSeq [ 1.0; 2.0 ]) |> TrainStep.loss
    /// // => 3.0
    /// </code></example>
    let loss (state: TrainState<'S, Tensor>) : float =
        use loss = result state
        Tensor.toFloat loss

    /// <summary>A second state with the same content: both can go on.</summary>
    /// <example><code>
    /// let optimizer = Optim.sgd 0.1
    /// let step = TrainStep.fuse optimizer (fun (w: Tensor) (x: Tensor) -> Tensor.sum (w * x))
    /// let state = TrainStep.start optimizer (Tensor.ones [ 1 ])
    /// let other = TrainStep.fork state |> TrainStep.run step (Tensor.ofSeq [ 5.0 ])
    /// TrainStep.parameters state, TrainStep.parameters other
    /// // => (array([1], dtype=float32), array([0.5], dtype=float32))
    /// </code></example>
    let fork (state: TrainState<'S, 'R>) : TrainState<'S, 'R> = state.Fork()

    /// <summary>
    /// What a step with this batch costs: crossings, retraces, nodes of the graph, peak bytes, and
    /// all traces with their reasons. Takes a few steps of a copy of the state.
    /// </summary>
    /// <example><code>
    /// let optimizer = Optim.adamW 1e-3
    /// let step = TrainStep.fuse optimizer loss
    /// let cost = TrainStep.start optimizer model |> TrainStep.explain step batch
    /// printfn "%O" cost
    /// </code></example>
    let explain
        (step: TrainStep<'S, 'B, 'R>)
        (batch: 'B)
        (state: TrainState<'S, 'R>)
        : StepExplanation =
        step.Explain(batch, state)
