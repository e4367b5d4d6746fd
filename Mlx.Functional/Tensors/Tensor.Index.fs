namespace Mlx

open System
open Mlx.Core

/// <summary>Functions that pick elements and put them back.</summary>
[<AutoOpen>]
module TensorIndex =
    let inline private span (items: seq<'T>) = ReadOnlySpan(Array.ofSeq items)

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The elements at integer indices along an axis, which takes the shape of the
        /// indices (<c>mlx.core.take</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.take 0 (Tensor.ofSeq [ 1; 1; 0 ])
        /// // => array([[3, 4], [3, 4], [1, 2]], dtype=int32)
        /// </code></example>
        let take (axis: int) (indices: Tensor) (x: Tensor) : Tensor = Ops.Take(x, indices, axis)

        /// <summary>The elements at integer indices of x taken row by row, in the shape of the
        /// indices (<c>mlx.core.take</c> without an axis).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.takeFlat (Tensor.ofSeq [ 3; 0 ])
        /// // => array([4, 1], dtype=int32)
        /// </code></example>
        let takeFlat (indices: Tensor) (x: Tensor) : Tensor = Ops.Take(x, indices)

        /// <summary>One element along an axis for each index; shapes agree but for the axis
        /// (<c>mlx.core.take_along_axis</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]
        /// |> Tensor.takeAlongAxis 1 (Tensor.ofRows [ [ 1 ]; [ 0 ] ])
        /// // => array([[2], [3]], dtype=int32)
        /// </code></example>
        let takeAlongAxis (axis: int) (indices: Tensor) (x: Tensor) : Tensor =
            Ops.TakeAlongAxis(x, indices, axis)

        /// <summary>x with one element along an axis replaced for each index
        /// (<c>mlx.core.put_along_axis</c>).</summary>
        /// <example><code>
        /// Tensor.zerosOf DType.Int32 [ 2; 2 ]
        /// |> Tensor.putAlongAxis 1 (Tensor.ofRows [ [ 1 ]; [ 0 ] ]) (Tensor.scalar 7)
        /// // => array([[0, 7], [7, 0]], dtype=int32)
        /// </code></example>
        let putAlongAxis (axis: int) (indices: Tensor) (values: Tensor) (x: Tensor) : Tensor =
            Ops.PutAlongAxis(x, indices, values, axis)

        /// <summary>x with values added at one element along an axis for each index
        /// (<c>mlx_scatter_add_axis</c>).</summary>
        /// <example><code>
        /// Tensor.zerosOf DType.Int32 [ 3 ]
        /// |> Tensor.scatterAddAxis 0 (Tensor.ofSeq [ 2; 2 ]) (Tensor.ofSeq [ 1; 10 ])
        /// // => array([0, 0, 11], dtype=int32)
        /// </code></example>
        let scatterAddAxis (axis: int) (indices: Tensor) (values: Tensor) (x: Tensor) : Tensor =
            Ops.ScatterAddAxis(x, indices, values, axis)

        /// <summary>The part from <c>start</c> up to <c>stop</c> along one axis; negative places
        /// count from the end.</summary>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.narrow 0 1 -1
        /// // => array([1, 2, 3, 4], dtype=int32)
        /// </code></example>
        let narrow (axis: int) (start: int) (stop: int) (x: Tensor) : Tensor =
            if axis < -x.NDim || axis >= x.NDim then
                invalidArg (nameof axis) $"narrow: there is no axis {axis} in {Text.shape x}"

            let axis = if axis < 0 then axis + x.NDim else axis
            let starts = Array.zeroCreate x.NDim
            let stops = x.Shape.ToArray()
            let place i = if i < 0 then i + stops[axis] else i
            let stop = place stop
            starts[axis] <- place start
            stops[axis] <- stop
            Ops.Slice(x, ReadOnlySpan starts, ReadOnlySpan stops)

        /// <summary>Rows of zeros with a one at the index, float32, shape (..., classes).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 0; 2 ] |> Tensor.oneHot 3
        /// // => array([[1, 0, 0], [0, 0, 1]], dtype=float32)
        /// </code></example>
        let oneHot (classes: int) (indices: Tensor) : Tensor =
            if not (indices.DType.IsInteger()) then
                invalidArg
                    (nameof indices)
                    $"oneHot: indices are integers, these are {indices.DType.Name()}"

            Ops.Equal(Ops.ExpandDims(indices, -1), Ops.ARange classes)
            |> fun hits -> Ops.AsType(hits, DType.Float32)

        /// <summary>The part from <c>start</c> up to <c>stop</c>, one number for each axis
        /// (<c>mlx_slice</c>); brackets say the same shorter.</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2; 3 ]; [ 4; 5; 6 ] ] |> Tensor.slice [ 0; 1 ] [ 2; 3 ]
        /// // => array([[2, 3], [5, 6]], dtype=int32)
        /// </code></example>
        let slice (start: seq<int>) (stop: seq<int>) (x: Tensor) : Tensor =
            Ops.Slice(x, span start, span stop)

        /// <summary>As <c>slice</c>, in steps, which may be negative (<c>mlx_slice</c>).</summary>
        /// <returns>The axes of x, each of (stop - start) / step elements, rounded up.</returns>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.sliceStep [ 5 ] [ 0 ] [ -2 ]
        /// // => array([5, 3, 1], dtype=int32)
        /// </code></example>
        let sliceStep (start: seq<int>) (stop: seq<int>) (steps: seq<int>) (x: Tensor) : Tensor =
            Ops.Slice(x, span start, span stop, span steps)

        /// <summary>The part of a size (one length an axis of x) whose start along some axes is
        /// computed (<c>mlx.core.slice</c>).</summary>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.sliceDynamic [ 0 ] [ 2 ] (Tensor.ofSeq [ 3 ])
        /// // => array([3, 4], dtype=int32)
        /// </code></example>
        let sliceDynamic (axes: seq<int>) (size: seq<int>) (start: Tensor) (x: Tensor) : Tensor =
            Ops.SliceDynamic(x, start, span axes, span size)

        /// <summary>x with the part from <c>start</c> up to <c>stop</c> replaced
        /// (<c>mlx_slice_update</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4 |> Tensor.sliceUpdate [ 1 ] [ 3 ] (Tensor.ofSeq [ 8; 9 ])
        /// // => array([0, 8, 9, 3], dtype=int32)
        /// </code></example>
        let sliceUpdate (start: seq<int>) (stop: seq<int>) (values: Tensor) (x: Tensor) : Tensor =
            Ops.SliceUpdate(x, values, span start, span stop)

        /// <summary>x with a part replaced whose start along some axes is computed
        /// (<c>mlx.core.slice_update</c>).</summary>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.sliceUpdateDynamic [ 0 ] (Tensor.ofSeq [ 2 ]) (Tensor.ofSeq [ 8; 9 ])
        /// // => array([0, 1, 8, 9], dtype=int32)
        /// </code></example>
        let sliceUpdateDynamic
            (axes: seq<int>)
            (start: Tensor)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.SliceUpdateDynamic(x, values, start, span axes)

        /// <summary>x with values added to the part from <c>start</c> up to <c>stop</c>
        /// (<c>mlx_slice_update_add</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4 |> Tensor.sliceUpdateAdd [ 1 ] [ 3 ] (Tensor.ofSeq [ 10; 10 ])
        /// // => array([0, 11, 12, 3], dtype=int32)
        /// </code></example>
        let sliceUpdateAdd
            (start: seq<int>)
            (stop: seq<int>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.SliceUpdateAdd(x, values, span start, span stop)

        /// <summary>x with the larger of values and the part from <c>start</c> up to <c>stop</c>
        /// (<c>mlx_slice_update_max</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4 |> Tensor.sliceUpdateMax [ 1 ] [ 3 ] (Tensor.ofSeq [ 0; 9 ])
        /// // => array([0, 1, 9, 3], dtype=int32)
        /// </code></example>
        let sliceUpdateMax
            (start: seq<int>)
            (stop: seq<int>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.SliceUpdateMax(x, values, span start, span stop)

        /// <summary>x with the smaller of values and the part from <c>start</c> up to <c>stop</c>
        /// (<c>mlx_slice_update_min</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4 |> Tensor.sliceUpdateMin [ 1 ] [ 3 ] (Tensor.ofSeq [ 0; 9 ])
        /// // => array([0, 0, 2, 3], dtype=int32)
        /// </code></example>
        let sliceUpdateMin
            (start: seq<int>)
            (stop: seq<int>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.SliceUpdateMin(x, values, span start, span stop)

        /// <summary>x with the part from <c>start</c> up to <c>stop</c> multiplied by values
        /// (<c>mlx_slice_update_prod</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4 |> Tensor.sliceUpdateProd [ 1 ] [ 3 ] (Tensor.ofSeq [ 2; 3 ])
        /// // => array([0, 2, 6, 3], dtype=int32)
        /// </code></example>
        let sliceUpdateProd
            (start: seq<int>)
            (stop: seq<int>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.SliceUpdateProd(x, values, span start, span stop)

        /// <summary>Parts of a size (one length an axis of x) at indices along some axes: the shape
        /// of the indices, broadcast together, then the size (<c>mlx_gather</c>).</summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]
        /// |> Tensor.gather [ 0 ] [ 1; 2 ] [ Tensor.ofSeq [ 1; 0 ] ]
        /// // => array([[[3, 4]], [[1, 2]]], dtype=int32)
        /// </code></example>
        let gather (axes: seq<int>) (size: seq<int>) (indices: seq<Tensor>) (x: Tensor) : Tensor =
            Ops.Gather(x, span indices, span axes, span size)

        /// <summary>x with parts replaced at indices along some axes. The values have the shape of
        /// the indices, broadcast together, then one length for each axis of x
        /// (<c>mlx_scatter</c>).</summary>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.scatter [ 0 ] [ Tensor.ofSeq [ 2; 0 ] ] (Tensor.ofRows [ [ 8 ]; [ 9 ] ])
        /// // => array([9, 1, 8, 3], dtype=int32)
        /// </code></example>
        let scatter (axes: seq<int>) (indices: seq<Tensor>) (values: Tensor) (x: Tensor) : Tensor =
            Ops.Scatter(x, span indices, values, span axes)

        /// <summary>As <c>scatter</c>, with the values added, all of them where places coincide
        /// (<c>mlx_scatter_add</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.scatterAdd [ 0 ] [ Tensor.ofSeq [ 2; 2 ] ] (Tensor.ofRows [ [ 10 ]; [ 20 ] ])
        /// // => array([0, 1, 32, 3], dtype=int32)
        /// </code></example>
        let scatterAdd
            (axes: seq<int>)
            (indices: seq<Tensor>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.ScatterAdd(x, span indices, values, span axes)

        /// <summary>As <c>scatter</c>, with the larger of both kept
        /// (<c>mlx_scatter_max</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.scatterMax [ 0 ] [ Tensor.ofSeq [ 2; 2 ] ] (Tensor.ofRows [ [ 1 ]; [ 9 ] ])
        /// // => array([0, 1, 9, 3], dtype=int32)
        /// </code></example>
        let scatterMax
            (axes: seq<int>)
            (indices: seq<Tensor>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.ScatterMax(x, span indices, values, span axes)

        /// <summary>As <c>scatter</c>, with the smaller of both kept
        /// (<c>mlx_scatter_min</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.scatterMin [ 0 ] [ Tensor.ofSeq [ 2; 2 ] ] (Tensor.ofRows [ [ 1 ]; [ 9 ] ])
        /// // => array([0, 1, 1, 3], dtype=int32)
        /// </code></example>
        let scatterMin
            (axes: seq<int>)
            (indices: seq<Tensor>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.ScatterMin(x, span indices, values, span axes)

        /// <summary>As <c>scatter</c>, with x multiplied by the values
        /// (<c>mlx_scatter_prod</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.scatterProd [ 0 ] [ Tensor.ofSeq [ 2; 2 ] ] (Tensor.ofRows [ [ 2 ]; [ 3 ] ])
        /// // => array([0, 1, 12, 3], dtype=int32)
        /// </code></example>
        let scatterProd
            (axes: seq<int>)
            (indices: seq<Tensor>)
            (values: Tensor)
            (x: Tensor)
            : Tensor =
            Ops.ScatterProd(x, span indices, values, span axes)

        /// <summary>x with the elements under a bool mask replaced by the first elements of
        /// <c>values</c>, in order (<c>mlx_masked_scatter</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.arange 4
        /// |> Tensor.maskedScatter (Tensor.arange 4
        /// |> Tensor.less (Tensor.scalar 2)) (Tensor.ofSeq [ 8; 9 ])
        /// // => array([8, 9, 2, 3], dtype=int32)
        /// </code></example>
        let maskedScatter (mask: Tensor) (values: Tensor) (x: Tensor) : Tensor =
            Ops.MaskedScatter(x, mask, values)
