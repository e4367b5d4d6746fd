namespace Mlx

open System
open System.Collections.Concurrent
open System.Threading
open Mlx.Core

/// What a state holds: a tree of the user's, or a list on the engine's side (results first), or
/// nothing since a step took it over.
[<NoEquality; NoComparison>]
type internal Held<'S> =
    | Tree of 'S
    | Native of ArrayVector
    | Nothing

/// <summary>
/// The state of a training loop between two fused steps, kept on the engine's side. A step takes it
/// over: afterwards only the new state can be used (<c>TrainStep.fork</c> makes a copy first).
/// </summary>
/// <typeparam name="S">What the step carries on: a tree.</typeparam>
/// <typeparam name="R">What a step answers, such as the loss: a tree.</typeparam>
[<Sealed>]
type TrainState<'S, 'R>
    internal (held: Held<'S>, like: 'S, structure: TreeStructure, results: 'R voption) =
    let mutable held = held

    /// The state as a tree whose leaves do not matter.
    member internal _.Like = like

    member internal _.Structure = structure

    /// The last results as a tree whose leaves do not matter; none before the first step.
    member internal _.Results = results

    member internal _.Held =
        match held with
        | Nothing ->
            raise (
                ObjectDisposedException(
                    "TrainState",
                    "this state went into a step already, or was disposed: go on with the state that "
                    + "the step answered, or keep a copy by TrainStep.fork"
                )
            )
        | held -> held

    /// Whoever takes a list owns it.
    member internal this.Take() =
        let taken = this.Held
        held <- Nothing
        taken

    /// Undoes Take when the step failed.
    member internal _.GiveBack(taken: Held<'S>) = held <- taken

    /// <summary>Frees the state.</summary>
    member _.Dispose() =
        match held with
        | Native vector -> vector.Dispose()
        | _ -> ()

        held <- Nothing

    interface IDisposable with
        member this.Dispose() = this.Dispose()

module internal Flat =
    /// The tree with leaves that hold nothing.
    let hollow (tree: 'T) : 'T =
        use nothing = Tensor.scalar 0
        tree |> Tree.map (fun _ -> nothing)

    /// The step over leaves: what comes out, results before state, has the places of what goes in;
    /// the batch is appended. (No method of the step's class: the engine keeps this function alive,
    /// and it must not keep the traces, whose end is the end of it.)
    let step
        (step: 'S -> 'B -> 'R * 'S)
        (like: 'S)
        (structure: TreeStructure)
        (results: int)
        (batch: 'B)
        =
        let states = Tree.count like

        Func<Tensor[], Tensor[]>(fun inputs ->
            let state = Tree.ofLeaves like inputs[results .. results + states - 1]
            let batch = Tree.ofLeaves batch inputs[results + states ..]
            let result, next = step state batch

            if Tree.structure next <> structure then
                invalidOp "the step answered a state of another structure than it was given"

            Array.append (Tree.leaves result) (Tree.leaves next))

/// <summary>
/// A pure step, traced once for each signature of its inputs and then run as one graph: its state
/// stays on the engine's side, so that a step costs the same few calls however many tensors it
/// holds.
/// </summary>
[<Sealed>]
type TrainStep<'S, 'B, 'R> internal (step: 'S -> 'B -> 'R * 'S) =
    let traces =
        ConcurrentDictionary<struct (TreeStructure * TreeStructure), Lazy<CompiledFunction>>()

    /// A first state as a list, with placeholders where the results will be: the first step has the
    /// signature of all that follow.
    let toNative (state: 'S) (batch: 'B) =
        use _ = Scope.Enter()
        // Built, never computed: it shows the structure, shapes and dtypes of the results.
        let results = fst (step state batch)
        let placeholders = Tree.leaves results |> Array.map Tensor.zerosLike
        let all = Array.append placeholders (Tree.leaves state)
        MlxArray.Eval(ReadOnlySpan all)
        struct (new ArrayVector(ReadOnlySpan all), Flat.hollow results)

    member internal _.Run(batch: 'B, state: TrainState<'S, 'R>) : TrainState<'S, 'R> =
        let held = state.Take()

        try
            let struct (vector, results) =
                match held, state.Results with
                | Native vector, ValueSome results -> struct (vector, results)
                | Tree tree, _ -> toNative tree batch
                | _ -> invalidOp "a state without results"

            let key = struct (state.Structure, Tree.structure batch)

            let make _ =
                lazy
                    (let results = Tree.count results
                     let batch = Flat.hollow batch
                     let flat = Flat.step step state.Like state.Structure results batch
                     new CompiledFunction(flat))

            let compiled = traces.GetOrAdd(key, make).Value
            compiled.Step(vector, ReadOnlySpan(Tree.leaves batch))

            new TrainState<'S, 'R>(Native vector, state.Like, state.Structure, ValueSome results)
        with _ ->
            state.GiveBack held
            reraise ()

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
    let ofFunction (step: 'S -> 'B -> 'R * 'S) : TrainStep<'S, 'B, 'R> = TrainStep step

    /// <summary>The step of an optimizer and a loss that draws at random (dropout), as a pure
    /// function: unfused.</summary>
    let plainRandom
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Random<Tensor>)
        (state: Snapshot<'P>)
        (batch: 'B)
        : Tensor * Snapshot<'P> =
        let key, next = Key.split state.Key

        let value, gradients =
            valueAndGrad (fun p b -> loss p b |> Random.run key) state.Parameters batch

        let parameters, optimizerState =
            Optim.update optimizer gradients state.Optimizer state.Parameters

        value, { Parameters = parameters; Optimizer = optimizerState; Key = next }

    /// <summary>The step of an optimizer and a loss as a pure function: unfused.</summary>
    let plain
        (optimizer: Optimizer)
        (loss: 'P -> 'B -> Tensor)
        (state: Snapshot<'P>)
        (batch: 'B)
        : Tensor * Snapshot<'P> =
        let value, gradients = valueAndGrad loss state.Parameters batch

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
    let startFrom (state: 'S) : TrainState<'S, 'R> =
        new TrainState<'S, 'R>(Tree state, Flat.hollow state, Tree.structure state, ValueNone)

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

    let private slice (vector: ArrayVector) first (like: 'T) : 'T =
        [| for i in 0 .. Tree.count like - 1 -> vector.Get(first + i) |] |> Tree.ofLeaves like

    /// <summary>What the last step answered: the loss, of a step made by <c>fuse</c>.</summary>
    /// <exception cref="T:System.InvalidOperationException">No step has run yet.</exception>
    let result (state: TrainState<'S, 'R>) : 'R =
        match state.Held, state.Results with
        | Native vector, ValueSome like -> slice vector 0 like
        | _ -> invalidOp "no step has run yet, so there is no result"

    /// <summary>What the loop carries on, as a tree.</summary>
    let current (state: TrainState<'S, 'R>) : 'S =
        match state.Held, state.Results with
        | Tree tree, _ -> tree
        | Native vector, ValueSome results -> slice vector (Tree.count results) state.Like
        | _ -> invalidOp "a state without results"

    /// <summary>The parameters as the record they are.</summary>
    let parameters (state: TrainState<Snapshot<'P>, 'R>) : 'P = (current state).Parameters

    /// <summary>The loss of the last step, read at once.</summary>
    let loss (state: TrainState<'S, Tensor>) : float =
        use loss = result state
        Tensor.toFloat loss

    /// <summary>A second state with the same content: both can go on.</summary>
    let fork (state: TrainState<'S, 'R>) : TrainState<'S, 'R> =
        let copy =
            match state.Held with
            | Native vector ->
                use _ = Scope.Enter()
                Native(new ArrayVector(ReadOnlySpan(vector.ToArray())))
            | held -> held

        new TrainState<'S, 'R>(copy, state.Like, state.Structure, state.Results)
