namespace Mlx

/// <summary>A rectifier whose slope below 0 is learnt.</summary>
type PRelu =
    {
        /// Shape (1), or (features): a slope for each.
        Weight: Tensor
    }

/// <summary>x where positive, else weight x (<c>mlx.nn.PReLU</c>; He et al. 2015).</summary>
[<RequireQualifiedAccess>]
module PRelu =
    /// <summary>So many slopes of a first value, shape (count).</summary>
    /// <example><code>
    /// (PRelu.initAt 0.1 2 |> Random.run (Key.ofSeed 0)).Weight
    /// // => array([0.1, 0.1], dtype=float32)
    /// </code></example>
    let initAt (slope: float) (count: int) : Random<PRelu> =
        Random.result ()
        |> Random.map (fun () -> { Weight = Tensor.full [ count ] (float32 slope) })

    /// <summary>So many slopes of 0.25, as in MLX: one for all features, or one for each.</summary>
    /// <example><code>let p = PRelu.init 1 |> Random.run (Key.ofSeed 0)</code></example>
    let init (count: int) : Random<PRelu> = initAt 0.25 count

    /// <summary>x of shape (..., features) to the same shape.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The slopes do not broadcast to x.</exception>
    /// <example><code>
    /// let p = PRelu.init 1 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofSeq [ -2.0; 2.0 ] |> PRelu.apply p
    /// // => array([-0.5, 2], dtype=float32)
    /// </code></example>
    let apply (p: PRelu) (x: Tensor) : Tensor = Nn.prelu p.Weight x
