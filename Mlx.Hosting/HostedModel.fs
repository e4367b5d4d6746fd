namespace Mlx.Hosting

open System
open System.Collections.Concurrent
open System.Text.Json
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open Mlx
open Mlx.Core
open Mlx.Models

/// <summary>How many a model serves at once.</summary>
type HostingOptions =
    {
        /// Answers written at the same time: a token of each is one pass over the weights.
        Rows: int
        /// Requests that wait, beyond which they are refused.
        Queue: int
        /// Tokens of an answer at most, whatever is asked for.
        MaxTokens: int
    }

/// <summary>How many a model serves at once.</summary>
[<RequireQualifiedAccess>]
module HostingOptions =
    /// <summary>8 answers at once, 64 more that wait, 4,096 tokens each.</summary>
    let defaults: HostingOptions = { Rows = 8; Queue = 64; MaxTokens = 4096 }

/// <summary>
/// A model that answers many at once: with its tokenizer, and its chat template where it has one.
/// Every member may be called from any thread.
/// </summary>
/// <param name="name">What requests call it.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="template">How it wants conversations written.</param>
/// <param name="model">The model.</param>
/// <param name="contextLength">Tokens of a prompt and its answer together, at most.</param>
/// <param name="sampling">How tokens are picked where a request does not say.</param>
/// <param name="options">How many it serves at once.</param>
[<Sealed>]
type HostedModel
    (
        name: string,
        tokenizer: ITokenizer,
        template: ChatTemplate option,
        model: LanguageModel,
        contextLength: int,
        sampling: Sampling,
        options: HostingOptions
    ) =
    // More schemas than a program has; a stranger's are forgotten with all others.
    static let mostGuides = 64

    let batcher = new Batcher(tokenizer, model, options.Rows, options.Queue)
    let guides = ConcurrentDictionary<string, Lazy<unit -> ITokenGuide>>()
    // Features of one text at a time: more would only share the cores.
    let embedding = new SemaphoreSlim 1

    let features (ids: int[]) : float32[] =
        use _ = Scope.Enter()
        let tokens = MlxArray.From(ids, [| 1; ids.Length |])
        let x, _ = model.Features Cache.empty tokens
        let mean = x |> Tensor.astype DType.Float32 |> Tensor.meanAxis 1 |> Tensor.squeezeAxis 0
        let norm = mean |> Tensor.square |> Tensor.sum |> Tensor.sqrt
        (mean / (norm + 1e-12f)).ToArray<float32>()

    /// <summary>What requests call it.</summary>
    member _.Name = name

    /// <summary>Its tokenizer.</summary>
    member _.Tokenizer = tokenizer

    /// <summary>How it wants conversations written; None where it only continues text.</summary>
    member _.Template = template

    /// <summary>Tokens of a prompt and its answer together, at most.</summary>
    member _.ContextLength = contextLength

    /// <summary>How tokens are picked where a request does not say.</summary>
    member _.Sampling = sampling

    /// <summary>How many it serves at once.</summary>
    member _.Options = options

    /// <summary>Answers being written.</summary>
    member _.Running = batcher.Running

    /// <summary>Requests that wait.</summary>
    member _.Waiting = batcher.Waiting

    member internal _.LanguageModel = model

    /// <summary>Tokens after a prompt, as they come; the last one has a <c>Finish</c>.</summary>
    /// <exception cref="T:Mlx.Models.BatcherFullException">Too many requests wait.</exception>
    member _.Submit
        (options: GenerateOptions, prompt: int[], cancellation: CancellationToken)
        : ChannelReader<Generated> =
        batcher.Submit(options, prompt, cancellation)

    /// What keeps answers to JSON of a schema, which is a text of JSON.
    member internal _.Guide(schema: string) : unit -> ITokenGuide =
        if guides.Count >= mostGuides then
            guides.Clear()

        let make (text: string) = lazy (JsonSchema.parse text |> JsonSchema.guide tokenizer model)

        guides.GetOrAdd(schema, make).Value

    /// <summary>
    /// The direction of a text: the mean of the features after each of its tokens, of length 1.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">There are no tokens, or too many.</exception>
    member _.Embed(ids: int[], cancellation: CancellationToken) : Task<float32[]> =
        if ids.Length = 0 || ids.Length > contextLength then
            invalidArg (nameof ids) $"between 1 and {contextLength} tokens are wanted"

        task {
            do! embedding.WaitAsync cancellation

            try
                return! Task.Run((fun () -> features ids), cancellation)
            finally
                embedding.Release() |> ignore
        }

    interface IDisposable with
        /// <summary>Ends all answers; waits until the last token is computed.</summary>
        member _.Dispose() =
            (batcher :> IDisposable).Dispose()
            embedding.Dispose()

/// <summary>Models that answer many at once.</summary>
[<RequireQualifiedAccess>]
module HostedModel =
    /// The makers' way to generate, as far as the folder says.
    let private sampling (g: GenerationConfig) : Sampling =
        let temperature = if g.DoSample = Some false then 0.0 else 1.0

        { Sample.greedy with
            Temperature = g.Temperature |> Option.defaultValue temperature
            TopP = g.TopP |> Option.defaultValue 1.0
            TopK = g.TopK |> Option.defaultValue 0
            MinP = g.MinP |> Option.defaultValue 0.0
            RepetitionPenalty = g.RepetitionPenalty |> Option.defaultValue 1.0 }

    /// <summary>A model that is loaded, with a tokenizer of any kind.</summary>
    let create
        (options: HostingOptions)
        (tokenizer: ITokenizer)
        (template: ChatTemplate option)
        (model: Model)
        : HostedModel =
        new HostedModel(
            model.Name,
            tokenizer,
            template,
            model.LanguageModel,
            model.Config.MaxPositionEmbeddings,
            sampling model.Generation,
            options
        )

    /// <summary>A model's folder: weights, tokenizer and chat template.</summary>
    /// <example><code>
    /// use model = HostedModel.load HostingOptions.defaults "mistral-7b"
    /// </code></example>
    /// <exception cref="T:Mlx.Models.ModelException">It is no usable model.</exception>
    let load (options: HostingOptions) (folder: string) : HostedModel =
        let model = TextModel.Load folder
        create options model.Tokenizer model.Template model.Model
