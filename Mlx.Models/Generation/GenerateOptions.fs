namespace Mlx.Models

open System

/// <summary>Says which tokens may come next in one text: the seam of constrained
/// generation.</summary>
/// <example><code>
/// // Digits only, of a model over bytes.
/// let digits () =
///     { new ITokenGuide with
///         member _.Allowed _ =
///             Array.init 258 (fun id -> id >= int '0' &amp;&amp; id &lt;= int '9')
///         member _.Accept _ = false }
/// let options = { GenerateOptions.defaults with Guide = Some digits }
/// </code></example>
type ITokenGuide =
    /// <summary>True for each token of the vocabulary that may come next, when there are at most so
    /// many to come. One is, at least.</summary>
    /// <exception cref="T:System.ArgumentException">So many are too few for a complete
    /// text.</exception>
    abstract Allowed: left: int -> bool[]

    /// <summary>Takes note of the token that came; answers whether the text is complete.</summary>
    abstract Accept: id: int -> bool

/// <summary>A smaller model with the same tokens that guesses what a model will write.</summary>
[<NoEquality; NoComparison>]
type Draft =
    {
        /// The one that guesses.
        Model: LanguageModel
        /// How many tokens it guesses before the other reads them, at most 64.
        Tokens: int
    }

/// <summary>How to generate; change what you need of <c>GenerateOptions.defaults</c>.</summary>
[<NoEquality; NoComparison>]
type GenerateOptions =
    {
        /// Tokens at most.
        MaxTokens: int
        /// How a token is picked.
        Sampling: Sampling
        /// The same seed gives the same tokens, in a batch as alone.
        Seed: int
        /// Whether a token that ends the text ends generation; it is not part of the result.
        StopAtEos: bool
        /// Further tokens that end generation.
        StopTokens: int list
        /// Texts that end generation; neither they nor a part of them is shown.
        StopStrings: string list
        /// Whether log-probabilities of the tokens are told, and those of how many of the likeliest.
        /// They are those of the logits after bias and penalties.
        LogProbs: int option
        /// How keys and values are kept.
        Cache: CacheKind
        /// What earlier generations have read, and will find what this one reads.
        PromptCache: PromptCache option
        /// Positions of the prompt read at once: what attention needs of memory grows with their
        /// square.
        PrefillChunk: int
        /// Told how many tokens of the prompt are read, and how many there are.
        OnPrefill: int -> int -> unit
        /// Makes what says which tokens are allowed; one for each text.
        Guide: (unit -> ITokenGuide) option
        /// Guesses tokens, of which the model reads several at once. The tokens written are the same
        /// as without. For one text at a time, and not together with a guide.
        Draft: Draft option
    }

/// <summary>How to generate.</summary>
[<RequireQualifiedAccess>]
module GenerateOptions =
    /// <summary>256 tokens at most, the likeliest each time, up to the end of the text.</summary>
    /// <example><code>
    /// { GenerateOptions.defaults with MaxTokens = 100; StopStrings = [ "\n\n" ] }
    /// </code></example>
    let defaults: GenerateOptions =
        { MaxTokens = 256
          Sampling = Sample.greedy
          Seed = 0
          StopAtEos = true
          StopTokens = []
          StopStrings = []
          LogProbs = None
          Cache = CacheKind.full
          PromptCache = None
          PrefillChunk = 512
          OnPrefill = fun _ _ -> ()
          Guide = None
          Draft = None }

    /// Refuses what cannot be done for a model and a prompt.
    let internal check (vocabulary: int) (options: GenerateOptions) (prompt: int[]) : unit =
        Sample.check options.Sampling |> ignore

        if prompt.Length = 0 then
            invalidArg (nameof prompt) "the prompt is empty; begin with the model's Bos token"

        match prompt |> Array.tryFind (fun id -> id < 0 || id >= vocabulary) with
        | Some id ->
            invalidArg (nameof prompt) $"the token {id} is outside the vocabulary of {vocabulary}"
        | None -> ()

        if options.PrefillChunk < 1 then
            invalidArg (nameof options.PrefillChunk) "a chunk has a position or more"

        match options.LogProbs with
        | Some top when top < 0 || top > vocabulary ->
            invalidArg (nameof options.LogProbs) $"there are {vocabulary} tokens, not {top}"
        | _ -> ()

        if options.StopStrings |> List.exists String.IsNullOrEmpty then
            invalidArg (nameof options.StopStrings) "an empty text stops nothing"

        // Told before anything is read, where a guide could not bring a text to its end in time.
        options.Guide |> Option.iter (fun make -> (make ()).Allowed options.MaxTokens |> ignore)

        match options.Cache.Window with
        | Some w when w < 1 -> invalidArg (nameof options.Cache) "a window has a position or more"
        | _ -> ()

        match options.Draft with
        | Some draft when draft.Model.VocabSize <> vocabulary ->
            let other = draft.Model.VocabSize
            invalidArg (nameof options.Draft) $"it has {other} tokens, the model {vocabulary}"
        | Some draft when draft.Tokens < 1 ->
            invalidArg (nameof options.Draft) "it guesses a token or more"
        | Some _ when options.Guide.IsSome ->
            invalidArg (nameof options.Draft) "what a guide allows cannot be guessed"
        | _ -> ()
