namespace Mlx

open System
open Mlx.Core

/// <summary>
/// One entry of an index where F#'s own syntax has none: <c>Idx.Ellipsis</c>, <c>Idx.NewAxis</c>,
/// <c>Idx.Slice(start, stop, step)</c> with NumPy's meaning, <c>Idx.All</c>. Integers and integer
/// tensors are entries by themselves.
/// </summary>
type Idx = Mlx.Core.Idx

/// <summary>Writes an index in brackets, for functions that take one: <c>ix[0, *,
/// 1..3]</c>.</summary>
[<Sealed>]
type IndexWriter internal () =
    /// An F# range: ends included.
    let range (start: int option) (finish: int option) : Idx =
        let stop =
            match finish with
            | Some -1
            | None -> Nullable()
            | Some i -> Nullable(i + 1)

        Idx.Slice(Option.toNullable start, stop)

    /// <summary>An index of one entry.</summary>
    member _.Item
        with get (i: Idx): Idx[] = [| i |]

    /// <summary>An index of two entries.</summary>
    member _.Item
        with get (i: Idx, j: Idx): Idx[] = [| i; j |]

    /// <summary>An index of three entries.</summary>
    member _.Item
        with get (i: Idx, j: Idx, k: Idx): Idx[] = [| i; j; k |]

    /// <summary>An index of four entries.</summary>
    member _.Item
        with get (i: Idx, j: Idx, k: Idx, l: Idx): Idx[] = [| i; j; k; l |]

    /// <summary><c>ix[a..b]</c>.</summary>
    /// <example><code>
    /// Tensor.arange 6 |> Tensor.at ix[1..3] |> At.set (Tensor.scalar 0)
    /// // => array([0, 0, 0, 0, 4, 5], dtype=int32)
    /// </code></example>
    member _.GetSlice(i1: int option, i2: int option) : Idx[] = [| range i1 i2 |]

    /// <summary><c>ix[i, a..b]</c>.</summary>
    member _.GetSlice(i: Idx, j1: int option, j2: int option) : Idx[] = [| i; range j1 j2 |]

    /// <summary><c>ix[a..b, j]</c>.</summary>
    member _.GetSlice(i1: int option, i2: int option, j: Idx) : Idx[] = [| range i1 i2; j |]

    /// <summary><c>ix[a..b, a..b]</c>.</summary>
    member _.GetSlice(i1: int option, i2: int option, j1: int option, j2: int option) : Idx[] =
        [| range i1 i2; range j1 j2 |]

    /// <summary><c>ix[i, j, a..b]</c>.</summary>
    member _.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option) : Idx[] =
        [| i; j; range k1 k2 |]

    /// <summary><c>ix[i, a..b, k]</c>.</summary>
    member _.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx) : Idx[] =
        [| i; range j1 j2; k |]

    /// <summary><c>ix[i, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option)
        : Idx[] =
        [| i; range j1 j2; range k1 k2 |]

    /// <summary><c>ix[a..b, j, k]</c>.</summary>
    member _.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx) : Idx[] =
        [| range i1 i2; j; k |]

    /// <summary><c>ix[a..b, j, a..b]</c>.</summary>
    member _.GetSlice
        (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option)
        : Idx[] =
        [| range i1 i2; j; range k1 k2 |]

    /// <summary><c>ix[a..b, a..b, k]</c>.</summary>
    member _.GetSlice
        (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx)
        : Idx[] =
        [| range i1 i2; range j1 j2; k |]

    /// <summary><c>ix[a..b, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (
            i1: int option,
            i2: int option,
            j1: int option,
            j2: int option,
            k1: int option,
            k2: int option
        ) : Idx[] =
        [| range i1 i2; range j1 j2; range k1 k2 |]

    /// <summary><c>ix[i, j, k, a..b]</c>.</summary>
    member _.GetSlice(i: Idx, j: Idx, k: Idx, l1: int option, l2: int option) : Idx[] =
        [| i; j; k; range l1 l2 |]

    /// <summary><c>ix[i, j, a..b, l]</c>.</summary>
    member _.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option, l: Idx) : Idx[] =
        [| i; j; range k1 k2; l |]

    /// <summary><c>ix[i, j, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (i: Idx, j: Idx, k1: int option, k2: int option, l1: int option, l2: int option)
        : Idx[] =
        [| i; j; range k1 k2; range l1 l2 |]

    /// <summary><c>ix[i, a..b, k, l]</c>.</summary>
    member _.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx, l: Idx) : Idx[] =
        [| i; range j1 j2; k; l |]

    /// <summary><c>ix[i, a..b, k, a..b]</c>.</summary>
    member _.GetSlice
        (i: Idx, j1: int option, j2: int option, k: Idx, l1: int option, l2: int option)
        : Idx[] =
        [| i; range j1 j2; k; range l1 l2 |]

    /// <summary><c>ix[i, a..b, a..b, l]</c>.</summary>
    member _.GetSlice
        (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option, l: Idx)
        : Idx[] =
        [| i; range j1 j2; range k1 k2; l |]

    /// <summary><c>ix[i, a..b, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (
            i: Idx,
            j1: int option,
            j2: int option,
            k1: int option,
            k2: int option,
            l1: int option,
            l2: int option
        ) : Idx[] =
        [| i; range j1 j2; range k1 k2; range l1 l2 |]

    /// <summary><c>ix[a..b, j, k, l]</c>.</summary>
    member _.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx, l: Idx) : Idx[] =
        [| range i1 i2; j; k; l |]

    /// <summary><c>ix[a..b, j, k, a..b]</c>.</summary>
    member _.GetSlice
        (i1: int option, i2: int option, j: Idx, k: Idx, l1: int option, l2: int option)
        : Idx[] =
        [| range i1 i2; j; k; range l1 l2 |]

    /// <summary><c>ix[a..b, j, a..b, l]</c>.</summary>
    member _.GetSlice
        (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option, l: Idx)
        : Idx[] =
        [| range i1 i2; j; range k1 k2; l |]

    /// <summary><c>ix[a..b, j, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (
            i1: int option,
            i2: int option,
            j: Idx,
            k1: int option,
            k2: int option,
            l1: int option,
            l2: int option
        ) : Idx[] =
        [| range i1 i2; j; range k1 k2; range l1 l2 |]

    /// <summary><c>ix[a..b, a..b, k, l]</c>.</summary>
    member _.GetSlice
        (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx, l: Idx)
        : Idx[] =
        [| range i1 i2; range j1 j2; k; l |]

    /// <summary><c>ix[a..b, a..b, k, a..b]</c>.</summary>
    member _.GetSlice
        (
            i1: int option,
            i2: int option,
            j1: int option,
            j2: int option,
            k: Idx,
            l1: int option,
            l2: int option
        ) : Idx[] =
        [| range i1 i2; range j1 j2; k; range l1 l2 |]

    /// <summary><c>ix[a..b, a..b, a..b, l]</c>.</summary>
    member _.GetSlice
        (
            i1: int option,
            i2: int option,
            j1: int option,
            j2: int option,
            k1: int option,
            k2: int option,
            l: Idx
        ) : Idx[] =
        [| range i1 i2; range j1 j2; range k1 k2; l |]

    /// <summary><c>ix[a..b, a..b, a..b, a..b]</c>.</summary>
    member _.GetSlice
        (
            i1: int option,
            i2: int option,
            j1: int option,
            j2: int option,
            k1: int option,
            k2: int option,
            l1: int option,
            l2: int option
        ) : Idx[] =
        [| range i1 i2; range j1 j2; range k1 k2; range l1 l2 |]

/// <summary>Opened with the namespace.</summary>
[<AutoOpen>]
module IndexWriting =
    /// <summary>An index as a value: <c>ix[0, *, 1..3]</c>, <c>ix[Idx.Ellipsis, -1]</c>. An F#
    /// range includes its end.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.at ix[*, 1..2] |> At.add (Tensor.scalar 1.0)
    /// // => array([[0, 1, 1], [0, 1, 1]], dtype=float32)
    /// </code></example>
    let ix = IndexWriter()
