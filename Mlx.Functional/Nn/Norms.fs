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
    let init (size: int) : Random<RmsNorm> =
        Random.result () |> Random.map (fun () -> { Weight = Tensor.ones [ size ] })

    /// <summary>x of shape (..., size) to the same shape.</summary>
    let applyEps (eps: float) (p: RmsNorm) (x: Tensor) : Tensor =
        x |> Tensor.rmsNorm eps (Some p.Weight)

    /// <summary>The same with eps 1e-5.</summary>
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
    let init (size: int) : Random<LayerNorm> =
        Random.result ()
        |> Random.map (fun () ->
            { Weight = Tensor.ones [ size ]; Bias = Some(Tensor.zeros [ size ]) })

    /// <summary>x of shape (..., size) to the same shape.</summary>
    let applyEps (eps: float) (p: LayerNorm) (x: Tensor) : Tensor =
        x |> Tensor.layerNorm eps (Some p.Weight) p.Bias

    /// <summary>The same with eps 1e-5.</summary>
    let apply (p: LayerNorm) (x: Tensor) : Tensor = applyEps 1e-5 p x
