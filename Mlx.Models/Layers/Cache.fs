namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>The keys and values of one layer, with room for more: (batch, kv heads, room,
/// size).</summary>
type KeyValues =
    {
        /// Keys, already turned to their positions; zeros behind the last one.
        Keys: Tensor
        /// Values; zeros behind the last one.
        Values: Tensor
    }

/// <summary>How many positions a cache holds.</summary>
[<RequireQualifiedAccess>]
type CacheLength =
    /// Known while the graph is built: only what is filled is read.
    | Known of int
    /// A tensor, int32 of shape (1), in a function that is traced once and called at every length:
    /// all the room is read, under a mask.
    | Traced of Tensor

/// <summary>
/// What a model remembers of the tokens it has read, so that it reads each of them once. A value:
/// reading on gives a new one, and the old one still says what it said.
/// </summary>
/// <remarks>
/// Room is made in steps of 256 positions. A new token is written into its place; where nobody
/// holds the old cache any more, the engine writes into the same memory.
/// </remarks>
type Cache =
    {
        /// One for each layer; none while nothing was read.
        Layers: KeyValues list
        /// The positions filled, the same in every layer.
        Length: CacheLength
    }

/// <summary>What one pass over new tokens needs to know of a cache: the same for every layer with
/// the same window.</summary>
type CacheView =
    {
        /// The positions before the new tokens.
        Length: CacheLength
        /// What the new tokens may see.
        Mask: Mask
    }

/// <summary>Growing caches of keys and values.</summary>
[<RequireQualifiedAccess>]
module Cache =
    /// Positions by which room grows.
    let private step = 256

    let private axis = 2

    /// <summary>A cache that has read nothing.</summary>
    let empty: Cache = { Layers = []; Length = CacheLength.Known 0 }

    /// <summary>The positions there is room for.</summary>
    let room (cache: Cache) =
        match cache.Layers with
        | [] -> 0
        | layer :: _ -> layer.Keys.Dim axis

    let private write (start: int) (part: Tensor) (whole: Tensor) : Tensor =
        let starts = [| 0; 0; start; 0 |]
        let stops = whole.Shape.ToArray()
        stops[axis] <- start + part.Dim axis
        Ops.SliceUpdate(whole, part, ReadOnlySpan starts, ReadOnlySpan stops)

    /// The same with room for at least so many positions.
    let private widen (count: int) (x: Tensor) : Tensor =
        let shape = x.Shape.ToArray()

        if shape[axis] >= count then
            x
        else
            shape[axis] <- (count + step - 1) / step * step
            Tensor.zerosOf x.DType shape |> write 0 x

    /// <summary>The cache with room for so many positions more than it holds.</summary>
    let reserve (more: int) (held: int) (cache: Cache) : Cache =
        if room cache >= held + more then
            cache
        else
            { cache with
                Layers =
                    [ for layer in cache.Layers ->
                          { Keys = widen (held + more) layer.Keys
                            Values = widen (held + more) layer.Values } ] }

    /// Puts new keys and values, (batch, kv heads, new, size), behind those of a layer. Answers the
    /// layer's new memory, and the keys and values to look at.
    let private append
        (length: CacheLength)
        (layer: KeyValues option)
        (keys: Tensor)
        (values: Tensor)
        =
        match length, layer with
        | CacheLength.Known held, Some layer ->
            let count = held + keys.Dim axis
            let put part whole = whole |> widen count |> write held part

            let layer = { Keys = layer.Keys |> put keys; Values = layer.Values |> put values }

            let filled = Tensor.narrow axis 0 count
            struct (layer, filled layer.Keys, filled layer.Values)
        | CacheLength.Known _, None ->
            // Room is made by the next token, if there is one: training reads once.
            struct ({ Keys = keys; Values = values }, keys, values)
        | CacheLength.Traced held, Some layer ->
            let put (part: Tensor) (whole: Tensor) =
                Ops.SliceUpdateDynamic(whole, part, held, ReadOnlySpan [| axis |])

            let layer = { Keys = layer.Keys |> put keys; Values = layer.Values |> put values }

            struct (layer, layer.Keys, layer.Values)
        | CacheLength.Traced _, None ->
            invalidArg (nameof layer) "a cache of traced length has room from the start"

    /// What so many new queries may see of the keys that `append` answers: those at their own
    /// position and before, within the window where there is one.
    let private mask (window: int option) (queries: int) (cache: Cache) : Mask =
        /// True where a position (column) is seen from another one (row).
        let seen (rows: Tensor) (columns: int) =
            let rows = rows |> Tensor.reshape [ -1; 1 ]
            let columns = Tensor.arange columns
            let past = columns |> Tensor.lessEqual rows

            match window with
            | None -> Mask.Of past
            | Some w -> past |> Tensor.logicalAnd (columns |> Tensor.greater (rows - w)) |> Mask.Of

        match cache.Length, window with
        | CacheLength.Known held, Some w when held + queries > w ->
            seen (Tensor.arangeFrom held (held + queries)) (held + queries)
        | CacheLength.Known _, _ when queries = 1 -> Mask.Full
        | CacheLength.Known _, _ -> Mask.Causal
        | CacheLength.Traced held, _ -> seen (held + Tensor.arange queries) (room cache)

    /// <summary>The cache as so many new tokens see it, through the window of a layer where it has
    /// one.</summary>
    let view (window: int option) (queries: int) (cache: Cache) : CacheView =
        { Length = cache.Length; Mask = mask window queries cache }

    /// <summary>The memory of each of so many layers; None where nothing was read.</summary>
    let memories (layers: int) (cache: Cache) : KeyValues option list =
        match cache.Layers with
        | [] -> List.replicate layers None
        | memories -> List.map Some memories

    /// The length after so many more tokens.
    let private advance (count: int) (length: CacheLength) =
        match length with
        | CacheLength.Known held -> CacheLength.Known(held + count)
        | CacheLength.Traced held -> CacheLength.Traced(held + count)

    /// <summary>The cache after so many more tokens, with the memories that the layers answered.
    /// </summary>
    let extend (count: int) (memories: KeyValues list) (cache: Cache) : Cache =
        { cache with Layers = memories; Length = advance count cache.Length }

    /// <summary>
    /// softmax(scale q kᵀ) v of new queries over what a layer's memory holds and the new keys and
    /// values, which join it: all (batch, heads, new, size), already turned to their positions.
    /// </summary>
    let attend
        (view: CacheView)
        (memory: KeyValues option)
        (scale: float)
        (keys: Tensor)
        (values: Tensor)
        (queries: Tensor)
        : struct (Tensor * KeyValues) =
        let struct (memory, keys, values) = append view.Length memory keys values
        struct (queries |> Tensor.attention scale view.Mask keys values, memory)
