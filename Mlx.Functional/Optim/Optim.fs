namespace Mlx

open System

/// <summary>
/// Optimizers and their stages, with the formulas and defaults of <c>mlx.optimizers</c>. Where a
/// <c>Schedule</c> is wanted a plain <c>float</c> serves.
/// </summary>
/// <example><code>
/// let optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.adamW(1e-3, weightDecay = 0.1)
/// </code></example>
[<AbstractClass; Sealed>]
type Optim private () =
    /// <summary>Stages one after the other; the same as <c>>></c>.</summary>
    /// <example><code>
    /// let optimizer = Optim.chain [ Optim.clipByValue 1.0; Optim.sgd 0.1 ]
    /// let p = Tensor.ofSeq [ 1.0; 2.0 ]
    /// Optim.update optimizer (Tensor.ofSeq [ 50.0; 0.5 ]) (Optim.init optimizer p) p |> fst
    /// // => array([0.9, 1.95], dtype=float32)
    /// </code></example>
    static member chain(stages: seq<Optimizer>) : Optimizer = Seq.fold (>>) id stages

    /// <summary>
    /// The stage for the leaves with certain paths only; the others pass by it unchanged.
    /// </summary>
    /// <example><code>
    /// Optim.only (fun path -> path.EndsWith "weight") (Optim.weightDecay 0.1) >> Optim.adam 1e-3
    /// </code></example>
    static member only (choose: string -> bool) (stage: Optimizer) : Optimizer =
        fun update ->
            let chosen =
                [| for i, path in Array.indexed update.Paths do
                       if choose path then
                           i |]

            let pick (all: 'T[]) = chosen |> Array.map (fun i -> all[i])

            let put (all: Tensor[]) (some: Tensor[]) =
                let all = Array.copy all
                chosen |> Array.iteri (fun k i -> all[i] <- some[k])
                all

            let inner =
                stage
                    { update with
                        Paths = pick update.Paths
                        Gradients = pick update.Gradients
                        Parameters = pick update.Parameters
                        Start = pick update.Start }

            { inner with
                Paths = update.Paths
                Gradients = put update.Gradients inner.Gradients
                Parameters = put update.Parameters inner.Parameters
                Start = update.Start }

    /// <summary>
    /// Scales all gradients so that their norm together is at most <c>maximum</c>
    /// (<c>mlx.optimizers.clip_grad_norm</c>).
    /// </summary>
    /// <example><code>
    /// let optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.sgd 1.0
    /// let p, slope = Tensor.zeros [ 2 ], Tensor.ofSeq [ 30.0; 40.0 ] // of norm 50
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst
    /// // => array([-0.6, -0.8], dtype=float32)
    /// </code></example>
    static member clipByGlobalNorm(maximum: float) : Optimizer =
        fun update ->
            if update.Gradients.Length = 0 then
                update
            else
                let norm =
                    update.Gradients
                    |> Array.map (Tensor.square >> Tensor.sum)
                    |> Array.reduce (+)
                    |> Tensor.sqrt

                let scale = Tensor.minimum (Tensor.beside norm 1.0) (maximum / (norm + 1e-6))
                update |> Update.gradients (fun g _ -> g * Tensor.astype g.DType scale)

    /// <summary>Holds each element of the gradients within <c>bound</c> of 0.</summary>
    /// <example><code>
    /// let optimizer = Optim.clipByValue 1.0 >> Optim.sgd 1.0
    /// let p, slope = Tensor.zeros [ 2 ], Tensor.ofSeq [ 50.0; -0.5 ]
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst
    /// // => array([-1, 0.5], dtype=float32)
    /// </code></example>
    static member clipByValue(bound: float) : Optimizer =
        Update.gradients (fun g _ -> Tensor.clip -bound bound g)

    /// <summary>Adds a multiple of the parameters to the gradients (L2 regularisation).</summary>
    /// <example><code>
    /// let optimizer = Optim.weightDecay 0.1 >> Optim.sgd 0.5
    /// let p, slope = Tensor.ofSeq [ 1.0; -2.0 ], Tensor.zeros [ 2 ]
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst // p - 0.5 (0 + 0.1 p)
    /// // => array([0.95, -1.9], dtype=float32)
    /// </code></example>
    static member weightDecay(rate: float) : Optimizer = Update.gradients (fun g p -> g + rate * p)

    /// <summary>Shrinks the parameters by the learning rate times a rate, whatever the gradients
    /// (decoupled weight decay, Loshchilov and Hutter 2019).</summary>
    /// <example><code>
    /// let optimizer = Optim.decoupledWeightDecay (0.5, 0.1) >> Optim.lion 0.5
    /// let p, slope = Tensor.ofSeq [ 1.0; -2.0 ], Tensor.zeros [ 2 ]
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst
    /// // => array([0.95, -1.9], dtype=float32)
    /// </code></example>
    static member decoupledWeightDecay(learningRate: Schedule, rate: float) : Optimizer =
        fun update ->
            let lr = learningRate.At update.Step

            update |> Update.parameters (fun g p -> p * (1.0 - Tensor.astype g.DType lr * rate))

    /// <summary>
    /// Gradient descent: p - lr g; with momentum m, v = m v + (1 - dampening) g and p - lr v, or
    /// p - lr (g + m v) in Nesterov's form (<c>mlx.optimizers.SGD</c>).
    /// </summary>
    /// <example><code>
    /// let optimizer = Optim.sgd (0.1, momentum = 0.9)
    /// let p, slope = Tensor.scalar 1.0, Tensor.scalar 1.0
    /// let step (p, state) _ = Optim.update optimizer slope state p
    /// fst (List.fold step (p, Optim.init optimizer p) [ 1; 2 ]) // 1 - 0.1 - 0.19
    /// // => array(0.71, dtype=float32)
    /// </code></example>
    static member sgd
        (
            learningRate: Schedule,
            ?momentum: float,
            ?dampening: float,
            ?nesterov: bool,
            ?weightDecay: float
        ) : Optimizer =
        let momentum = defaultArg momentum 0.0
        let dampening = defaultArg dampening 0.0
        let nesterov = defaultArg nesterov false

        if nesterov && (momentum <= 0.0 || dampening <> 0.0) then
            invalidArg (nameof nesterov) "Nesterov momentum wants a momentum and no dampening"

        let decay =
            match weightDecay with
            | Some rate when rate <> 0.0 -> Optim.weightDecay rate
            | _ -> id

        let descend (update: Update) =
            let lr = learningRate.At update.Step
            update |> Update.parameters (fun g p -> p - Tensor.astype g.DType lr * g)

        let accelerate (update: Update) =
            let v, update = update |> Update.recall "v" Tensor.zerosLike

            let v =
                (v, update.Gradients)
                ||> Array.map2 (fun v g ->
                    momentum * v + (if dampening > 0.0 then (1.0 - dampening) * g else g))

            let directions =
                if nesterov then Array.map2 (fun g v -> g + momentum * v) update.Gradients v else v

            { update with Gradients = directions } |> Update.remember "v" v

        if momentum > 0.0 then
            decay >> Update.stage "sgd" accelerate >> descend
        else
            decay >> descend

    /// <summary>
    /// Adam (Kingma and Ba 2015): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
    /// p - lr m / (sqrt v + eps); without bias correction unless asked for
    /// (<c>mlx.optimizers.Adam</c>).
    /// </summary>
    /// <example><code>
    /// let optimizer = Optim.adam (0.1, biasCorrection = true)
    /// let p, slope = Tensor.ofSeq [ 1.0; 1.0 ], Tensor.ofSeq [ 1000.0; -0.1 ]
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst // steps of the rate
    /// // => array([0.900001, 1.1], dtype=float32)
    /// </code></example>
    static member adam
        (learningRate: Schedule, ?betas: float * float, ?eps: float, ?biasCorrection: bool)
        : Optimizer =
        let b1, b2 = defaultArg betas (0.9, 0.999)
        let eps = defaultArg eps 1e-8
        let biasCorrection = defaultArg biasCorrection false

        Update.stage "adam" (fun update ->
            let m, update = update |> Update.recall "m" Tensor.zerosLike
            let v, update = update |> Update.recall "v" Tensor.zerosLike
            let m = Array.map2 (fun m g -> b1 * m + (1.0 - b1) * g) m update.Gradients

            let v =
                Array.map2 (fun v g -> b2 * v + (1.0 - b2) * Tensor.square g) v update.Gradients

            let lr = learningRate.At update.Step

            let next =
                if biasCorrection then
                    let count = Tensor.astype DType.Float32 (update.Step + 1)
                    let power (b: float) = Tensor.power count (Tensor.scalar b)
                    let c1 = lr / (1.0 - power b1)
                    let c2 = Tensor.rsqrt (1.0 - power b2)

                    fun p m (v: Tensor) ->
                        let c1, c2 = Tensor.astype v.DType c1, Tensor.astype v.DType c2
                        p - c1 * m / (Tensor.sqrt v * c2 + eps)
                else
                    fun p m (v: Tensor) -> p - Tensor.astype v.DType lr * m / (Tensor.sqrt v + eps)

            { update with Parameters = Array.map3 next update.Parameters m v }
            |> Update.remember "m" m
            |> Update.remember "v" v)

    /// <summary>
    /// Adam with decoupled weight decay: p (1 - lr rate), then Adam
    /// (<c>mlx.optimizers.AdamW</c>, whose rate is 0.01). With a mask, only leaves whose path it
    /// chooses decay.
    /// </summary>
    /// <example><code>
    /// let optimizer = Optim.adamW (1e-3, mask = fun path -> path.EndsWith "weight")
    /// </code></example>
    static member adamW
        (
            learningRate: Schedule,
            ?betas: float * float,
            ?eps: float,
            ?weightDecay: float,
            ?biasCorrection: bool,
            ?mask: string -> bool
        ) : Optimizer =
        let decay = Optim.decoupledWeightDecay (learningRate, defaultArg weightDecay 0.01)

        (match mask with
         | Some choose -> Optim.only choose decay
         | None -> decay)
        >> Optim.adam (learningRate, ?betas = betas, ?eps = eps, ?biasCorrection = biasCorrection)

    static member private run isFirst (optimizer: Optimizer) gradients state parameters =
        let step =
            match Map.tryFind "step" state with
            | Some step -> step
            | None when isFirst -> Tensor.scalar 0UL
            | None -> invalidArg "state" "the optimizer state has no 'step': make it by Optim.init"

        let leaves = Tree.leaves parameters

        optimizer
            { Step = step
              Paths = Tree.paths parameters
              Gradients = gradients
              Parameters = leaves
              Start = leaves
              Before = Map.add "step" step state
              After = Map.ofList [ "step", step + 1 ]
              IsFirst = isFirst
              Stages = [] }

    /// <summary>The state of an optimizer before its first step, for a tree of
    /// parameters.</summary>
    /// <example><code>
    /// let state = Optim.init (Optim.adam 1e-3) {| W = Tensor.ones [ 2; 3 ] |}
    /// state |> Map.map (fun _ x -> Tensor.shape x)
    /// // => map [("adam.m.w", [2; 3]); ("adam.v.w", [2; 3]); ("step", [])]
    /// </code></example>
    static member init (optimizer: Optimizer) (parameters: 'P) : OptimState =
        Tree.scoped (fun () ->
            // A dry run finds what the stages remember; the rest of its graph is never computed.
            let gradients = Tree.leaves parameters |> Array.map Tensor.zerosLike
            (Optim.run true optimizer gradients Map.empty parameters).Before)

    /// <summary>One step: gradients, state and parameters to new parameters and state. Gradients
    /// and parameters are trees of the same structure and shapes.</summary>
    /// <exception cref="T:System.ArgumentException">The state belongs to another optimizer or to
    /// other parameters.</exception>
    /// <example><code>
    /// let optimizer = Optim.sgd 0.5
    /// let p, slope = {| W = Tensor.ofSeq [ 1.0; 2.0 ] |}, {| W = Tensor.ofSeq [ 1.0; -1.0 ] |}
    /// Optim.update optimizer slope (Optim.init optimizer p) p |> fst
    /// // => {| W = array([0.5, 2.5], dtype=float32) |}
    /// </code></example>
    static member update
        (optimizer: Optimizer)
        (gradients: 'P)
        (state: OptimState)
        (parameters: 'P)
        : 'P * OptimState =
        let update = Optim.run false optimizer (Tree.leaves gradients) state parameters
        Tree.ofLeaves parameters update.Parameters, update.After
