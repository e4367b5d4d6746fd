namespace Mlx

/// <summary>A transposed convolution over a sequence.</summary>
type ConvTranspose1d =
    {
        /// Shape (out, kernel, in).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>A transposed convolution over height and width.</summary>
type ConvTranspose2d =
    {
        /// Shape (out, kernel height, kernel width, in).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>A transposed convolution over depth, height and width.</summary>
type ConvTranspose3d =
    {
        /// Shape (out, kernel depth, kernel height, kernel width, in).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>Sequences made longer: length' = (length - 1) stride - 2 padding + dilation (kernel -
/// 1) + output padding + 1 (<c>mlx.nn.ConvTranspose1d</c>).</summary>
[<RequireQualifiedAccess>]
module ConvTranspose1d =
    /// <summary>Weight uniform within 1 / sqrt(in kernel), bias 0, as in MLX.</summary>
    /// <example><code>
    /// let layer = ConvTranspose1d.init 8 3 4 |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (inputs: int) (outputs: int) (kernel: int) : Random<ConvTranspose1d> =
        Convolution.weight 1 inputs outputs [ kernel ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>x of shape (batch, length, in) to (batch, length', out).</summary>
    /// <example><code>
    /// let p = ConvTranspose1d.init 8 3 4 |> Random.run (Key.ofSeed 0)
    /// let conv = { ConvTranspose.defaults1d with Stride = 2; Padding = 1 }
    /// Tensor.ones [ 1; 50; 8 ] |> ConvTranspose1d.apply conv p |> Tensor.shape
    /// // => [1; 100; 3]
    /// </code></example>
    let apply (conv: ConvTranspose<int>) (p: ConvTranspose1d) (x: Tensor) : Tensor =
        x |> Tensor.convTranspose1d conv p.Weight |> Convolution.withBias p.Bias

/// <summary>Images made larger, each axis as by <c>ConvTranspose1d</c>
/// (<c>mlx.nn.ConvTranspose2d</c>).</summary>
[<RequireQualifiedAccess>]
module ConvTranspose2d =
    /// <summary>Weight uniform within 1 / sqrt(in kernel), bias 0, as in MLX.</summary>
    /// <example><code>
    /// let layer = ConvTranspose2d.init 8 3 (4, 4) |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (inputs: int) (outputs: int) (kernel: int * int) : Random<ConvTranspose2d> =
        Convolution.weight 1 inputs outputs [ fst kernel; snd kernel ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>x of shape (batch, height, width, in) to (batch, height', width', out).</summary>
    /// <example><code>
    /// let p = ConvTranspose2d.init 8 3 (4, 4) |> Random.run (Key.ofSeed 0)
    /// let conv = { ConvTranspose.defaults with Stride = 2, 2; Padding = 1, 1 }
    /// Tensor.ones [ 1; 16; 16; 8 ] |> ConvTranspose2d.apply conv p |> Tensor.shape
    /// // => [1; 32; 32; 3]
    /// </code></example>
    let apply (conv: ConvTranspose<int * int>) (p: ConvTranspose2d) (x: Tensor) : Tensor =
        x |> Tensor.convTranspose2d conv p.Weight |> Convolution.withBias p.Bias

/// <summary>Volumes made larger, each axis as by <c>ConvTranspose1d</c>
/// (<c>mlx.nn.ConvTranspose3d</c>).</summary>
[<RequireQualifiedAccess>]
module ConvTranspose3d =
    /// <summary>Weight uniform within 1 / sqrt(in kernel), bias 0, as in MLX.</summary>
    /// <example><code>
    /// let layer = ConvTranspose3d.init 8 3 (2, 2, 2) |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (inputs: int) (outputs: int) (kernel: int * int * int) : Random<ConvTranspose3d> =
        let depth, height, width = kernel

        Convolution.weight 1 inputs outputs [ depth; height; width ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>x of shape (batch, depth, height, width, in) to (batch, depth', height', width',
    /// out).</summary>
    /// <example><code>
    /// let p = ConvTranspose3d.init 4 1 (2, 2, 2) |> Random.run (Key.ofSeed 0)
    /// let conv = { ConvTranspose.defaults3d with Stride = 2, 2, 2 }
    /// Tensor.ones [ 1; 4; 8; 8; 4 ] |> ConvTranspose3d.apply conv p |> Tensor.shape
    /// // => [1; 8; 16; 16; 1]
    /// </code></example>
    let apply (conv: ConvTranspose<int * int * int>) (p: ConvTranspose3d) (x: Tensor) : Tensor =
        x |> Tensor.convTranspose3d conv p.Weight |> Convolution.withBias p.Bias
