namespace Mlx.Models

open System
open System.Collections.Generic
open Mlx
open Mlx.Core

/// <summary>How to generate; change what you need of <c>GenerateOptions.defaults</c>.</summary>
[<NoEquality; NoComparison>]
type GenerateOptions =
    {
        /// Tokens at most.
        MaxTokens: int
        /// How a token is picked.
        Sampler: Sampler
        /// The same seed gives the same tokens.
        Seed: int
        /// Whether a token that ends the text ends generation; it is not part of the result.
        StopAtEos: bool
    }

/// <summary>How to generate.</summary>
[<RequireQualifiedAccess>]
module GenerateOptions =
    /// <summary>256 tokens at most, the likeliest each time, up to the end of the text.</summary>
    let defaults: GenerateOptions =
        { MaxTokens = 256; Sampler = Sample.greedy; Seed = 0; StopAtEos = true }

/// <summary>Text from a model, token by token.</summary>
[<RequireQualifiedAccess>]
module Generate =
    /// Positions read at once: what attention needs of memory grows with their square.
    let private chunk = 512

    /// Reads the prompt; answers the first token's logits and the cache, both on their way.
    let private prefill (model: LanguageModel) (prompt: int[]) : Tensor * Cache =
        let read (_: Tensor, cache: Cache) (part: int[]) =
            let tokens = MlxArray.From(part, [| 1; part.Length |])
            let logits, cache = model.Next cache tokens
            Tree.asyncEval (logits :: Array.toList (Tree.leaves cache.Layers)) |> ignore
            logits, cache

        prompt |> Array.chunkBySize chunk |> Array.fold read (Tensor.zeros [ 0 ], Cache.empty)

    let private start (model: LanguageModel) (prompt: int[]) : Decoder =
        use _ = Scope.Enter()
        let logits, cache = prefill model prompt
        new Decoder(model, logits, cache, prompt.Length)

    /// Picks the n-th token, and starts to compute it.
    let private pick (options: GenerateOptions) (decoder: Decoder) (n: int) : Tensor =
        Tree.scoped (fun () ->
            // The generator makes unrelated numbers of related keys, so counting gives fresh ones.
            let key = { Data = MlxArray.From [| uint32 n; uint32 options.Seed |] }
            let token = options.Sampler key decoder.Logits
            token.AsyncEval()
            token)

    /// <summary>
    /// The tokens that the model writes after a prompt, each as soon as it is known, while the next
    /// one is being computed. Lazy: nothing runs before the first is asked for, and every
    /// enumeration reads the prompt again.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">
    /// The prompt is empty or has a token outside the vocabulary.
    /// </exception>
    /// <example><code>
    /// Generate.tokens model GenerateOptions.defaults [ 1; 5; 9 ] |> Seq.iter (printf "%d ")
    /// </code></example>
    let tokens (model: LanguageModel) (options: GenerateOptions) (prompt: seq<int>) : seq<int> =
        let prompt = Array.ofSeq prompt

        if prompt.Length = 0 then
            invalidArg (nameof prompt) "the prompt is empty; begin with the model's Bos token"

        match prompt |> Array.tryFind (fun id -> id < 0 || id >= model.VocabSize) with
        | Some id ->
            invalidArg
                (nameof prompt)
                $"the token {id} is outside the vocabulary of {model.VocabSize}"
        | None -> ()

        seq {
            if options.MaxTokens > 0 then
                use decoder = start model prompt
                let mutable token = pick options decoder 1
                let mutable number = 1
                let mutable left = options.MaxTokens

                try
                    while left > 0 do
                        use current = token
                        left <- left - 1

                        // The engine works on the token after this one while this one is used.
                        if left > 0 then
                            decoder.Read current
                            number <- number + 1
                            token <- pick options decoder number

                        let id = int (current.Item<uint32>())
                        if options.StopAtEos && List.contains id model.Eos then left <- 0 else id
                finally
                    token.Dispose()
        }

    /// <summary>The text that the model writes after a prompt, piece by piece; characters are never
    /// split.</summary>
    /// <example><code>
    /// Generate.text Tokenizer.bytes model GenerateOptions.defaults "let rec " |> Seq.iter (printf
    /// "%s")
    /// </code></example>
    let text
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: string)
        : seq<string> =
        tokens model options (Tokenizer.prompt tokenizer prompt) |> Tokenizer.stream tokenizer

    /// <summary>
    /// Hands each piece of text to a function as it comes; answers the whole.
    /// </summary>
    let stream
        (onText: string -> unit)
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: string)
        : string =
        text tokenizer model options prompt
        |> Seq.map (fun piece ->
            onText piece
            piece)
        |> String.concat ""
