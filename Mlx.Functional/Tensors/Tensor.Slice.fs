namespace Mlx

open System
open Mlx.Core

/// <summary> Indexing in brackets: <c>x[0]</c>, <c>x[-1]</c>, <c>x[0, *, 1..3]</c>, <c>x[rows,
/// 2]</c>, <c>x[Idx.Ellipsis, -1]</c>. An F# range includes its end: <c>1..3</c> are three
/// elements. Negative numbers count from the end. </summary>
[<AutoOpen>]
module TensorSlicing =
    type Mlx.Core.MlxArray with

        /// <summary><c>x[a..b]</c>: rows a to b, both included; other axes stay.</summary>
        /// <example><code>
        /// (Tensor.arange 6)[1..3]
        /// // => array([1, 2, 3], dtype=int32)
        /// </code></example>
        member x.GetSlice(i1: int option, i2: int option) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2)))

        /// <summary><c>x[i, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2)))

        /// <summary><c>x[a..b, j]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j)))

        /// <summary><c>x[a..b, a..b]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j1: int option, j2: int option) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2)))

        /// <summary><c>x[i, j, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j, k1, k2)))

        /// <summary><c>x[i, a..b, k]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k)))

        /// <summary><c>x[i, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k1, k2)))

        /// <summary><c>x[a..b, j, k]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k)))

        /// <summary><c>x[a..b, j, a..b]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k1, k2)))

        /// <summary><c>x[a..b, a..b, k]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k1, k2)))

        /// <summary><c>x[i, j, k, a..b]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k: Idx, l1: int option, l2: int option) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j, k, l1, l2)))

        /// <summary><c>x[i, j, a..b, l]</c>.</summary>
        member x.GetSlice(i: Idx, j: Idx, k1: int option, k2: int option, l: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j, k1, k2, l)))

        /// <summary><c>x[i, j, a..b, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j: Idx, k1: int option, k2: int option, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j, k1, k2, l1, l2)))

        /// <summary><c>x[i, a..b, k, l]</c>.</summary>
        member x.GetSlice(i: Idx, j1: int option, j2: int option, k: Idx, l: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k, l)))

        /// <summary><c>x[i, a..b, k, a..b]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k: Idx, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k, l1, l2)))

        /// <summary><c>x[i, a..b, a..b, l]</c>.</summary>
        member x.GetSlice
            (i: Idx, j1: int option, j2: int option, k1: int option, k2: int option, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k1, k2, l)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i, j1, j2, k1, k2, l1, l2)))

        /// <summary><c>x[a..b, j, k, l]</c>.</summary>
        member x.GetSlice(i1: int option, i2: int option, j: Idx, k: Idx, l: Idx) : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k, l)))

        /// <summary><c>x[a..b, j, k, a..b]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k: Idx, l1: int option, l2: int option)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k, l1, l2)))

        /// <summary><c>x[a..b, j, a..b, l]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j: Idx, k1: int option, k2: int option, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k1, k2, l)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j, k1, k2, l1, l2)))

        /// <summary><c>x[a..b, a..b, k, l]</c>.</summary>
        member x.GetSlice
            (i1: int option, i2: int option, j1: int option, j2: int option, k: Idx, l: Idx)
            : Tensor =
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k, l)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k, l1, l2)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k1, k2, l)))

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
            x.Index(ReadOnlySpan(ix.GetSlice(i1, i2, j1, j2, k1, k2, l1, l2)))
