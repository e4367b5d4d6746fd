namespace Mlx

open System
open Mlx.Core

/// <summary>Functions that rearrange elements.</summary>
[<AutoOpen>]
module TensorShape =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    let private padded (value: Tensor | null) (mode: PadMode) (widths: seq<int * int>) (x: Tensor) =
        let widths = Array.ofSeq widths

        if widths.Length <> x.NDim then
            let given = $"{widths.Length} pairs were given for the shape {Text.shape x}"
            invalidArg (nameof widths) $"pad: a pair of widths for each axis is wanted, {given}"

        let low, high = Array.map fst widths, Array.map snd widths
        Ops.Pad(x, span [| 0 .. widths.Length - 1 |], span low, span high, value, mode)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The same elements row by row in another shape; one length may be -1
        /// (<c>mlx.core.reshape</c>).</summary>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.reshape [ 2; -1 ]
        /// // => array([[0, 1, 2], [3, 4, 5]], dtype=int32)
        /// </code></example>
        let reshape (shape: seq<int>) (x: Tensor) : Tensor = Ops.Reshape(x, span shape)

        /// <summary>All axes as one (<c>mlx.core.flatten</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.flatten |> Tensor.shape
        /// // => [24]
        /// </code></example>
        let flatten (x: Tensor) : Tensor = Ops.Flatten x

        /// <summary>The axes from <c>first</c> to <c>last</c>, both included, as one
        /// (<c>mlx.core.flatten</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.flattenAxes 1 2 |> Tensor.shape
        /// // => [2; 12]
        /// </code></example>
        let flattenAxes (first: int) (last: int) (x: Tensor) : Tensor = Ops.Flatten(x, first, last)

        /// <summary>One axis as several (<c>mlx.core.unflatten</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 12 ] |> Tensor.unflatten 1 [ 3; 4 ] |> Tensor.shape
        /// // => [2; 3; 4]
        /// </code></example>
        let unflatten (axis: int) (shape: seq<int>) (x: Tensor) : Tensor =
            Ops.Unflatten(x, axis, span shape)

        /// <summary>Without the axes of length 1 (<c>mlx.core.squeeze</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 1; 3; 1 ] |> Tensor.squeeze |> Tensor.shape
        /// // => [3]
        /// </code></example>
        let squeeze (x: Tensor) : Tensor = Ops.Squeeze x

        /// <summary>Without an axis of length 1 (<c>mlx.core.squeeze</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 1; 3; 1 ] |> Tensor.squeezeAxis 0 |> Tensor.shape
        /// // => [3; 1]
        /// </code></example>
        let squeezeAxis (axis: int) (x: Tensor) : Tensor = Ops.Squeeze(x, axis)

        /// <summary>Without several axes of length 1 (<c>mlx.core.squeeze</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 1; 3; 1 ] |> Tensor.squeezeAxes [ 0; 2 ] |> Tensor.shape
        /// // => [3]
        /// </code></example>
        let squeezeAxes (axes: seq<int>) (x: Tensor) : Tensor = Ops.Squeeze(x, span axes)

        /// <summary>With a new axis of length 1 (<c>mlx.core.expand_dims</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3 ] |> Tensor.expandDims 0 |> Tensor.shape
        /// // => [1; 2; 3]
        /// </code></example>
        let expandDims (axis: int) (x: Tensor) : Tensor = Ops.ExpandDims(x, axis)

        /// <summary>With new axes of length 1, counted in the result
        /// (<c>mlx.core.expand_dims</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3 ] |> Tensor.expandDimsAxes [ 0; -1 ] |> Tensor.shape
        /// // => [1; 2; 3; 1]
        /// </code></example>
        let expandDimsAxes (axes: seq<int>) (x: Tensor) : Tensor = Ops.ExpandDims(x, span axes)

        /// <summary>With at least one axis (<c>mlx.core.atleast_1d</c>).</summary>
        /// <example><code>
        /// Tensor.scalar 1 |> Tensor.atleast1d
        /// // => array([1], dtype=int32)
        /// </code></example>
        let atleast1d (x: Tensor) : Tensor = Ops.AtLeast1D x

        /// <summary>With at least two axes: a vector (n) becomes (1, n)
        /// (<c>mlx.core.atleast_2d</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.atleast2d
        /// // => array([[1, 2]], dtype=int32)
        /// </code></example>
        let atleast2d (x: Tensor) : Tensor = Ops.AtLeast2D x

        /// <summary>With at least three axes: a matrix (n, m) becomes (n, m, 1)
        /// (<c>mlx.core.atleast_3d</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3 ] |> Tensor.atleast3d |> Tensor.shape
        /// // => [2; 3; 1]
        /// </code></example>
        let atleast3d (x: Tensor) : Tensor = Ops.AtLeast3D x

        /// <summary>The axes in reverse order: a matrix transposed
        /// (<c>mlx.core.transpose</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2; 3 ]; [ 4; 5; 6 ] ] |> Tensor.transpose
        /// // => array([[1, 4], [2, 5], [3, 6]], dtype=int32)
        /// </code></example>
        let transpose (x: Tensor) : Tensor = Ops.Transpose x

        /// <summary>The axes in the order given (<c>mlx.core.transpose</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.permute [ 2; 0; 1 ] |> Tensor.shape
        /// // => [4; 2; 3]
        /// </code></example>
        let permute (axes: seq<int>) (x: Tensor) : Tensor = Ops.Transpose(x, span axes)

        /// <summary>Two axes exchanged (<c>mlx.core.swapaxes</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.swapaxes 0 2 |> Tensor.shape
        /// // => [4; 3; 2]
        /// </code></example>
        let swapaxes (axis1: int) (axis2: int) (x: Tensor) : Tensor = Ops.SwapAxes(x, axis1, axis2)

        /// <summary>An axis moved to another place (<c>mlx.core.moveaxis</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3; 4 ] |> Tensor.moveaxis 0 -1 |> Tensor.shape
        /// // => [3; 4; 2]
        /// </code></example>
        let moveaxis (source: int) (destination: int) (x: Tensor) : Tensor =
            Ops.MoveAxis(x, source, destination)

        /// <summary>Repeated along axes of length 1 and new leading ones
        /// (<c>mlx.core.broadcast_to</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.broadcastTo [ 2; 2 ]
        /// // => array([[1, 2], [1, 2]], dtype=int32)
        /// </code></example>
        let broadcastTo (shape: seq<int>) (x: Tensor) : Tensor = Ops.BroadcastTo(x, span shape)

        /// <summary>All in the shape that they broadcast to together
        /// (<c>mlx.core.broadcast_arrays</c>).</summary>
        /// <example><code>
        /// Tensor.broadcastArrays [ Tensor.zeros [ 3; 1 ]; Tensor.zeros [ 2 ] ]
        /// |> List.map Tensor.shape
        /// // => [[3; 2]; [3; 2]]
        /// </code></example>
        let broadcastArrays (tensors: seq<Tensor>) : Tensor list =
            List.ofArray (Ops.BroadcastArrays(span tensors))

        /// <summary>Laid end to end along an axis (<c>mlx.core.concatenate</c>).</summary>
        /// <example><code>
        /// Tensor.concatenate 0 [ Tensor.ofSeq [ 1; 2 ]; Tensor.ofSeq [ 3 ] ]
        /// // => array([1, 2, 3], dtype=int32)
        /// </code></example>
        let concatenate (axis: int) (tensors: seq<Tensor>) : Tensor =
            Ops.Concatenate(span tensors, axis)

        /// <summary>Side by side along a new axis (<c>mlx.core.stack</c>).</summary>
        /// <example><code>
        /// Tensor.stack 0 [ Tensor.ofSeq [ 1; 2 ]; Tensor.ofSeq [ 3; 4 ] ]
        /// // => array([[1, 2], [3, 4]], dtype=int32)
        /// </code></example>
        let stack (axis: int) (tensors: seq<Tensor>) : Tensor = Ops.Stack(span tensors, axis)

        /// <summary>Equal parts of an axis (<c>mlx.core.split</c>).</summary>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.split 3 0 |> List.map Tensor.shape
        /// // => [[2]; [2]; [2]]
        /// </code></example>
        let split (parts: int) (axis: int) (x: Tensor) : Tensor list =
            List.ofArray (Ops.Split(x, parts, axis))

        /// <summary>The parts of an axis between indices (<c>mlx.core.split</c>).</summary>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.splitAt [ 1; 4 ] 0 |> List.map Tensor.shape
        /// // => [[1]; [3]; [2]]
        /// </code></example>
        let splitAt (indices: seq<int>) (axis: int) (x: Tensor) : Tensor list =
            List.ofArray (Ops.Split(x, span indices, axis))

        /// <summary>The tensors along an axis, which they lose.</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.unstack 0
        /// // => [array([1, 2], dtype=int32); array([3, 4], dtype=int32)]
        /// </code></example>
        let unstack (axis: int) (x: Tensor) : Tensor list =
            [ for part in Ops.Split(x, x.Dim axis, axis) -> Ops.Squeeze(part, axis) ]

        /// <summary>The whole repeated along each axis (<c>mlx.core.tile</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.tile [ 2; 2 ]
        /// // => array([[1, 2, 1, 2], [1, 2, 1, 2]], dtype=int32)
        /// </code></example>
        let tile (repetitions: seq<int>) (x: Tensor) : Tensor = Ops.Tile(x, span repetitions)

        /// <summary>Each element repeated along an axis (<c>mlx.core.repeat</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.repeat 2 0
        /// // => array([1, 1, 2, 2], dtype=int32)
        /// </code></example>
        let repeat (count: int) (axis: int) (x: Tensor) : Tensor = Ops.Repeat(x, count, axis)

        /// <summary>Elements moved along an axis, over its end to its start
        /// (<c>mlx.core.roll</c>).</summary>
        /// <example><code>
        /// Tensor.arange 5 |> Tensor.roll 2 0
        /// // => array([3, 4, 0, 1, 2], dtype=int32)
        /// </code></example>
        let roll (shift: int) (axis: int) (x: Tensor) : Tensor = Ops.Roll(x, shift, axis)

        /// <summary>Elements moved along several axes, each by its own shift
        /// (<c>mlx.core.roll</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.rollAxes [ 1; 1 ] [ 0; 1 ]
        /// // => array([[4, 3], [2, 1]], dtype=int32)
        /// </code></example>
        let rollAxes (shifts: seq<int>) (axes: seq<int>) (x: Tensor) : Tensor =
            Ops.Roll(x, span shifts, span axes)

        /// <summary>A margin of zeros: for each axis its width before and after
        /// (<c>mlx.core.pad</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ] ] |> Tensor.pad [ 0, 0; 1, 1 ] // a column on either side
        /// // => array([[0, 1, 2, 0]], dtype=int32)
        /// </code></example>
        let pad (widths: seq<int * int>) (x: Tensor) : Tensor =
            padded null PadMode.Constant widths x

        /// <summary>As <c>pad</c>, with a value in the margin (<c>mlx.core.pad</c>).</summary>
        /// <returns>The shape of x, each axis longer by its two margins.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.padWith 9.0 [ 1, 2 ]
        /// // => array([9, 1, 2, 9, 9], dtype=int32)
        /// </code></example>
        let padWith (value: float) (widths: seq<int * int>) (x: Tensor) : Tensor =
            use value = Ops.AsType(MlxArray.op_Implicit value, x.DType)
            padded value PadMode.Constant widths x

        /// <summary>As <c>pad</c>, with the elements at the edge in the margin
        /// (<c>mlx.core.pad</c> in mode <c>edge</c>).</summary>
        /// <returns>The shape of x, each axis longer by its two margins.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.padEdge [ 1, 2 ]
        /// // => array([1, 1, 2, 2, 2], dtype=int32)
        /// </code></example>
        let padEdge (widths: seq<int * int>) (x: Tensor) : Tensor =
            padded null PadMode.Edge widths x

        /// <summary>The tensor laid out row by row (<c>mlx.core.contiguous</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.transpose |> Tensor.contiguous
        /// // => array([[1, 3], [2, 4]], dtype=int32)
        /// </code></example>
        let contiguous (x: Tensor) : Tensor = Ops.Contiguous x

        /// <summary>The same elements, as a tensor of its own in the graph
        /// (<c>mlx_copy</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.copy
        /// // => array([1, 2], dtype=int32)
        /// </code></example>
        let copy (x: Tensor) : Tensor = Ops.Copy x

        /// <summary>The elements, counted row by row, at steps of one's own: element (i, j) of the
        /// result is number offset + i stride1 + j stride2. Places outside of x are refused
        /// (<c>mlx.core.as_strided</c>).</summary>
        /// <returns>The shape given.</returns>
        /// <example><code>
        /// Tensor.arange 5 |> Tensor.asStrided [ 3; 2 ] [ 1; 1 ] 1 // windows of two
        /// // => array([[1, 2], [2, 3], [3, 4]], dtype=int32)
        /// </code></example>
        let asStrided (shape: seq<int>) (strides: seq<int>) (offset: int) (x: Tensor) : Tensor =
            Ops.AsStrided(x, span shape, span (Seq.map int64 strides), int64 offset)

        /// <summary>The tensors, computed only after the dependencies
        /// (<c>mlx.core.depends</c>).</summary>
        /// <returns>The tensors given, of the shapes that they have.</returns>
        /// <example><code>
        /// [ Tensor.ones [ 2 ] ] |> Tensor.depends [ Tensor.zeros [ 2 ] ] |> List.head
        /// // => array([1, 1], dtype=float32)
        /// </code></example>
        let depends (dependencies: seq<Tensor>) (tensors: seq<Tensor>) : Tensor list =
            List.ofArray (Ops.Depends(span tensors, span dependencies))
