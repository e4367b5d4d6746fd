namespace Mlx

open System

/// <summary>An affine map of the last axis.</summary>
type Linear =
    {
        /// Shape (out, in).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>y = x Wᵀ + b (<c>mlx.nn.Linear</c>).</summary>
[<RequireQualifiedAccess>]
module Linear =
    let private weight inputs outputs =
        let bound = Math.Sqrt(1.0 / float inputs)
        Random.uniformIn -bound bound [ outputs; inputs ]

    /// <summary>Weight and bias uniform within 1 / sqrt inputs, as in MLX.</summary>
    /// <example><code>let layer = Linear.init 784 256 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (outputs: int) : Random<Linear> =
        random {
            let! weight = weight inputs outputs
            let bound = Math.Sqrt(1.0 / float inputs)
            let! bias = Random.uniformIn -bound bound [ outputs ]
            return { Weight = weight; Bias = Some bias }
        }

    /// <summary>The same without a bias.</summary>
    /// <example><code>
    /// let p = Linear.initNoBias 784 256 |> Random.run (Key.ofSeed 0)
    /// Tensor.shape p.Weight, p.Bias.IsSome
    /// // => ([256; 784], false)
    /// </code></example>
    let initNoBias (inputs: int) (outputs: int) : Random<Linear> =
        weight inputs outputs |> Random.map (fun w -> { Weight = w; Bias = None })

    /// <summary>x of shape (..., in) to (..., out).</summary>
    /// <example><code>
    /// let p = Linear.init 784 256 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 32; 784 ] |> Linear.apply p |> Tensor.shape
    /// // => [32; 256]
    /// </code></example>
    let apply (p: Linear) (x: Tensor) : Tensor =
        match p.Bias with
        | Some bias -> x |> Tensor.addmm bias (Tensor.transpose p.Weight)
        | None -> x *@ Tensor.transpose p.Weight
