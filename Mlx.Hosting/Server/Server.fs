namespace Mlx.Hosting

open System
open System.IO
open System.Net
open System.Security.Cryptography
open System.Text
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Builder
open Microsoft.AspNetCore.Hosting
open Microsoft.AspNetCore.Hosting.Server
open Microsoft.AspNetCore.Hosting.Server.Features
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Server.Kestrel.Core
open Microsoft.Extensions.DependencyInjection
open Microsoft.Extensions.Hosting

/// <summary>Where a server listens, and whom it answers.</summary>
type ServerOptions =
    {
        /// The address it listens at; the loopback address answers this machine only.
        Address: IPAddress
        /// The port; 0 takes a free one.
        Port: int
        /// What requests must show as <c>Authorization: Bearer ...</c>; None lets all in.
        ApiKey: string option
        /// Bytes of a request, at most.
        MaxBodyBytes: int64
        /// Connections at the same time, at most.
        MaxConnections: int
        /// Told what went wrong in the server itself, a line each time.
        OnError: string -> unit
    }

/// <summary>Where a server listens, and whom it answers.</summary>
[<RequireQualifiedAccess>]
module ServerOptions =
    /// <summary>This machine only, port 8080, without a key, requests up to 8 MiB.</summary>
    let defaults: ServerOptions =
        { Address = IPAddress.Loopback
          Port = 8080
          ApiKey = None
          MaxBodyBytes = 8L <<< 20
          MaxConnections = 1024
          OnError = ignore }

/// <summary>A server that is running.</summary>
[<Sealed>]
type RunningServer internal (app: WebApplication, url: string) =
    /// <summary>Where clients find it: <c>http://127.0.0.1:8080</c>, with the API at
    /// <c>/v1</c>.</summary>
    member _.Url = url

    /// <summary>Ends when the server has stopped.</summary>
    member _.Stopped: Task = app.WaitForShutdownAsync()

    /// <summary>Takes no more requests, gives those under way some seconds, and stops.</summary>
    member _.Stop() : Task = app.StopAsync(TimeSpan.FromSeconds 5.0)

    interface IAsyncDisposable with
        member this.DisposeAsync() =
            ValueTask(
                task {
                    do! this.Stop()
                    do! app.DisposeAsync()
                }
                :> Task
            )

/// <summary>
/// A server that speaks OpenAI's HTTP API: <c>/v1/models</c>, <c>/v1/chat/completions</c>,
/// <c>/v1/completions</c> and <c>/v1/embeddings</c>, with streaming. Whatever a request is, it is
/// answered in the API's shape.
/// </summary>
[<RequireQualifiedAccess>]
module Server =
    /// Whether the request shows the key; how long it takes does not tell how much of it is right.
    let private isAllowed (key: string option) (request: HttpRequest) =
        match key with
        | None -> true
        | Some key ->
            let given = Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString())
            let wanted = Encoding.UTF8.GetBytes $"Bearer {key}"
            let given, wanted = SHA256.HashData given, SHA256.HashData wanted
            CryptographicOperations.FixedTimeEquals(ReadOnlySpan given, ReadOnlySpan wanted)

    /// A page of a stranger can make its own name mean this machine; then the host is that name.
    let private isOurHost (options: ServerOptions) (request: HttpRequest) =
        not (IPAddress.IsLoopback options.Address)
        || request.Host.Host = "localhost"
        || (match IPAddress.TryParse(request.Host.Host.Trim('[', ']')) with
            | true, address -> IPAddress.IsLoopback(nonNull address)
            | _ -> false)

    let private body (context: HttpContext) =
        task {
            // Only such requests need a browser's leave to go to another site.
            match context.Request.ContentType with
            | null -> raise Api.wrongType
            | kind when kind.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) ->
                ()
            | _ -> raise Api.wrongType

            use all = new MemoryStream()
            do! context.Request.Body.CopyToAsync(all, context.RequestAborted)
            return Requests.parse (ReadOnlyMemory(all.GetBuffer(), 0, int all.Length))
        }

    let private route (model: HostedModel) (started: int64) (context: HttpContext) : Task =
        let path = context.Request.Path.Value |> Option.ofObj |> Option.defaultValue ""

        let ifMethod name (reply: unit -> Task) : Task =
            if context.Request.Method = name then
                reply ()
            else
                raise (Api.wrongMethod context.Request.Method)

        let post (reply: Text.Json.JsonElement -> Task) =
            ifMethod "POST" (fun () ->
                task {
                    let! body = body context
                    do! reply body
                })

        match path.TrimEnd '/' with
        | "/v1/models" ->
            ifMethod "GET" (fun () -> Replies.send context 200 (Responses.models started model))
        | "/v1/chat/completions" ->
            post (fun body -> Replies.chat context model (ChatRequest.read model body))
        | "/v1/completions" ->
            post (fun body -> Replies.text context model (TextRequest.read model body))
        | "/v1/embeddings" ->
            post (fun body ->
                Replies.embeddings context model (TextRequest.readEmbedding model body))
        | "/health" -> ifMethod "GET" (fun () -> Replies.send context 200 (Responses.object []))
        | other when other.StartsWith("/v1/models/", StringComparison.Ordinal) ->
            ifMethod "GET" (fun () ->
                match Uri.UnescapeDataString(other.Substring "/v1/models/".Length) with
                | name when name = model.Name ->
                    Replies.send context 200 (Responses.model started model)
                | name -> Api.noSuchModel name)
        | _ -> raise (Api.notFound path)

    /// Answers what went wrong; where the answer has begun, as its last event.
    let private fail (options: ServerOptions) (context: HttpContext) (problem: exn) : Task =
        task {
            let error = Replies.errorOf problem

            if error.Status >= 500 then
                options.OnError $"{context.Request.Path}: {problem}"

            if not context.Response.HasStarted then
                if error.Status = 429 then
                    context.Response.Headers.RetryAfter <- "1"

                do! Replies.send context error.Status error.Body
            elif context.Response.ContentType = "text/event-stream" then
                let bytes = Encoding.UTF8.GetBytes $"data: {error.Body.ToJsonString()}\n\n"
                do! context.Response.Body.WriteAsync(bytes, 0, bytes.Length, context.RequestAborted)
        }

    let private handle (options: ServerOptions) model started (context: HttpContext) : Task =
        let hasLeft () = context.RequestAborted.IsCancellationRequested

        task {
            try
                try
                    if not (isOurHost options context.Request) then
                        raise Api.wrongHost

                    if not (isAllowed options.ApiKey context.Request) then
                        raise Api.unauthorized

                    do! route model started context
                with
                | :? OperationCanceledException when hasLeft () -> ()
                | problem -> do! fail options context problem
            with
            // Nobody is there any more to be told.
            | :? OperationCanceledException
            | :? IOException -> ()
        }

    /// <summary>Starts to answer for a model, which it does not own.</summary>
    /// <exception cref="T:System.IO.IOException">The port is taken.</exception>
    /// <example><code>
    /// use model = HostedModel.load HostingOptions.defaults "mistral-7b"
    /// let! server = Server.start ServerOptions.defaults model
    /// printfn "%s/v1" server.Url
    /// </code></example>
    let start (options: ServerOptions) (model: HostedModel) : Task<RunningServer> =
        task {
            let builder = WebApplication.CreateEmptyBuilder(WebApplicationOptions())

            builder.WebHost
                .UseKestrelCore()
                .ConfigureKestrel(fun (kestrel: KestrelServerOptions) ->
                    kestrel.AddServerHeader <- false
                    kestrel.Limits.MaxRequestBodySize <- Nullable options.MaxBodyBytes

                    kestrel.Limits.MaxConcurrentConnections <-
                        Nullable(int64 options.MaxConnections)

                    kestrel.Listen(options.Address, options.Port))
            |> ignore

            let app = builder.Build()
            let started = DateTimeOffset.UtcNow.ToUnixTimeSeconds()
            app.Run(RequestDelegate(handle options model started))
            do! app.StartAsync()

            let addresses =
                app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()

            return RunningServer(app, Seq.head (nonNull addresses).Addresses)
        }

    /// <summary>Answers for a model until it is cancelled; <c>onStart</c> is told the
    /// URL.</summary>
    /// <exception cref="T:System.IO.IOException">The port is taken.</exception>
    let run
        (options: ServerOptions)
        (onStart: string -> unit)
        (cancellation: CancellationToken)
        (model: HostedModel)
        : Task =
        task {
            let! server = start options model
            use _ = server :> IAsyncDisposable
            onStart server.Url
            let stop = TaskCompletionSource()
            use _ = cancellation.Register(fun () -> stop.TrySetResult() |> ignore)
            let! _ = Task.WhenAny(stop.Task, server.Stopped)
            return ()
        }
