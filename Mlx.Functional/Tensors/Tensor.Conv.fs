namespace Mlx

open System
open Mlx.Core

/// <summary>How a convolution walks over its input: one number an axis, so an <c>int</c> for
/// sequences, a pair (height, width) for images, a triple (depth, height, width) for
/// volumes.</summary>
type Conv<'Axes> =
    {
        /// Steps between places.
        Stride: 'Axes
        /// Zeros around the input.
        Padding: 'Axes
        /// Steps between the elements of the kernel.
        Dilation: 'Axes
        /// Groups of channels that do not mix.
        Groups: int
    }

/// <summary>Every place, no padding.</summary>
[<RequireQualifiedAccess>]
module Conv =
    /// <summary>For sequences.</summary>
    let defaults1d: Conv<int> = { Stride = 1; Padding = 0; Dilation = 1; Groups = 1 }

    /// <summary>For images.</summary>
    /// <example><code>{ Conv.defaults with Stride = 2, 2; Padding = 1, 1 }</code></example>
    let defaults: Conv<int * int> = { Stride = 1, 1; Padding = 0, 0; Dilation = 1, 1; Groups = 1 }

    /// <summary>For volumes.</summary>
    let defaults3d: Conv<int * int * int> =
        { Stride = 1, 1, 1; Padding = 0, 0, 0; Dilation = 1, 1, 1; Groups = 1 }

/// <summary>How a transposed convolution walks over its output, as <c>Conv</c> does over its
/// input.</summary>
type ConvTranspose<'Axes> =
    {
        /// Steps between the places that elements of the input go to.
        Stride: 'Axes
        /// What is cut off around the output.
        Padding: 'Axes
        /// Steps between the elements of the kernel.
        Dilation: 'Axes
        /// What is added to the far end of the output.
        OutputPadding: 'Axes
        /// Groups of channels that do not mix.
        Groups: int
    }

/// <summary>Every place, nothing cut off.</summary>
[<RequireQualifiedAccess>]
module ConvTranspose =
    /// <summary>For sequences.</summary>
    let defaults1d: ConvTranspose<int> =
        { Stride = 1; Padding = 0; Dilation = 1; OutputPadding = 0; Groups = 1 }

    /// <summary>For images.</summary>
    /// <example><code>{ ConvTranspose.defaults with Stride = 2, 2 }</code></example>
    let defaults: ConvTranspose<int * int> =
        { Stride = 1, 1
          Padding = 0, 0
          Dilation = 1, 1
          OutputPadding = 0, 0
          Groups = 1 }

    /// <summary>For volumes.</summary>
    let defaults3d: ConvTranspose<int * int * int> =
        { Stride = 1, 1, 1
          Padding = 0, 0, 0
          Dilation = 1, 1, 1
          OutputPadding = 0, 0, 0
          Groups = 1 }

/// <summary>How a convolution over any number of axes walks: one number an axis.</summary>
type ConvGeneral =
    {
        /// Steps between places.
        Stride: int list
        /// Zeros before the input.
        PaddingLow: int list
        /// Zeros behind the input.
        PaddingHigh: int list
        /// Steps between the elements of the kernel.
        Dilation: int list
        /// Steps between the elements of the input, zeros in between.
        InputDilation: int list
        /// Groups of channels that do not mix.
        Groups: int
        /// The kernel runs backwards: convolution rather than cross-correlation.
        Flip: bool
    }

/// <summary>Every place, no padding.</summary>
[<RequireQualifiedAccess>]
module ConvGeneral =
    /// <summary>For so many axes.</summary>
    /// <example><code>{ ConvGeneral.defaults 2 with Stride = [ 2; 2 ] }</code></example>
    let defaults (axes: int) : ConvGeneral =
        let all n = List.replicate axes n

        { Stride = all 1
          PaddingLow = all 0
          PaddingHigh = all 0
          Dilation = all 1
          InputDilation = all 1
          Groups = 1
          Flip = false }

/// <summary>Convolutions, channels last.</summary>
[<AutoOpen>]
module TensorConv =
    let private pair (a: int, b: int) = struct (a, b)
    let inline private span (items: int list) = ReadOnlySpan(Array.ofList items)
    let private triple (a: int, b: int, c: int) = struct (a, b, c)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>Cross-correlation of x (batch, length, in) with a weight (out, kernel, in /
        /// groups) (<c>mlx.core.conv1d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 4; 1 ]
        /// |> Tensor.conv1d Conv.defaults1d (Tensor.ones [ 1; 2; 1 ])
        /// |> Tensor.shape
        /// // => [1; 3; 1]
        /// </code></example>
        let conv1d (conv: Conv<int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.Conv1d(x, weight, conv.Stride, conv.Padding, conv.Dilation, conv.Groups)

        /// <summary>Cross-correlation of x (batch, height, width, in) with a weight (out, kernel
        /// height, kernel width, in / groups) (<c>mlx.core.conv2d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 8; 8; 3 ]
        /// |> Tensor.conv2d { Conv.defaults with Padding = 1, 1 } (Tensor.ones [ 4; 3; 3; 3 ])
        /// |> Tensor.shape
        /// // => [1; 8; 8; 4]
        /// </code></example>
        let conv2d (conv: Conv<int * int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.Conv2d(
                x,
                weight,
                pair conv.Stride,
                pair conv.Padding,
                pair conv.Dilation,
                conv.Groups
            )

        /// <summary>Cross-correlation of x (batch, depth, height, width, in) with a weight (out,
        /// kernel depth, kernel height, kernel width, in / groups)
        /// (<c>mlx.core.conv3d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 4; 4; 4; 2 ]
        /// |> Tensor.conv3d Conv.defaults3d (Tensor.ones [ 3; 2; 2; 2; 2 ])
        /// |> Tensor.shape
        /// // => [1; 3; 3; 3; 3]
        /// </code></example>
        let conv3d (conv: Conv<int * int * int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.Conv3d(
                x,
                weight,
                triple conv.Stride,
                triple conv.Padding,
                triple conv.Dilation,
                conv.Groups
            )

        /// <summary>The transpose of the linear map that <c>conv1d</c> is: x (batch, length, in),
        /// weight (out, kernel, in / groups) (<c>mlx.core.conv_transpose1d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 4; 1 ]
        /// |> Tensor.convTranspose1d ConvTranspose.defaults1d (Tensor.ones [ 1; 2; 1 ])
        /// |> Tensor.shape
        /// // => [1; 5; 1]
        /// </code></example>
        let convTranspose1d (conv: ConvTranspose<int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.ConvTranspose1d(
                x,
                weight,
                conv.Stride,
                conv.Padding,
                conv.Dilation,
                conv.OutputPadding,
                conv.Groups
            )

        /// <summary>The transpose of the linear map that <c>conv2d</c> is: x (batch, height, width,
        /// in), weight (out, kernel height, kernel width, in / groups)
        /// (<c>mlx.core.conv_transpose2d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 4; 4; 2 ]
        /// |> Tensor.convTranspose2d ConvTranspose.defaults (Tensor.ones [ 3; 2; 2; 2 ])
        /// |> Tensor.shape
        /// // => [1; 5; 5; 3]
        /// </code></example>
        let convTranspose2d (conv: ConvTranspose<int * int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.ConvTranspose2d(
                x,
                weight,
                pair conv.Stride,
                pair conv.Padding,
                pair conv.Dilation,
                pair conv.OutputPadding,
                conv.Groups
            )

        /// <summary>The transpose of the linear map that <c>conv3d</c> is: x (batch, depth, height,
        /// width, in), weight (out, kernel depth, kernel height, kernel width, in / groups)
        /// (<c>mlx.core.conv_transpose3d</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 2; 2; 2; 1 ]
        /// |> Tensor.convTranspose3d ConvTranspose.defaults3d (Tensor.ones [ 1; 2; 2; 2; 1 ])
        /// |> Tensor.shape
        /// // => [1; 3; 3; 3; 1]
        /// </code></example>
        let convTranspose3d
            (conv: ConvTranspose<int * int * int>)
            (weight: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.ConvTranspose3d(
                x,
                weight,
                triple conv.Stride,
                triple conv.Padding,
                triple conv.Dilation,
                triple conv.OutputPadding,
                conv.Groups
            )

        /// <summary>The discrete convolution of two vectors, (n) and (m): "full" has n + m - 1
        /// elements, "same" n, "valid" those where the shorter one fits
        /// (<c>mlx.core.convolve</c>).</summary>
        /// <exception cref="T:System.ArgumentException">They are no vectors, one is empty, or the
        /// mode is none of these.</exception>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 2.0; 3.0 ] |> Tensor.convolve "full" (Tensor.ofSeq [ 1.0; 10.0 ])
        /// // => array([1, 12, 23, 30], dtype=float32)
        /// </code></example>
        let convolve (mode: string) (y: Tensor) (x: Tensor) : Tensor =
            if x.NDim <> 1 || y.NDim <> 1 then
                let shapes = $"{Text.shape x} and {Text.shape y}"
                invalidArg (nameof x) $"convolve wants two vectors, the shapes are {shapes}"

            if x.Size = 0L || y.Size = 0L then
                invalidArg (nameof x) "convolve wants elements, one of the vectors is empty"

            use scope = Scope.Enter()
            let signal, kernel = if x.Size < y.Size then y, x else x, y
            let n = int kernel.Size

            let low, high =
                match mode with
                | "full" -> n - 1, n - 1
                | "same" -> n / 2, n - 1 - n / 2
                | "valid" -> 0, 0
                | _ -> invalidArg (nameof mode) $"'{mode}' is not full, same or valid"

            let one = [| 1 |]
            let line = [| 1; -1; 1 |]

            // A convolution runs along one of them backwards; conv ops do not, unless told to flip.
            let full =
                Ops.ConvGeneral(
                    Ops.Reshape(signal, ReadOnlySpan line),
                    Ops.Reshape(kernel, ReadOnlySpan line),
                    ReadOnlySpan one,
                    ReadOnlySpan [| low |],
                    ReadOnlySpan [| high |],
                    ReadOnlySpan one,
                    ReadOnlySpan one,
                    1,
                    true
                )

            scope.Keep(Ops.Reshape(full, ReadOnlySpan [| -1 |]))

        /// <summary>Convolution over any number of axes, channels last: x (batch, n..., in), weight
        /// (out, k..., in / groups); all that MLX's convolutions can do is in the settings
        /// (<c>mlx.core.conv_general</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 1; 5; 1 ]
        /// |> Tensor.convGeneral (ConvGeneral.defaults 1) (Tensor.ones [ 1; 3; 1 ])
        /// |> Tensor.shape
        /// // => [1; 3; 1]
        /// </code></example>
        let convGeneral (conv: ConvGeneral) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.ConvGeneral(
                x,
                weight,
                span conv.Stride,
                span conv.PaddingLow,
                span conv.PaddingHigh,
                span conv.Dilation,
                span conv.InputDilation,
                conv.Groups,
                conv.Flip
            )
