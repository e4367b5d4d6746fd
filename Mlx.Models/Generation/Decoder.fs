namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// One token after the other in compiled steps. Token, key, length and cache live in a list on the
/// engine's side that is argument and result of the step, so that a token costs a few calls however
/// many layers there are, and the engine writes new keys and values into the memory of the old ones.
/// The state that `Generate` hides behind a sequence; used by one thread at a time.
[<Sealed>]
type internal Decoder
    (model: LanguageModel, sampler: Sampler, key: Key, token: Tensor, cache: Cache, held: int) =
    /// Token, key and length, before the cache.
    let fixedParts = 3

    let mutable held = held
    let mutable room = 0
    let mutable state = new ArrayVector(ReadOnlySpan<Tensor>.Empty)

    let layers (parts: Tensor[]) =
        [ for pair in parts |> Array.skip fixedParts |> Array.chunkBySize 2 ->
              { Keys = pair[0]; Values = pair[1] } ]

    let step (parts: Tensor[]) : Tensor[] =
        let token, key, length = parts[0], parts[1], parts[2]
        let cache = { Layers = layers parts; Length = CacheLength.Traced length }
        let logits, cache = model.Next cache (token |> Tensor.expandDims -1)
        let nextKey, drawKey = Key.split { Data = key }
        let next = sampler drawKey logits
        Array.append [| next; nextKey.Data; length + 1 |] (Tree.leaves cache.Layers)

    let compiled = new CompiledFunction(step)

    let hold (fixedParts: Tensor[]) (cache: Cache) =
        // Made before the old list goes, for its tensors are read from there.
        let wide = Cache.reserve 1 held cache
        let old = state
        state <- new ArrayVector(ReadOnlySpan(Array.append fixedParts (Tree.leaves wide.Layers)))
        room <- Cache.room wide
        old.Dispose()

    do
        use _ = Scope.Enter()
        hold [| token; key.Data; MlxArray.From [| held |] |] cache

    /// Starts to compute the next token; answers it before it is there, as a new handle.
    member _.Step() : Tensor =
        if held = room then
            use _ = Scope.Enter()
            let parts = state.ToArray()
            hold parts[.. fixedParts - 1] { Layers = layers parts; Length = CacheLength.Known held }

        compiled.Step(state, ReadOnlySpan.Empty, evaluate = false)
        state.AsyncEval()
        held <- held + 1
        state[0]

    interface IDisposable with
        member _.Dispose() =
            compiled.Dispose()
            state.Dispose()
