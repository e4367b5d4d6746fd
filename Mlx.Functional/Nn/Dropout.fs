namespace Mlx

open System
open Mlx.Core

/// <summary>Dropping at random, for training; at inference it is left out.</summary>
[<AutoOpen>]
module NnDropout =
    /// What drops with a probability, its draw made: elements, or all that `shared` says share one.
    /// A layer that drops stays a function of what was drawn.
    let internal drawDropout shared probability : Random<Tensor -> Tensor> =
        if not (probability >= 0.0 && probability < 1.0) then
            invalidArg
                (nameof probability)
                $"a probability of dropping in [0, 1), not {probability}"

        if probability = 0.0 then
            Random.result id
        else
            Random.key
            |> Random.map (fun key (x: Tensor) ->
                use keep = MlxArray.Scalar(float32 (1.0 - probability))
                let shape: int list = shared x
                let kept = MlxRandom.Bernoulli(keep, ReadOnlySpan(Array.ofList shape), key.Data)
                kept * x * (1.0 / (1.0 - probability)))

    let private channels count probability (x: Tensor) =
        let ndim = x.NDim

        if ndim <> count + 1 && ndim <> count + 2 then
            invalidArg (nameof x) $"{count + 1} or {count + 2} axes, not the shape {Tensor.shape x}"

        let shared x =
            Tensor.shape x
            |> List.mapi (fun i n -> if i < ndim - 1 && i >= ndim - 1 - count then 1 else n)

        drawDropout shared probability |> Random.map (fun drop -> drop x)

    /// <summary>Layers without parameters.</summary>
    [<RequireQualifiedAccess>]
    module Nn =
        /// <summary>Each element 0 with the probability, the rest scaled so that the mean stays
        /// (<c>mlx.nn.Dropout</c>). For training; at inference leave it out.</summary>
        /// <returns>The shape of x.</returns>
        /// <exception cref="T:System.ArgumentException">The probability is not in [0,
        /// 1).</exception>
        /// <example><code>
        /// Tensor.ones [ 6 ] |> Nn.dropout 0.5 |> Random.run (Key.ofSeed 0)
        /// // => array([2, 2, 2, 0, 2, 2], dtype=float32)
        /// </code></example>
        let dropout (probability: float) (x: Tensor) : Random<Tensor> =
            drawDropout Tensor.shape probability |> Random.map (fun drop -> drop x)

        /// <summary>Each channel of x, (batch, height, width, channels) or without a batch, 0
        /// everywhere with the probability, the rest scaled so that the mean stays
        /// (<c>mlx.nn.Dropout2d</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <exception cref="T:System.ArgumentException">The probability is not in [0, 1), or x has
        /// other axes.</exception>
        /// <example><code>
        /// let image = Tensor.ones [ 1; 2; 3 ] // height 1, width 2, three channels
        /// image |> Nn.dropout2d 0.5 |> Random.run (Key.ofSeed 0)
        /// // => array([[[0, 2, 2], [0, 2, 2]]], dtype=float32)
        /// </code></example>
        let dropout2d (probability: float) (x: Tensor) : Random<Tensor> = channels 2 probability x

        /// <summary>As <c>dropout2d</c>, of (batch, depth, height, width, channels) or without a
        /// batch (<c>mlx.nn.Dropout3d</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <exception cref="T:System.ArgumentException">The probability is not in [0, 1), or x has
        /// other axes.</exception>
        /// <example><code>
        /// let volume = Tensor.ones [ 1; 1; 2; 3 ] // depth 1, height 1, width 2, three channels
        /// volume |> Nn.dropout3d 0.5 |> Random.run (Key.ofSeed 0)
        /// // => array([[[[0, 2, 2], [0, 2, 2]]]], dtype=float32)
        /// </code></example>
        let dropout3d (probability: float) (x: Tensor) : Random<Tensor> = channels 3 probability x
