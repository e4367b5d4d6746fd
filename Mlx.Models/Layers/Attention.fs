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
        /// Base of the rotary positions.
        RopeTheta: float
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

    let private rotate (shape: AttentionShape) (length: CacheLength) (x: Tensor) : Tensor =
        match length with
        | CacheLength.Known offset -> x |> Tensor.rope shape.HeadDim shape.RopeTheta offset
        | CacheLength.Traced offset ->
            Fast.Rope(x, shape.HeadDim, offset, false, Nullable(float32 shape.RopeTheta))

    /// <summary>
    /// softmax(q kᵀ / sqrt size) v over the positions that the view shows, between projections:
    /// (batch, length, hidden) -> (batch, length, hidden). Answers the layer's keys and values too.
    /// </summary>
    let apply
        (shape: AttentionShape)
        (parameters: SelfAttention)
        (view: CacheView)
        (memory: KeyValues option)
        (x: Tensor)
        : struct (Tensor * KeyValues) =
        let heads projection count = x |> Dense.apply projection |> split count shape.HeadDim
        let q = heads parameters.QProj shape.Heads |> rotate shape view.Length
        let k = heads parameters.KProj shape.KvHeads |> rotate shape view.Length
        let v = heads parameters.VProj shape.KvHeads
        let scale = 1.0 / sqrt (float shape.HeadDim)
        let struct (y, memory) = q |> Cache.attend view memory scale k v
        struct (y |> join |> Dense.apply parameters.OProj, memory)
