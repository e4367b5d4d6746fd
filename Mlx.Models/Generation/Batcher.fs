namespace Mlx.Models

open System
open System.Collections.Generic
open System.Threading
open System.Threading.Channels
open Mlx.Core

/// <summary>A batcher has as many requests waiting as it may have.</summary>
[<Sealed>]
type BatcherFullException(waiting: int) =
    inherit InvalidOperationException($"{waiting} requests are waiting; try again later")

/// A request, from when it is submitted until its last token is told.
[<Sealed>]
type internal Submission(row: DecodingRow, output: Output, cancellation: CancellationToken) =
    member _.Row = row
    member _.Output = output
    member _.Cancellation = cancellation
    member val Channel = Channel.CreateUnbounded<Generated>() with get
    member val IsOver = false with get, set

/// <summary>
/// Texts for many at once (continuous batching): requests join and leave between tokens, and a token
/// of every text costs one pass over the weights. Each has its own options, and the tokens that it
/// would have alone. A thread of its own does the work; everything else may be called from any
/// thread.
/// </summary>
/// <remarks>
/// A request's prompt is read as soon as there is a row for it, during which the texts under way
/// wait; requests beyond the rows wait in a queue, and beyond that they are refused.
/// </remarks>
/// <param name="tokenizer">What makes text of tokens.</param>
/// <param name="model">The model.</param>
/// <param name="rows">Texts written at the same time, at most.</param>
/// <param name="queue">Requests that wait, at most.</param>
/// <example><code>
/// use batcher = new Batcher(tokenizer, model, rows = 8, queue = 100)
/// let tokens = batcher.Submit(GenerateOptions.defaults, [| 1; 5; 9 |], cancellation)
/// </code></example>
[<Sealed>]
type Batcher(tokenizer: ITokenizer, model: LanguageModel, rows: int, queue: int) =
    do
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1)
        ArgumentOutOfRangeException.ThrowIfNegative queue

    let gate = obj ()
    let waiting = Queue<Submission>()
    let running = Dictionary<DecodingRow, Submission>(HashIdentity.Reference)
    let mutable isClosed = false
    let mutable tokens = 0L

    /// Ends the stream of a request, with what went wrong where something did.
    let finish (it: Submission) (problem: exn | null) =
        it.IsOver <- true
        it.Channel.Writer.TryComplete problem |> ignore

    let cancelled (it: Submission) = finish it (OperationCanceledException it.Cancellation)

    /// The next request, if there is one and a row for it; waits where there is nothing else to do.
    let next () : Submission option =
        lock gate (fun () ->
            while running.Count = 0 && waiting.Count = 0 && not isClosed do
                Monitor.Wait gate |> ignore

            if running.Count < rows && waiting.Count > 0 && not isClosed then
                Some(waiting.Dequeue())
            else
                None)

    let join (batch: DecodingBatch) (it: Submission) =
        if it.Cancellation.IsCancellationRequested then
            cancelled it
        else
            try
                batch.Add it.Row
                running[it.Row] <- it
            with e ->
                // Its own fault: a guide that allows nothing, say.
                finish it e

    let tell (row: DecodingRow) (told: Told) =
        let it = running[row]

        if it.Cancellation.IsCancellationRequested then
            cancelled it
        else
            let generated = it.Output.Push told
            tokens <- tokens + 1L
            it.Channel.Writer.TryWrite generated |> ignore

            if generated.Finish.IsSome then
                finish it null

    let step (batch: DecodingBatch) =
        for row, told in batch.Step() do
            tell row told

        if running.Values |> Seq.exists _.IsOver then
            batch.Remove(fun row -> running[row].IsOver)

            for it in List.ofSeq running.Values do
                if it.IsOver then
                    running.Remove it.Row |> ignore

    /// What cannot be helped ends the texts under way, not those after them.
    let fail (problem: exn) =
        for it in running.Values do
            finish it problem

        running.Clear()

    let rec serve (batch: DecodingBatch) =
        match next () with
        | Some it ->
            join batch it
            serve batch
        | None when isClosed -> ()
        | None ->
            step batch
            serve batch

    let rec work () =
        let problem =
            use batch = new DecodingBatch(model)

            try
                serve batch
                None
            with e ->
                fail e
                Some e

        if problem.IsSome then
            work ()

    let thread = Thread(work, IsBackground = true, Name = "mlx batcher")
    do thread.Start()

    /// <summary>Requests that wait for a row.</summary>
    member _.Waiting = lock gate (fun () -> waiting.Count)

    /// <summary>Texts being written.</summary>
    member _.Running = running.Count

    /// <summary>Tokens written since the beginning.</summary>
    member _.Tokens = Volatile.Read &tokens

    /// <summary>
    /// Asks for a text: its tokens, as they come. The last one has a <c>Finish</c>. Cancelling ends
    /// it with the next token, and the stream with an <c>OperationCanceledException</c>.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The prompt or an option cannot be.</exception>
    /// <exception cref="T:Mlx.Models.BatcherFullException">Too many are waiting.</exception>
    /// <exception cref="T:System.ObjectDisposedException">It is closed.</exception>
    /// <example><code>
    /// let reader = batcher.Submit(GenerateOptions.defaults, [| 1; 5; 9 |], CancellationToken.None)
    /// </code></example>
    member this.Submit
        (options: GenerateOptions, prompt: int[], cancellation: CancellationToken)
        : ChannelReader<Generated> =
        GenerateOptions.check model.VocabSize options prompt

        if options.Draft.IsSome then
            invalidArg (nameof options.Draft) "a draft guesses for one text at a time"

        if options.MaxTokens < 1 then
            invalidArg (nameof options.MaxTokens) "a token or more is wanted"

        let row = DecodingRow(options, prompt)
        let it = Submission(row, Output(tokenizer.NewStream(), model.Eos, row), cancellation)

        lock gate (fun () ->
            ObjectDisposedException.ThrowIf(isClosed, this)

            if waiting.Count >= queue && running.Count + waiting.Count >= rows then
                raise (BatcherFullException waiting.Count)

            waiting.Enqueue it
            Monitor.Pulse gate)

        it.Channel.Reader

    interface IDisposable with
        /// <summary>Ends all texts, and waits until the last token is computed.</summary>
        member _.Dispose() =
            let left =
                lock gate (fun () ->
                    isClosed <- true
                    Monitor.Pulse gate
                    let left = List.ofSeq waiting
                    waiting.Clear()
                    left)

            thread.Join()

            for it in left @ List.ofSeq running.Values do
                finish it (ObjectDisposedException "batcher")

            running.Clear()
