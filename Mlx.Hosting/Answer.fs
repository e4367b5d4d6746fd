namespace Mlx.Hosting

open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open Mlx.Models

/// Whether a model must, may or must not ask for functions.
[<RequireQualifiedAccess>]
type internal ToolChoice =
    | Never
    | Auto
    | Any
    | One of string

/// What an answer must be.
[<RequireQualifiedAccess>]
type internal AnswerFormat =
    | Text
    /// JSON of this schema.
    | Json of schema: string

type internal ChatAsk =
    { Conversation: Conversation
      Choice: ToolChoice
      Format: AnswerFormat
      Options: GenerateOptions }

/// A part of an answer, as it comes.
type internal AnswerPart =
    {
        Text: string
        /// The token that it came with.
        Token: Generated
        /// With the last part.
        Calls: ToolCall list
    }

/// An answer under way: parts, one after the other.
[<Sealed>]
type internal Answer(tokens: ChannelReader<Generated>, calls: ICallReader) =
    /// The next part; None after the last one.
    member _.Next(cancellation: CancellationToken) : Task<AnswerPart voption> =
        task {
            match! tokens.WaitToReadAsync cancellation with
            | false -> return ValueNone
            | true ->
                match tokens.TryRead() with
                | true, token ->
                    let shown = calls.Push(token.Id, token.Text)

                    let rest, found =
                        match token.Finish with
                        | Some _ -> calls.Finish()
                        | None -> "", []

                    return ValueSome { Text = shown + rest; Token = token; Calls = found }
                | _ -> return ValueNone
        }

module internal Answer =
    /// The prompt does not fit.
    exception TooLong of length: int * context: int

    /// The model has no chat template.
    exception NoTemplate

    let private within (model: HostedModel) (prompt: int[]) (options: GenerateOptions) =
        let room = model.ContextLength - prompt.Length

        if room < 1 then
            raise (TooLong(prompt.Length, model.ContextLength))

        let most = min room model.Options.MaxTokens

        { options with MaxTokens = min most options.MaxTokens }

    /// The answer to a prompt.
    let toPrompt (model: HostedModel) (options: GenerateOptions) (prompt: int[]) cancellation =
        Answer(model.Submit(within model prompt options, prompt, cancellation), ToolCalls.none)

    /// The schema that the answer must keep to, and what reads calls in it.
    let private plan (model: HostedModel) (template: ChatTemplate) (ask: ChatAsk) tools =
        match ask.Choice, ask.Format with
        | ToolChoice.One name, _ ->
            let tool = tools |> List.find (fun (t: Tool) -> t.Name = name)
            Some(tool.Parameters.GetRawText()), ToolCalls.forced (Some name)
        | ToolChoice.Any, _ -> Some(ToolCalls.schema tools), ToolCalls.forced None
        | _, AnswerFormat.Json schema -> Some schema, ToolCalls.none
        | _ -> None, ToolCalls.ofTemplate model.Tokenizer template tools

    /// The ids of a conversation's prompt.
    let prompt (model: HostedModel) (conversation: Conversation) : int[] =
        match model.Template with
        | None -> raise NoTemplate
        | Some template -> ChatTemplate.encode model.Tokenizer template conversation

    /// The answer to a conversation.
    let toChat (model: HostedModel) (ask: ChatAsk) (cancellation: CancellationToken) =
        let tools = if ask.Choice = ToolChoice.Never then [] else ask.Conversation.Tools
        let prompt = prompt model { ask.Conversation with Tools = tools }
        // There is a template: the prompt was made with it.
        let schema, calls = plan model model.Template.Value ask tools
        let guide = schema |> Option.map model.Guide
        let options = within model prompt { ask.Options with Guide = guide }
        Answer(model.Submit(options, prompt, cancellation), calls)
