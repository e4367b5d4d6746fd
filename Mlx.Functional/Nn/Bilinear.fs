namespace Mlx

open System

/// <summary>A map of two vectors, linear in each.</summary>
type Bilinear =
    {
        /// Shape (out, in2, in1).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>For each output: x2ᵀ W x1 + b (<c>mlx.nn.Bilinear</c>).</summary>
[<RequireQualifiedAccess>]
module Bilinear =
    /// <summary>Weight and bias uniform within 1 / sqrt inputs1, as in MLX.</summary>
    /// <example><code>let layer = Bilinear.init 3 5 2 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs1: int) (inputs2: int) (outputs: int) : Random<Bilinear> =
        let bound = Math.Sqrt(1.0 / float inputs1)

        random {
            let! weight = Random.uniformIn -bound bound [ outputs; inputs2; inputs1 ]
            let! bias = Random.uniformIn -bound bound [ outputs ]
            return { Weight = weight; Bias = Some bias }
        }

    /// <summary>x1 of shape (..., in1) and x2 of (..., in2) to (..., out).</summary>
    /// <example><code>
    /// let p = Bilinear.init 3 5 2 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 4; 3 ] |> Bilinear.apply p (Tensor.ones [ 4; 5 ]) |> Tensor.shape
    /// // => [4; 2]
    /// </code></example>
    let apply (p: Bilinear) (x2: Tensor) (x1: Tensor) : Tensor =
        let outputs, inputs2, inputs1 = p.Weight.Dim 0, p.Weight.Dim 1, p.Weight.Dim 2
        let leading = List.take (x1.NDim - 1) (Tensor.shape x1)
        let maps = p.Weight |> Tensor.reshape [ outputs * inputs2; inputs1 ] |> Tensor.transpose
        // For each pair of vectors: (1, in2) by (in2, out).
        let mapped =
            Tensor.reshape [ -1; inputs1 ] x1 *@ maps
            |> Tensor.reshape [ -1; outputs; inputs2 ]
            |> Tensor.swapaxes -2 -1

        let y =
            Tensor.reshape [ -1; 1; inputs2 ] x2 *@ mapped |> Tensor.reshape (leading @ [ outputs ])

        match p.Bias with
        | Some bias -> y + bias
        | None -> y
