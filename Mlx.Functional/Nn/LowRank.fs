namespace Mlx

open System

/// <summary>
/// A correction of a weight by two thin matrices, learnt while the weight stays as it is: LoRA (Hu
/// et al., 2021), and DoRA (Liu et al., 2024) where there is a magnitude. Named and laid out as
/// mlx-lm has it.
/// </summary>
type LowRank =
    {
        /// Shape (in, rank).
        LoraA: Tensor
        /// Shape (rank, out).
        LoraB: Tensor
        /// The length that each row of the corrected weight has, (out): DoRA.
        M: Tensor option
        /// The correction is multiplied by it.
        Scale: float
    }

/// <summary>A layer that stays as it is, and what is learnt beside it.</summary>
type Adapted<'Layer> =
    {
        /// The layer.
        [<TreeName "">]
        Base: 'Layer
        /// The correction of its weight.
        [<TreeName "">]
        Correction: LowRank
    }

/// <summary>Corrections of low rank.</summary>
[<RequireQualifiedAccess>]
module LowRank =
    /// <summary>A correction that changes nothing yet: A uniform within 1 / sqrt inputs, B
    /// zero.</summary>
    /// <example><code>
    /// let correction = LowRank.init 8 20.0 512 256 |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (rank: int) (scale: float) (inputs: int) (outputs: int) : Random<LowRank> =
        let bound = Math.Sqrt(1.0 / float inputs)

        Random.uniformIn -bound bound [ inputs; rank ]
        |> Random.map (fun a ->
            { LoraA = a; LoraB = Tensor.zeros [ rank; outputs ]; M = None; Scale = scale })

    /// The length of each row, (out).
    let private lengths (weight: Tensor) : Tensor =
        weight |> Tensor.astype DType.Float32 |> Tensor.square |> Tensor.sumAxis -1 |> Tensor.sqrt

    /// <summary>The same for DoRA: rows begin with the lengths that a weight of shape (out, in)
    /// has.</summary>
    /// <example><code>
    /// let dora (p: LowRank) (layer: Linear) = p |> LowRank.withMagnitude layer.Weight
    /// </code></example>
    let withMagnitude (weight: Tensor) (p: LowRank) : LowRank = { p with M = Some(lengths weight) }

    /// <summary>What is added to the weight: scale (A B)ᵀ, of shape (out, in).</summary>
    /// <example><code>let delta (p: LowRank) = LowRank.delta p</code></example>
    let delta (p: LowRank) : Tensor =
        p.Scale * (Tensor.transpose p.LoraB *@ Tensor.transpose p.LoraA)

    /// <summary>A weight of shape (out, in) with its correction, in its own dtype.</summary>
    /// <example><code>
    /// let merged (p: LowRank) (layer: Linear) = layer.Weight |> LowRank.merge p
    /// </code></example>
    let merge (p: LowRank) (weight: Tensor) : Tensor =
        let corrected = weight + delta p

        match p.M with
        | Some m -> corrected * (m / lengths corrected |> Tensor.expandDims 1)
        | None -> corrected
        |> Tensor.astype weight.DType

    /// <summary>
    /// The corrected product: of x (..., in) and its product with the weight, (..., out) without
    /// bias. With a magnitude it needs the weight; no gradient flows through the length that is
    /// divided by, as in the paper.
    /// </summary>
    /// <example><code>
    /// let correct (p: LowRank) (linear: Linear) =
    ///     x *@ Tensor.transpose linear.Weight |> LowRank.correct p (lazy linear.Weight) x
    /// </code></example>
    let correct (p: LowRank) (weight: Lazy<Tensor>) (x: Tensor) (product: Tensor) : Tensor =
        let y = product + p.Scale * (x *@ p.LoraA *@ p.LoraB)

        match p.M with
        | Some m ->
            let length = weight.Value + delta p |> lengths |> stopGradient
            y * (m / length)
        | None -> y
        |> Tensor.astype product.DType
