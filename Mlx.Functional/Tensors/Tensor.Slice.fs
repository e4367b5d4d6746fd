namespace Mlx

open System
open Mlx.Core

/// <summary>
/// One entry of an index where F#'s own syntax has none: <c>Idx.Ellipsis</c>, <c>Idx.NewAxis</c>,
/// <c>Idx.Slice(start, stop, step)</c> with NumPy's meaning, <c>Idx.All</c>. Integers and integer
/// tensors are entries by themselves.
/// </summary>
type Idx = Mlx.Core.Idx

/// <summary>
/// Indexing in brackets: <c>x[0]</c>, <c>x[-1]</c>, <c>x[0, *, 1..3]</c>, <c>x[rows, 2]</c>,
/// <c>x[Idx.Ellipsis, -1]</c>. An F# range includes its end: <c>1..3</c> are three elements. Negative
/// numbers count from the end.
/// </summary>
[<AutoOpen>]
module TensorSlicing =
    /// An F# range: ends included.
    let private range (start: int option) (finish: int option) : Idx =
        let stop =
            match finish with
            | Some -1
            | None -> Nullable()
            | Some i -> Nullable(i + 1)

        Idx.Slice(Option.toNullable start, stop)

    type Mlx.Core.MlxArray with

        /// <summary><c>x[a..b]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2 |])

        /// <summary><c>x[i, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option) : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2 |])

        /// <summary><c>x[a..b, j]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j |])

        /// <summary><c>x[a..b, a..b]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j1: int option, j2: int option) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2 |])

        /// <summary><c>x[i, j, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option) : Tensor =
            x.Index(ReadOnlySpan [| i; j; range k1 k2 |])

        /// <summary><c>x[i, a..b, k]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx) : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; k |])

        /// <summary><c>x[i, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option)
            : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; range k1 k2 |])

        /// <summary><c>x[a..b, j, k]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; k |])

        /// <summary><c>x[a..b, j, a..b]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option)
            : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; range k1 k2 |])

        /// <summary><c>x[a..b, a..b, k]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx)
            : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; k |])

        /// <summary><c>x[a..b, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (
                i1: int option,
                i2: int option,
                j1: int option,
                j2: int option,
                k1: int option,
                k2: int option
            ) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; range k1 k2 |])

        /// <summary><c>x[i, j, k, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k: Idx, l1: int option, l2: int option) : Tensor =
            x.Index(ReadOnlySpan [| i; j; k; range l1 l2 |])

        /// <summary><c>x[i, j, a..b, l]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option, l: Idx) : Tensor =
            x.Index(ReadOnlySpan [| i; j; range k1 k2; l |])

        /// <summary><c>x[i, j, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j: Idx, k1: int option, k2: int option, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan [| i; j; range k1 k2; range l1 l2 |])

        /// <summary><c>x[i, a..b, k, l]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx, l: Idx) : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; k; l |])

        /// <summary><c>x[i, a..b, k, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k: Idx, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; k; range l1 l2 |])

        /// <summary><c>x[i, a..b, a..b, l]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; range k1 k2; l |])

        /// <summary><c>x[i, a..b, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (
                i: Idx,
                j1: int option,
                j2: int option,
                k1: int option,
                k2: int option,
                l1: int option,
                l2: int option
            ) : Tensor =
            x.Index(ReadOnlySpan [| i; range j1 j2; range k1 k2; range l1 l2 |])

        /// <summary><c>x[a..b, j, k, l]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx, l: Idx) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; k; l |])

        /// <summary><c>x[a..b, j, k, a..b]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k: Idx, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; k; range l1 l2 |])

        /// <summary><c>x[a..b, j, a..b, l]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; range k1 k2; l |])

        /// <summary><c>x[a..b, j, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (
                i1: int option,
                i2: int option,
                j: Idx,
                k1: int option,
                k2: int option,
                l1: int option,
                l2: int option
            ) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; j; range k1 k2; range l1 l2 |])

        /// <summary><c>x[a..b, a..b, k, l]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; k; l |])

        /// <summary><c>x[a..b, a..b, k, a..b]</c>.</summary>
        member x.GetSlice
            (
                i1: int option,
                i2: int option,
                j1: int option,
                j2: int option,
                k: Idx,
                l1: int option,
                l2: int option
            ) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; k; range l1 l2 |])

        /// <summary><c>x[a..b, a..b, a..b, l]</c>.</summary>
        member x.GetSlice
            (
                i1: int option,
                i2: int option,
                j1: int option,
                j2: int option,
                k1: int option,
                k2: int option,
                l: Idx
            ) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; range k1 k2; l |])

        /// <summary><c>x[a..b, a..b, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (
                i1: int option,
                i2: int option,
                j1: int option,
                j2: int option,
                k1: int option,
                k2: int option,
                l1: int option,
                l2: int option
            ) : Tensor =
            x.Index(ReadOnlySpan [| range i1 i2; range j1 j2; range k1 k2; range l1 l2 |])

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>A part, by any number of entries.</summary>
        /// <example><code>x |> Tensor.index [ Idx.Ellipsis; Idx.Slice(step = 2) ]</code></example>
        let index (at: seq<Idx>) (x: Tensor) : Tensor = x.Index(ReadOnlySpan(Array.ofSeq at))

        /// <summary>x with a part replaced by values, which broadcast to it.</summary>
        let setAt (at: seq<Idx>) (values: Tensor) (x: Tensor) : Tensor =
            x.IndexUpdate(ReadOnlySpan(Array.ofSeq at), values)

        /// <summary>x with values added to a part; an index that comes twice adds twice.</summary>
        let addAt (at: seq<Idx>) (values: Tensor) (x: Tensor) : Tensor =
            x.IndexUpdate(ReadOnlySpan(Array.ofSeq at), values, UpdateKind.Add)

        /// <summary>x with a part multiplied by values.</summary>
        let multiplyAt (at: seq<Idx>) (values: Tensor) (x: Tensor) : Tensor =
            x.IndexUpdate(ReadOnlySpan(Array.ofSeq at), values, UpdateKind.Multiply)

        /// <summary>x with the larger of a part and values.</summary>
        let maximumAt (at: seq<Idx>) (values: Tensor) (x: Tensor) : Tensor =
            x.IndexUpdate(ReadOnlySpan(Array.ofSeq at), values, UpdateKind.Max)

        /// <summary>x with the smaller of a part and values.</summary>
        let minimumAt (at: seq<Idx>) (values: Tensor) (x: Tensor) : Tensor =
            x.IndexUpdate(ReadOnlySpan(Array.ofSeq at), values, UpdateKind.Min)
