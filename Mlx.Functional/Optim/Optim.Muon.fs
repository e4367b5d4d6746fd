namespace Mlx

open System
open Mlx.Core

/// <summary>Muon, whose steps are orthogonal matrices.</summary>
[<AutoOpen>]
module OptimMuon =
    /// Brings all singular values of a matrix near 1 by Newton and Schulz's iteration, with the
    /// quintic of the Muon paper.
    let private orthogonalized iterations (x: Tensor) =
        let a, b, c = 3.4445, -4.7750, 2.0315
        let isTall = x.Dim 0 > x.Dim 1
        // The Gram matrix of the shorter side is the smaller one.
        let turn = if isTall then Tensor.transpose else id
        let x = turn x

        let improve (x: Tensor) =
            let gram = x *@ Tensor.transpose x
            let polynomial = Ops.AddMM(b * gram, gram, gram, float32 c)
            Ops.AddMM(a * x, polynomial, x)

        let scaled = x / (Tensor.norm x + 1e-7)
        (scaled, seq { 1..iterations }) ||> Seq.fold (fun x _ -> improve x) |> turn

    /// The step for a momentum: orthogonal, and longer for a tall matrix. Axes beyond the first
    /// count as one.
    let private direction iterations (rate: Tensor) (u: Tensor) =
        if u.NDim < 2 then
            rate * u
        else
            let whole = Tensor.shape u
            let flat = Tensor.reshape [ whole.Head; -1 ] u
            let step = orthogonalized iterations flat |> Tensor.reshape whole
            let ratio = float (u.Dim -2) / float (u.Dim -1)
            (rate * Math.Sqrt(max 1.0 ratio)) * step

    type Optim with

        /// <summary>
        /// Muon (Jordan et al. 2024): v = m v + (1 - m) g, in Nesterov's form (1 - m) g + m v, made
        /// orthogonal where it has two axes or more, then p - lr u sqrt (max 1 (rows / columns))
        /// (<c>mlx.optimizers.Muon</c>). It is meant for hidden matrices; give the rest to another
        /// optimizer by <c>Optim.byPath</c>.
        /// </summary>
        /// <param name="learningRate">The rate.</param>
        /// <param name="momentum">m: 0.95.</param>
        /// <param name="weightDecay">L2 regularisation: 0.01.</param>
        /// <param name="nesterov">Whether to look ahead: true.</param>
        /// <param name="iterations">Newton-Schulz iterations: 5.</param>
        /// <example><code>
        /// Optim.byPath [ (fun path -> path.EndsWith "weight"), Optim.muon 0.02 ] (Optim.adam 1e-3)
        /// </code></example>
        static member muon
            (
                learningRate: Schedule,
                ?momentum: float,
                ?weightDecay: float,
                ?nesterov: bool,
                ?iterations: int
            ) : Optimizer =
            let momentum = defaultArg momentum 0.95
            let nesterov = defaultArg nesterov true
            let iterations = defaultArg iterations 5

            let decay =
                match defaultArg weightDecay 0.01 with
                | 0.0 -> id
                | rate -> Optim.weightDecay rate

            decay
            >> Update.stage "muon" (fun update ->
                let v, update = update |> Update.recall "v" Tensor.zerosLike

                let v =
                    (v, update.Gradients)
                    ||> Array.map2 (fun (v: Tensor) (g: Tensor) ->
                        momentum * v + (1.0 - momentum) * g)

                let ahead (g: Tensor) (v: Tensor) = g * (1.0 - momentum) + v * momentum
                let u = if nesterov then Array.map2 ahead update.Gradients v else v
                let lr = learningRate.At update.Step

                { update with Gradients = u }
                |> Update.parameters (fun u p ->
                    p - direction iterations (Tensor.astype u.DType lr) u)
                |> Update.remember "v" v)
