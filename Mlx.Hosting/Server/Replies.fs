namespace Mlx.Hosting

open System
open System.Text
open System.Text.Json.Nodes
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Http
open Mlx.Models

/// Answers to requests, whole or piece by piece.
module internal Replies =
    let private json = "application/json; charset=utf-8"

    let send (context: HttpContext) (status: int) (body: JsonObject) : Task =
        let bytes = Encoding.UTF8.GetBytes(body.ToJsonString())
        context.Response.StatusCode <- status
        context.Response.ContentType <- json
        context.Response.ContentLength <- Nullable(int64 bytes.Length)
        context.Response.Body.WriteAsync(bytes, 0, bytes.Length, context.RequestAborted)

    /// One event after the other, each as soon as it is there; several may be written at a time.
    [<Sealed>]
    type private Events(context: HttpContext) =
        let one = new SemaphoreSlim 1

        let write (text: string) : Task =
            task {
                do! one.WaitAsync context.RequestAborted

                try
                    let bytes = Encoding.UTF8.GetBytes $"data: {text}\n\n"

                    do!
                        context.Response.Body.WriteAsync(
                            bytes,
                            0,
                            bytes.Length,
                            context.RequestAborted
                        )

                    do! context.Response.Body.FlushAsync context.RequestAborted
                finally
                    one.Release() |> ignore
            }

        do
            context.Response.ContentType <- "text/event-stream"
            context.Response.Headers.CacheControl <- "no-cache"

        member _.Send(body: JsonObject) : Task = write (body.ToJsonString())
        member _.Done() : Task = write "[DONE]"

        interface IDisposable with
            member _.Dispose() = one.Dispose()

    /// All parts of an answer.
    let private whole (answer: Answer) (cancellation: CancellationToken) : Task<AnswerPart list> =
        task {
            let parts = ResizeArray<AnswerPart>()
            let mutable more = true

            while more do
                match! answer.Next cancellation with
                | ValueSome part -> parts.Add part
                | ValueNone -> more <- false

            return List.ofSeq parts
        }

    let private usageOf (parts: AnswerPart list) : Usage =
        (List.last parts).Token.Finish.Value.Usage

    /// Each answer as it comes, all of them at the same time; then the usage, where it is wanted.
    let private stream
        (context: HttpContext)
        (head: Responses.Head)
        (wantUsage: bool)
        (answers: Answer list)
        (start: int -> JsonObject list)
        (pieces: int -> AnswerPart -> JsonObject list)
        : Task =
        task {
            use events = new Events(context)
            let cancellation = context.RequestAborted
            let used = ResizeArray<Usage>()

            let send (choices: JsonObject list) =
                task {
                    for choice in choices do
                        do! events.Send(Responses.body head [ choice ] None)
                }

            let one (index: int) (answer: Answer) : Task =
                task {
                    do! send (start index)
                    let mutable more = true

                    while more do
                        match! answer.Next cancellation with
                        | ValueNone -> more <- false
                        | ValueSome part ->
                            do! send (pieces index part)

                            match part.Token.Finish with
                            | Some finish -> lock used (fun () -> used.Add finish.Usage)
                            | None -> ()
                }

            do! Task.WhenAll(List.mapi one answers)

            if wantUsage then
                do! events.Send(Responses.body head [] (Some(Responses.usage (List.ofSeq used))))

            do! events.Done()
        }

    let chat (context: HttpContext) (model: HostedModel) (request: ChatRequest) : Task =
        task {
            let cancellation = context.RequestAborted

            let answers =
                [ for i in 0 .. request.Count - 1 ->
                      let options = { request.Ask.Options with Seed = request.Ask.Options.Seed + i }

                      Answer.toChat model { request.Ask with Options = options } cancellation ]

            if request.Stream then
                let head = Responses.newHead "chatcmpl-" "chat.completion.chunk" model
                let start i = [ Responses.chatStart i ]

                do!
                    stream
                        context
                        head
                        request.StreamUsage
                        answers
                        start
                        (Responses.chatDeltas model)
            else
                let! all = Task.WhenAll [ for answer in answers -> whole answer cancellation ]
                let all = List.ofArray all
                let head = Responses.newHead "chatcmpl-" "chat.completion" model
                let choices = all |> List.mapi (Responses.chatChoice model)
                let usage = Responses.usage (List.map usageOf all)
                do! send context 200 (Responses.body head choices (Some usage))
        }

    let text (context: HttpContext) (model: HostedModel) (request: TextRequest) : Task =
        task {
            let cancellation = context.RequestAborted

            let asked =
                [ for prompt in request.Prompts do
                      for i in 0 .. request.Count - 1 do
                          let options = { request.Options with Seed = request.Options.Seed + i }

                          let said = if request.Echo then model.Tokenizer.Decode prompt else ""

                          said, Answer.toPrompt model options prompt cancellation ]

            let head = Responses.newHead "cmpl-" "text_completion" model
            let said = [| for said, _ in asked -> said |]
            let answers = List.map snd asked

            if request.Stream then
                let offsets = said |> Array.map String.length

                let start index =
                    [ if said[index] <> "" then
                          Responses.textChoice model index 0 said[index] [] ]

                let pieces index (part: AnswerPart) =
                    let offset = offsets[index]
                    offsets[index] <- offset + part.Text.Length
                    [ Responses.textChoice model index offset part.Text [ part ] ]

                do! stream context head request.StreamUsage answers start pieces
            else
                let! all = Task.WhenAll [ for answer in answers -> whole answer cancellation ]
                let all = List.ofArray all

                let choice index (parts: AnswerPart list) =
                    let shown = said[index] + (parts |> Seq.map _.Text |> String.concat "")
                    Responses.textChoice model index said[index].Length shown parts

                let usage = Responses.usage (List.map usageOf all)
                do! send context 200 (Responses.body head (List.mapi choice all) (Some usage))
        }

    let embeddings (context: HttpContext) (model: HostedModel) (request: EmbeddingRequest) : Task =
        task {
            let vectors = ResizeArray<float32[]>()

            for ids in request.Inputs do
                let! vector = model.Embed(ids, context.RequestAborted)

                match request.Dimensions with
                | Some wanted when wanted <> vector.Length ->
                    let message = $"The model has {vector.Length} dimensions."
                    Api.refuse "dimensions" "unsupported_value" message
                | _ -> vectors.Add vector

            do! send context 200 (Responses.embeddings model request (List.ofSeq vectors))
        }

    /// The error that answers an exception.
    let errorOf (problem: exn) : ApiException =
        let invalid param code (message: string) =
            ApiException(400, "invalid_request_error", code, param, message)

        match problem with
        | :? ApiException as e -> e
        | :? BatcherFullException -> Api.busy :?> ApiException
        | :? ObjectDisposedException -> Api.closing :?> ApiException
        | :? BadHttpRequestException as e when e.StatusCode = 413 -> Api.tooLarge :?> ApiException
        | :? BadHttpRequestException as e -> invalid null "invalid_request" e.Message
        | :? ChatTemplateException as e -> invalid "messages" "invalid_messages" e.Message
        // A schema that cannot be kept to.
        | :? ModelException as e -> invalid "response_format" "invalid_schema" e.Message
        | :? ArgumentException as e -> invalid null "invalid_value" e.Message
        | Answer.TooLong(length, context) ->
            let message = $"The prompt has {length} tokens; the model's context has {context}."
            invalid "messages" "context_length_exceeded" message
        | Answer.NoTemplate ->
            let message = "The model has no chat template: it continues text, at /v1/completions."
            invalid "model" "no_chat_template" message
        | _ -> Api.failed :?> ApiException
