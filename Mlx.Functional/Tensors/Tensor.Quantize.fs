namespace Mlx

open System
open Mlx.Core

/// <summary>How numbers are packed into small ones: in groups along the last axis, each with its
/// own scale.</summary>
type Packing =
    {
        /// How many share a scale; the last axis is a multiple of it.
        GroupSize: int
        /// Bits of each.
        Bits: int
        /// <c>affine</c> (integers, a scale and a bias a group), <c>mxfp4</c>, <c>mxfp8</c> or
        /// <c>nvfp4</c> (small floats).
        Mode: string
    }

/// <summary>The packings of MLX.</summary>
[<RequireQualifiedAccess>]
module Packing =
    /// <summary>4-bit integers in groups of 64.</summary>
    /// <example><code>{ Packing.affine with Bits = 8 }</code></example>
    let affine: Packing = { GroupSize = 64; Bits = 4; Mode = "affine" }

    /// <summary>4-bit floats (E2M1) in groups of 32 whose scale is a power of two.</summary>
    let mxfp4: Packing = { GroupSize = 32; Bits = 4; Mode = "mxfp4" }

    /// <summary>8-bit floats (E4M3) in groups of 32 whose scale is a power of two.</summary>
    let mxfp8: Packing = { GroupSize = 32; Bits = 8; Mode = "mxfp8" }

    /// <summary>4-bit floats (E2M1) in groups of 16 whose scale is an 8-bit float.</summary>
    let nvfp4: Packing = { GroupSize = 16; Bits = 4; Mode = "nvfp4" }

/// <summary>A packed tensor: a tree, so it is saved, loaded and passed on as any other.</summary>
type Packed =
    {
        /// The codes, uint32, shape (..., n bits / 32).
        Weight: Tensor
        /// The scale of each group, shape (..., n / group size).
        Scales: Tensor
        /// The bias of each group in the mode <c>affine</c>.
        Biases: Tensor option
        /// How it is packed.
        Packing: Packing
    }

/// <summary>Packing numbers into fewer bits, and products with what is packed.</summary>
[<AutoOpen>]
module TensorQuantize =
    let private bits (p: Packing) = Nullable p.Bits
    let private group (p: Packing) = Nullable p.GroupSize

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The numbers of x (..., n) packed along the last axis
        /// (<c>mlx.core.quantize</c>).</summary>
        /// <exception cref="T:Mlx.Core.MlxException">The last axis is no multiple of the group, or
        /// the mode has no such bits.</exception>
        /// <example><code>
        /// let packed = Tensor.ones [ 2; 64 ] |> Tensor.quantize Packing.affine
        /// packed.Weight |> Tensor.shape
        /// // => [2; 8]
        /// </code></example>
        let quantize (packing: Packing) (x: Tensor) : Packed =
            let struct (weight, scales, biases) =
                Ops.Quantize(x, group packing, bits packing, packing.Mode)

            { Weight = weight
              Scales = scales
              Biases = Option.ofObj biases
              Packing = packing }

        /// <summary>The numbers, of shape (..., n), that a packed tensor stands for
        /// (<c>mlx.core.dequantize</c>).</summary>
        /// <example><code>
        /// (Tensor.ones [ 2; 64 ] |> Tensor.quantize Packing.affine |> Tensor.dequantize)[0, 0..2]
        /// // => array([1, 1, 1], dtype=float32)
        /// </code></example>
        let dequantize (x: Packed) : Tensor =
            let p = x.Packing
            Ops.Dequantize(x.Weight, x.Scales, Option.toObj x.Biases, group p, bits p, p.Mode)

        /// <summary>x wᵀ for x (..., k) and a packed w (m, k), the layout of linear layers, to
        /// (..., m) (<c>mlx.core.quantized_matmul</c>).</summary>
        /// <example><code>
        /// let w = Tensor.ones [ 2; 64 ] |> Tensor.quantize Packing.affine
        /// Tensor.ones [ 1; 64 ] |> Tensor.quantizedMatmul w
        /// // => array([[64, 64]], dtype=float32)
        /// </code></example>
        let quantizedMatmul (w: Packed) (x: Tensor) : Tensor =
            let p = w.Packing

            Ops.QuantizedMatmul(
                x,
                w.Weight,
                w.Scales,
                Option.toObj w.Biases,
                true,
                group p,
                bits p,
                p.Mode
            )

        /// <summary>As <c>quantizedMatmul</c>, with the matrices of x and w picked by indices into
        /// their leading axes (<c>mlx.core.gather_qmm</c>).</summary>
        /// <example><code>
        /// let experts = Tensor.ones [ 3; 2; 64 ] |> Tensor.quantize Packing.affine
        /// Tensor.ones [ 1; 64 ] |> Tensor.gatherQmm None (Some(Tensor.ofSeq [ 2 ])) experts
        /// // => array([[[64, 64]]], dtype=float32)
        /// </code></example>
        let gatherQmm
            (indicesX: Tensor option)
            (indicesW: Tensor option)
            (w: Packed)
            (x: Tensor)
            : Tensor =
            let p = w.Packing

            Ops.GatherQMM(
                x,
                w.Weight,
                w.Scales,
                Option.toObj w.Biases,
                Option.toObj indicesX,
                Option.toObj indicesW,
                true,
                group p,
                bits p,
                p.Mode
            )

        /// <summary>x wᵀ for a packed w, with x packed the same way first: modes <c>nvfp4</c> and
        /// <c>mxfp8</c> (<c>mlx.core.qqmm</c>).</summary>
        /// <returns>(..., out) of x (..., in) and w (out, in).</returns>
        /// <example><code>
        /// let w = Tensor.ones [ 2; 64 ] |> Tensor.quantize Packing.nvfp4
        /// Tensor.ones [ 1; 64 ] |> Tensor.qqmm w |> Tensor.shape
        /// // => [1; 2]
        /// </code></example>
        let qqmm (w: Packed) (x: Tensor) : Tensor =
            let p = w.Packing
            Ops.QQMM(x, w.Weight, w.Scales, group p, bits p, p.Mode)
