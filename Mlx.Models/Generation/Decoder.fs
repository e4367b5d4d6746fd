namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// Logits of one token after the other. Logits, length and cache live in a list on the engine's
/// side that is argument and result of the model's compiled step, so that a token costs a few calls
/// however many layers there are, and the engine writes new keys and values into the memory of the
/// old ones. The state that `Generate` hides behind a sequence; used by one thread at a time.
[<Sealed>]
type internal Decoder(model: LanguageModel, logits: Tensor, cache: Cache, held: int) =
    let mutable held = held
    let mutable room = 0
    let mutable state = new ArrayVector(ReadOnlySpan<Tensor>.Empty)

    let hold (first: Tensor[]) (cache: Cache) =
        // Made before the old list goes, for its tensors are read from there.
        let wide = Cache.reserve 1 held cache
        let old = state
        state <- new ArrayVector(ReadOnlySpan(Array.append first (Tree.leaves wide.Layers)))
        room <- Cache.room wide
        old.Dispose()

    let widen () =
        use _ = Scope.Enter()
        let parts = state.ToArray()

        let layers =
            [ for pair in Array.chunkBySize 2 parts[2..] -> { Keys = pair[0]; Values = pair[1] } ]

        hold parts[..1] { Layers = layers; Length = CacheLength.Known held }

    do
        use _ = Scope.Enter()
        hold [| logits; MlxArray.From [| held |] |] cache

    /// The logits after the tokens so far, (batch, vocabulary), as a new handle.
    member _.Logits: Tensor = state[0]

    /// Reads a token for each row, (batch); nothing is computed yet.
    member _.Read(token: Tensor) =
        if held = room then
            widen ()

        model.Step.Step(state, ReadOnlySpan [| token |], evaluate = false)
        held <- held + 1

    interface IDisposable with
        member _.Dispose() = state.Dispose()
