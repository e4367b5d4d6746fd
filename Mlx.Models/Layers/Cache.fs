namespace Mlx.Models

open Mlx
open Mlx.Core

/// <summary>The keys and values of one layer, with room for more.</summary>
type KeyValues =
    {
        /// Keys, already turned to their positions.
        Keys: Slots
        /// Values.
        Values: Slots
        /// The slots at most: behind them a new position takes the place of the oldest. None: there
        /// will be room for all.
        Ring: int option
    }

/// <summary>How many positions a cache holds.</summary>
[<RequireQualifiedAccess>]
type CacheLength =
    /// Known while the graph is built: only what is filled is read.
    | Known of int
    /// A tensor, int32 of shape (1) or, where the rows of a batch begin apart, (batch), in a
    /// function that is traced once and called at every length: all the room is read, under a mask.
    | Traced of Tensor

/// <summary>How a cache keeps what it holds.</summary>
type CacheKind =
    {
        /// Positions that a token may look back over, at most: older ones are forgotten, and memory
        /// is bounded. A model's own window counts where it is smaller.
        Window: int option
        /// How keys and values are packed, in groups along the size of a head; None: as they come.
        Packing: Packing option
    }

/// <summary>How a cache keeps what it holds.</summary>
[<RequireQualifiedAccess>]
module CacheKind =
    /// <summary>Everything, as it comes.</summary>
    let full: CacheKind = { Window = None; Packing = None }

    /// <summary>Packed into so many bits (4 or 8, say) in groups of 64, or of 32 where heads are
    /// that small.</summary>
    /// <example><code>
    /// { GenerateOptions.defaults with Cache = CacheKind.full |> CacheKind.packed 8 128 }
    /// </code></example>
    let packed (bits: int) (headDim: int) (kind: CacheKind) : CacheKind =
        let group = if headDim % 64 = 0 then 64 else 32

        { kind with
            Packing = Some { Packing.affine with Bits = bits; GroupSize = group } }

/// <summary>
/// What a model remembers of the tokens it has read, so that it reads each of them once. A value:
/// reading on gives a new one, and the old one still says what it said.
/// </summary>
/// <remarks>
/// Room is made in steps of 256 positions, up to a window where there is one. A new token is written
/// into its place; where nobody holds the old cache any more, the engine writes into the same
/// memory.
/// </remarks>
type Cache =
    {
        /// One for each layer; none while nothing was read.
        Layers: KeyValues list
        /// The positions filled, the same in every layer.
        Length: CacheLength
        /// In a batch of texts of different lengths, the positions before each of them, int32 of
        /// shape (batch): all texts end at the same position.
        Padding: Tensor option
        /// How it keeps what it holds.
        Kind: CacheKind
    }

/// <summary>What one pass over new tokens needs to know of a cache: the same for every layer with
/// the same window.</summary>
type CacheView =
    {
        /// The positions before the new tokens, in their own text: what turns them.
        Length: CacheLength
        /// The positions filled before the new tokens.
        Held: CacheLength
        /// What the new tokens may see.
        Mask: Mask
        /// The window of the layers that the view is for.
        Window: int option
        /// How new keys and values are packed.
        Packing: Packing option
    }

/// <summary>Caches of keys and values: growing, or as large as a window; as they are, or
/// packed.</summary>
[<RequireQualifiedAccess>]
module Cache =
    /// Positions by which room grows.
    let private step = 256

    /// Positions that can be taken back from a window that is full: guesses that were wrong.
    let internal slack = 64

    let private roomFor (count: int) = (count + step - 1) / step * step

    /// The slots of a window: a whole number of steps with the slack.
    let private ring (window: int option) = window |> Option.map (fun w -> roomFor (w + slack))

    /// <summary>A cache of some kind that has read nothing.</summary>
    /// <example><code>
    /// let cache = Cache.ofKind (CacheKind.full |> CacheKind.packed 8 64)
    /// </code></example>
    let ofKind (kind: CacheKind) : Cache =
        { Layers = []; Length = CacheLength.Known 0; Padding = None; Kind = kind }

    /// <summary>A cache that has read nothing, and will keep everything.</summary>
    let empty: Cache = ofKind CacheKind.full

    let private roomOf (layer: KeyValues) = Slots.room layer.Keys

    let private map (f: Slots -> Slots) (layer: KeyValues) : KeyValues =
        { layer with Keys = f layer.Keys; Values = f layer.Values }

    let private bounded (ring: int option) (count: int) = Option.fold min (roomFor count) ring

    /// <summary>The positions that can be filled before more room is needed; None: any
    /// number.</summary>
    let internal room (cache: Cache) : int option =
        cache.Layers
        |> List.filter (fun layer -> layer.Ring <> Some(roomOf layer))
        |> List.map roomOf
        |> function
            | [] -> None
            | rooms -> Some(List.min rooms)

    /// The same with room for at least so many positions, or all that the ring has.
    let private widen (count: int) (layer: KeyValues) : KeyValues =
        let wanted = bounded layer.Ring count

        if roomOf layer >= wanted then
            layer
        else
            layer |> map (fun memory -> memory |> Slots.emptied wanted |> Slots.put 0 memory)

    /// The cache of known length with room for so many more positions than it holds.
    let internal reserve (more: int) (held: int) (cache: Cache) : Cache =
        { cache with Layers = cache.Layers |> List.map (widen (held + more)) }

    let private window (own: int option) (cache: Cache) : int option =
        match own, cache.Kind.Window with
        | Some a, Some b -> Some(min a b)
        | a, b -> Option.orElse b a

    /// True where a position (columns, (n)) is seen from another ((m, 1)), which the window and the
    /// padding may hinder: (m, n), or (batch, 1, m, n).
    let private seen
        (window: int option)
        (padding: Tensor option)
        (rows: Tensor)
        (columns: Tensor)
        =
        let past = columns |> Tensor.lessEqual rows

        let near =
            match window with
            | None -> past
            | Some w -> past |> Tensor.logicalAnd (columns |> Tensor.greater (rows - w))

        match padding with
        | None -> near
        | Some padding ->
            let first = padding |> Tensor.reshape [ -1; 1; 1; 1 ]
            near |> Tensor.logicalAnd (columns |> Tensor.greaterEqual first)

    /// The first of the positions held that new tokens look at.
    let private oldest (window: int option) (held: int) =
        match window with
        | Some w -> max 0 (held - w + 1)
        | None -> 0

    let private mask (window: int option) (queries: int) (cache: Cache) : Mask =
        match cache.Length with
        | CacheLength.Known held ->
            let first, stop = oldest window held, held + queries
            let isNear = window |> Option.forall (fun w -> stop - first <= w)

            if cache.Padding.IsNone && isNear then
                if queries = 1 then Mask.Full else Mask.Causal
            else
                let rows = Tensor.arangeFrom held stop |> Tensor.expandDims -1
                Mask.Of(seen window cache.Padding rows (Tensor.arangeFrom first stop))
        | CacheLength.Traced held ->
            let ring = ring window
            let layer = cache.Layers |> List.find (fun layer -> layer.Ring = ring)
            let slots = roomOf layer
            let rows = held + Tensor.arange queries |> Tensor.expandDims -1

            if ring = Some slots then
                // A slot has the last position that leads to it, perhaps one before all texts.
                let last = held + (queries - 1)
                let back = last - Tensor.arange slots |> Tensor.remainder (Tensor.scalar slots)
                let position = last - back
                let isThere = position |> Tensor.greaterEqual (Tensor.scalar 0)
                Mask.Of(seen window cache.Padding rows position |> Tensor.logicalAnd isThere)
            else
                Mask.Of(seen window cache.Padding rows (Tensor.arange slots))

    /// <summary>The cache as so many new tokens, the second axis of (batch, new), see it, through
    /// the window of a layer where it has one.</summary>
    /// <example><code>
    /// // A prompt of 12 tokens, with windows that slide.
    /// let view = Cache.empty |> Cache.view (Some 4096) 12
    /// </code></example>
    let view (own: int option) (queries: int) (cache: Cache) : CacheView =
        let window = cache |> window own

        let length =
            match cache.Length, cache.Padding with
            | length, None -> length
            | CacheLength.Known held, Some padding -> CacheLength.Traced(held - padding)
            | CacheLength.Traced held, Some padding -> CacheLength.Traced(held - padding)

        { Length = length
          Held = cache.Length
          Mask = mask window queries cache
          Window = window
          Packing = cache.Kind.Packing }

    /// Puts new keys and values behind those of a layer. Answers the layer's new memory, and the
    /// keys and values to look at.
    let private append (view: CacheView) (layer: KeyValues option) (keys: Slots) (values: Slots) =
        let count = Slots.room keys

        match view.Held, layer with
        | CacheLength.Known held, Some layer ->
            let first, stop = oldest view.Window held, held + count
            let layer = layer |> widen stop
            let slots = roomOf layer

            if stop <= slots then
                let put part whole = whole |> Slots.put held part
                let keys, values = layer.Keys |> put keys, layer.Values |> put values
                let visible = Slots.take first stop
                struct ({ layer with Keys = keys; Values = values }, visible keys, visible values)
            else
                // They are looked at beside those before them: some of these make place for them.
                let visible before news =
                    if first = held then
                        news
                    else
                        Slots.concat 2 [ before |> Slots.take first held; news ]

                let put part whole =
                    let kept = min slots count
                    let part = part |> Slots.map (Tensor.narrow 2 (count - kept) count)
                    whole |> Slots.put (stop - kept) part

                let visibleKeys, visibleValues =
                    visible layer.Keys keys, visible layer.Values values

                let layer =
                    { layer with
                        Keys = layer.Keys |> put keys
                        Values = layer.Values |> put values }

                struct (layer, visibleKeys, visibleValues)
        | CacheLength.Known _, None ->
            let ring = ring view.Window
            let layer = { Keys = keys; Values = values; Ring = ring }

            // Otherwise room is made by the next token, if there is one: training reads once.
            let layer =
                match ring with
                | Some slots when slots < count ->
                    let last memory =
                        let part = memory |> Slots.take (count - slots) count
                        memory |> Slots.emptied slots |> Slots.put (count - slots) part

                    layer |> map last
                | _ -> layer

            struct (layer, keys, values)
        | CacheLength.Traced held, Some layer ->
            let slots = roomOf layer

            let put part whole =
                if layer.Ring <> Some slots then
                    whole |> Slots.putAt held part
                else
                    let slot = Tensor.remainder (Tensor.scalar slots)

                    if count = 1 then
                        whole |> Slots.putAt (slot held) part
                    else
                        whole |> Slots.putEach (slot (held + Tensor.arange count)) part

            let keys, values = layer.Keys |> put keys, layer.Values |> put values
            struct ({ layer with Keys = keys; Values = values }, keys, values)
        | CacheLength.Traced _, None ->
            invalidArg (nameof layer) "a cache of traced length has room from the start"

    /// <summary>
    /// softmax(scale q kᵀ) v of new queries over what a layer's memory holds and the new keys and
    /// values, which join it: all (batch, heads, new, size), already turned to their positions.
    /// </summary>
    /// <example><code>
    /// let view = Cache.empty |> Cache.view None 3
    /// let one = Tensor.ones [ 1; 2; 3; 4 ] // queries, keys and values of two heads
    /// let struct (y, memory) = one |> Cache.attend view None 0.5 one one
    /// Tensor.shape y
    /// // => [1; 2; 3; 4]
    /// </code></example>
    let attend
        (view: CacheView)
        (memory: KeyValues option)
        (scale: float)
        (keys: Tensor)
        (values: Tensor)
        (queries: Tensor)
        : struct (Tensor * KeyValues) =
        let pack = Slots.pack view.Packing
        let struct (memory, keys, values) = append view memory (pack keys) (pack values)
        struct (queries |> Slots.attention scale view.Mask keys values, memory)

    /// <summary>The memory of each of so many layers; None where nothing was read.</summary>
    /// <example><code>
    /// Cache.empty |> Cache.memories 2 |> List.map Option.isSome
    /// // => [false; false]
    /// </code></example>
    let memories (layers: int) (cache: Cache) : KeyValues option list =
        match cache.Layers with
        | [] -> List.replicate layers None
        | memories -> List.map Some memories

    /// <summary>The cache after so many more tokens, with the memories that the layers answered.
    /// </summary>
    /// <example><code>
    /// let view = Cache.empty |> Cache.view None 3
    /// let one = Tensor.ones [ 1; 2; 3; 4 ]
    /// let struct (_, memory) = one |> Cache.attend view None 0.5 one one
    /// (Cache.empty |> Cache.extend 3 [ memory ]).Layers.Length
    /// // => 1
    /// </code></example>
    let extend (count: int) (memories: KeyValues list) (cache: Cache) : Cache =
        let length =
            match cache.Length with
            | CacheLength.Known held -> CacheLength.Known(held + count)
            | CacheLength.Traced held -> CacheLength.Traced(held + count)

        { cache with Layers = memories; Length = length }

    /// <summary>
    /// The cache as it was after the first tokens, so many of them; None where a window has gone too
    /// far beyond.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The cache holds fewer, or its length is
    /// traced.</exception>
    /// <example><code>
    /// let again = cache |> Cache.trim 12
    /// </code></example>
    let trim (length: int) (cache: Cache) : Cache option =
        match cache.Length with
        | CacheLength.Known held when length >= 0 && length <= held ->
            let isThere layer = held <= roomOf layer || held - length <= slack

            if length = 0 then
                Some { cache with Layers = []; Length = CacheLength.Known 0 }
            elif List.forall isThere cache.Layers then
                Some { cache with Length = CacheLength.Known length }
            else
                None
        | CacheLength.Known held ->
            invalidArg (nameof length) $"the cache holds {held} positions, not {length}"
        | CacheLength.Traced _ -> invalidArg (nameof cache) "the length of the cache is traced"

    /// The positions of a text moved so that it ends at another position.
    let internal moveTo (stop: int) (held: int) (cache: Cache) : Cache =
        let move (layer: KeyValues) =
            let slots = bounded layer.Ring stop
            let kept = min (min held stop) (min slots (roomOf layer))

            let shift memory =
                let part = memory |> Slots.take (held - kept) held
                memory |> Slots.emptied slots |> Slots.put (stop - kept) part

            if stop = held && slots = roomOf layer then layer else layer |> map shift

        { cache with
            Layers = List.map move cache.Layers
            Length = CacheLength.Known stop }

    /// The rows of several batches that end at the same position, one below the other.
    let internal stack (caches: Cache list) : Cache =
        let layers =
            [ for layers in List.transpose [ for cache in caches -> cache.Layers ] ->
                  let join part = layers |> List.map part |> Slots.concat 0
                  { layers.Head with Keys = join _.Keys; Values = join _.Values } ]

        { caches.Head with Layers = layers }

    /// Some rows of a batch.
    let internal rows (indices: int list) (cache: Cache) : Cache =
        let indices = Tensor.ofSeq indices
        { cache with Layers = cache.Layers |> List.map (map (Slots.rows indices)) }
