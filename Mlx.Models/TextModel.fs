namespace Mlx.Models

open System.Collections.Generic
open System.IO
open System.Runtime.InteropServices

/// <summary>How a <c>TextModel</c> writes: what most programs set of <c>GenerateOptions</c>, as
/// properties.</summary>
/// <example><code lang="csharp">
/// new TextOptions { MaxTokens = 50, Temperature = 0.8, Stop = ["\n\n"] }
/// </code></example>
[<Sealed>]
type TextOptions() =
    /// <summary>Tokens at most.</summary>
    member val MaxTokens = GenerateOptions.defaults.MaxTokens with get, set

    /// <summary>Below 1 likelier tokens gain; 0, the default, takes the likeliest.</summary>
    member val Temperature = Sample.greedy.Temperature with get, set

    /// <summary>Draw from so many of the likeliest tokens; 0 for all.</summary>
    member val TopK = Sample.greedy.TopK with get, set

    /// <summary>Draw from the likeliest tokens that have this probability together.</summary>
    member val TopP = Sample.greedy.TopP with get, set

    /// <summary>Draw from tokens at least this part as likely as the likeliest.</summary>
    member val MinP = Sample.greedy.MinP with get, set

    /// <summary>Above 1, recent tokens are less likely.</summary>
    member val RepetitionPenalty = Sample.greedy.RepetitionPenalty with get, set

    /// <summary>The same seed gives the same text.</summary>
    member val Seed = GenerateOptions.defaults.Seed with get, set

    /// <summary>Texts that end what is written; they are not part of it.</summary>
    member val Stop: IReadOnlyList<string> = [] with get, set

    /// The options as <c>Generate</c> takes them.
    member internal this.Options: GenerateOptions =
        { GenerateOptions.defaults with
            MaxTokens = this.MaxTokens
            Seed = this.Seed
            StopStrings = List.ofSeq this.Stop
            Sampling =
                { Sample.greedy with
                    Temperature = this.Temperature
                    TopK = this.TopK
                    TopP = this.TopP
                    MinP = this.MinP
                    RepetitionPenalty = this.RepetitionPenalty } }

/// <summary>
/// A model folder as a program uses it: model, tokenizer and chat template together. What it does is
/// what <c>Generate</c> does, as one object that reads well from C#.
/// </summary>
/// <example><code lang="csharp">
/// var model = TextModel.Load("mistral-7b");
/// foreach (var piece in model.Write("The capital of France is"))
///     Console.Write(piece);
/// </code></example>
[<Sealed>]
type TextModel(model: Model, tokenizer: ITokenizer, template: ChatTemplate option) =
    static let ofOptional (options: TextOptions | null) =
        match options with
        | null -> GenerateOptions.defaults
        | options -> options.Options

    /// Where the files beside the weights are: a .gguf file has neighbours.
    static let home (model: Model) =
        match Path.GetDirectoryName model.Folder with
        | null -> model.Folder
        | folder when File.Exists model.Folder -> folder
        | _ -> model.Folder

    /// The tokenizer of a folder, if it has one.
    static member internal TryTokenizer(model: Model) : ITokenizer option =
        let folder = home model
        let isThere file = File.Exists(Path.Combine(folder, file))

        if List.exists isThere [ "tokenizer.json"; "tokenizer.model"; "tekken.json" ] then
            Some(Tokenizer.load folder)
        // A model over bytes needs no file to say so.
        elif model.Config.VocabSize = Tokenizer.bytes.VocabSize then
            Some Tokenizer.bytes
        else
            None

    /// The chat template of a folder, if it has one.
    static member internal TryTemplate(model: Model) : ChatTemplate option =
        ChatTemplate.load (home model)

    /// <summary>Reads a folder as Hugging Face lays it out, or a .gguf file with the tokenizer's
    /// files beside it.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">It is no model, or it has no
    /// tokenizer.</exception>
    /// <example><code>
    /// let model = TextModel.Load "mistral-7b"
    /// printfn "%d tokens" model.Tokenizer.VocabSize
    /// </code></example>
    static member Load(folder: string) : TextModel =
        let model = Model.load folder

        let tokenizer =
            TextModel.TryTokenizer model
            |> Option.defaultWith (fun () -> Tokenizer.load (home model))

        TextModel(model, tokenizer, TextModel.TryTemplate model)

    /// <summary>Configuration, parameters and what generation needs.</summary>
    member _.Model = model

    /// <summary>Text to tokens and back.</summary>
    member _.Tokenizer = tokenizer

    /// <summary>How the model wants conversations written; None where it only continues
    /// text.</summary>
    member _.Template = template

    /// <summary>
    /// The text that the model writes on from a prompt, piece by piece as it comes. Who stops asking
    /// ends it; every enumeration begins again.
    /// </summary>
    /// <param name="prompt">What the text begins with.</param>
    /// <param name="options">How to write; up to 256 of the likeliest tokens by default.</param>
    /// <exception cref="T:System.ArgumentException">An option is outside its range.</exception>
    /// <example><code>
    /// let model = TextModel.Load "mistral-7b"
    /// for piece in model.Write("Once upon", TextOptions(Temperature = 0.8)) do
    ///     printf "%s" piece
    /// </code></example>
    member _.Write
        (
            prompt: string,
            [<Optional; DefaultParameterValue(null: TextOptions | null)>] options:
                TextOptions | null
        ) : seq<string> =
        Generate.text tokenizer model.LanguageModel (ofOptional options) prompt

    /// <summary>The answer to the last turn of a conversation, piece by piece as it comes.</summary>
    /// <param name="messages">The turns so far, such as <c>Message.User("Hello")</c>.</param>
    /// <param name="options">How to write; up to 256 of the likeliest tokens by default.</param>
    /// <exception cref="T:System.InvalidOperationException">The model has no chat
    /// template.</exception>
    /// <exception cref="T:Mlx.Models.ChatTemplateException">The template refuses the
    /// conversation.</exception>
    /// <example><code>
    /// let model = TextModel.Load "mistral-7b-instruct"
    /// for piece in model.Answer [ Message.user "What is a monad?" ] do
    ///     printf "%s" piece
    /// </code></example>
    member _.Answer
        (
            messages: seq<Message>,
            [<Optional; DefaultParameterValue(null: TextOptions | null)>] options:
                TextOptions | null
        ) : seq<string> =
        match template with
        | None -> invalidOp $"{model.Folder} has no chat template: its model only continues text"
        | Some template ->
            Conversation.ofMessages (List.ofSeq messages)
            |> ChatTemplate.encode tokenizer template
            |> Generate.run tokenizer model.LanguageModel (ofOptional options)
            |> Seq.map _.Text
            |> Seq.filter (fun piece -> piece <> "")
