namespace Mlx

open System
open Mlx.Core

/// <summary>Functions that rearrange elements.</summary>
[<AutoOpen>]
module TensorShape =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The same elements row by row in another shape; one length may be -1
        /// (<c>mlx.core.reshape</c>).</summary>
        let reshape (shape: seq<int>) (x: Tensor) : Tensor = Ops.Reshape(x, span shape)

        /// <summary>All axes as one (<c>mlx.core.flatten</c>).</summary>
        let flatten (x: Tensor) : Tensor = Ops.Flatten x

        /// <summary>The axes from <c>first</c> to <c>last</c>, both included, as one
        /// (<c>mlx.core.flatten</c>).</summary>
        let flattenAxes (first: int) (last: int) (x: Tensor) : Tensor = Ops.Flatten(x, first, last)

        /// <summary>One axis as several (<c>mlx.core.unflatten</c>).</summary>
        let unflatten (axis: int) (shape: seq<int>) (x: Tensor) : Tensor =
            Ops.Unflatten(x, axis, span shape)

        /// <summary>Without the axes of length 1 (<c>mlx.core.squeeze</c>).</summary>
        let squeeze (x: Tensor) : Tensor = Ops.Squeeze x

        /// <summary>Without an axis of length 1 (<c>mlx.core.squeeze</c>).</summary>
        let squeezeAxis (axis: int) (x: Tensor) : Tensor = Ops.Squeeze(x, axis)

        /// <summary>With a new axis of length 1 (<c>mlx.core.expand_dims</c>).</summary>
        let expandDims (axis: int) (x: Tensor) : Tensor = Ops.ExpandDims(x, axis)

        /// <summary>The axes in reverse order: a matrix transposed (<c>mlx.core.transpose</c>).</summary>
        let transpose (x: Tensor) : Tensor = Ops.Transpose x

        /// <summary>The axes in the order given (<c>mlx.core.transpose</c>).</summary>
        /// <example><code>x |> Tensor.permute [ 0; 2; 1; 3 ]</code></example>
        let permute (axes: seq<int>) (x: Tensor) : Tensor = Ops.Transpose(x, span axes)

        /// <summary>Two axes exchanged (<c>mlx.core.swapaxes</c>).</summary>
        let swapaxes (axis1: int) (axis2: int) (x: Tensor) : Tensor = Ops.SwapAxes(x, axis1, axis2)

        /// <summary>An axis moved to another place (<c>mlx.core.moveaxis</c>).</summary>
        let moveaxis (source: int) (destination: int) (x: Tensor) : Tensor =
            Ops.MoveAxis(x, source, destination)

        /// <summary>Repeated along axes of length 1 and new leading ones
        /// (<c>mlx.core.broadcast_to</c>).</summary>
        let broadcastTo (shape: seq<int>) (x: Tensor) : Tensor = Ops.BroadcastTo(x, span shape)

        /// <summary>Laid end to end along an axis (<c>mlx.core.concatenate</c>).</summary>
        let concatenate (axis: int) (tensors: seq<Tensor>) : Tensor =
            Ops.Concatenate(span tensors, axis)

        /// <summary>Side by side along a new axis (<c>mlx.core.stack</c>).</summary>
        let stack (axis: int) (tensors: seq<Tensor>) : Tensor = Ops.Stack(span tensors, axis)

        /// <summary>Equal parts of an axis (<c>mlx.core.split</c>).</summary>
        let split (parts: int) (axis: int) (x: Tensor) : Tensor list =
            List.ofArray (Ops.Split(x, parts, axis))

        /// <summary>The parts of an axis between indices (<c>mlx.core.split</c>).</summary>
        let splitAt (indices: seq<int>) (axis: int) (x: Tensor) : Tensor list =
            List.ofArray (Ops.Split(x, span indices, axis))

        /// <summary>The tensors along an axis, which they lose.</summary>
        let unstack (axis: int) (x: Tensor) : Tensor list =
            [ for part in Ops.Split(x, x.Dim axis, axis) -> Ops.Squeeze(part, axis) ]

        /// <summary>The whole repeated along each axis (<c>mlx.core.tile</c>).</summary>
        let tile (repetitions: seq<int>) (x: Tensor) : Tensor = Ops.Tile(x, span repetitions)

        /// <summary>Each element repeated along an axis (<c>mlx.core.repeat</c>).</summary>
        let repeat (count: int) (axis: int) (x: Tensor) : Tensor = Ops.Repeat(x, count, axis)

        /// <summary>Elements moved along an axis, over its end to its start
        /// (<c>mlx.core.roll</c>).</summary>
        let roll (shift: int) (axis: int) (x: Tensor) : Tensor = Ops.Roll(x, shift, axis)

        /// <summary>A margin of zeros: for each axis its width before and after
        /// (<c>mlx.core.pad</c>).</summary>
        /// <example><code>x |> Tensor.pad [ 0, 0; 1, 1 ] // a column on either side</code></example>
        let pad (widths: seq<int * int>) (x: Tensor) : Tensor =
            let widths = Array.ofSeq widths
            let axes = [| 0 .. widths.Length - 1 |]
            Ops.Pad(x, span axes, span (Array.map fst widths), span (Array.map snd widths))

        /// <summary>The tensor laid out row by row (<c>mlx.core.contiguous</c>).</summary>
        let contiguous (x: Tensor) : Tensor = Ops.Contiguous x
