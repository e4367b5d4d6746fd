namespace Mlx

open System

/// <summary>Measurements of predictions, as ops: lazy, to be read when wanted.</summary>
[<RequireQualifiedAccess>]
module Metrics =
    let private sameCount (caller: string) (logits: Tensor) (labels: Tensor) =
        let rows = Tensor.shape logits |> List.rev |> List.skip 1 |> List.rev

        if logits.NDim = 0 || rows <> Tensor.shape labels then
            invalidArg
                "labels"
                ($"{caller}: logits of shape {Tensor.shape logits} want labels of shape {rows}, "
                 + $"not {Tensor.shape labels}")

    /// <summary>The share of samples whose highest logit, along the last axis, is at the label:
    /// logits (..., classes) and integer labels (...) to one float32.</summary>
    /// <exception cref="T:System.ArgumentException">The shapes do not fit.</exception>
    /// <example><code>
    /// let logits = Tensor.ofRows [ [ 2.0; 1.0 ]; [ 3.0; 0.0 ]; [ 0.0; 1.0 ]; [ 5.0; 4.0 ] ]
    /// Metrics.accuracy logits (Tensor.ofSeq [ 0; 0; 1; 1 ])
    /// // => array(0.75, dtype=float32)
    /// </code></example>
    let accuracy (logits: Tensor) (labels: Tensor) : Tensor =
        sameCount "Metrics.accuracy" logits labels
        let likeliest = logits |> Tensor.argmaxAxis -1 |> Tensor.astype labels.DType

        likeliest |> Tensor.equal labels |> Tensor.astype DType.Float32 |> Tensor.mean

    /// <summary>The share of samples whose label is among the k highest logits: logits (...,
    /// classes) and integer labels (...) to one float32. A logit as high as that of the label does
    /// not count against it.</summary>
    /// <exception cref="T:System.ArgumentException">The shapes do not fit, or k is below
    /// 1.</exception>
    /// <example><code>
    /// let logits = Tensor.ofRows [ [ 3.0; 2.0; 1.0 ]; [ 3.0; 2.0; 1.0 ] ]
    /// Metrics.topK 2 logits (Tensor.ofSeq [ 1; 2 ])
    /// // => array(0.5, dtype=float32)
    /// </code></example>
    let topK (k: int) (logits: Tensor) (labels: Tensor) : Tensor =
        sameCount "Metrics.topK" logits labels

        if k < 1 then
            invalidArg (nameof k) $"Metrics.topK: at least one, not {k}"

        let own = logits |> Tensor.takeAlongAxis -1 (labels |> Tensor.expandDims -1)
        let above = logits |> Tensor.greater own |> Tensor.astype DType.Int32 |> Tensor.sumAxis -1
        above |> Tensor.less (Tensor.scalar k) |> Tensor.astype DType.Float32 |> Tensor.mean

    /// <summary>How many samples of each class (row) were taken for each class (column): predicted
    /// and true integer labels of one shape to int32 (classes, classes).</summary>
    /// <exception cref="T:System.ArgumentException">The shapes differ.</exception>
    /// <example><code>
    /// Metrics.confusion 2 (Tensor.ofSeq [ 0; 1; 1; 1 ]) (Tensor.ofSeq [ 0; 0; 1; 1 ])
    /// // => array([[1, 1], [0, 2]], dtype=int32)
    /// </code></example>
    let confusion (classes: int) (predicted: Tensor) (labels: Tensor) : Tensor =
        if Tensor.shape predicted <> Tensor.shape labels then
            invalidArg
                (nameof labels)
                ($"Metrics.confusion: {Tensor.shape predicted} predictions, "
                 + $"{Tensor.shape labels} labels")

        let ids = Tensor.arange classes

        // As a product of indicators: no sample is looked at twice, and it is the same on a GPU.
        let indicators (x: Tensor) =
            x
            |> Tensor.astype DType.Int32
            |> Tensor.reshape [ -1; 1 ]
            |> Tensor.equal ids
            |> Tensor.astype DType.Float32

        Tensor.transpose (indicators labels) *@ indicators predicted |> Tensor.astype DType.Int32

    /// <summary>e to the mean of losses in nats, of any shape, as a scalar: how many tokens a
    /// language model wavers between.</summary>
    /// <example><code>
    /// Tensor.ofSeq [ log 10.0; log 10.0 ] |> Metrics.perplexity // unsure between ten tokens
    /// // => array(10, dtype=float32)
    /// </code></example>
    let perplexity (losses: Tensor) : Tensor = losses |> Tensor.mean |> Tensor.exp

    /// <summary>The mean of a measurement over batches, each counted by its samples: what the
    /// measurement of all samples at once would be, if it is itself a mean. A scalar of scalars.
    /// Frees what it makes batch by batch.</summary>
    /// <exception cref="T:System.ArgumentException">There are no batches.</exception>
    /// <example><code>
    /// // Not the mean of 0.5, 2.5 and 4: the last batch counts once.
    /// Tensor.arange 5 |> Data.batches 2 |> Metrics.mean Tensor.mean
    /// // => array(2, dtype=float32)
    /// </code></example>
    let mean (measure: 'B -> Tensor) (batches: seq<'B>) : Tensor =
        let mutable sum = 0.0
        let mutable samples = 0

        for batch in batches do
            let count = Data.count batch
            use value = Tree.scoped (fun () -> measure batch)
            sum <- sum + float count * Tensor.toFloat value
            samples <- samples + count

        if samples = 0 then
            invalidArg (nameof batches) "Metrics.mean: there are no batches"

        Tensor.scalar (float32 (sum / float samples))
