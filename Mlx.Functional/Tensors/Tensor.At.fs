namespace Mlx

open System
open Mlx.Core

/// <summary>A part of a tensor, about to be read or changed: what <c>x.at[...]</c> is in
/// MLX.</summary>
[<Struct; NoEquality; NoComparison>]
type At = internal { Whole: Tensor; Index: Idx[] }

/// <summary>Parts of a tensor by an index, and tensors with a part changed.</summary>
[<AutoOpen>]
module TensorAt =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>A part, by any number of entries; brackets say the same shorter.</summary>
        /// <returns>The shape of the part: an integer takes an axis away, a range keeps
        /// it.</returns>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.index [ Idx.Slice(step = 2) ]
        /// // => array([0, 2, 4], dtype=int32)
        /// </code></example>
        let index (at: seq<Idx>) (x: Tensor) : Tensor = x.Index(ReadOnlySpan(Array.ofSeq at))

        /// <summary>A place in a tensor of any shape, for the functions of <c>At</c>
        /// (<c>array.at</c>).</summary>
        /// <example><code>
        /// Tensor.zeros [ 2; 3 ] |> Tensor.at ix[*, 1..2] |> At.add (Tensor.scalar 1.0)
        /// // => array([[0, 1, 1], [0, 1, 1]], dtype=float32)
        /// </code></example>
        let at (index: seq<Idx>) (x: Tensor) : At = { Whole = x; Index = Array.ofSeq index }

/// <summary>What can be done at a place in a tensor. The tensor itself stays as it is: the answer
/// is a new one, of the same shape and dtype. Values broadcast to the part.</summary>
/// <remarks>Where an index array names a place twice, every value counts in <c>add</c>,
/// <c>subtract</c>, <c>multiply</c>, <c>divide</c>, <c>maximum</c> and <c>minimum</c>, and any one
/// wins in <c>set</c>. A bool mask may be the only entry; under it only <c>set</c> takes more than
/// one value.</remarks>
/// <exception cref="T:System.ArgumentException">The index does not fit the shape.</exception>
[<RequireQualifiedAccess>]
module At =
    let private update (kind: UpdateKind) (values: Tensor) (at: At) : Tensor =
        at.Whole.IndexUpdate(ReadOnlySpan at.Index, values, kind)

    /// <summary>The part.</summary>
    /// <returns>The shape of the part.</returns>
    /// <example><code>
    /// Tensor.arange 5 |> Tensor.at ix[1..3] |> At.get
    /// // => array([1, 2, 3], dtype=int32)
    /// </code></example>
    let get (at: At) : Tensor = at.Whole.Index(ReadOnlySpan at.Index)

    /// <summary>The part replaced (<c>x[...] = values</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[1..2] |> At.set (Tensor.scalar 9)
    /// // => array([0, 9, 9, 3], dtype=int32)
    /// </code></example>
    let set (values: Tensor) (at: At) : Tensor = update UpdateKind.Set values at

    /// <summary>Values added to the part (<c>array.at[...].add</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[Tensor.ofSeq [ 0; 0 ]] |> At.add (Tensor.ofSeq [ 1; 2 ])
    /// // => array([3, 1, 2, 3], dtype=int32)
    /// </code></example>
    let add (values: Tensor) (at: At) : Tensor = update UpdateKind.Add values at

    /// <summary>Values subtracted from the part (<c>array.at[...].subtract</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[-1] |> At.subtract (Tensor.scalar 1)
    /// // => array([0, 1, 2, 2], dtype=int32)
    /// </code></example>
    let subtract (values: Tensor) (at: At) : Tensor =
        use opposite = Ops.Negative values
        update UpdateKind.Add opposite at

    /// <summary>The part multiplied by values (<c>array.at[...].multiply</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[2..] |> At.multiply (Tensor.scalar 10)
    /// // => array([0, 1, 20, 30], dtype=int32)
    /// </code></example>
    let multiply (values: Tensor) (at: At) : Tensor = update UpdateKind.Multiply values at

    /// <summary>The part divided by values (<c>array.at[...].divide</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.at ix[1] |> At.divide (Tensor.scalar 4.0)
    /// // => array([1, 0.5], dtype=float32)
    /// </code></example>
    let divide (values: Tensor) (at: At) : Tensor =
        use inverse = Ops.Reciprocal values
        update UpdateKind.Multiply inverse at

    /// <summary>The larger of the part and values (<c>array.at[...].maximum</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[.. 1] |> At.maximum (Tensor.scalar 2)
    /// // => array([2, 2, 2, 3], dtype=int32)
    /// </code></example>
    let maximum (values: Tensor) (at: At) : Tensor = update UpdateKind.Max values at

    /// <summary>The smaller of the part and values (<c>array.at[...].minimum</c>).</summary>
    /// <returns>The shape of the whole.</returns>
    /// <example><code>
    /// Tensor.arange 4 |> Tensor.at ix[2..] |> At.minimum (Tensor.scalar 2)
    /// // => array([0, 1, 2, 2], dtype=int32)
    /// </code></example>
    let minimum (values: Tensor) (at: At) : Tensor = update UpdateKind.Min values at
