namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>Keys or values of many positions, (batch, kv heads, room, size), as they are or
/// packed.</summary>
[<RequireQualifiedAccess>]
type Slots =
    /// Numbers.
    | Plain of Tensor
    /// Small integers: a fraction of the space, and of the time to read it.
    | Packed of Packed

/// <summary>
/// A memory as a row of slots. Positions go around: the one behind the last slot is the first slot
/// again, which is how a window keeps its size. In a memory that grows before it is full a position
/// is its slot.
/// </summary>
[<RequireQualifiedAccess>]
module internal Slots =
    let private axis = 2

    /// The same for all parts of what is packed: they have the same slots.
    let map (f: Tensor -> Tensor) (memory: Slots) : Slots =
        match memory with
        | Slots.Plain x -> Slots.Plain(f x)
        | Slots.Packed p ->
            Slots.Packed
                { p with
                    Weight = f p.Weight
                    Scales = f p.Scales
                    Biases = Option.map f p.Biases }

    let private parts (memory: Slots) : Tensor list =
        match memory with
        | Slots.Plain x -> [ x ]
        | Slots.Packed p -> p.Weight :: p.Scales :: Option.toList p.Biases

    /// The tensors of a memory in the order of its tree, and the memory of such tensors.
    let ofParts (packing: Packing option) (tensors: Tensor list) : Slots =
        match packing, tensors with
        | None, [ x ] -> Slots.Plain x
        | Some packing, weight :: scales :: biases ->
            Slots.Packed
                { Weight = weight
                  Scales = scales
                  Biases = List.tryHead biases
                  Packing = packing }
        | _ -> invalidArg (nameof tensors) $"{tensors.Length} tensors are no memory"

    /// How many tensors a memory has.
    let count (packing: Packing option) =
        match packing with
        | None -> 1
        | Some packing when packing.Mode = "affine" -> 3
        | Some _ -> 2

    let private map2 (f: Tensor -> Tensor -> Tensor) (a: Slots) (b: Slots) : Slots =
        match a with
        | Slots.Plain _ -> ofParts None (List.map2 f (parts a) (parts b))
        | Slots.Packed p -> ofParts (Some p.Packing) (List.map2 f (parts a) (parts b))

    /// New numbers, packed as a cache wants them.
    let pack (packing: Packing option) (x: Tensor) : Slots =
        match packing with
        | None -> Slots.Plain x
        | Some packing -> Slots.Packed(Tensor.quantize packing x)

    /// The slots.
    let room (memory: Slots) =
        match memory with
        | Slots.Plain x -> x.Dim axis
        | Slots.Packed p -> p.Scales.Dim axis

    /// The rows of a batch.
    let batch (memory: Slots) =
        match memory with
        | Slots.Plain x -> x.Dim 0
        | Slots.Packed p -> p.Scales.Dim 0

    let private write (start: int) (part: Tensor) (whole: Tensor) : Tensor =
        let starts = [| 0; 0; start; 0 |]
        let stops = whole.Shape.ToArray()
        stops[axis] <- start + part.Dim axis
        Ops.SliceUpdate(whole, part, ReadOnlySpan starts, ReadOnlySpan stops)

    let concat (axis: int) (memories: Slots list) : Slots =
        let join a b = Tensor.concatenate axis [ a; b ]
        memories |> List.reduce (map2 join)

    /// The memory of those positions from start on, at most as many as there are slots.
    let put (start: int) (part: Slots) (whole: Slots) : Slots =
        let slots, count = room whole, room part
        let first = start % slots
        let before = min count (slots - first)

        let writing (part: Tensor) (whole: Tensor) =
            if before = count then
                whole |> write first part
            else
                whole
                |> write first (part |> Tensor.narrow axis 0 before)
                |> write 0 (part |> Tensor.narrow axis before count)

        map2 (fun whole part -> writing part whole) whole part

    /// The positions from start up to stop, in order.
    let take (start: int) (stop: int) (memory: Slots) : Slots =
        let slots = room memory
        let first, count = start % slots, stop - start
        let before = min count (slots - first)

        let taking x =
            if before = count then
                x |> Tensor.narrow axis first (first + count)
            else
                let ends = x |> Tensor.narrow axis first slots
                Tensor.concatenate axis [ ends; x |> Tensor.narrow axis 0 (count - before) ]

        map taking memory

    /// Zeros with so many slots.
    let emptied (slots: int) (memory: Slots) : Slots =
        let zeros (x: Tensor) =
            let shape = x.Shape.ToArray()
            shape[axis] <- slots
            Tensor.zerosOf x.DType shape

        map zeros memory

    /// The memory of positions from start on, where start is known only when it is evaluated.
    let putAt (start: Tensor) (part: Slots) (whole: Slots) : Slots =
        let update part whole = Ops.SliceUpdateDynamic(whole, part, start, ReadOnlySpan [| axis |])

        map2 (fun whole part -> update part whole) whole part

    /// Writes each position into a slot, (new), that is known when it is evaluated.
    let putEach (slots: Tensor) (part: Slots) (whole: Slots) : Slots =
        let indices = slots |> Tensor.reshape [ 1; 1; -1; 1 ]

        let update (part: Tensor) whole =
            let indices = indices |> Tensor.broadcastTo (Tensor.shape part)
            whole |> Tensor.putAlongAxis axis indices part

        map2 (fun whole part -> update part whole) whole part

    /// The rows of a batch with these numbers.
    let rows (indices: Tensor) (memory: Slots) : Slots = map (Tensor.take 0 indices) memory

    /// softmax(scale q kᵀ) v of queries (batch, heads, new, size) where the mask shows k.
    let attention (scale: float) (mask: Mask) (keys: Slots) (values: Slots) (queries: Tensor) =
        match keys, values with
        | Slots.Plain keys, Slots.Plain values -> queries |> Tensor.attention scale mask keys values
        | Slots.Packed keys, Slots.Packed values ->
            let multiply (w: Packed) (transpose: bool) (x: Tensor) =
                let p = w.Packing
                let group, bits = Nullable p.GroupSize, Nullable p.Bits
                let biases = Option.toObj w.Biases
                Ops.QuantizedMatmul(x, w.Weight, w.Scales, biases, transpose, group, bits, p.Mode)

            let batch, heads, count = queries.Dim 0, queries.Dim 1, queries.Dim 2
            let kvHeads, slots = keys.Scales.Dim 1, keys.Scales.Dim axis

            // The heads that share keys are rows of one product.
            let scores =
                queries * float32 scale
                |> Tensor.reshape [ batch; kvHeads; heads / kvHeads * count; -1 ]
                |> multiply keys true
                |> Tensor.reshape [ batch; kvHeads; heads / kvHeads; count; slots ]

            let hide (seen: Tensor) =
                let seen = if seen.NDim = 4 then seen |> Tensor.expandDims 2 else seen
                let least = Tensor.scalar Single.NegativeInfinity |> Tensor.astype scores.DType
                Tensor.where seen scores least

            let scores =
                match mask with
                | Mask.Full -> scores
                | Mask.Of seen -> hide seen
                | Mask.Causal ->
                    let rows = Tensor.arangeFrom (slots - count) slots |> Tensor.expandDims -1
                    hide (Tensor.arange slots |> Tensor.lessEqual rows)

            scores
            |> Tensor.softmaxPrecise -1
            |> Tensor.reshape [ batch; kvHeads; heads / kvHeads * count; slots ]
            |> multiply values false
            |> Tensor.reshape [ batch; heads; count; -1 ]
        | _ -> invalidArg (nameof values) "keys and values are packed alike"
