/// `mlx generate`: text after a prompt, as it comes.
module Mlx.Tool.Commands.Generate

open System
open System.CommandLine
open System.Diagnostics
open System.IO
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine
open Mlx.Tool.Loading

let private model = CommandLine.model ()

let private prompt =
    tryText "--prompt" "TEXT" "What the text begins with; - reads standard input."

let private promptFile = tryText "--prompt-file" "FILE" "The same from a file."

let private promptTokens =
    tryIds "--prompt-tokens" "The same as token ids, which are taken as they are."

let private chat =
    flag "--chat" "Put the prompt as a question; the default where the model has a chat template."

let private noChat = flag "--no-chat" "Go on from the prompt as it is."
let private system = tryText "--system" "TEXT" "What the model is told before the question."

let private promptCache =
    tryText
        "--prompt-cache"
        "FILE"
        "Remember what was read in this file, and read on from it the next time."

let private draftModel =
    tryText
        "--draft-model"
        "DIR"
        "A smaller model with the same tokens that guesses ahead: the same text, sooner."

let private draftTokens = whole "--draft-tokens" 1 4 "Tokens that it guesses at a time."

let private schema =
    tryText "--schema" "FILE" "Write JSON of the schema in this file, whatever the model is."

let private ignoreEos = flag "--ignore-eos" "Go on where the model would end the text."
let private json = CommandLine.json ()
let private verbose = CommandLine.verbose ()

/// What goes in: text, or the tokens themselves.
let private source (result: ParseResult) : Choice<string, int[]> =
    match prompt.Of result, promptFile.Of result, promptTokens.Of result with
    | Some "-", None, None -> Choice1Of2(Console.In.ReadToEnd())
    | Some text, None, None -> Choice1Of2 text
    | None, Some file, None -> Choice1Of2(File.ReadAllText file)
    | None, None, Some tokens -> Choice2Of2 tokens
    | None, None, None ->
        Errors.usage "one of --prompt, --prompt-file and --prompt-tokens is wanted"
    | _ -> Errors.usage "only one of --prompt, --prompt-file and --prompt-tokens can be given"

let private encode (result: ParseResult) (loaded: Loaded) (text: string) : int[] =
    let system = system.Of result
    let isAsked = chat.Of result || system.IsSome

    if noChat.Of result || loaded.Template.IsNone && not isAsked then
        Tokenizer.prompt (tokenizer loaded) text
    else
        let messages =
            [ yield! system |> Option.map Message.system |> Option.toList; Message.user text ]

        Conversation.ofMessages messages
        |> ChatTemplate.encode (tokenizer loaded) (template loaded)

/// Gives the cache of a file to some work, and writes down what it remembers then.
let private withCache (file: string option) (work: PromptCache option -> 'T) : 'T =
    match file with
    | None -> work None
    | Some file ->
        use cache = if File.Exists file then PromptCache.Load file else new PromptCache()
        let answer = work (Some cache)
        cache.Save file
        answer

/// The tokens of a text without the one that ended it.
let private written (model: LanguageModel) (all: ResizeArray<Generated>) =
    match Seq.tryLast all with
    | Some { Id = id; Finish = Some { Reason = FinishReason.EndOfText } } when
        List.contains id model.Eos
        ->
        Seq.truncate (all.Count - 1) all
    | _ -> all

/// A model that guesses, if one is asked for.
let private draft (result: ParseResult) : Draft option =
    draftModel.Of result
    |> Option.map (fun folder ->
        { Model = (Model.load folder).LanguageModel; Tokens = draftTokens.Of result })

/// What holds the text to a schema, if one is asked for.
let private guide (result: ParseResult) (loaded: Loaded) =
    schema.Of result
    |> Option.map (fun file ->
        JsonSchema.parse (File.ReadAllText file)
        |> JsonSchema.guide (tokenizer loaded) loaded.Model.LanguageModel)

let private asJson
    loadSeconds
    firstSeconds
    hasText
    model
    (all: ResizeArray<Generated>)
    (finish: Finish)
    =
    let tokens = written model all
    let usage = finish.Usage

    Json.object
        [ "tokens", tokens |> Json.list (fun t -> Json.int t.Id)
          "logprobs", tokens |> Json.list (fun t -> Json.option Json.number t.LogProb)
          "text", (if hasText then all |> Seq.map _.Text |> String.concat "" |> Json.text else null)
          "finish_reason", Json.text (Sampling.finishReason finish.Reason)
          "usage", Sampling.usage usage
          "timings",
          Json.object
              [ "load_s", Json.measure loadSeconds
                "first_token_s", Json.measure firstSeconds
                "prompt_s", Json.measure usage.PrefillTime.TotalSeconds
                "decode_s", Json.measure usage.DecodeTime.TotalSeconds
                "prompt_tokens_per_s", Json.measure usage.PromptTokensPerSecond
                "decode_tokens_per_s", Json.measure usage.TokensPerSecond ] ]

let private run (result: ParseResult) =
    if chat.Of result && noChat.Of result then
        Errors.usage "only one of --chat and --no-chat can be given"

    let source = source result
    let isJson = json.Of result
    let clock = Stopwatch.StartNew()
    let loaded = Loading.loadAdapted result (model.Of result)
    let loadSeconds = clock.Elapsed.TotalSeconds

    let ids =
        match source with
        | Choice1Of2 text -> encode result loaded text
        | Choice2Of2 tokens -> tokens

    let options =
        { Sampling.options Sample.greedy result loaded.Model.Config with
            StopAtEos = not (ignoreEos.Of result)
            LogProbs = if isJson then Some 0 else None
            Draft = draft result
            Guide = guide result loaded
            OnPrefill = Sampling.onPrefill }

    if loaded.Tokenizer.IsNone && not options.StopStrings.IsEmpty then
        Errors.fail
            $"{loaded.Model.Folder}: there is no tokenizer, so --stop has no text to look at"

    let all = ResizeArray<Generated>()
    let mutable firstSeconds = 0.0
    let tokenizer = loaded.Tokenizer |> Option.defaultValue Loading.numbers

    withCache (promptCache.Of result) (fun cache ->
        for token in
            Generate.run
                tokenizer
                loaded.Model.LanguageModel
                { options with PromptCache = cache }
                ids do
            if all.Count = 0 then
                firstSeconds <- Terminal.sinceStart ()

            all.Add token

            if not isJson then
                Terminal.out.Write token.Text
                Terminal.out.Flush()

            Terminal.stop.ThrowIfCancellationRequested())

    let finish = all[all.Count - 1].Finish.Value

    if isJson then
        asJson
            loadSeconds
            firstSeconds
            loaded.Tokenizer.IsSome
            loaded.Model.LanguageModel
            all
            finish
        |> Json.print
    else
        Terminal.out.WriteLine()

    if verbose.Of result then
        let usage = finish.Usage

        eprintfn
            $"{usage.PromptTokens} tokens read at {usage.PromptTokensPerSecond:F1}/s, {usage.GeneratedTokens} written at {usage.TokensPerSecond:F1}/s; first token {firstSeconds:F2} s after the start"

    0

let command =
    CommandLine.command
        "generate"
        "Answer a prompt, or write on from it."
        [ "mlx generate --model mistral-7b --prompt \"The capital of France is\""
          "mlx generate --model mistral-7b --prompt-file story.txt --no-chat --temp 0.8 --seed 1"
          "mlx generate --model mistral-7b --prompt \"A recipe for bread\" --schema recipe.schema.json"
          "mlx generate --model mistral-7b --prompt-tokens 1,5,9 --max-tokens 32 --ignore-eos --json" ]
        [ model
          prompt
          promptFile
          promptTokens
          chat
          noChat
          system
          yield! Sampling.settings
          ignoreEos
          promptCache
          draftModel
          draftTokens
          schema
          Loading.adapter
          json
          verbose ]
        run
