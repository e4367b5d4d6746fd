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
    /// <exception cref="T:System.ArgumentException">The shapes do not fit.</exception>
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
    /// <exception cref="T:System.ArgumentException">The shapes do not fit.</exception>
    let crossEntropy (targets: Tensor) (logits: Tensor) : Tensor =
        crossEntropySmoothed 0.0 targets logits

    /// <summary>log(1 + e^x) - x t for logits x and targets t in [0, 1]
    /// (<c>mlx.nn.losses.binary_cross_entropy</c>).</summary>
    let binaryCrossEntropy (targets: Tensor) (logits: Tensor) : Tensor =
        requireSame "binaryCrossEntropy" targets logits
        Nn.softplus logits - logits * targets

    /// <summary>-(t log p + (1 - t) log(1 - p)), the logarithms at least -100
    /// (<c>mlx.nn.losses.binary_cross_entropy</c> with <c>with_logits=False</c>).</summary>
    let binaryCrossEntropyOfProbabilities (targets: Tensor) (probabilities: Tensor) : Tensor =
        requireSame "binaryCrossEntropyOfProbabilities" targets probabilities
        let log x = Tensor.log x |> Tensor.maximum (Tensor.beside x -100.0)
        -(targets * log probabilities + (1.0 - targets) * log (1.0 - probabilities))

    /// <summary>-x[target] over the last axis of log probabilities
    /// (<c>mlx.nn.losses.nll_loss</c>).</summary>
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
    /// <exception cref="T:System.ArgumentException">The shapes differ.</exception>
    /// <example><code>x |> Loss.gaussianNllWith 1e-3 true target w</code></example>
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
    /// <exception cref="T:System.ArgumentException">The shapes differ.</exception>
    /// <example><code>x |> Loss.gaussianNll target w |> Tensor.mean</code></example>
    let gaussianNll (targets: Tensor) (variances: Tensor) (means: Tensor) : Tensor =
        gaussianNllWith 1e-6 false targets variances means

    /// <summary>(x - t)² (<c>mlx.nn.losses.mse_loss</c>).</summary>
    let mse (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "mse" targets predictions
        Tensor.square (predictions - targets)

    /// <summary>|x - t| (<c>mlx.nn.losses.l1_loss</c>).</summary>
    let l1 (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "l1" targets predictions
        Tensor.abs (predictions - targets)

    /// <summary>d² / (2 beta) below beta, else d - beta / 2, for d = |x - t|
    /// (<c>mlx.nn.losses.smooth_l1_loss</c>, whose beta is 1).</summary>
    let smoothL1 (beta: float) (targets: Tensor) (predictions: Tensor) : Tensor =
        requireSame "smoothL1" targets predictions
        let d = Tensor.abs (predictions - targets)
        let near = d |> Tensor.less (Tensor.beside d beta)
        Tensor.where near (0.5 * Tensor.square d / beta) (d - 0.5 * beta)

    /// <summary>d² / 2 up to delta, then delta (d - delta / 2), for d = |x - t|
    /// (<c>mlx.nn.losses.huber_loss</c>, whose delta is 1).</summary>
    let huber (delta: float) (targets: Tensor) (predictions: Tensor) : Tensor =
        let d = Tensor.abs (predictions - targets)
        let near = d |> Tensor.minimum (Tensor.beside d delta)
        0.5 * Tensor.square near + delta * (d - near)

    /// <summary>log cosh(x - t) (<c>mlx.nn.losses.log_cosh_loss</c>).</summary>
    let logCosh (targets: Tensor) (predictions: Tensor) : Tensor =
        let errors = predictions - targets
        Tensor.logaddexp -errors errors - Math.Log 2.0

    /// <summary>Σ e^t (t - x) over the last axis, both log probabilities
    /// (<c>mlx.nn.losses.kl_div_loss</c>).</summary>
    let klDiv (targets: Tensor) (predictions: Tensor) : Tensor =
        Tensor.exp targets * (targets - predictions) |> Tensor.sumAxis -1

    /// <summary>max(0, 1 - x t) for targets of -1 and 1
    /// (<c>mlx.nn.losses.hinge_loss</c>).</summary>
    let hinge (targets: Tensor) (predictions: Tensor) : Tensor =
        Nn.relu (1.0 - predictions * targets)

    /// <summary>The cosine of the angle between both along an axis, whose norms together count for
    /// at least eps (<c>mlx.nn.losses.cosine_similarity_loss</c> with <c>eps</c>).</summary>
    /// <example><code>x |> Loss.cosineSimilarityEps 1e-4 -1 y</code></example>
    let cosineSimilarityEps (eps: float) (axis: int) (y: Tensor) (x: Tensor) : Tensor =
        let norms = Tensor.normAxes [ axis ] x * Tensor.normAxes [ axis ] y
        Tensor.sumAxis axis (x * y) / Tensor.maximum (Tensor.beside norms eps) norms

    /// <summary>The cosine of the angle between both along an axis
    /// (<c>mlx.nn.losses.cosine_similarity_loss</c>).</summary>
    /// <example><code>x |> Loss.cosineSimilarity -1 y</code></example>
    let cosineSimilarity (axis: int) (y: Tensor) (x: Tensor) : Tensor =
        cosineSimilarityEps 1e-8 axis y x

    /// <summary>max(0, margin - t (a - b)): t = 1 wants a above b, -1 below
    /// (<c>mlx.nn.losses.margin_ranking_loss</c>).</summary>
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
    /// <example><code>x |> Loss.tripletWith 4 1e-6 0 1.0 y w</code></example>
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
    /// <example><code>x |> Loss.triplet 1.0 y w |> Tensor.mean</code></example>
    let triplet (margin: float) (positives: Tensor) (negatives: Tensor) (anchors: Tensor) : Tensor =
        tripletWith 2 1e-6 -1 margin positives negatives anchors
