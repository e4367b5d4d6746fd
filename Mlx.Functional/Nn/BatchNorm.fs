namespace Mlx

/// <summary>Normalisation of each channel over a batch, then an affine map.</summary>
type BatchNorm =
    {
        /// Shape (channels).
        Weight: Tensor option
        /// Shape (channels).
        Bias: Tensor option
    }

/// <summary>What batch normalisation has seen so far: state, not parameters.</summary>
type RunningStats =
    {
        /// Shape (channels).
        RunningMean: Tensor
        /// Shape (channels).
        RunningVar: Tensor
    }

/// What the norms without a kernel of their own share.
module internal Normalization =
    let affine (weight: Tensor option) (bias: Tensor option) (x: Tensor) =
        let x =
            match weight with
            | Some weight -> weight * x
            | None -> x

        match bias with
        | Some bias -> x + bias
        | None -> x

    let normalize eps (mean: Tensor) (var: Tensor) (x: Tensor) =
        (x - mean) * Tensor.rsqrt (var + (eps: float))

    /// Over the axes between batch and channels of x.
    let within eps axes (x: Tensor) =
        normalize eps (Tensor.meanKeep axes x) (Tensor.varKeep axes x) x

/// <summary>(x - mean) weight / sqrt(variance + eps) + bias, where mean and variance are those of
/// the batch in training and running averages after it (<c>mlx.nn.BatchNorm</c>).</summary>
[<RequireQualifiedAccess>]
module BatchNorm =
    /// <summary>Weight 1 and bias 0.</summary>
    /// <example><code>
    /// let p = BatchNorm.init 3 |> Random.run (Key.ofSeed 0)
    /// p.Weight
    /// // => Some array([1, 1, 1], dtype=float32)
    /// </code></example>
    let init (channels: int) : Random<BatchNorm> =
        Random.result ()
        |> Random.map (fun () ->
            { Weight = Some(Tensor.ones [ channels ])
              Bias = Some(Tensor.zeros [ channels ]) })

    /// <summary>Before the first batch: mean 0 and variance 1, of shape (channels).</summary>
    /// <example><code>
    /// (BatchNorm.stats 3).RunningVar
    /// // => array([1, 1, 1], dtype=float32)
    /// </code></example>
    let stats (channels: int) : RunningStats =
        { RunningMean = Tensor.zeros [ channels ]
          RunningVar = Tensor.ones [ channels ] }

    let private ofBatch (x: Tensor) =
        if x.NDim < 2 || x.NDim > 4 then
            invalidArg (nameof x) $"2, 3 or 4 axes, not the shape {Tensor.shape x}"

        let axes = [ 0 .. x.NDim - 2 ]
        Tensor.meanAxes axes x, Tensor.varAxes axes x

    /// <summary>x of shape (batch, ..., channels) by the mean and variance of the batch, with no
    /// running ones kept.</summary>
    /// <exception cref="T:System.ArgumentException">x has not 2, 3 or 4 axes.</exception>
    /// <example><code>
    /// let p = BatchNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofRows [ [ 1.0; 10.0 ]; [ 3.0; 30.0 ] ] |> BatchNorm.applyBatch 1e-5 p
    /// // => array([[-0.999995, -1], [0.999995, 1]], dtype=float32)
    /// </code></example>
    let applyBatch (eps: float) (p: BatchNorm) (x: Tensor) : Tensor =
        let mean, var = ofBatch x
        x |> Normalization.normalize eps mean var |> Normalization.affine p.Weight p.Bias

    /// <summary>In training: x of shape (batch, ..., channels) by the mean and variance of the
    /// batch, and (1 - momentum) of the running ones plus momentum of these.</summary>
    /// <exception cref="T:System.ArgumentException">x has not 2, 3 or 4 axes.</exception>
    /// <example><code>
    /// let p = BatchNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// let x = Tensor.ofRows [ [ 1.0; 10.0 ]; [ 3.0; 30.0 ] ]
    /// let y, stats = x |> BatchNorm.trainWith 1e-5 0.5 p (BatchNorm.stats 2)
    /// stats.RunningMean // half way from 0 to the mean of the batch
    /// // => array([1, 10], dtype=float32)
    /// </code></example>
    let trainWith
        (eps: float)
        (momentum: float)
        (p: BatchNorm)
        (stats: RunningStats)
        (x: Tensor)
        : Tensor * RunningStats =
        let mean, var = ofBatch x

        let next (running: Tensor) (now: Tensor) =
            (1.0 - momentum) * running + momentum * Tensor.stopGradient now

        x |> Normalization.normalize eps mean var |> Normalization.affine p.Weight p.Bias,
        { RunningMean = next stats.RunningMean mean
          RunningVar = next stats.RunningVar var }

    /// <summary>x of shape (batch, ..., channels) to the same shape, and the next running
    /// statistics, with eps 1e-5 and momentum 0.1, as in MLX.</summary>
    /// <exception cref="T:System.ArgumentException">x has not 2, 3 or 4 axes.</exception>
    /// <example><code>
    /// let p = BatchNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// let x = Tensor.ofRows [ [ 1.0; 10.0 ]; [ 3.0; 30.0 ] ]
    /// let y, stats = x |> BatchNorm.train p (BatchNorm.stats 2)
    /// stats.RunningMean
    /// // => array([0.2, 2], dtype=float32)
    /// </code></example>
    let train (p: BatchNorm) (stats: RunningStats) (x: Tensor) : Tensor * RunningStats =
        trainWith 1e-5 0.1 p stats x

    /// <summary>At inference: x of shape (batch, ..., channels) by the running mean and
    /// variance.</summary>
    /// <exception cref="T:System.ArgumentException">x has not 2, 3 or 4 axes.</exception>
    /// <example><code>
    /// let p = BatchNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// let mean, var = Tensor.ofSeq [ 2.0; 20.0 ], Tensor.ofSeq [ 1.0; 100.0 ]
    /// let stats = { RunningMean = mean; RunningVar = var }
    /// Tensor.ofRows [ [ 3.0; 0.0 ] ] |> BatchNorm.applyEps 1e-5 p stats
    /// // => array([[0.999995, -2]], dtype=float32)
    /// </code></example>
    let applyEps (eps: float) (p: BatchNorm) (stats: RunningStats) (x: Tensor) : Tensor =
        if x.NDim < 2 || x.NDim > 4 then
            invalidArg (nameof x) $"2, 3 or 4 axes, not the shape {Tensor.shape x}"

        x
        |> Normalization.normalize eps stats.RunningMean stats.RunningVar
        |> Normalization.affine p.Weight p.Bias

    /// <summary>At inference: x of shape (batch, ..., channels) to the same shape, with eps
    /// 1e-5.</summary>
    /// <exception cref="T:System.ArgumentException">x has not 2, 3 or 4 axes.</exception>
    /// <example><code>
    /// let p = BatchNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofRows [ [ 3.0; 0.0 ] ] |> BatchNorm.apply p (BatchNorm.stats 2)
    /// // => array([[2.99998, 0]], dtype=float32)
    /// </code></example>
    let apply (p: BatchNorm) (stats: RunningStats) (x: Tensor) : Tensor = applyEps 1e-5 p stats x
