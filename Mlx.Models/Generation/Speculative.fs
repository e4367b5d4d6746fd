namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// Speculative decoding (Leviathan et al., 2023): a small model guesses some tokens, and the model
/// reads all of them at once. Where the usual rule accepts guesses at random, both models draw with
/// the same noise here, so a guess is right when both pick the same token: the tokens are those that
/// the model writes alone with the same seed, whatever the guesses are.
[<Sealed>]
type internal Speculative(model: LanguageModel, draft: Draft, row: DecodingRow) =
    let options = row.Options
    let count = max 1 (min draft.Tokens Cache.slack)
    let mutable decoder: Decoder option = None
    let mutable guesser: Decoder option = None
    // What the guesser has yet to read before the newest token.
    let mutable behind: int list = []

    let prefill (model: LanguageModel) (options: GenerateOptions) =
        let struct (logits, cache, cached) = Prefill.read model options row.Prompt
        new Decoder(model, cache, [| 0 |], logits), cached

    /// Picks one token after the other, each from logits that may depend on those before.
    let picker (model: LanguageModel) (top: int option) =
        let plan = Pick.plan false top [ options.Sampling ]
        let seed, number = uint32 options.Seed, uint32 (row.Picks + 1)
        let rows = [ options.Sampling, seed, number, row.Tokens.ToArray() ]
        let start = Pick.start model.VocabSize plan rows
        let state = new ArrayVector(ReadOnlySpan(Array.ofList start))
        let step = model.Compiled plan (Pick.run plan)

        let pick (logits: Tensor) =
            step.Step(state, ReadOnlySpan [| logits |], evaluate = false)
            [| for i in 0 .. Pick.results plan - 1 -> state[i] |]

        state, pick

    let guess (newest: int) : Tensor list =
        let guesser = guesser.Value

        for id in behind do
            guesser.Read(Tensor.ofSeq [ uint32 id ])

        let state, pick = picker draft.Model None
        use _ = state

        let next (token: Tensor) _ =
            guesser.Read token
            let picked = (pick guesser.Logits)[0]
            picked, picked

        fst (List.mapFold next (Tensor.ofSeq [ uint32 newest ]) [ 1..count ])

    let first () : Told list =
        let whole, cached = prefill model options
        decoder <- Some whole
        // A prompt cache is one of the model's.
        let small, _ =
            prefill draft.Model { options with PromptCache = None; OnPrefill = fun _ _ -> () }

        guesser <- Some small
        row.Cached <- cached
        let state, pick = picker model options.LogProbs
        use _ = state
        [ Told.ofArrays options.LogProbs 0 (pick whole.Logits) ]

    /// The tokens after the newest: one more than the guesses that were right.
    let more (newest: int) : Told list =
        let decoder = decoder.Value
        let guesses = guess newest
        let all = Tensor.ofSeq [ uint32 newest ] :: guesses |> Tensor.concatenate 0
        decoder.ReadAll(all |> Tensor.expandDims 0)
        let logits = decoder.Logits
        let state, pick = picker model options.LogProbs
        use _ = state

        let picked =
            [ for i in 0..count ->
                  pick (logits |> Tensor.narrow 1 i (i + 1) |> Tensor.squeezeAxis 1) ]

        Tree.eval (guesses, picked) |> ignore
        let told = picked |> List.map (Told.ofArrays options.LogProbs 0)
        let guessed = [ for guess in guesses -> int (guess.Item<uint32>()) ]

        let right = Seq.zip guessed told |> Seq.takeWhile (fun (g, t) -> g = t.Id) |> Seq.length

        decoder.TakeBack(count - right)
        guesser.Value.TakeBack(max 0 (count - 1 - right))
        behind <- if right = count then [ List.last guessed ] else []
        row.Drafted <- row.Drafted + count
        row.Accepted <- row.Accepted + right
        List.truncate (right + 1) told

    /// The first token, then those after the newest.
    member _.Step() : Told list =
        use _ = Scope.Enter()

        let told =
            match decoder with
            | None -> first ()
            | Some _ -> more row.Tokens[row.Tokens.Count - 1]

        for one in told do
            row.Picks <- row.Picks + 1
            row.Tokens.Add one.Id

        told

    interface IDisposable with
        member _.Dispose() =
            match options.PromptCache, decoder with
            | Some kept, Some decoder ->
                use _ = Scope.Enter()
                kept.Store(row.Tokens.GetRange(0, decoder.Held).ToArray(), decoder.Cache)
            | _ -> ()

            for it in [ decoder; guesser ] do
                it |> Option.iter (fun it -> (it :> IDisposable).Dispose())
