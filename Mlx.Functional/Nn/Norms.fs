namespace Mlx

/// <summary>Root mean square normalisation of the last axis.</summary>
type RmsNorm =
    {
        /// Shape (size).
        Weight: Tensor
    }

/// <summary>x weight / sqrt(mean x² + eps) (<c>mlx.nn.RMSNorm</c>).</summary>
[<RequireQualifiedAccess>]
module RmsNorm =
    /// <summary>Ones.</summary>
    /// <example><code>
    /// (RmsNorm.init 3 |> Random.run (Key.ofSeed 0)).Weight
    /// // => array([1, 1, 1], dtype=float32)
    /// </code></example>
    let init (size: int) : Random<RmsNorm> =
        Random.result () |> Random.map (fun () -> { Weight = Tensor.ones [ size ] })

    /// <summary>x of shape (..., size) to the same shape.</summary>
    /// <example><code>
    /// let p = RmsNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofSeq [ 3.0; 4.0 ] |> RmsNorm.applyEps 1e-6 p
    /// // => array([0.848528, 1.13137], dtype=float32)
    /// </code></example>
    let applyEps (eps: float) (p: RmsNorm) (x: Tensor) : Tensor =
        x |> Tensor.rmsNorm eps (Some p.Weight)

    /// <summary>x of shape (..., size) to the same shape, with eps 1e-5.</summary>
    /// <example><code>
    /// let p = RmsNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofRows [ [ 3.0; 4.0 ]; [ 30.0; 40.0 ] ] |> RmsNorm.apply p
    /// // => array([[0.848528, 1.13137], [0.848528, 1.13137]], dtype=float32)
    /// </code></example>
    let apply (p: RmsNorm) (x: Tensor) : Tensor = applyEps 1e-5 p x

/// <summary>Normalisation of the last axis to mean 0 and variance 1, then an affine map.</summary>
type LayerNorm =
    {
        /// Shape (size).
        Weight: Tensor
        /// Shape (size).
        Bias: Tensor option
    }

/// <summary>(x - mean) weight / sqrt(variance + eps) + bias (<c>mlx.nn.LayerNorm</c>).</summary>
[<RequireQualifiedAccess>]
module LayerNorm =
    /// <summary>Weight 1 and bias 0.</summary>
    /// <example><code>
    /// (LayerNorm.init 3 |> Random.run (Key.ofSeed 0)).Bias
    /// // => Some array([0, 0, 0], dtype=float32)
    /// </code></example>
    let init (size: int) : Random<LayerNorm> =
        Random.result ()
        |> Random.map (fun () ->
            { Weight = Tensor.ones [ size ]; Bias = Some(Tensor.zeros [ size ]) })

    /// <summary>x of shape (..., size) to the same shape.</summary>
    /// <example><code>
    /// let p = LayerNorm.init 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofSeq [ 3.0; 5.0 ] |> LayerNorm.applyEps 3.0 p
    /// // => array([-0.5, 0.5], dtype=float32)
    /// </code></example>
    let applyEps (eps: float) (p: LayerNorm) (x: Tensor) : Tensor =
        x |> Tensor.layerNorm eps (Some p.Weight) p.Bias

    /// <summary>x of shape (..., size) to the same shape, with eps 1e-5.</summary>
    /// <example><code>
    /// let p = LayerNorm.init 3 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofRows [ [ 1.0; 2.0; 3.0 ]; [ 10.0; 20.0; 30.0 ] ] |> LayerNorm.apply p
    /// // => array([[-1.22474, 0, 1.22474], [-1.22474, 0, 1.22474]], dtype=float32)
    /// </code></example>
    let apply (p: LayerNorm) (x: Tensor) : Tensor = applyEps 1e-5 p x
