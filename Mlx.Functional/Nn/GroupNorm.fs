namespace Mlx

/// <summary>Which channels are normalised together.</summary>
type ChannelGroups =
    /// So many groups; channel c is in group c modulo their number. MLX's own grouping.
    | Interleaved of int
    /// So many groups of neighbours, as in the paper and PyTorch.
    | Neighbours of int

/// <summary>Normalisation of groups of channels, each sample by itself, then an affine
/// map.</summary>
type GroupNorm =
    {
        /// Shape (channels).
        Weight: Tensor option
        /// Shape (channels).
        Bias: Tensor option
    }

/// <summary>(x - mean) weight / sqrt(variance + eps) + bias, mean and variance over a sample's
/// group of channels (<c>mlx.nn.GroupNorm</c>).</summary>
[<RequireQualifiedAccess>]
module GroupNorm =
    /// <summary>Weight 1 and bias 0.</summary>
    /// <example><code>
    /// let p = GroupNorm.init 4 |> Random.run (Key.ofSeed 0)
    /// p.Weight
    /// // => Some array([1, 1, 1, 1], dtype=float32)
    /// </code></example>
    let init (channels: int) : Random<GroupNorm> =
        Random.result ()
        |> Random.map (fun () ->
            { Weight = Some(Tensor.ones [ channels ])
              Bias = Some(Tensor.zeros [ channels ]) })

    /// <summary>x of shape (batch, ..., channels) to the same shape.</summary>
    /// <exception cref="T:System.ArgumentException">The groups do not divide the
    /// channels.</exception>
    /// <example><code>
    /// let p = GroupNorm.init 4 |> Random.run (Key.ofSeed 0)
    /// let x = Tensor.ofRows [ [ 1.0; 3.0; 10.0; 30.0 ] ] // channels 0 and 1 together, 2 and 3
    /// x |> GroupNorm.applyEps 1e-5 (Neighbours 2) p
    /// // => array([[-0.999995, 0.999995, -1, 1]], dtype=float32)
    /// </code></example>
    let applyEps (eps: float) (groups: ChannelGroups) (p: GroupNorm) (x: Tensor) : Tensor =
        let channels = x.Dim -1

        let count =
            match groups with
            | Interleaved count
            | Neighbours count -> count

        if count < 1 || channels % count <> 0 then
            invalidArg (nameof groups) $"{count} groups do not divide {channels} channels"

        let batch = x.Dim 0

        match groups with
        | Interleaved count ->
            x |> Tensor.reshape [ batch; -1; count ] |> Normalization.within eps [ 1 ]
        | Neighbours count ->
            x
            |> Tensor.reshape [ batch; -1; count; channels / count ]
            |> Tensor.permute [ 0; 2; 1; 3 ]
            |> Tensor.flattenAxes 2 3
            |> Tensor.layerNorm eps None None
            |> Tensor.unflatten 2 [ -1; channels / count ]
            |> Tensor.permute [ 0; 2; 1; 3 ]
        |> Tensor.reshape (Tensor.shape x)
        |> Normalization.affine p.Weight p.Bias

    /// <summary>x of shape (batch, ..., channels) to the same shape, with eps 1e-5.</summary>
    /// <exception cref="T:System.ArgumentException">The groups do not divide the
    /// channels.</exception>
    /// <example><code>
    /// let p = GroupNorm.init 4 |> Random.run (Key.ofSeed 0)
    /// let x = Tensor.ofRows [ [ 1.0; 10.0; 3.0; 30.0 ] ] // channels 0 and 2 together, 1 and 3
    /// x |> GroupNorm.apply (Interleaved 2) p
    /// // => array([[-0.999995, -1, 0.999995, 1]], dtype=float32)
    /// </code></example>
    let apply (groups: ChannelGroups) (p: GroupNorm) (x: Tensor) : Tensor = applyEps 1e-5 groups p x

/// <summary>Normalisation of each channel of each sample, then an affine map.</summary>
type InstanceNorm =
    {
        /// Shape (channels).
        Weight: Tensor option
        /// Shape (channels).
        Bias: Tensor option
    }

/// <summary>(x - mean) weight / sqrt(variance + eps) + bias, mean and variance over the axes
/// between batch and channels (<c>mlx.nn.InstanceNorm</c>).</summary>
[<RequireQualifiedAccess>]
module InstanceNorm =
    /// <summary>Without weight and bias, as in MLX by default.</summary>
    let plain: InstanceNorm = { Weight = None; Bias = None }

    /// <summary>Weight 1 and bias 0 (MLX's <c>affine=True</c>).</summary>
    /// <example><code>
    /// let p = InstanceNorm.init 3 |> Random.run (Key.ofSeed 0)
    /// p.Weight
    /// // => Some array([1, 1, 1], dtype=float32)
    /// </code></example>
    let init (channels: int) : Random<InstanceNorm> =
        Random.result ()
        |> Random.map (fun () ->
            { Weight = Some(Tensor.ones [ channels ])
              Bias = Some(Tensor.zeros [ channels ]) })

    /// <summary>x of shape (batch, lengths..., channels) to the same shape.</summary>
    /// <exception cref="T:System.ArgumentException">There is no axis between batch and
    /// channels.</exception>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 1.0; 3.0; 10.0; 30.0 ] |> Tensor.reshape [ 2; 2; 1 ] // two samples
    /// x |> InstanceNorm.applyEps 1e-3 InstanceNorm.plain |> Tensor.flatten
    /// // => array([-0.9995, 0.9995, -0.999995, 0.999995], dtype=float32)
    /// </code></example>
    let applyEps (eps: float) (p: InstanceNorm) (x: Tensor) : Tensor =
        if x.NDim < 3 then
            invalidArg
                (nameof x)
                $"an axis between batch and channels is missing in the shape {Tensor.shape x}"

        x |> Normalization.within eps [ 1 .. x.NDim - 2 ] |> Normalization.affine p.Weight p.Bias

    /// <summary>x of shape (batch, lengths..., channels) to the same shape, with eps
    /// 1e-5.</summary>
    /// <exception cref="T:System.ArgumentException">There is no axis between batch and
    /// channels.</exception>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 1.0; 3.0; 10.0; 30.0 ] |> Tensor.reshape [ 2; 2; 1 ] // two samples
    /// x |> InstanceNorm.apply InstanceNorm.plain |> Tensor.flatten
    /// // => array([-0.999995, 0.999995, -1, 1], dtype=float32)
    /// </code></example>
    let apply (p: InstanceNorm) (x: Tensor) : Tensor = applyEps 1e-5 p x
