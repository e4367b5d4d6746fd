namespace Mlx

/// <summary>Adafactor, which remembers rows and columns of a matrix instead of its
/// elements.</summary>
[<AutoOpen>]
module OptimAdafactor =
    let private rootMeanSquare x = x |> Tensor.square |> Tensor.mean |> Tensor.sqrt
    let private isFactored (x: Tensor) = x.NDim >= 2

    /// A memory of one number where the leaf has no use for it: every leaf has every slot, so the
    /// arrays of an update stay as long as its paths.
    let private unused (x: Tensor) = Tensor.zerosOf x.DType []

    let private meanOver axis (x: Tensor) =
        if isFactored x then Tensor.meanAxis axis x else unused x

    /// 1 / sqrt of the rank-one matrix whose rows and columns have these means.
    let private inverseRoot (row: Tensor) (column: Tensor) =
        let rows = row / Tensor.meanKeep [ -1 ] row |> Tensor.rsqrt
        Tensor.expandDims -1 rows *@ Tensor.expandDims -2 (Tensor.rsqrt column)

    type Optim with

        /// <summary>
        /// Adafactor (Shazeer and Stern 2018): the second moments of a tensor with two axes or more
        /// are kept as means over its last and its second to last axis, updates are clipped to a
        /// root mean square of <c>clipThreshold</c>, and rates are relative to the parameter's
        /// scale (<c>mlx.optimizers.Adafactor</c>).
        /// </summary>
        /// <param name="learningRate">Without one, steps are relative: min 1e-2 (1 / sqrt step), or
        /// min (1e-6 step) (1 / sqrt step) with <c>warmupInit</c>. (MLX ignores a rate unless
        /// relative_step is false; here giving one means it.)</param>
        /// <param name="eps">Added to squared gradients (1e-30), and the least scale of a parameter
        /// (1e-3).</param>
        /// <param name="clipThreshold">The largest root mean square of an update: 1.</param>
        /// <param name="decayRate">The second moment's b2 is 1 - step^decayRate: -0.8.</param>
        /// <param name="beta1">With one, a first moment is kept too.</param>
        /// <param name="weightDecay">Decoupled weight decay: 0.</param>
        /// <param name="scaleParameter">Whether steps scale with the parameter: true.</param>
        /// <param name="warmupInit">Whether relative steps begin small: false.</param>
        /// <remarks>Kernels with more than two axes are factored over their last two; MLX 0.31.2
        /// fails on them.</remarks>
        /// <exception cref="T:System.ArgumentException">The clip threshold is not
        /// positive.</exception>
        /// <example><code>let optimizer = Optim.adafactor (beta1 = 0.9)</code></example>
        static member adafactor
            (
                ?learningRate: Schedule,
                ?eps: float * float,
                ?clipThreshold: float,
                ?decayRate: float,
                ?beta1: float,
                ?weightDecay: float,
                ?scaleParameter: bool,
                ?warmupInit: bool
            ) : Optimizer =
            let epsSquare, epsScale = defaultArg eps (1e-30, 1e-3)
            let clipThreshold = defaultArg clipThreshold 1.0
            let decayRate = defaultArg decayRate -0.8
            let weightDecay = defaultArg weightDecay 0.0
            let scaleParameter = defaultArg scaleParameter true
            let warmupInit = defaultArg warmupInit false

            if not (clipThreshold > 0.0) then
                invalidArg (nameof clipThreshold) $"a number above 0, not {clipThreshold}"

            let rateAt (step: Tensor) (count: Tensor) =
                match learningRate with
                | Some schedule -> schedule.At step
                | None ->
                    let most = if warmupInit then 1e-6 * count else Tensor.scalar 1e-2
                    Tensor.minimum (Tensor.rsqrt count) most

            Update.stage "adafactor" (fun update ->
                let row, update = update |> Update.recall "row" (Tensor.zerosLike >> meanOver -1)

                let column, update =
                    update |> Update.recall "col" (Tensor.zerosLike >> meanOver -2)

                let whole, update =
                    update
                    |> Update.recall "sq" (fun p ->
                        if isFactored p then unused p else Tensor.zerosLike p)

                let count = Tensor.astype DType.Float32 (update.Step + 1)
                let relative = rateAt update.Step count
                let b2 = 1.0 - Tensor.power (Tensor.scalar decayRate) count

                let average (old: Tensor) (x: Tensor) =
                    let b2 = Tensor.astype x.DType b2
                    b2 * old + (1.0 - b2) * x

                let rates =
                    update.Parameters
                    |> Array.map (fun p ->
                        let scale = rootMeanSquare p
                        let rate = Tensor.astype scale.DType relative

                        if scaleParameter then
                            Tensor.maximum scale (Tensor.beside scale epsScale) * rate
                        else
                            rate)

                let squares = update.Gradients |> Array.map (fun g -> Tensor.square g + epsSquare)

                let next keeps slot old mean =
                    (old, squares)
                    ||> Array.map2 (fun old x -> if keeps x then average old (mean x) else old)
                    |> fun value -> value, Update.remember slot value

                let row, keepRow = next isFactored "row" row (meanOver -1)
                let column, keepColumn = next isFactored "col" column (meanOver -2)
                let whole, keepWhole = next (isFactored >> not) "sq" whole id

                let steps =
                    Array.init update.Gradients.Length (fun i ->
                        let g = update.Gradients[i]

                        let u =
                            if isFactored g then
                                inverseRoot row[i] column[i] * g
                            else
                                Tensor.rsqrt whole[i] * g

                        let excess = rootMeanSquare u / clipThreshold
                        rates[i] * (u / Tensor.maximum excess (Tensor.beside excess 1.0)))

                let steps, keepMoment, update =
                    match beta1 with
                    | None -> steps, id, update
                    | Some b1 ->
                        let m, update = update |> Update.recall "m" Tensor.zerosLike
                        let m = Array.map2 (fun m s -> b1 * m + (1.0 - b1) * s) m steps
                        m, Update.remember "m" m, update

                let shrink p (rate: Tensor) =
                    if weightDecay <> 0.0 then p + p * (-weightDecay * rate) else p

                let shrunk = Array.map2 shrink update.Parameters rates

                { update with Parameters = Array.map2 (-) shrunk steps }
                |> keepRow
                |> keepColumn
                |> keepWhole
                |> keepMoment)
