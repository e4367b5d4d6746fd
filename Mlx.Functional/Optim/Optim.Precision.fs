namespace Mlx

/// <summary>Training in 16 bits: losses scaled so that small gradients survive, and parameters kept
/// in full.</summary>
[<AutoOpen>]
module OptimPrecision =
    /// Gradients as they would be without the scale, taken apart in float32 where they are shorter.
    let private unscaled (scale: Tensor) (update: Update) =
        let divide (g: Tensor) = Tensor.astype g.DType (widened g / scale)
        { update with Gradients = Array.map divide update.Gradients }

    type Optim with

        /// <summary>
        /// For gradients of a loss that was multiplied by a scale: divides them by it before the
        /// optimizer sees them. The steps of <c>TrainStep</c> multiply, and in a loop of one's own
        /// <c>Optim.scaleLoss</c> does. Only float16 needs this; it holds scales up to 2^15.
        /// </summary>
        /// <exception cref="T:System.ArgumentException">The scale is not positive.</exception>
        /// <example><code>
        /// let optimizer = Optim.staticLossScale 1024.0 (Optim.adamW 1e-3)
        /// </code></example>
        static member staticLossScale (scale: float) (optimizer: Optimizer) : Optimizer =
            if not (scale > 0.0 && scale < infinity) then
                invalidArg (nameof scale) $"a scale above 0, not {scale}"

            Update.stage "loss_scale" (fun update ->
                let scale, update = update |> Update.recallOne "scale" (Tensor.scalar scale)
                update |> Update.rememberOne "scale" scale |> unscaled scale |> optimizer)

        /// <summary>
        /// Dynamic loss scaling (<see href="https://arxiv.org/abs/1710.03740">Micikevicius et
        /// al.</see>, with the rules and defaults of PyTorch's <c>GradScaler</c>, but beginning at
        /// 2^15, which float16 still holds): a step whose gradients are not finite is left out and
        /// multiplies the scale by <c>backoff</c>; after <c>interval</c> finite ones in a row it is
        /// multiplied by <c>growth</c>. The steps of <c>TrainStep</c> multiply the loss, and in a
        /// loop of one's own <c>Optim.scaleLoss</c> does. The optimizer's steps and schedules count
        /// the finite ones. As ops of the step it is traced once.
        /// </summary>
        /// <param name="initial">The first scale: 32768.</param>
        /// <param name="growth">2.</param>
        /// <param name="backoff">0.5.</param>
        /// <param name="interval">2000.</param>
        /// <exception cref="T:System.ArgumentException">growth is not above 1, backoff not within 0
        /// and 1, initial not positive, or interval below 1.</exception>
        /// <example><code>
        /// let optimizer = Optim.adamW 1e-3 |> Optim.dynamicLossScale (interval = 1000)
        /// let scaled p batch = loss p batch |> Optim.scaleLoss snapshot.Optimizer
        /// </code></example>
        static member dynamicLossScale
            (?initial: float, ?growth: float, ?backoff: float, ?interval: int)
            : Optimizer -> Optimizer =
            let initial = defaultArg initial 32768.0
            let growth = defaultArg growth 2.0
            let backoff = defaultArg backoff 0.5
            let interval = defaultArg interval 2000

            if not (initial > 0.0 && initial < infinity) then
                invalidArg (nameof initial) $"a scale above 0, not {initial}"

            if not (growth > 1.0) || not (backoff > 0.0 && backoff < 1.0) then
                invalidArg
                    (nameof growth)
                    $"growth above 1 and backoff in (0, 1), not {growth}, {backoff}"

            if interval < 1 then
                invalidArg (nameof interval) $"an interval of at least one step, not {interval}"

            fun optimizer ->
                Update.stage "loss_scale" (fun update ->
                    let scale, update = update |> Update.recallOne "scale" (Tensor.scalar initial)
                    let run, update = update |> Update.recallOne "finite_run" (Tensor.scalar 0)
                    let steps, update = update |> Update.recallOne "steps" (Tensor.scalar 0UL)
                    let update = unscaled scale update
                    let isFinite = isAllFinite update.Gradients
                    let run = Tensor.where isFinite (run + 1) (Tensor.scalar 0)
                    let isDue = run |> Tensor.greaterEqual (Tensor.scalar interval)
                    let grown = Tensor.where isDue (scale * growth) scale

                    update
                    |> Update.rememberOne "scale" (Tensor.where isFinite grown (scale * backoff))
                    |> Update.rememberOne "finite_run" (Tensor.where isDue (Tensor.scalar 0) run)
                    |> Update.rememberOne "steps" (Tensor.where isFinite (steps + 1) steps)
                    |> Update.onlyIf isFinite (fun update ->
                        optimizer { update with Step = steps }))

        /// <summary>What the loss is multiplied by before its gradient is taken: a float32 scalar;
        /// 1 where the optimizer scales no loss.</summary>
        /// <example><code>
        /// let optimizer = Optim.staticLossScale 1024.0 (Optim.adamW 1e-3)
        /// Optim.init optimizer (Tensor.ones [ 2 ]) |> Optim.lossScale
        /// // => array(1024, dtype=float32)
        /// </code></example>
        static member lossScale(state: OptimState) : Tensor =
            match Map.tryFind "loss_scale.scale" state with
            | Some scale -> scale
            | None -> Tensor.scalar 1f

        /// <summary>A loss, a scalar, 16-bit ones in float32, times the scale that the state of
        /// <c>staticLossScale</c> or <c>dynamicLossScale</c> holds.</summary>
        /// <returns>A float32 scalar.</returns>
        /// <example><code>
        /// let state = Optim.init (Optim.staticLossScale 8.0 (Optim.sgd 0.1)) (Tensor.ones [ 2 ])
        /// Tensor.scalar 0.5 |> Optim.scaleLoss state
        /// // => array(4, dtype=float32)
        /// </code></example>
        static member scaleLoss (state: OptimState) (loss: Tensor) : Tensor =
            widened loss * Optim.lossScale state

        /// <summary>
        /// Keeps float32 copies of 16-bit parameters, which the optimizer changes and remembers
        /// beside; the parameters are these, rounded. Small steps, which 16 bits would swallow, add
        /// up.
        /// </summary>
        /// <example><code>
        /// let model = model |> Tree.map (Tensor.astype DType.BFloat16)
        /// let optimizer = Optim.masterWeights (Optim.adamW 1e-4)
        /// </code></example>
        static member masterWeights(optimizer: Optimizer) : Optimizer =
            Update.stage "master" (fun update ->
                // A handle of its own: whoever frees the parameters does not free the copy.
                let copy = Tensor.stopGradient >> widened
                let masters, update = update |> Update.recall "weight" copy

                let inner =
                    optimizer
                        { update with
                            Parameters = masters
                            Start = Array.map widened update.Start
                            Gradients = Array.map widened update.Gradients }

                let rounded =
                    Array.map2
                        (fun (p: Tensor) x -> Tensor.astype p.DType x)
                        update.Parameters
                        inner.Parameters

                // Remembered under the name of this stage, not of the last one inside.
                { inner with
                    Parameters = rounded
                    Gradients = update.Gradients
                    Start = update.Start
                    Stages = update.Stages }
                |> Update.remember "weight" inner.Parameters
                |> fun outer -> { outer with Stages = inner.Stages })
