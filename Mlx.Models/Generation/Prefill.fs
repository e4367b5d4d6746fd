namespace Mlx.Models

open Mlx
open Mlx.Core

/// Reading prompts.
[<RequireQualifiedAccess>]
module internal Prefill =
    /// Reads a prompt in chunks, on from what a prompt cache has of it; answers the logits of the
    /// token after it, the cache, and how many tokens were known.
    let read (model: LanguageModel) (options: GenerateOptions) (prompt: int[]) =
        let known =
            options.PromptCache |> Option.bind (fun cache -> cache.Take(options.Cache, prompt))

        let cache = known |> Option.defaultWith (fun () -> Cache.ofKind options.Cache)

        let start =
            match cache.Length with
            | CacheLength.Known held -> held
            | CacheLength.Traced _ -> 0

        options.OnPrefill start prompt.Length

        let step (_: Tensor, cache: Cache, held: int) (part: int[]) =
            let tokens = MlxArray.From(part, [| 1; part.Length |])
            let held = held + part.Length

            let answer, cache =
                if held = prompt.Length then
                    model.Next cache tokens
                else
                    // Nobody looks at the logits in between.
                    model.Features cache tokens

            Tree.eval (Step.leaves cache) |> ignore
            options.OnPrefill held prompt.Length
            answer, cache, held

        let logits, cache, _ =
            prompt[start..]
            |> Array.chunkBySize options.PrefillChunk
            |> Array.fold step (Tensor.zeros [ 0 ], cache, start)

        struct (logits, cache, start)
