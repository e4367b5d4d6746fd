namespace Mlx

/// <summary>
/// What an optimizer remembers between steps: tensors by name, such as <c>step</c> and
/// <c>adam.m.hidden.weight</c>. A tree, so it is saved as any other.
/// </summary>
type OptimState = Map<string, Tensor>

/// <summary>
/// One update on its way through the stages of an optimizer: the gradients so far, the parameters
/// so
/// far, and what the stages remember. Arrays hold one element for each leaf of the parameters.
/// </summary>
type Update =
    {
        /// How many updates came before: uint64, no axes.
        Step: Tensor
        /// The tree path of each leaf.
        Paths: string[]
        /// The gradients, as the stages before made them.
        Gradients: Tensor[]
        /// The parameters, as the stages before made them.
        Parameters: Tensor[]
        /// The parameters before the first stage.
        Start: Tensor[]
        /// What was remembered, and first values where nothing was.
        Before: OptimState
        /// What will be remembered.
        After: OptimState
        /// Whether missing memories get first values, or are an error.
        IsFirst: bool
        /// Names of the stages so far, the last one first.
        Stages: string list
    }

/// <summary>
/// An optimizer: a function that gives an update new gradients, new parameters or both. Clipping
/// changes gradients, <c>adam</c> changes parameters; <c>>></c> puts one after the other, and
/// <c>id</c> changes nothing. It works on any tree of parameters.
/// </summary>
/// <example><code>let optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.adamW 1e-3</code></example>
type Optimizer = Update -> Update

/// <summary>Writing stages of optimizers.</summary>
[<RequireQualifiedAccess>]
module Update =
    /// <summary>A stage that remembers something, under a name that no other stage has.</summary>
    /// <example><code>
    /// let count: Optimizer =
    ///     Update.stage "count" (fun update ->
    ///         let n, update = update |> Update.recallOne "n" (Tensor.scalar 0)
    ///         update |> Update.rememberOne "n" (n + 1))
    /// (Optim.init (count >> count) (Tensor.ones [ 2 ])).Keys |> List.ofSeq
    /// // => ["count.n"; "count_2.n"; "step"]
    /// </code></example>
    let stage (name: string) (rule: Optimizer) : Optimizer =
        fun update ->
            let taken n = List.contains n update.Stages

            let unique =
                if taken name then
                    Seq.initInfinite (fun i -> $"{name}_{i + 2}") |> Seq.find (taken >> not)
                else
                    name

            rule { update with Stages = unique :: update.Stages }

    let private key (slot: string) (path: string) (update: Update) =
        match update.Stages with
        | stage :: _ when path <> "" -> $"{stage}.{slot}.{path}"
        | stage :: _ -> $"{stage}.{slot}"
        | [] -> invalidOp "only a stage (Update.stage) remembers"

    let private find key (init: unit -> Tensor) (update: Update) =
        match Map.tryFind key update.Before with
        | Some value -> value, update
        | None when update.IsFirst ->
            let value = init ()
            value, { update with Before = Map.add key value update.Before }
        | None ->
            invalidArg
                "state"
                ($"the optimizer state has no '{key}': make it by Optim.init of this optimizer "
                 + "and these parameters")

    /// <summary>What the stage remembers for each leaf, tensors of any shape; at first, what
    /// <c>init</c> makes of the parameter as it was before all stages.</summary>
    /// <exception cref="T:System.ArgumentException">Nothing is remembered under this name: the
    /// state
    /// was made by another optimizer or for other parameters.</exception>
    /// <example><code>
    /// let heavyBall: Optimizer =
    ///     Update.stage "ball" (fun update ->
    ///         let v, update = update |> Update.recall "v" Tensor.zerosLike
    ///         let v = Array.map2 (fun (v: Tensor) g -> 0.9 * v + g) v update.Gradients
    ///         { update with Gradients = v } |> Update.remember "v" v)
    /// let p = Tensor.zeros [ 2 ]
    /// Optim.init heavyBall p |> Map.find "ball.v"
    /// // => array([0, 0], dtype=float32)
    /// </code></example>
    let recall (slot: string) (init: Tensor -> Tensor) (update: Update) : Tensor[] * Update =
        (update, Array.zip update.Paths update.Start)
        ||> Array.mapFold (fun update (path, parameter) ->
            find (key slot path update) (fun () -> init parameter) update)

    /// <summary>What the stage remembers once for all leaves, a tensor of any shape; at first, the
    /// value given.</summary>
    /// <exception cref="T:System.ArgumentException">Nothing is remembered under this
    /// name.</exception>
    /// <example><code>
    /// let count: Optimizer =
    ///     Update.stage "count" (fun update ->
    ///         let n, update = update |> Update.recallOne "n" (Tensor.scalar 0)
    ///         update |> Update.rememberOne "n" (n + 1))
    /// let p = Tensor.zeros [ 2 ]
    /// let _, state = Optim.update count p (Optim.init count p) p
    /// state["count.n"]
    /// // => array(1, dtype=int32)
    /// </code></example>
    let recallOne (slot: string) (init: Tensor) (update: Update) : Tensor * Update =
        find (key slot "" update) (fun () -> init) update

    /// <summary>Remembers a value for each leaf, in their order; shapes may not change from step to
    /// step.</summary>
    /// <example><code>
    /// let last: Optimizer =
    ///     Update.stage "last" (fun update ->
    ///         let _, update = update |> Update.recall "gradient" Tensor.zerosLike
    ///         update |> Update.remember "gradient" update.Gradients)
    /// let p = Tensor.zeros [ 2 ]
    /// let _, state = Optim.update last (Tensor.ones [ 2 ]) (Optim.init last p) p
    /// state["last.gradient"]
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let remember (slot: string) (values: Tensor[]) (update: Update) : Update =
        { update with
            After =
                (update.After, Array.zip update.Paths values)
                ||> Array.fold (fun after (path, value) ->
                    Map.add (key slot path update) value after) }

    /// <summary>Remembers a value once for all leaves; its shape may not change from step to
    /// step.</summary>
    /// <example><code>
    /// let largest: Optimizer =
    ///     Update.stage "largest" (fun update ->
    ///         let old, update = update |> Update.recallOne "rate" (Tensor.scalar 0.0)
    ///         let now = update.Gradients |> Array.map Tensor.max |> Array.reduce Tensor.maximum
    ///         update |> Update.rememberOne "rate" (old |> Tensor.maximum now))
    /// let p = Tensor.zeros [ 2 ]
    /// let _, state = Optim.update largest (Tensor.ofSeq [ 1.0; 3.0 ]) (Optim.init largest p) p
    /// state["largest.rate"]
    /// // => array(3, dtype=float32)
    /// </code></example>
    let rememberOne (slot: string) (value: Tensor) (update: Update) : Update =
        { update with After = Map.add (key slot "" update) value update.After }

    /// <summary>A stage that takes effect only where a condition, a bool of no axes, holds;
    /// elsewhere gradients, parameters and memories stay. A tensor decides, so the step is traced
    /// once for both ways.</summary>
    /// <example><code>
    /// let odd: Optimizer =
    ///     fun update ->
    ///         let place = update.Step |> Tensor.remainder (Tensor.scalar 2UL)
    ///         let isOdd = place |> Tensor.astype DType.Bool
    ///         update |> Update.onlyIf isOdd (Update.parameters (fun g p -> p - g))
    /// let p, g = Tensor.scalar 5.0, Tensor.scalar 1.0
    /// let step (p, state) _ = Optim.update odd g state p
    /// fst (List.fold step (p, Optim.init odd p) [ 0..3 ]) // steps 1 and 3
    /// // => array(3, dtype=float32)
    /// </code></example>
    let onlyIf (condition: Tensor) (stage: Optimizer) : Optimizer =
        fun update ->
            let next = stage { update with After = Map.empty }
            let choose = Tensor.where condition

            let keep after key value = Map.add key (choose value next.Before[key]) after

            { next with
                Step = update.Step
                Gradients = Array.map2 choose next.Gradients update.Gradients
                Parameters = Array.map2 choose next.Parameters update.Parameters
                After = Map.fold keep update.After next.After }

    /// <summary>Changes each gradient, given it and the parameter, of the same shape.</summary>
    /// <example><code>
    /// let ridge: Optimizer = Update.gradients (fun g p -> g + 0.1 * p)
    /// let step = ridge >> Optim.sgd 1.0
    /// let p = Tensor.ofSeq [ 1.0; -2.0 ]
    /// Optim.update step (Tensor.zeros [ 2 ]) (Optim.init step p) p |> fst
    /// // => array([0.9, -1.8], dtype=float32)
    /// </code></example>
    let gradients (f: Tensor -> Tensor -> Tensor) (update: Update) : Update =
        { update with Gradients = Array.map2 f update.Gradients update.Parameters }

    /// <summary>Changes each parameter, given the gradient, of the same shape, and it.</summary>
    /// <example><code>
    /// let descend: Optimizer = Update.parameters (fun g p -> p - 0.1 * g)
    /// let p = Tensor.ofSeq [ 1.0; 2.0 ]
    /// Optim.update descend (Tensor.ofSeq [ 1.0; -1.0 ]) (Optim.init descend p) p |> fst
    /// // => array([0.9, 2.1], dtype=float32)
    /// </code></example>
    let parameters (f: Tensor -> Tensor -> Tensor) (update: Update) : Update =
        { update with Parameters = Array.map2 f update.Gradients update.Parameters }
