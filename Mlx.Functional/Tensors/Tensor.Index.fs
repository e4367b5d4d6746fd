namespace Mlx

open System
open Mlx.Core

/// <summary>Functions that pick elements and put them back.</summary>
[<AutoOpen>]
module TensorIndex =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The elements at integer indices along an axis, which takes the shape of the
        /// indices (<c>mlx.core.take</c>).</summary>
        let take (axis: int) (indices: Tensor) (x: Tensor) : Tensor = Ops.Take(x, indices, axis)

        /// <summary>One element along an axis for each index; shapes agree but for the axis
        /// (<c>mlx.core.take_along_axis</c>).</summary>
        let takeAlongAxis (axis: int) (indices: Tensor) (x: Tensor) : Tensor =
            Ops.TakeAlongAxis(x, indices, axis)

        /// <summary>x with one element along an axis replaced for each index
        /// (<c>mlx.core.put_along_axis</c>).</summary>
        let putAlongAxis (axis: int) (indices: Tensor) (values: Tensor) (x: Tensor) : Tensor =
            Ops.PutAlongAxis(x, indices, values, axis)

        /// <summary>x with values added at one element along an axis for each index
        /// (<c>mlx_scatter_add_axis</c>).</summary>
        let scatterAddAxis (axis: int) (indices: Tensor) (values: Tensor) (x: Tensor) : Tensor =
            Ops.ScatterAddAxis(x, indices, values, axis)

        /// <summary>The part from <c>start</c> up to <c>stop</c> along one axis; negative places
        /// count from the end.</summary>
        let narrow (axis: int) (start: int) (stop: int) (x: Tensor) : Tensor =
            let axis = if axis < 0 then axis + x.NDim else axis
            let starts = Array.zeroCreate x.NDim
            let stops = x.Shape.ToArray()
            let place i = if i < 0 then i + stops[axis] else i
            let stop = place stop
            starts[axis] <- place start
            stops[axis] <- stop
            Ops.Slice(x, ReadOnlySpan starts, ReadOnlySpan stops)

        /// <summary>Rows of zeros with a one at the index, float32, shape (..., classes).</summary>
        let oneHot (classes: int) (indices: Tensor) : Tensor =
            Ops.Equal(Ops.ExpandDims(indices, -1), Ops.ARange classes)
            |> fun hits -> Ops.AsType(hits, DType.Float32)
