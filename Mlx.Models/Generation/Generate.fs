namespace Mlx.Models

open System
open System.Diagnostics
open Mlx
open Mlx.Core

/// <summary>Why a text ended.</summary>
[<RequireQualifiedAccess>]
type FinishReason =
    /// A token that ends texts came, or a guide said that the text is complete.
    | EndOfText
    /// A stop string came.
    | StopString of string
    /// There were as many tokens as were allowed.
    | MaxTokens

/// <summary>What a generation cost.</summary>
type Usage =
    {
        /// Tokens of the prompt.
        PromptTokens: int
        /// Those of them that a prompt cache remembered.
        CachedTokens: int
        /// Tokens generated.
        GeneratedTokens: int
        /// Tokens that a draft guessed.
        DraftedTokens: int
        /// Those of them that were right.
        AcceptedTokens: int
        /// Reading the prompt, up to the first token.
        PrefillTime: TimeSpan
        /// From there on.
        DecodeTime: TimeSpan
    }

    /// <summary>Tokens of the prompt read in a second.</summary>
    member usage.PromptTokensPerSecond =
        float (usage.PromptTokens - usage.CachedTokens) / usage.PrefillTime.TotalSeconds

    /// <summary>Tokens generated in a second, after the first.</summary>
    member usage.TokensPerSecond =
        float (max 0 (usage.GeneratedTokens - 1)) / usage.DecodeTime.TotalSeconds

/// <summary>The end of a text.</summary>
type Finish =
    {
        /// Why it ended.
        Reason: FinishReason
        /// What it cost.
        Usage: Usage
    }

/// <summary>One token of a text.</summary>
type Generated =
    {
        /// The token.
        Id: int
        /// The text that may be shown after it, often a word: characters come whole, and what may be
        /// part of a stop string waits.
        Text: string
        /// Its log-probability, where it is asked for.
        LogProb: float option
        /// The likeliest tokens with their log-probabilities, where they are asked for.
        TopLogProbs: (int * float) list
        /// With the last token.
        Finish: Finish option
    }

/// <summary>A whole text.</summary>
type Completion =
    {
        /// The text.
        Text: string
        /// Its tokens, without one that ended it.
        Tokens: Generated list
        /// Why it ended, and what it cost.
        Finish: Finish
    }

/// One text as it is shown: tokens to pieces of text, up to where it ends.
[<Sealed>]
type internal Output(stream: ITextStream, eos: int list, row: DecodingRow) =
    let options = row.Options
    let text = StopText(stream, options.StopStrings)
    let mutable count = 0

    let usage () =
        { PromptTokens = row.Prompt.Length
          CachedTokens = row.Cached
          GeneratedTokens = count
          DraftedTokens = row.Drafted
          AcceptedTokens = row.Accepted
          PrefillTime = row.PrefillTime
          DecodeTime = row.Clock.Elapsed }

    let isEnd (id: int) =
        List.contains id options.StopTokens || options.StopAtEos && List.contains id eos

    /// The token as it is told to the user.
    member _.Push(told: Told) : Generated =
        count <- count + 1

        let isEnd = isEnd told.Id

        let shown, stopped = if isEnd then "", None else text.Push told.Id

        let reason =
            match stopped with
            | Some stop -> Some(FinishReason.StopString stop)
            | None when isEnd || row.IsComplete -> Some FinishReason.EndOfText
            | None when count >= options.MaxTokens -> Some FinishReason.MaxTokens
            | None -> None

        let shown, reason =
            match reason with
            | Some(FinishReason.StopString _)
            | None -> shown, reason
            | Some _ ->
                match text.Finish() with
                | rest, Some stop -> shown + rest, Some(FinishReason.StopString stop)
                | rest, None -> shown + rest, reason

        { Id = told.Id
          Text = shown
          LogProb = told.LogProb
          TopLogProbs = told.Top
          Finish = reason |> Option.map (fun reason -> { Reason = reason; Usage = usage () }) }

/// <summary>Text from a model, token by token.</summary>
[<RequireQualifiedAccess>]
module Generate =
    /// No text, for callers who have no tokenizer.
    let private silent () : ITextStream =
        { new ITextStream with
            member _.Push _ = ""
            member _.Finish() = "" }

    /// Every token of a row, without end.
    let private told (model: LanguageModel) (row: DecodingRow) : seq<Told> =
        seq {
            match row.Options.Draft with
            | None ->
                use batch = new DecodingBatch(model)
                batch.Add row

                while true do
                    snd (batch.Step()).[0]
            | Some draft ->
                let clock = Stopwatch.StartNew()
                use speculative = new Speculative(model, draft, row)
                let first = speculative.Step()
                row.PrefillTime <- clock.Elapsed
                row.Clock.Restart()
                yield! first

                while true do
                    yield! speculative.Step()
        }

    let private generate
        (newStream: unit -> ITextStream)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: seq<int>)
        : seq<Generated> =
        let prompt = Array.ofSeq prompt
        GenerateOptions.check model.VocabSize options prompt

        seq {
            if options.MaxTokens > 0 then
                let row = DecodingRow(options, prompt)
                let output = Output(newStream (), model.Eos, row)
                use tokens = (told model row).GetEnumerator()
                let mutable goesOn = true

                while goesOn && tokens.MoveNext() do
                    let generated = output.Push tokens.Current
                    goesOn <- generated.Finish.IsNone
                    generated
        }

    /// <summary>
    /// What the model writes after a prompt, each token as soon as it is known, while the next one is
    /// being computed. The last one says why the text ended, and what it cost. Lazy: nothing runs
    /// before the first is asked for, whoever stops asking cancels the rest, and every enumeration
    /// begins again.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">
    /// The prompt is empty or has a token outside the vocabulary, or an option is outside its range.
    /// </exception>
    /// <example><code>
    /// for token in Generate.run Tokenizer.bytes model GenerateOptions.defaults [ 256; 104 ] do
    ///     printf "%s" token.Text
    /// </code></example>
    let run
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: seq<int>)
        : seq<Generated> =
        generate tokenizer.NewStream model options prompt

    /// <summary>
    /// The tokens that the model writes after a prompt, each as soon as it is known, while the next
    /// one is being computed. Lazy: nothing runs before the first is asked for, and every
    /// enumeration reads the prompt again.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">
    /// The prompt is empty or has a token outside the vocabulary, or an option is outside its range,
    /// or there are stop strings: those need the text that <c>run</c> has.
    /// </exception>
    /// <example><code>
    /// Generate.tokens model GenerateOptions.defaults [ 1; 5; 9 ] |> Seq.iter (printf "%d ")
    /// </code></example>
    let tokens (model: LanguageModel) (options: GenerateOptions) (prompt: seq<int>) : seq<int> =
        if not options.StopStrings.IsEmpty then
            invalidArg (nameof options.StopStrings) "tokens are no text: use Generate.run"

        let generated = generate silent model options prompt

        let isShown (token: Generated) =
            match token.Finish with
            | Some { Reason = FinishReason.EndOfText } -> options.Guide.IsSome
            | _ -> true

        generated |> Seq.filter isShown |> Seq.map _.Id

    /// <summary>The text that the model writes after a prompt, piece by piece; characters are never
    /// split.</summary>
    /// <example><code>
    /// Generate.text Tokenizer.bytes model GenerateOptions.defaults "let rec "
    /// |> Seq.iter (printf "%s")
    /// </code></example>
    let text
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: string)
        : seq<string> =
        run tokenizer model options (Tokenizer.prompt tokenizer prompt)
        |> Seq.map _.Text
        |> Seq.filter (fun piece -> piece <> "")

    /// <summary>
    /// Hands each piece of text to a function as it comes; answers the whole.
    /// </summary>
    /// <example><code>
    /// Generate.stream (printf "%s") Tokenizer.bytes model GenerateOptions.defaults "let rec "
    /// </code></example>
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

    let private nothing (prompt: int[]) : Completion =
        let usage =
            { PromptTokens = prompt.Length
              CachedTokens = 0
              GeneratedTokens = 0
              DraftedTokens = 0
              AcceptedTokens = 0
              PrefillTime = TimeSpan.Zero
              DecodeTime = TimeSpan.Zero }

        { Text = ""
          Tokens = []
          Finish = { Reason = FinishReason.MaxTokens; Usage = usage } }

    let private completion (prompt: int[]) (all: Generated list) : Completion =
        match List.tryLast all with
        | Some { Finish = Some finish } ->
            { Text = all |> List.map _.Text |> String.concat ""
              Tokens = all
              Finish = finish }
        | _ -> nothing prompt

    /// <summary>The whole of what the model writes after a prompt.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// The prompt is empty or has a token outside the vocabulary, or an option is outside its range.
    /// </exception>
    /// <example><code>
    /// let whole = Generate.complete Tokenizer.bytes model GenerateOptions.defaults [ 256; 104 ]
    /// printfn "%s (%.1f tokens a second)" whole.Text whole.Finish.Usage.TokensPerSecond
    /// </code></example>
    let complete
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompt: seq<int>)
        : Completion =
        let prompt = Array.ofSeq prompt
        run tokenizer model options prompt |> List.ofSeq |> completion prompt

    /// <summary>
    /// The texts after several prompts, of any lengths, a token of each at a time: the weights are
    /// read once for all of them. Each has the tokens that it would have alone; one that ends makes
    /// the others faster.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">
    /// A prompt is empty or has a token outside the vocabulary, or an option is outside its range.
    /// </exception>
    /// <example><code>
    /// [ [ 256; 104 ]; [ 256; 105; 106 ] ]
    /// |> Generate.batch Tokenizer.bytes model GenerateOptions.defaults
    /// </code></example>
    let batch
        (tokenizer: ITokenizer)
        (model: LanguageModel)
        (options: GenerateOptions)
        (prompts: seq<#seq<int>>)
        : Completion list =
        let prompts = [ for prompt in prompts -> Array.ofSeq prompt ]
        prompts |> List.iter (GenerateOptions.check model.VocabSize options)

        if options.Draft.IsSome then
            invalidArg (nameof options.Draft) "a draft guesses for one text at a time"

        if options.MaxTokens < 1 then
            prompts |> List.map nothing
        else
            use batch = new DecodingBatch(model)
            let rows = [ for prompt in prompts -> DecodingRow(options, prompt) ]
            rows |> List.iter batch.Add

            let outputs =
                dict [ for row in rows -> row, Output(tokenizer.NewStream(), model.Eos, row) ]

            let texts = dict [ for row in rows -> row, ResizeArray<Generated>() ]
            let hasEnded row = (Seq.last texts[row]).Finish.IsSome

            while not (Seq.isEmpty batch.Rows) do
                for row, told in batch.Step() do
                    texts[row].Add(outputs[row].Push told)

                if batch.Rows |> Seq.exists hasEnded then
                    batch.Remove hasEnded

            [ for row in rows -> completion row.Prompt (List.ofSeq texts[row]) ]
