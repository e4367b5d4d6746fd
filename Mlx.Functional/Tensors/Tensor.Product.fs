namespace Mlx

open System
open Mlx.Core

/// <summary>Products of matrices.</summary>
[<AutoOpen>]
module TensorProduct =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>
    /// The matrix product; leading axes broadcast. It binds as <c>*</c> does, so
    /// <c>x *@ w + b</c> is what it looks like (<c>mlx.core.matmul</c>).
    /// </summary>
    /// <returns>(..., n, k) by (..., k, m) is (..., n, m).</returns>
    /// <example><code>
    /// let x, w, b = Tensor.ones [ 2; 3 ], Tensor.ones [ 3; 2 ], Tensor.ofSeq [ 0.0; 1.0 ]
    /// x *@ w + b
    /// // => array([[3, 4], [3, 4]], dtype=float32)
    /// </code></example>
    let ( *@ ) (a: Tensor) (b: Tensor) : Tensor = Ops.Matmul(a, b)

    /// <summary>
    /// The matrix product; leading axes broadcast. F# lets it bind weaker than <c>+</c>: write
    /// <c>(x @@ w) + b</c>, or <c>x *@ w + b</c> (<c>mlx.core.matmul</c>).
    /// </summary>
    /// <returns>(..., n, k) by (..., k, m) is (..., n, m).</returns>
    /// <example><code>
    /// let x, w, b = Tensor.ones [ 2; 3 ], Tensor.ones [ 3; 2 ], Tensor.ofSeq [ 0.0; 1.0 ]
    /// (x @@ w) + b
    /// // => array([[3, 4], [3, 4]], dtype=float32)
    /// </code></example>
    let (@@) (a: Tensor) (b: Tensor) : Tensor = Ops.Matmul(a, b)

    /// What can be wrong with subscripts whatever the operands are.
    let private checkSubscripts (subscripts: string) =
        let refuse at why = Text.refuse "einsum" subscripts at why
        let arrow = subscripts.IndexOf("->", StringComparison.Ordinal)
        let inputs = if arrow < 0 then subscripts else subscripts.Substring(0, arrow)

        for at in 0 .. subscripts.Length - 1 do
            match subscripts[at] with
            | ' '
            | ',' when at < inputs.Length || subscripts[at] = ' ' -> ()
            | '-'
            | '>' when arrow >= 0 && (at = arrow || at = arrow + 1) -> ()
            | c when not (Char.IsAsciiLetter c) -> refuse at $"'{c}' is no subscript; letters are"
            | c when at > arrow && arrow >= 0 && not (inputs.Contains c) ->
                refuse at $"'{c}' is in no input"
            | c when at > arrow && arrow >= 0 && subscripts.IndexOf(c, at + 1) > 0 ->
                refuse (subscripts.IndexOf(c, at + 1)) $"'{c}' stands twice in the output"
            | _ -> ()

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The matrix product x y, (..., n, k) by (..., k, m)
        /// (<c>mlx.core.matmul</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1.0; 2.0 ] ] |> Tensor.matmul (Tensor.ofRows [ [ 3.0 ]; [ 4.0 ] ])
        /// // => array([[11]], dtype=float32)
        /// </code></example>
        let matmul (y: Tensor) (x: Tensor) : Tensor = Ops.Matmul(x, y)

        /// <summary>c + x y (<c>mlx.core.addmm</c>).</summary>
        /// <returns>(..., n, m), to which c broadcasts, of x (..., n, k) and y (..., k,
        /// m).</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 3 ] |> Tensor.addmm (Tensor.scalar 1.0) (Tensor.ones [ 3; 2 ])
        /// // => array([[4, 4], [4, 4]], dtype=float32)
        /// </code></example>
        let addmm (c: Tensor) (y: Tensor) (x: Tensor) : Tensor = Ops.AddMM(c, x, y)

        /// <summary>beta c + alpha x y (<c>mlx.core.addmm</c>).</summary>
        /// <returns>(..., n, m), to which c broadcasts, of x (..., n, k) and y (..., k,
        /// m).</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 3 ]
        /// |> Tensor.addmmWith 2.0 0.5 (Tensor.scalar 1.0) (Tensor.ones [ 3; 2 ])
        /// // => array([[6.5, 6.5], [6.5, 6.5]], dtype=float32)
        /// </code></example>
        let addmmWith (alpha: float) (beta: float) (c: Tensor) (y: Tensor) (x: Tensor) : Tensor =
            Ops.AddMM(c, x, y, float32 alpha, float32 beta)

        /// <summary>The product summed over the last axis of both
        /// (<c>mlx.core.inner</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.inner (Tensor.ofSeq [ 3.0; 4.0 ])
        /// // => array(11, dtype=float32)
        /// </code></example>
        let inner (y: Tensor) (x: Tensor) : Tensor = Ops.Inner(x, y)

        /// <summary>All products of an element of x and one of y (<c>mlx.core.outer</c>).</summary>
        /// <returns>Shape (n, m) of n elements of x and m of y.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.outer (Tensor.ofSeq [ 3; 4 ])
        /// // => array([[3, 4], [6, 8]], dtype=int32)
        /// </code></example>
        let outer (y: Tensor) (x: Tensor) : Tensor = Ops.Outer(x, y)

        /// <summary>The Kronecker product (<c>mlx.core.kron</c>).</summary>
        /// <returns>The lengths of x times those of y, axis by axis.</returns>
        /// <example><code>
        /// Tensor.eye 2 |> Tensor.kron (Tensor.ofRows [ [ 1.0; 2.0 ] ])
        /// // => array([[1, 2, 0, 0], [0, 0, 1, 2]], dtype=float32)
        /// </code></example>
        let kron (y: Tensor) (x: Tensor) : Tensor = Ops.Kron(x, y)

        /// <summary>Summed over the last axes of x with the first of y
        /// (<c>mlx.core.tensordot</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 3 ] |> Tensor.tensordot 1 (Tensor.ones [ 3; 4 ]) |> Tensor.shape
        /// // => [2; 4]
        /// </code></example>
        let tensordot (axes: int) (y: Tensor) (x: Tensor) : Tensor = Ops.TensorDot(x, y, axes)

        /// <summary>Summed over pairs of axes, one of x and one of y each
        /// (<c>mlx.core.tensordot</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 3 ]
        /// |> Tensor.tensordotAxes [ 0 ] [ 1 ] (Tensor.ones [ 4; 2 ])
        /// |> Tensor.shape
        /// // => [3; 4]
        /// </code></example>
        let tensordotAxes (axesX: seq<int>) (axesY: seq<int>) (y: Tensor) (x: Tensor) : Tensor =
            Ops.TensorDot(x, y, span axesX, span axesY)

        /// <summary>Einstein's summation: each input's axes are letters, and those that are not in
        /// the output are summed over (<c>mlx.core.einsum</c>).</summary>
        /// <exception cref="T:System.ArgumentException">The subscripts are malformed; the message
        /// points at the character.</exception>
        /// <example><code>
        /// Tensor.einsum "ij,jk->ik" [ Tensor.ones [ 2; 3 ]; Tensor.ones [ 3; 2 ] ]
        /// // => array([[3, 3], [3, 3]], dtype=float32)
        /// </code></example>
        let einsum (subscripts: string) (operands: seq<Tensor>) : Tensor =
            checkSubscripts subscripts
            Ops.Einsum(subscripts, span operands)

        /// <summary>The matrix product of x (..., n, k) and y (..., k, m) in blocks, those left out
        /// where a mask over the blocks is false: of the result, of x and of y
        /// (<c>mlx.core.block_masked_mm</c>).</summary>
        /// <example><code>
        /// let ones = Tensor.ones [ 64; 64 ]
        /// let mask = Tensor.ofRows [ [ true; false ]; [ true; true ] ]
        /// let kept = ones |> Tensor.blockMaskedMm 32 (Some mask) None None ones
        /// kept[0, 31..32]
        /// // => array([64, 0], dtype=float32)
        /// </code></example>
        let blockMaskedMm
            (block: int)
            (maskOut: Tensor option)
            (maskX: Tensor option)
            (maskY: Tensor option)
            (y: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.BlockMaskedMM(
                x,
                y,
                block,
                Option.toObj maskOut,
                Option.toObj maskX,
                Option.toObj maskY
            )

        /// <summary>Products of matrices picked by indices into the leading axes of x (..., n, k)
        /// and of y (..., k, m), those of one expert each in a mixture
        /// (<c>mlx.core.gather_mm</c>).</summary>
        /// <example><code>
        /// let experts = Tensor.stack 0 [ Tensor.eye 2; 10.0 * Tensor.eye 2 ]
        /// Tensor.ones [ 2; 1; 2 ] |> Tensor.gatherMm None (Some(Tensor.ofSeq [ 1; 0 ])) experts
        /// // => array([[[10, 10]], [[1, 1]]], dtype=float32)
        /// </code></example>
        let gatherMm
            (indicesX: Tensor option)
            (indicesY: Tensor option)
            (y: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.GatherMM(x, y, Option.toObj indicesX, Option.toObj indicesY)

        /// <summary>Products x y over segments of the inner axis: x (n, k), y (k, m), segments
        /// (..., 2) of starts and ends, result (..., n, m)
        /// (<c>mlx.core.segmented_mm</c>).</summary>
        /// <example><code>
        /// Tensor.ones [ 2; 4 ]
        /// |> Tensor.segmentedMm (Tensor.ofRows [ [ 0; 1 ]; [ 1; 4 ] ]) (Tensor.ones [ 4; 2 ])
        /// // => array([[[1, 1], [1, 1]], [[3, 3], [3, 3]]], dtype=float32)
        /// </code></example>
        let segmentedMm (segments: Tensor) (y: Tensor) (x: Tensor) : Tensor =
            Ops.SegmentedMM(x, y, segments)

        /// <summary>The Walsh-Hadamard transform along the last axis, of length 2^k times 1, 12, 20
        /// or 28, over the square root of the length
        /// (<c>mlx.core.hadamard_transform</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 0.0; 0.0; 0.0 ] |> Tensor.hadamardTransform
        /// // => array([0.5, 0.5, 0.5, 0.5], dtype=float32)
        /// </code></example>
        let hadamardTransform (x: Tensor) : Tensor = Ops.HadamardTransform x
