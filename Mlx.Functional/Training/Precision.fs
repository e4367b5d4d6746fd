namespace Mlx

open Mlx.Core

/// <summary>
/// Mixed precision: parameters, gradients and optimizer state stay in float32, the model computes
/// in 16 bits.
/// </summary>
[<RequireQualifiedAccess>]
module Precision =
    /// <summary>The floating tensors of a tree in another dtype; integers, bools and complex
    /// numbers stay.</summary>
    /// <example><code>let half = model |> Precision.cast DType.Float16</code></example>
    let cast (dtype: DType) (tree: 'T) : 'T =
        tree |> Tree.map (fun x -> if x.DType.IsFloating() then Tensor.astype dtype x else x)

    /// <summary>
    /// The loss computed in a dtype: it sees parameters and batch cast to it, and its answer is
    /// float32. Gradients come out in the dtype of the parameters, so the optimizer works on the
    /// master weights. float16 has few exponents: scale the loss with it.
    /// </summary>
    /// <returns>A float32 scalar.</returns>
    /// <example><code>
    /// let step = TrainStep.fuse (Optim.adamW 1e-3) (Precision.computeIn DType.BFloat16 loss)
    /// </code></example>
    let computeIn (dtype: DType) (loss: 'P -> 'B -> Tensor) (parameters: 'P) (batch: 'B) : Tensor =
        loss (cast dtype parameters) (cast dtype batch) |> Tensor.astype DType.Float32

    /// <summary>The same for a loss that draws at random; what it draws is float32 and best cast to
    /// the dtype of what it meets.</summary>
    /// <returns>A float32 scalar.</returns>
    /// <example><code>
    /// let noisy p b = Random.result (loss p b)
    /// let step = TrainStep.fuseRandom optimizer (Precision.computeInRandom DType.BFloat16 noisy)
    /// </code></example>
    let computeInRandom
        (dtype: DType)
        (loss: 'P -> 'B -> Random<Tensor>)
        (parameters: 'P)
        (batch: 'B)
        : Random<Tensor> =
        loss (cast dtype parameters) (cast dtype batch)
        |> Random.map (Tensor.astype DType.Float32)
