namespace Mlx

/// <summary>Optimizers that scale each element of the gradient by what it was before.</summary>
[<AutoOpen>]
module OptimAdaptive =
    let internal requirePositive (name: string) (value: float) =
        if not (value >= 0.0) then
            invalidArg name $"a number of at least 0, not {value}"

    /// p - lr g / (sqrt v + eps), v remembered.
    let private scaled (learningRate: Schedule) eps (next: Tensor -> Tensor -> Tensor) update =
        let v, update = update |> Update.recall "v" Tensor.zerosLike
        let v = Array.map2 next v update.Gradients
        let lr = learningRate.At update.Step

        let descend p (g: Tensor) v = p - Tensor.astype g.DType lr * g / (Tensor.sqrt v + eps)

        { update with
            Parameters = Array.map3 descend update.Parameters update.Gradients v }
        |> Update.remember "v" v

    type Optim with

        /// <summary>
        /// RMSprop (Tieleman and Hinton 2012): v = a v + (1 - a) g², p - lr g / (sqrt v + eps);
        /// a is 0.99 and eps 1e-8 (<c>mlx.optimizers.RMSprop</c>).
        /// </summary>
        /// <exception cref="T:System.ArgumentException">alpha or eps is negative.</exception>
        /// <example><code>let optimizer = Optim.rmsprop (1e-3, alpha = 0.9)</code></example>
        static member rmsprop(learningRate: Schedule, ?alpha: float, ?eps: float) : Optimizer =
            let alpha = defaultArg alpha 0.99
            let eps = defaultArg eps 1e-8
            requirePositive (nameof alpha) alpha
            requirePositive (nameof eps) eps
            let next (v: Tensor) (g: Tensor) = alpha * v + (1.0 - alpha) * Tensor.square g
            Update.stage "rmsprop" (scaled learningRate eps next)

        /// <summary>
        /// Adagrad (Duchi, Hazan and Singer 2011): v = v + g², p - lr g / (sqrt v + eps); eps is
        /// 1e-8 (<c>mlx.optimizers.Adagrad</c>).
        /// </summary>
        /// <exception cref="T:System.ArgumentException">eps is negative.</exception>
        /// <example><code>let optimizer = Optim.adagrad 0.1</code></example>
        static member adagrad(learningRate: Schedule, ?eps: float) : Optimizer =
            let eps = defaultArg eps 1e-8
            requirePositive (nameof eps) eps
            Update.stage "adagrad" (scaled learningRate eps (fun v g -> v + Tensor.square g))

        /// <summary>
        /// AdaDelta (Zeiler 2012): v = r v + (1 - r) g², d = g sqrt (u + eps) / sqrt (v + eps),
        /// u = r u + (1 - r) d², p - lr d; r is 0.9 and eps 1e-6
        /// (<c>mlx.optimizers.AdaDelta</c>).
        /// </summary>
        /// <exception cref="T:System.ArgumentException">rho or eps is negative.</exception>
        /// <example><code>let optimizer = Optim.adaDelta 1.0</code></example>
        static member adaDelta(learningRate: Schedule, ?rho: float, ?eps: float) : Optimizer =
            let rho = defaultArg rho 0.9
            let eps = defaultArg eps 1e-6
            requirePositive (nameof rho) rho
            requirePositive (nameof eps) eps
            let average (old: Tensor) (x: Tensor) = rho * old + (1.0 - rho) * Tensor.square x

            Update.stage "adadelta" (fun update ->
                let v, update = update |> Update.recall "v" Tensor.zerosLike
                let u, update = update |> Update.recall "u" Tensor.zerosLike
                let v = Array.map2 average v update.Gradients

                let d =
                    (u, v, update.Gradients)
                    |||> Array.map3 (fun u v g ->
                        Tensor.sqrt (u + eps) / Tensor.sqrt (v + eps) * g)

                let lr = learningRate.At update.Step

                { update with Gradients = d }
                |> Update.parameters (fun d p -> p - Tensor.astype d.DType lr * d)
                |> Update.remember "v" v
                |> Update.remember "u" (Array.map2 average u d))

        /// <summary>
        /// Adamax, Adam by the infinity norm (Kingma and Ba 2015): m = b1 m + (1 - b1) g,
        /// v = max (b2 v) |g|, p - lr m / (v + eps) (<c>mlx.optimizers.Adamax</c>).
        /// </summary>
        /// <exception cref="T:System.ArgumentException">eps is negative.</exception>
        /// <example><code>let optimizer = Optim.adamax 2e-3</code></example>
        static member adamax
            (learningRate: Schedule, ?betas: float * float, ?eps: float)
            : Optimizer =
            let b1, b2 = defaultArg betas (0.9, 0.999)
            let eps = defaultArg eps 1e-8
            requirePositive (nameof eps) eps

            Update.stage "adamax" (fun update ->
                let m, update = update |> Update.recall "m" Tensor.zerosLike
                let v, update = update |> Update.recall "v" Tensor.zerosLike

                let m =
                    Array.map2
                        (fun (m: Tensor) (g: Tensor) -> b1 * m + (1.0 - b1) * g)
                        m
                        update.Gradients

                let v =
                    Array.map2
                        (fun (v: Tensor) g -> Tensor.maximum (Tensor.abs g) (b2 * v))
                        v
                        update.Gradients

                let lr = learningRate.At update.Step

                let descend p (m: Tensor) (v: Tensor) =
                    p - Tensor.astype m.DType lr * m / (v + eps)

                { update with Parameters = Array.map3 descend update.Parameters m v }
                |> Update.remember "m" m
                |> Update.remember "v" v)

        /// <summary>
        /// Lion (Chen et al. 2023): p - lr sign (b1 m + (1 - b1) g), m = b2 m + (1 - b2) g, with
        /// betas (0.9, 0.99) and decoupled weight decay if asked for
        /// (<c>mlx.optimizers.Lion</c>). Its rate is a tenth of Adam's.
        /// </summary>
        /// <example><code>let optimizer = Optim.lion (1e-4, weightDecay = 1.0)</code></example>
        static member lion
            (learningRate: Schedule, ?betas: float * float, ?weightDecay: float)
            : Optimizer =
            let b1, b2 = defaultArg betas (0.9, 0.99)
            let blend (b: float) (m: Tensor) (g: Tensor) = b * m + (1.0 - b) * g

            let decay =
                match weightDecay with
                | Some rate when rate <> 0.0 -> Optim.decoupledWeightDecay (learningRate, rate)
                | _ -> id

            decay
            >> Update.stage "lion" (fun update ->
                let m, update = update |> Update.recall "m" Tensor.zerosLike
                let lr = learningRate.At update.Step
                let slopes = update.Gradients

                { update with Gradients = Array.map2 (blend b1) m slopes }
                |> Update.parameters (fun c p -> p - Tensor.astype c.DType lr * Tensor.sign c)
                |> Update.remember "m" (Array.map2 (blend b2) m slopes))
