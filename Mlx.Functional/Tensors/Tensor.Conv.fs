namespace Mlx

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

/// <summary>Convolutions, channels last.</summary>
[<AutoOpen>]
module TensorConv =
    let private pair (a: int, b: int) = struct (a, b)
    let private triple (a: int, b: int, c: int) = struct (a, b, c)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>Cross-correlation of x (batch, length, in) with a weight (out, kernel, in /
        /// groups) (<c>mlx.core.conv1d</c>).</summary>
        let conv1d (conv: Conv<int>) (weight: Tensor) (x: Tensor) : Tensor =
            Ops.Conv1d(x, weight, conv.Stride, conv.Padding, conv.Dilation, conv.Groups)

        /// <summary>Cross-correlation of x (batch, height, width, in) with a weight (out, kernel
        /// height, kernel width, in / groups) (<c>mlx.core.conv2d</c>).</summary>
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
