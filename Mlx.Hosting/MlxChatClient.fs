namespace Mlx.Hosting

open System
open System.Collections.Generic
open System.Text.Json
open System.Threading
open System.Threading.Tasks
open Microsoft.Extensions.AI
open Mlx.Models

/// Requests of Microsoft.Extensions.AI as ours.
module private Asking =
    let private unsupported (content: AIContent) : 'T =
        raise (NotSupportedException $"{content.GetType().Name} in a message is not supported")

    let private call (c: FunctionCallContent) : ToolCall =
        let arguments =
            match c.Arguments with
            | null -> Dictionary<string, obj | null>() :> IDictionary<string, obj | null>
            | given -> given

        { Id = c.CallId
          Name = c.Name
          Arguments = JsonSerializer.SerializeToElement arguments }

    let private result (names: IDictionary<string, string>) (r: FunctionResultContent) : Message =
        let content =
            match r.Result with
            | null -> ""
            | :? string as text -> text
            | :? JsonElement as e when e.ValueKind = JsonValueKind.String -> nonNull (e.GetString())
            | other -> JsonSerializer.Serialize other

        { Message.user content with
            Role = "tool"
            ToolCallId = Some r.CallId
            Name =
                match names.TryGetValue r.CallId with
                | true, name -> Some name
                | _ -> None }

    let private message names (m: ChatMessage) : Message list =
        let text = Text.StringBuilder()
        let calls = ResizeArray<ToolCall>()
        let results = ResizeArray<Message>()

        for content in m.Contents do
            match content with
            | :? TextContent as t -> text.Append t.Text |> ignore
            | :? FunctionCallContent as c ->
                names |> fun (d: IDictionary<string, string>) -> d[c.CallId] <- c.Name
                calls.Add(call c)
            | :? FunctionResultContent as r -> results.Add(result names r)
            // What was thought is not said again.
            | :? TextReasoningContent
            | :? UsageContent -> ()
            | other -> unsupported other

        [ yield! results
          if text.Length > 0 || calls.Count > 0 || results.Count = 0 then
              { Message.user (text.ToString()) with
                  Role = m.Role.Value
                  ToolCalls = List.ofSeq calls } ]

    let private tool (t: AITool) : Tool =
        match t with
        | :? AIFunctionDeclaration as f ->
            { Name = f.Name; Description = f.Description; Parameters = f.JsonSchema }
        | other -> raise (NotSupportedException $"the tool {other.Name} is no function")

    let private choice (options: ChatOptions) =
        match options.ToolMode with
        | :? NoneChatToolMode -> ToolChoice.Never
        | :? RequiredChatToolMode as required ->
            match required.RequiredFunctionName with
            | null -> ToolChoice.Any
            | name -> ToolChoice.One name
        | _ -> ToolChoice.Auto

    let private format (options: ChatOptions) =
        match options.ResponseFormat with
        | :? ChatResponseFormatJson as json when json.Schema.HasValue ->
            AnswerFormat.Json(json.Schema.Value.GetRawText())
        | :? ChatResponseFormatJson -> AnswerFormat.Json """{"type":"object"}"""
        | _ -> AnswerFormat.Text

    let private orElse (value: float) (given: Nullable<float32>) =
        if given.HasValue then float given.Value else value

    let private generation (model: HostedModel) (o: ChatOptions) : GenerateOptions =
        let s = model.Sampling

        { GenerateOptions.defaults with
            MaxTokens =
                (if o.MaxOutputTokens.HasValue then
                     o.MaxOutputTokens.Value
                 else
                     model.Options.MaxTokens)
            Seed =
                (if o.Seed.HasValue then
                     int (o.Seed.Value &&& 0x7FFFFFFFL)
                 else
                     Random.Shared.Next())
            StopStrings =
                (match o.StopSequences with
                 | null -> []
                 | stops -> List.ofSeq stops)
            Sampling =
                { s with
                    Temperature = o.Temperature |> orElse s.Temperature
                    TopP = o.TopP |> orElse s.TopP
                    TopK = (if o.TopK.HasValue then o.TopK.Value else s.TopK)
                    PresencePenalty = o.PresencePenalty |> orElse s.PresencePenalty
                    FrequencyPenalty = o.FrequencyPenalty |> orElse s.FrequencyPenalty } }

    let ask
        (model: HostedModel)
        (messages: ChatMessage seq)
        (options: ChatOptions | null)
        : ChatAsk =
        let options =
            match options with
            | null -> ChatOptions()
            | given -> given

        let names = Dictionary<string, string>()

        let turns =
            [ for m in messages do
                  yield! message names m ]

        let turns =
            match options.Instructions with
            | null
            | "" -> turns
            | text -> Message.system text :: turns

        let tools =
            match options.Tools with
            | null -> []
            | tools -> [ for t in tools -> tool t ]

        { Conversation = { Conversation.ofMessages turns with Tools = tools }
          Choice = if tools.IsEmpty then ToolChoice.Never else choice options
          Format = format options
          Options = generation model options }

/// Our answers as those of Microsoft.Extensions.AI.
module private Answering =
    let usage (u: Usage) =
        UsageDetails(
            InputTokenCount = int64 u.PromptTokens,
            OutputTokenCount = int64 u.GeneratedTokens,
            TotalTokenCount = int64 (u.PromptTokens + u.GeneratedTokens),
            CachedInputTokenCount = int64 u.CachedTokens
        )

    let private call (c: ToolCall) : AIContent =
        let arguments = Dictionary<string, obj | null>()

        for p in c.Arguments.EnumerateObject() do
            arguments[p.Name] <- box p.Value

        FunctionCallContent(c.Id, c.Name, arguments)

    let update (name: string) (id: string) (part: AnswerPart) : ChatResponseUpdate =
        let contents = List<AIContent>()

        if part.Text <> "" then
            contents.Add(TextContent part.Text)

        for c in part.Calls do
            contents.Add(call c)

        let update = ChatResponseUpdate(Nullable ChatRole.Assistant, contents)
        update.ResponseId <- id
        update.MessageId <- id
        update.ModelId <- name
        update.CreatedAt <- Nullable DateTimeOffset.UtcNow

        match part.Token.Finish with
        | None -> ()
        | Some finish ->
            contents.Add(UsageContent(usage finish.Usage))

            update.FinishReason <-
                Nullable(
                    match finish.Reason with
                    | _ when not part.Calls.IsEmpty -> ChatFinishReason.ToolCalls
                    | FinishReason.MaxTokens -> ChatFinishReason.Length
                    | _ -> ChatFinishReason.Stop
                )

        update

/// <summary>
/// A model as a chat client of Microsoft.Extensions.AI: streaming, cancellation, usage, stop
/// sequences, JSON by schema, and calls of functions for models whose template knows them. It does
/// not own the model, which may have many clients.
/// </summary>
/// <example><code>
/// use model = HostedModel.load HostingOptions.defaults "mistral-7b"
/// let client: IChatClient = new MlxChatClient(model)
/// let! answer = client.GetResponseAsync "What is a monad?"
/// printfn "%s" answer.Text
/// </code></example>
[<Sealed>]
type MlxChatClient(model: HostedModel) =
    let metadata = ChatClientMetadata("mlx", null, model.Name)

    let stream (messages: ChatMessage seq) (options: ChatOptions | null) cancellation =
        Streamed<ChatResponseUpdate>(
            cancellation,
            fun token ->
                let answer = Answer.toChat model (Asking.ask model messages options) token
                let id = "chatcmpl-" + Guid.NewGuid().ToString "N"

                fun () ->
                    task {
                        let! part = answer.Next token
                        return part |> ValueOption.map (Answering.update model.Name id)
                    }
        )
        :> IAsyncEnumerable<ChatResponseUpdate>

    interface IChatClient with
        member _.GetStreamingResponseAsync(messages, options, cancellation) =
            stream messages options cancellation

        member _.GetResponseAsync(messages, options, cancellation) =
            ChatResponseExtensions.ToChatResponseAsync(
                stream messages options cancellation,
                cancellation
            )

        member this.GetService(wanted, key) = Services.first [ metadata; model; this ] wanted key

        member _.Dispose() = ()
