namespace Mlx

/// <summary>Stages around optimizers: which leaves, when, and what to keep besides.</summary>
[<AutoOpen>]
module OptimStages =
    /// Sums and slow averages in 16 bits would swallow what is added to them.
    let internal widened (x: Tensor) =
        if x.DType = DType.Float16 || x.DType = DType.BFloat16 then
            Tensor.astype DType.Float32 x
        else
            x

    let internal isAllFinite (gradients: Tensor[]) =
        gradients
        |> Array.map (Tensor.isfinite >> Tensor.all)
        |> Array.fold (fun all one -> Tensor.logicalAnd one all) (Tensor.scalar true)

    type Optim with

        /// <summary>
        /// Each leaf to the first optimizer that chooses its path, or to the last one
        /// (<c>mlx.optimizers.MultiOptimizer</c>). A clip within a part sees that part only.
        /// </summary>
        /// <example><code>
        /// let isBias (path: string) = path.EndsWith "bias"
        /// let optimizer = Optim.byPath [ isBias, Optim.sgd 0.1 ] (Optim.adamW 1e-3)
        /// </code></example>
        static member byPath
            (parts: seq<(string -> bool) * Optimizer>)
            (otherwise: Optimizer)
            : Optimizer =
            let parts = List.ofSeq parts @ [ (fun _ -> true), otherwise ]
            let part path = parts |> List.findIndex (fun (choose, _) -> choose path)

            parts
            |> Seq.mapi (fun i (_, stage) -> Optim.only (fun path -> part path = i) stage)
            |> Optim.chain

        /// <summary>
        /// Gradient accumulation: adds up gradients, and at every <c>count</c>-th step gives their
        /// mean to the optimizer, whose steps and schedules count those. Between, parameters stay.
        /// 16-bit gradients are added in float32. As ops of the step it is traced once; each step
        /// computes the optimizer's rule, and most forget it.
        /// </summary>
        /// <exception cref="T:System.ArgumentException">The count is below 1.</exception>
        /// <example><code>
        /// let optimizer = Optim.accumulate 4 (Optim.clipByGlobalNorm 1.0 >> Optim.adamW 1e-3)
        /// </code></example>
        static member accumulate (count: int) (optimizer: Optimizer) : Optimizer =
            if count < 1 then
                invalidArg (nameof count) $"gradients of at least one step, not {count}"

            Update.stage "accumulate" (fun update ->
                let sums, update = update |> Update.recall "sum" (Tensor.zerosLike >> widened)
                let sums = Array.map2 (fun sum g -> sum + widened g) sums update.Gradients
                let among = Tensor.scalar (uint64 count)
                let left = (update.Step + 1) |> Tensor.remainder among
                let isLast = left |> Tensor.equal (Tensor.scalar 0UL)
                let rest sum = Tensor.where isLast (Tensor.zerosLike sum) sum

                let means =
                    (sums, update.Gradients)
                    ||> Array.map2 (fun sum g -> Tensor.astype g.DType (sum / float count))

                let inner (update: Update) =
                    optimizer
                        { update with
                            Step = update.Step |> Tensor.floorDivide among
                            Gradients = means }

                update |> Update.remember "sum" (Array.map rest sums) |> Update.onlyIf isLast inner)

        /// <summary>
        /// Leaves parameters and memories as they are at a step with a gradient that is infinite or
        /// not a number. The optimizer's steps and schedules count the others, which the state
        /// holds as <c>finite.steps</c>.
        /// </summary>
        /// <example><code>let optimizer = Optim.skipNonFinite (Optim.adamW 1e-3)</code></example>
        static member skipNonFinite(optimizer: Optimizer) : Optimizer =
            Update.stage "finite" (fun update ->
                let steps, update = update |> Update.recallOne "steps" (Tensor.scalar 0UL)
                let isFinite = isAllFinite update.Gradients

                update
                |> Update.rememberOne "steps" (Tensor.where isFinite (steps + 1) steps)
                |> Update.onlyIf isFinite (fun update -> optimizer { update with Step = steps }))

        /// <summary>
        /// Keeps an exponential moving average of the parameters as the stages before made them:
        /// a = decay a + (1 - decay) p, from the first parameters on, 16-bit ones in float32.
        /// <c>Optim.averaged</c> reads it.
        /// </summary>
        /// <exception cref="T:System.ArgumentException">The decay is not within 0 and
        /// 1.</exception>
        /// <example><code>
        /// let optimizer = Optim.adamW 1e-3 >> Optim.ema 0.999
        /// </code></example>
        static member ema(decay: float) : Optimizer =
            if not (decay >= 0.0 && decay <= 1.0) then
                invalidArg (nameof decay) $"a number within 0 and 1, not {decay}"

            Update.stage "ema" (fun update ->
                // A handle of its own: whoever frees the parameters does not free the average.
                let a, update = update |> Update.recall "mean" (Tensor.stopGradient >> widened)

                update
                |> Update.remember
                    "mean"
                    (Array.map2
                        (fun a p -> decay * a + (1.0 - decay) * widened p)
                        a
                        update.Parameters))

        /// <summary>The averages that <c>Optim.ema</c> keeps, as parameters; leaves without an
        /// average stay.</summary>
        /// <exception cref="T:System.ArgumentException">The state holds no average.</exception>
        /// <example><code>
        /// let optimizer = Optim.sgd 1.0 >> Optim.ema 0.75
        /// let p, slope = Tensor.ofSeq [ 4.0 ], Tensor.ofSeq [ 4.0 ]
        /// let p, state = Optim.update optimizer slope (Optim.init optimizer p) p
        /// p, Optim.averaged state p
        /// // => (array([0], dtype=float32), array([3], dtype=float32))
        /// </code></example>
        static member averaged (state: OptimState) (parameters: 'P) : 'P =
            let find path =
                state |> Map.tryFind (if path = "" then "ema.mean" else $"ema.mean.{path}")

            if Tree.paths parameters |> Array.forall (find >> Option.isNone) then
                invalidArg (nameof state) "the optimizer keeps no averages: add Optim.ema to it"

            parameters
            |> Tree.mapNamed (fun path p ->
                match find path with
                | Some mean -> Tensor.astype p.DType mean
                | None -> p)
