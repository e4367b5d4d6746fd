namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// Logits of one token after the other, for the rows of a batch. Logits and cache live in a list on
/// the engine's side that is argument and result of the model's compiled step, so that a token costs
/// a few calls however many layers there are, and the engine writes new keys and values into the
/// memory of the old ones. Used by one thread at a time.
/// The cache has a known length, and no padding: it is given as positions before each text.
[<Sealed>]
type internal Decoder(model: LanguageModel, cache: Cache, padding: int[], logits: Tensor) =
    let mutable padding = padding
    // A list, for no scope collects it.
    let mutable paddings: ArrayVector option = None
    let mutable held = 0
    let mutable room = None
    let mutable key = { Rings = []; Kind = cache.Kind; IsPadded = false; IsAll = false }
    let mutable state = new ArrayVector(ReadOnlySpan<Tensor>.Empty)

    /// Takes the place of what was held; made before that goes, for it is read from there.
    let hold (logits: Tensor) (cache: Cache) (positions: int[]) =
        let old = state
        state <- new ArrayVector(ReadOnlySpan(Array.append [| logits |] (Step.leaves cache)))
        old.Dispose()
        paddings |> Option.iter _.Dispose()
        let isPadded = positions |> Array.exists (fun count -> count > 0)
        padding <- positions

        paddings <-
            if isPadded then
                Some(new ArrayVector(ReadOnlySpan [| MlxArray.From positions |]))
            else
                None

        room <- Cache.room cache

        key <- { key with Rings = cache.Layers |> List.map _.Ring; IsPadded = isPadded }

        match cache.Length with
        | CacheLength.Known length -> held <- length
        | CacheLength.Traced _ -> invalidArg (nameof cache) "its length is traced"

    let current () : Cache =
        { Layers = (state.ToArray())[1..] |> Step.layers key.Rings key.Kind.Packing
          Length = CacheLength.Known held
          Padding = None
          Kind = key.Kind }

    let reserve (count: int) =
        match room with
        | Some room when held + count > room ->
            use _ = Scope.Enter()
            hold state[0] (current () |> Cache.reserve count held) padding
        | _ -> ()

    let read (isAll: bool) (tokens: Tensor) (count: int) =
        reserve count
        use length = MlxArray.From [| held |]
        let step = model.Step { key with IsAll = isAll }

        match paddings with
        | None -> step.Step(state, ReadOnlySpan [| tokens; length |], evaluate = false)
        | Some paddings ->
            use padding = paddings[0]
            step.Step(state, ReadOnlySpan [| tokens; length; padding |], evaluate = false)

        held <- held + count

    do
        use _ = Scope.Enter()
        hold logits cache padding

    /// The logits after the tokens so far, (batch, vocabulary), as a new handle.
    member _.Logits: Tensor = state[0]

    /// The positions filled, with padding.
    member _.Held = held

    /// The positions before the text of each row.
    member _.Padding = padding

    /// What is held: new handles. As long as they live, the next token needs memory of its own.
    member _.Cache: Cache = current ()

    /// Reads a token for each row, (batch); nothing is computed yet.
    member _.Read(tokens: Tensor) = read false tokens 1

    /// Reads several tokens for each row; then the logits are those after each of them, (batch, new,
    /// vocabulary).
    member _.ReadAll(tokens: Tensor) = read true tokens (tokens.Dim 1)

    /// Forgets the last tokens, as many as a full window has slack for.
    member _.TakeBack(count: int) = held <- held - count

    /// Other rows in place of those held, at the same time of the text.
    member _.Replace(logits: Tensor, cache: Cache, padding: int[]) =
        use _ = Scope.Enter()
        hold logits cache padding

    interface IDisposable with
        member _.Dispose() =
            state.Dispose()
            paddings |> Option.iter _.Dispose()
