namespace Mlx

open System

/// <summary>A convolution over a sequence.</summary>
type Conv1d =
    {
        /// Shape (out, kernel, in / groups).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>A convolution over height and width.</summary>
type Conv2d =
    {
        /// Shape (out, kernel height, kernel width, in / groups).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// <summary>A convolution over depth, height and width.</summary>
type Conv3d =
    {
        /// Shape (out, kernel depth, kernel height, kernel width, in / groups).
        Weight: Tensor
        /// Shape (out).
        Bias: Tensor option
    }

/// What the convolution layers share.
module internal Convolution =
    let weight groups inputs outputs (kernel: int list) =
        if groups < 1 || inputs % groups <> 0 then
            invalidArg (nameof groups) $"{groups} groups do not divide {inputs} channels"

        let bound = Math.Sqrt(1.0 / float (List.fold (*) inputs kernel))
        Random.uniformIn -bound bound (outputs :: kernel @ [ inputs / groups ])

    let withBias bias (y: Tensor) =
        match bias with
        | Some bias -> y + bias
        | None -> y

/// <summary>Cross-correlation of sequences with channels last (<c>mlx.nn.Conv1d</c>).</summary>
[<RequireQualifiedAccess>]
module Conv1d =
    /// <summary>For groups of channels: weight uniform within 1 / sqrt(in kernel), bias 0, as in
    /// MLX.</summary>
    /// <exception cref="T:System.ArgumentException">The groups do not divide the channels that come
    /// in; those that go out are looked at by <c>apply</c>.</exception>
    /// <example><code>
    /// let p = Conv1d.initGroups 4 8 16 3 |> Random.run (Key.ofSeed 0)
    /// let conv = { Conv.defaults1d with Groups = 4 }
    /// Tensor.shape p.Weight, Tensor.ones [ 1; 10; 8 ] |> Conv1d.apply conv p |> Tensor.shape
    /// // => ([16; 3; 2], [1; 8; 16])
    /// </code></example>
    let initGroups (groups: int) (inputs: int) (outputs: int) (kernel: int) : Random<Conv1d> =
        Convolution.weight groups inputs outputs [ kernel ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>The same for one group.</summary>
    /// <example><code>let layer = Conv1d.init 3 8 5 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (outputs: int) (kernel: int) : Random<Conv1d> =
        initGroups 1 inputs outputs kernel

    /// <summary>x of shape (batch, length, in) to (batch, length', out).</summary>
    /// <example><code>
    /// let p = Conv1d.init 3 8 5 |> Random.run (Key.ofSeed 0)
    /// let conv = { Conv.defaults1d with Stride = 2; Padding = 2 }
    /// Tensor.ones [ 1; 100; 3 ] |> Conv1d.apply conv p |> Tensor.shape
    /// // => [1; 50; 8]
    /// </code></example>
    let apply (conv: Conv<int>) (p: Conv1d) (x: Tensor) : Tensor =
        x |> Tensor.conv1d conv p.Weight |> Convolution.withBias p.Bias

/// <summary>Cross-correlation of images with channels last (<c>mlx.nn.Conv2d</c>).</summary>
[<RequireQualifiedAccess>]
module Conv2d =
    /// <summary>For groups of channels: weight uniform within 1 / sqrt(in kernel), bias 0, as in
    /// MLX.</summary>
    /// <exception cref="T:System.ArgumentException">The groups do not divide the channels that come
    /// in; those that go out are looked at by <c>apply</c>.</exception>
    /// <example><code>
    /// let p = Conv2d.initGroups 8 8 8 (3, 3) |> Random.run (Key.ofSeed 0) // depthwise
    /// let conv = { Conv.defaults with Groups = 8; Padding = 1, 1 }
    /// Tensor.shape p.Weight, Tensor.ones [ 1; 28; 28; 8 ] |> Conv2d.apply conv p |> Tensor.shape
    /// // => ([8; 3; 3; 1], [1; 28; 28; 8])
    /// </code></example>
    let initGroups (groups: int) (inputs: int) (outputs: int) (kernel: int * int) : Random<Conv2d> =
        Convolution.weight groups inputs outputs [ fst kernel; snd kernel ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>The same for one group.</summary>
    /// <example><code>
    /// let layer = Conv2d.init 3 8 (5, 5) |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (inputs: int) (outputs: int) (kernel: int * int) : Random<Conv2d> =
        initGroups 1 inputs outputs kernel

    /// <summary>x of shape (batch, height, width, in) to (batch, height', width', out).</summary>
    /// <example><code>
    /// let p = Conv2d.init 3 8 (5, 5) |> Random.run (Key.ofSeed 0)
    /// let conv = { Conv.defaults with Stride = 2, 2; Padding = 2, 2 }
    /// Tensor.ones [ 1; 32; 32; 3 ] |> Conv2d.apply conv p |> Tensor.shape
    /// // => [1; 16; 16; 8]
    /// </code></example>
    let apply (conv: Conv<int * int>) (p: Conv2d) (x: Tensor) : Tensor =
        x |> Tensor.conv2d conv p.Weight |> Convolution.withBias p.Bias

/// <summary>Cross-correlation of volumes with channels last (<c>mlx.nn.Conv3d</c>).</summary>
[<RequireQualifiedAccess>]
module Conv3d =
    /// <summary>Weight uniform within 1 / sqrt(in kernel), bias 0, as in MLX; for one
    /// group.</summary>
    /// <example><code>
    /// let layer = Conv3d.init 3 8 (3, 3, 3) |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (inputs: int) (outputs: int) (kernel: int * int * int) : Random<Conv3d> =
        let depth, height, width = kernel

        Convolution.weight 1 inputs outputs [ depth; height; width ]
        |> Random.map (fun weight -> { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>x of shape (batch, depth, height, width, in) to (batch, depth', height', width',
    /// out).</summary>
    /// <example><code>
    /// let p = Conv3d.init 1 4 (3, 3, 3) |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 1; 8; 16; 16; 1 ] |> Conv3d.apply Conv.defaults3d p |> Tensor.shape
    /// // => [1; 6; 14; 14; 4]
    /// </code></example>
    let apply (conv: Conv<int * int * int>) (p: Conv3d) (x: Tensor) : Tensor =
        x |> Tensor.conv3d conv p.Weight |> Convolution.withBias p.Bias
