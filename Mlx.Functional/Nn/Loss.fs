namespace Mlx

open System

/// <summary>
/// Losses, targets first so that predictions pipe in. Each answers one number for every sample (or
/// element): end it with <c>Tensor.mean</c>.
/// </summary>
/// <example><code>forward p x |> Loss.crossEntropy y |> Tensor.mean</code></example>
[<RequireQualifiedAccess>]
module Loss =
    let private requireSame (loss: string) (a: Tensor) (b: Tensor) =
        if not (a.Shape.SequenceEqual b.Shape) then
            invalidArg
                "targets"
                $"{loss}: targets have the shape {Tensor.shape a}, predictions {Tensor.shape b}"

    /// <summary>
    /// log Σ e^x - x[target] over the last axis of the logits, smoothed towards the mean logit by
    /// a share in [0, 1) (<c>mlx.nn.losses.cross_entropy</c> with <c>label_smoothing</c>).
    /// </summary>
    /// <param name="smoothing">0 for none.</param>
    /// <param name="targets">Integer classes (...), or probabilities (..., classes).</param>
    /// <param name="logits">Shape (..., classes).</param>
    /// <returns>Shape (...): a number for each sample.</returns>
    /// <exception cref="T:System.ArgumentException">The shapes do not fit.</exception>
    /// <example><code>
    /// let logits = Tensor.ofRows [ [ 4.0; 0.0 ] ]
    /// logits |> Loss.crossEntropySmoothed 0.1 (Tensor.ofSeq [ 0 ]) // 0.018150 without smoothing
    /// // => array([0.21815], dtype=float32)
    /// </code></example>
    let crossEntropySmoothed (smoothing: float) (targets: Tensor) (logits: Tensor) : Tensor =
        if not (smoothing >= 0.0 && smoothing < 1.0) then
            invalidArg (nameof smoothing) $"a share in [0, 1), not {smoothing}"

        let score =
            if targets.NDim = logits.NDim then
                requireSame "crossEntropy" targets logits
                logits * targets |> Tensor.sumAxis -1
            elif
                logits.NDim > 0
                && targets.Shape.SequenceEqual(logits.Shape.Slice(0, logits.NDim - 1))
            then
                logits
                |> Tensor.takeAlongAxis -1 (Tensor.expandDims -1 targets)
                |> Tensor.squeezeAxis -1
            else
                invalidArg
                    (nameof targets)
                    $"crossEntropy: classes of shape {Tensor.shape targets} do not fit logits of shape {Tensor.shape logits}"

        let normalizer = Tensor.logsumexpAxis -1 logits

        if smoothing = 0.0 then
            normalizer - score
        else
            normalizer - (1.0 - smoothing) * score - smoothing * Tensor.meanAxis -1 logits

    /// <summary>log Σ e^x - x[target] over the last axis of the logits
    /// (<c>mlx.nn.losses.cross_entropy</c>).</summary>
    /// <param name="targets">Integer classes (...), or probabilities (..., classes).</param>
    /// <param name="logits">Shape (..., classes).</param>
    /// <returns>Shape (...): a number for each sample.</returns>
    /// <exception cref="T:System.ArgumentException">The shapes do not fit.</exception>
    /// <example><code>
    /// let logits = Tensor.ofRows [ [ 4.0; 0.0 ]; [ 4.0; 0.0 ] ]
    /// logits |> Loss.crossEntropy (Tensor.ofSeq [ 0; 1 ]) // right, and sure of the wrong class
    /// // => array([0.0181499, 4.01815], dtype=float32)
    /// </code></example>
    let crossEntropy (targets: Tensor) (logits: Tensor) : Tensor =
        crossEntropySmoothed 0.0 targets logits

    /// <summary>log(1 + e^x) - x t for logits x and targets t in [0, 1]
    /// (<c>mlx.nn.losses.binary_cross_entropy</c>).</summary>
    /// <returns>The shape of both.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 0.0; 4.0; -4.0 ] |> Loss.binaryCrossEntropy (Tensor.ofSeq [ 1.0; 1.0; 1.0 ])
    /// // => array([0.693147, 0.0181499, 4.01815], dtype=float32)
    /// </code></example>
    let binaryCrossEntropy (targets: Tensor) (logits: Tensor) : Tensor =
        requireSame "binaryCrossEntropy" targets logits
        Nn.softplus logits - logits * targets

    /// <summary>-(t log p + (1 - t) log(1 - p)), the logarithms at least -100
    /// (<c>mlx.nn.losses.binary_cross_entropy</c> with <c>with_logits=False</c>).</summary>
    /// <returns>The shape of both.</returns>
    /// <example><code>
    /// let targets = Tensor.ofSeq [ 1.0; 1.0; 1.0 ]
    /// Tensor.ofSeq [ 0.5; 0.9; 0.0 ] |> Loss.binaryCrossEntropyOfProbabilities targets
    /// // => array([0.693147, 0.105361, 100], dtype=float32)
    /// </code></example>
    let binaryCrossEntropyOfProbabilities (targets: Tensor) (probabilities: Tensor) : Tensor =
        requireSame "binaryCrossEntropyOfProbabilities" targets probabilities
        let log x = Tensor.log x |> Tensor.maximum (Tensor.beside x -100.0)
        -(targets * log probabilities + (1.0 - targets) * log (1.0 - probabilities))

    /// <summary>-x[target] over the last axis of log probabilities (..., classes), for integer
    /// classes (...) (<c>mlx.nn.losses.nll_loss</c>).</summary>
    /// <returns>Shape (...): a number for each sample.</returns>
    /// <example><code>
    /// let logProbabilities = Tensor.ofRows [ [ 4.0; 0.0 ] ] |> Tensor.logSoftmax -1
    /// logProbabilities |> Loss.nll (Tensor.ofSeq [ 0 ])
    /// // => array([0.0181499], dtype=float32)
    /// </code></example>
    let nll (targets: Tensor) (logProbabilities: Tensor) : Tensor =
        -(logProbabilities
          |> Tensor.takeAlongAxis -1 (Tensor.expandDims -1 targets)
          |> Tensor.squeezeAxis -1)

    /// <summary>(log v + (t - x)² / v) / 2 for means x and variances v, at least eps; the whole
    /// logarithm adds log(2π) / 2 (<c>mlx.nn.losses.gaussian_nll_loss</c> with <c>eps</c> and
    /// <c>full</c>).</summary>
    /// <param name="eps">The least variance.</param>
    /// <param name="isWhole">Whether the constant is added.</param>
    /// <param name="targets">Of the shape of the means.</param>
    /// <param name="variances">Of the shape of the means.</param>
    /// <param name="means">Any shape.</param>
    /// <returns>The shape of the means.</returns>
    /// <exception cref="T:System.ArgumentException">The shapes differ.</exception>
    /// <example><code>
    /// let means, variances = Tensor.ofSeq [ 1.0 ], Tensor.ofSeq [ 1.0 ]
    /// means |> Loss.gaussianNllWith 1e-6 true (Tensor.ofSeq [ 3.0 ]) variances
    /// // => array([2.91894], dtype=float32)
    /// </code></example>
    let gaussianNllWith
        (eps: float)
        (isWhole: bool)
        (targets: Tensor)
        (variances: Tensor)
        (means: Tensor)
        : Tensor =
        requireSame "gaussianNll" targets means
        requireSame "gaussianNll" variances means
        let v = variances |> Tensor.maximum (Tensor.beside variances eps)
        let loss = 0.5 * (Tensor.log v + Tensor.square (targets - means) / v)
        if isWhole then loss + 0.5 * Math.Log(2.0 * Math.PI) else loss

    /// <summary>(log v + (t - x)² / v) / 2 for means x and variances v, at least 1e-6
    /// (<c>mlx.nn.losses.gaussian_nll_loss</c>).</summary>
    /// <returns>The shape of the means.</returns>
    /// <exception cref="T:System.ArgumentException">The shapes differ.</exception>
    /// <example><code>
    /// let means, variances = Tensor.ofSeq [ 1.0; 1.0 ], Tensor.ofSeq [ 1.0; 4.0 ]
    /// means |> Loss.gaussianNll (Tensor.ofSeq [ 3.0; 3.0 ]) variances // the second is less sure
    /// // => array([2, 1.19315], dtype=float32)
    /// </code></example>
    let gaussianNll (targets: Tensor) (variances: Tensor) (means: Tensor) : Tensor =
        gaussianNllWith 1e-6 false targets variances means

    /// <summary>(x - t)² (<c>mlx.nn.losses.mse_loss</c>).</summary>
    /// <returns>The shape of both.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0 ] |> Loss.mse (Tensor.ofSeq [ 0.0; 5.0 ]) |> Tensor.mean
    /// // => array(5, dtype=float32)
    /// </code></example>
    let mse (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "mse" targets predictions
        Tensor.square (predictions - targets)

    /// <summary>|x - t| (<c>mlx.nn.losses.l1_loss</c>).</summary>
    /// <returns>The shape of both.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0 ] |> Loss.l1 (Tensor.ofSeq [ 0.0; 5.0 ])
    /// // => array([1, 3], dtype=float32)
    /// </code></example>
    let l1 (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "l1" targets predictions
        Tensor.abs (predictions - targets)

    /// <summary>d² / (2 beta) below beta, else d - beta / 2, for d = |x - t|
    /// (<c>mlx.nn.losses.smooth_l1_loss</c>, whose beta is 1).</summary>
    /// <returns>The shape of both.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 0.5; 3.0 ] |> Loss.smoothL1 1.0 (Tensor.ofSeq [ 0.0; 0.0 ])
    /// // => array([0.125, 2.5], dtype=float32)
    /// </code></example>
    let smoothL1 (beta: float) (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "smoothL1" targets predictions
        let d = Tensor.abs (predictions - targets)
        let near = d |> Tensor.less (Tensor.beside d beta)
        Tensor.where near (0.5 * Tensor.square d / beta) (d - 0.5 * beta)

    /// <summary>d² / 2 up to delta, then delta (d - delta / 2), for d = |x - t|
    /// (<c>mlx.nn.losses.huber_loss</c>, whose delta is 1).</summary>
    /// <returns>The shape that both broadcast to.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 5.0 ] |> Loss.huber 2.0 (Tensor.ofSeq [ 0.0; 0.0 ])
    /// // => array([0.5, 8], dtype=float32)
    /// </code></example>
    let huber (delta: float) (targets: Tensor) (predictions: Tensor) : Tensor =
        let d = Tensor.abs (predictions - targets)
        let near = d |> Tensor.minimum (Tensor.beside d delta)
        0.5 * Tensor.square near + delta * (d - near)

    /// <summary>log cosh(x - t) (<c>mlx.nn.losses.log_cosh_loss</c>).</summary>
    /// <returns>The shape that both broadcast to.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 0.1; 200.0 ] |> Loss.logCosh (Tensor.ofSeq [ 0.0; 0.0 ]) // d² / 2, then |d|
    /// // => array([0.00499171, 199.307], dtype=float32)
    /// </code></example>
    let logCosh (targets: Tensor) (predictions: Tensor) : Tensor =
        let errors = predictions - targets
        Tensor.logaddexp -errors errors - Math.Log 2.0

    /// <summary>Σ e^t (t - x) over the last axis, both log probabilities
    /// (<c>mlx.nn.losses.kl_div_loss</c>).</summary>
    /// <example><code>
    /// let log (probabilities: float list) = Tensor.log (Tensor.ofSeq probabilities)
    /// log [ 0.9; 0.1 ] |> Loss.klDiv (log [ 0.5; 0.5 ])
    /// // => array(0.510826, dtype=float32)
    /// </code></example>
    let klDiv (targets: Tensor) (predictions: Tensor) : Tensor =
        Tensor.exp targets * (targets - predictions) |> Tensor.sumAxis -1

    /// <summary>max(0, 1 - x t) for targets of -1 and 1
    /// (<c>mlx.nn.losses.hinge_loss</c>).</summary>
    /// <returns>The shape that both broadcast to.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 2.0; 0.5; 0.5 ] |> Loss.hinge (Tensor.ofSeq [ 1.0; 1.0; -1.0 ])
    /// // => array([0, 0.5, 1.5], dtype=float32)
    /// </code></example>
    let hinge (targets: Tensor) (predictions: Tensor) : Tensor =
        Nn.relu (1.0 - predictions * targets)

    /// <summary>The cosine of the angle between both along an axis, whose norms together count for
    /// at least eps (<c>mlx.nn.losses.cosine_similarity_loss</c> with <c>eps</c>).</summary>
    /// <returns>The shape of both without the axis.</returns>
    /// <example><code>
    /// Tensor.zeros [ 2 ] |> Loss.cosineSimilarityEps 1e-4 -1 (Tensor.ofSeq [ 1.0; 0.0 ]) // no NaN
    /// // => array(0, dtype=float32)
    /// </code></example>
    let cosineSimilarityEps (eps: float) (axis: int) (y: Tensor) (x: Tensor) : Tensor =
        let norms = Tensor.normAxes [ axis ] x * Tensor.normAxes [ axis ] y
        Tensor.sumAxis axis (x * y) / Tensor.maximum (Tensor.beside norms eps) norms

    /// <summary>The cosine of the angle between both along an axis
    /// (<c>mlx.nn.losses.cosine_similarity_loss</c>).</summary>
    /// <returns>The shape of both without the axis.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 1.0 ] |> Loss.cosineSimilarity -1 (Tensor.ofSeq [ 3.0; 0.0 ])
    /// // => array(0.707107, dtype=float32)
    /// </code></example>
    let cosineSimilarity (axis: int) (y: Tensor) (x: Tensor) : Tensor =
        cosineSimilarityEps 1e-8 axis y x

    /// <summary>max(0, margin - t (a - b)): t = 1 wants a above b, -1 below
    /// (<c>mlx.nn.losses.margin_ranking_loss</c>).</summary>
    /// <returns>The shape of all three.</returns>
    /// <example><code>
    /// let a, b = Tensor.ofSeq [ 3.0; 0.5 ], Tensor.ofSeq [ 0.0; 0.0 ]
    /// a |> Loss.marginRanking 1.0 (Tensor.ofSeq [ 1.0; 1.0 ]) b // 0.5 is not far enough above
    /// // => array([0, 0.5], dtype=float32)
    /// </code></example>
    let marginRanking (margin: float) (targets: Tensor) (b: Tensor) (a: Tensor) : Tensor =
        requireSame "marginRanking" targets a
        requireSame "marginRanking" b a
        Nn.relu (margin - targets * (a - b))

    /// <summary>max(0, d(positive) - d(negative) + margin), where d is the root of the sum over an
    /// axis of (anchor - other)^p plus eps (<c>mlx.nn.losses.triplet_loss</c>; a square root and
    /// signed powers whatever p is, as there).</summary>
    /// <param name="p">The power, 2 for Euclidean distances.</param>
    /// <param name="eps">Keeps the slope of the root finite.</param>
    /// <param name="axis">The axis of the features.</param>
    /// <param name="margin">How much nearer the positives are to be.</param>
    /// <param name="positives">Of the shape of the anchors.</param>
    /// <param name="negatives">Of the shape of the anchors.</param>
    /// <param name="anchors">Any shape.</param>
    /// <returns>The shape of the anchors without the axis.</returns>
    /// <example><code>
    /// let near, far = Tensor.ofSeq [ 1.0; 1.0 ], Tensor.ofSeq [ 2.0; 2.0 ]
    /// Tensor.zeros [ 2 ] |> Loss.tripletWith 4 1e-6 0 5.0 near far // fourth powers under the root
    /// // => array(0.75736, dtype=float32)
    /// </code></example>
    let tripletWith
        (p: int)
        (eps: float)
        (axis: int)
        (margin: float)
        (positives: Tensor)
        (negatives: Tensor)
        (anchors: Tensor)
        : Tensor =
        let distance y = Tensor.sqrt (Tensor.sumAxis axis ((anchors - y) ** p) + eps)
        Nn.relu (distance positives - distance negatives + margin)

    /// <summary>max(0, |anchor - positive| - |anchor - negative| + margin), Euclidean over the last
    /// axis (<c>mlx.nn.losses.triplet_loss</c>, whose margin is 1).</summary>
    /// <returns>The shape of the anchors without the last axis.</returns>
    /// <example><code>
    /// let near, far = Tensor.ofSeq [ 3.0; 4.0 ], Tensor.ofSeq [ 6.0; 8.0 ]
    /// Tensor.zeros [ 2 ] |> Loss.triplet 7.0 near far // 5 - 10 + 7
    /// // => array(2, dtype=float32)
    /// </code></example>
    let triplet (margin: float) (positives: Tensor) (negatives: Tensor) (anchors: Tensor) : Tensor =
        tripletWith 2 1e-6 -1 margin positives negatives anchors
