namespace Mlx

open System

/// <summary>A convolution over height and width.</summary>
type Conv2d =
    {
        /// Shape (out, kernel height, kernel width, in / groups).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>Cross-correlation of images with channels last (<c>mlx.nn.Conv2d</c>).</summary>
[<RequireQualifiedAccess>]
module Conv2d =
    /// <summary>Weight uniform within 1 / sqrt(in kernel), bias 0, as in MLX; for one group.</summary>
    let init (inputs: int) (outputs: int) (kernel: int * int) : Random<Conv2d> =
        let height, width = kernel
        let bound = Math.Sqrt(1.0 / float (inputs * height * width))

        Random.uniformIn -bound bound [ outputs; height; width; inputs ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>x of shape (batch, height, width, in) to (batch, height', width', out).</summary>
    /// <example><code>
    /// x |> Conv2d.apply { Conv.defaults with Stride = 2, 2; Padding = 1, 1 } layer
    /// </code></example>
    let apply (conv: Conv) (p: Conv2d) (x: Tensor) : Tensor =
        let y = x |> Tensor.conv2d conv p.Weight

        match p.Bias with
        | Some bias -> y + bias
        | None -> y
