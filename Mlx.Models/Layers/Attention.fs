namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>Parameters of grouped-query attention, named as in a checkpoint.</summary>
type SelfAttention =
    {
        /// (heads * size, hidden).
        QProj: Dense
        /// (kv heads * size, hidden).
        KProj: Dense
        /// (kv heads * size, hidden).
        VProj: Dense
        /// (hidden, heads * size).
        OProj: Dense
        /// The norm of each query, (size), in models that have one.
        QNorm: RmsNorm option
        /// The norm of each key, (size), in models that have one.
        KNorm: RmsNorm option
    }

/// <summary>How the features of a position are cut into heads and turned.</summary>
type AttentionShape =
    {
        /// Queries at each position.
        Heads: int
        /// Keys and values at each position.
        KvHeads: int
        /// Features of each.
        HeadDim: int
        /// How queries and keys turn.
        Rotary: Rotary
        /// Added to the mean square of a query or key before its root, where they are normalized.
        NormEps: float
    }

/// <summary>Attention with rotary positions, shared by the models.</summary>
[<RequireQualifiedAccess>]
module SelfAttention =
    /// (batch, length, heads * size) -> (batch, heads, length, size).
    let private split (heads: int) (size: int) (x: Tensor) : Tensor =
        let batch, length = x.Dim 0, x.Dim 1

        if length = 1 then
            x |> Tensor.reshape [ batch; heads; 1; size ]
        else
            x |> Tensor.reshape [ batch; length; heads; size ] |> Tensor.permute [ 0; 2; 1; 3 ]

    /// (batch, heads, length, size) -> (batch, length, heads * size).
    let private join (x: Tensor) : Tensor =
        let batch, length = x.Dim 0, x.Dim 2
        let x = if length = 1 then x else x |> Tensor.permute [ 0; 2; 1; 3 ]
        x |> Tensor.reshape [ batch; length; -1 ]

    /// <summary>
    /// softmax(q kᵀ / sqrt size) v over the positions that the view shows, between projections:
    /// (batch, length, hidden) -> (batch, length, hidden). Answers the layer's keys and values too.
    /// </summary>
    /// <example><code>
    /// let view = Cache.empty |> Cache.view None (x.Dim 1)
    /// let struct (y, memory) = x |> SelfAttention.apply heads p view None
    /// </code></example>
    let apply
        (shape: AttentionShape)
        (parameters: SelfAttention)
        (view: CacheView)
        (memory: KeyValues option)
        (x: Tensor)
        : struct (Tensor * KeyValues) =
        let heads projection count = x |> Dense.apply projection |> split count shape.HeadDim

        let normed (norm: RmsNorm option) x =
            match norm with
            | Some norm -> x |> Tensor.rmsNorm shape.NormEps (Some norm.Weight)
            | None -> x

        let turned projection norm count =
            heads projection count |> normed norm |> Rotary.apply shape.Rotary view.Length

        let q = turned parameters.QProj parameters.QNorm shape.Heads
        let k = turned parameters.KProj parameters.KNorm shape.KvHeads
        let v = heads parameters.VProj shape.KvHeads

        // Scores are products of two, so the magnitude counts twice.
        let magnitude = shape.Rotary.Magnitude * shape.Rotary.Magnitude
        let scale = magnitude / sqrt (float shape.HeadDim)
        let struct (y, memory) = q |> Cache.attend view memory scale k v
        struct (y |> join |> Dense.apply parameters.OProj, memory)
