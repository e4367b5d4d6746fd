namespace Mlx

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Threading
open System.Threading.Tasks

/// <summary>
/// Samples and batches of them. Samples are a tree whose leaves share their first axis; batches are
/// sequences of such trees, made when they are asked for.
/// </summary>
[<RequireQualifiedAccess>]
module Data =
    /// <summary>The number of samples: the length that the first axes agree on.</summary>
    /// <exception cref="T:System.ArgumentException">They disagree, or there is none.</exception>
    /// <example><code>
    /// Data.count (Tensor.zeros [ 60; 28; 28 ], Tensor.zeros [ 60 ])
    /// // => 60
    /// </code></example>
    let count (samples: 'T) : int =
        let lengths =
            [ for path, leaf in Tree.named samples ->
                  if leaf.NDim = 0 then
                      invalidArg (nameof samples) $"the leaf '{path}' has no axis of samples"
                  else
                      path, leaf.Dim 0 ]

        match lengths with
        | [] -> invalidArg (nameof samples) "the samples hold no tensors"
        | (first, n) :: rest ->
            for path, m in rest do
                if m <> n then
                    invalidArg
                        (nameof samples)
                        $"the leaf '{first}' has {n} samples, the leaf '{path}' has {m}"

            n

    let private slice first last (samples: 'T) : 'T =
        samples |> Tree.map (Tensor.narrow 0 first last)

    let private atLeastZero name (n: int) =
        if n < 0 then
            invalidArg name $"a number of samples, not {n}"

    /// <summary>The first n samples, or all where there are fewer.</summary>
    /// <example><code>
    /// Data.take 2 (Tensor.arange 5)
    /// // => array([0, 1], dtype=int32)
    /// </code></example>
    let take (n: int) (samples: 'T) : 'T =
        atLeastZero (nameof n) n
        slice 0 (min n (count samples)) samples

    /// <summary>The samples but the first n.</summary>
    /// <example><code>
    /// Data.skip 2 (Tensor.arange 5)
    /// // => array([2, 3, 4], dtype=int32)
    /// </code></example>
    let skip (n: int) (samples: 'T) : 'T =
        atLeastZero (nameof n) n
        let all = count samples
        slice (min n all) all samples

    /// <summary>The samples of several sets one after the other.</summary>
    /// <exception cref="T:System.ArgumentException">There are none, or the trees
    /// differ.</exception>
    /// <example><code>
    /// Data.concat [ Tensor.arange 2; Tensor.arange 3 ]
    /// // => array([0, 1, 0, 1, 2], dtype=int32)
    /// </code></example>
    let concat (sets: seq<'T>) : 'T =
        match List.ofSeq sets with
        | [] -> invalidArg (nameof sets) "no samples to put together"
        | first :: _ as sets ->
            for set in sets do
                Tree.map2 (fun x _ -> x) first set |> ignore

            let columns = sets |> List.map Tree.leaves

            [| for i in 0 .. Tree.count first - 1 ->
                   columns |> List.map (fun leaves -> leaves[i]) |> Tensor.concatenate 0 |]
            |> Tree.ofLeaves first

    /// <summary>The samples n times over.</summary>
    /// <example><code>
    /// Tensor.arange 2 |> Data.repeat 3
    /// // => array([0, 1, 0, 1, 0, 1], dtype=int32)
    /// </code></example>
    let repeat (n: int) (samples: 'T) : 'T =
        if n < 1 then
            invalidArg (nameof n) $"at least once, not {n} times"

        concat (Seq.replicate n samples)

    /// <summary>Two sets sample by sample.</summary>
    /// <exception cref="T:System.ArgumentException">One has more samples.</exception>
    /// <example><code>
    /// let images, labels = Tensor.zeros [ 5; 28; 28 ], Tensor.arange 5
    /// Data.zip images labels |> Data.batches 2 |> Seq.map (snd >> Tensor.size) |> List.ofSeq
    /// // => [2L; 2L; 1L]
    /// </code></example>
    let zip (a: 'A) (b: 'B) : 'A * 'B =
        if count a <> count b then
            invalidArg (nameof b) $"{count a} samples do not go with {count b}"

        a, b

    /// <summary>Batches of so many samples in order; the last one may be smaller. Each enumeration
    /// begins anew.</summary>
    /// <example><code>
    /// Tensor.arange 5 |> Data.batches 2 |> List.ofSeq
    /// // => [array([0, 1], dtype=int32); array([2, 3], dtype=int32); array([4], dtype=int32)]
    /// </code></example>
    let batches (size: int) (samples: 'T) : seq<'T> =
        let n = count samples

        if size < 1 then
            invalidArg (nameof size) $"a batch of at least one sample, not {size}"

        seq {
            for start in 0..size .. n - 1 do
                slice start (min n (start + size)) samples
        }

    /// <summary>The samples in random order.</summary>
    /// <example><code>
    /// let samples = Tensor.arange 5, Tensor.arange 5 * 10
    /// let x, y = samples |> Data.shuffle |> Random.run (Key.ofSeed 0)
    /// x |> Tensor.multiply (Tensor.scalar 10) |> Tensor.arrayEqual y // pairs stay together
    /// // => true
    /// </code></example>
    let shuffle (samples: 'T) : Random<'T> =
        Random.permutation (count samples)
        |> Random.map (fun order -> samples |> Tree.map (Tensor.take 0 order))

    /// <summary>
    /// Full batches in an order that is another one for each epoch: the key and the epoch decide.
    /// What does not fill a batch is left out, so that all batches have the same shapes.
    /// </summary>
    /// <example><code>
    /// let batches = Tensor.arange 6 |> Data.shuffled 2 (Key.ofSeed 0)
    /// List.ofSeq (batches 1), List.ofSeq (batches 2)
    /// // => ([array([3, 2], dtype=int32); array([1, 5], dtype=int32); array([0, 4], dtype=int32)],
    /// //    [array([2, 5], dtype=int32); array([3, 1], dtype=int32); array([4, 0], dtype=int32)])
    /// </code></example>
    let shuffled (size: int) (key: Key) (samples: 'T) (epoch: int) : seq<'T> =
        let n = count samples

        if size < 1 || size > n then
            invalidArg (nameof size) $"a batch of 1 to {n} samples, not {size}"

        seq {
            let key = Seq.fold (fun key _ -> fst (Key.split key)) key (seq { 1..epoch })
            let order = Random.permutation n |> Random.run key |> Tensor.eval

            for i in 0 .. n / size - 1 do
                let rows = order |> Tensor.narrow 0 (i * size) ((i + 1) * size)
                samples |> Tree.map (Tensor.take 0 rows)
        }

    /// <summary>
    /// Applies a function to the items of a sequence on other threads, so many at a time; the
    /// answers come in order. For what costs time outside the engine: reading files, decoding
    /// images.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The number of threads is below 1.</exception>
    /// <example><code>
    /// [ 1..4 ] |> Data.mapParallel 2 (fun n -> n * n) |> List.ofSeq
    /// // => [1; 4; 9; 16]
    /// </code></example>
    let mapParallel (threads: int) (f: 'T -> 'U) (items: seq<'T>) : seq<'U> =
        if threads < 1 then
            invalidArg (nameof threads) $"at least one thread, not {threads}"

        seq {
            use source = items.GetEnumerator()
            let running = Queue<Task<'U>>()

            let start () =
                if source.MoveNext() then
                    let item = source.Current
                    running.Enqueue(Task.Run(fun () -> f item))

            for _ in 1..threads do
                start ()

            while running.Count > 0 do
                let answer = running.Dequeue().GetAwaiter().GetResult()
                start ()
                answer
        }

    /// <summary>
    /// The items of a sequence, made ahead of their use on another thread, at most so many. What
    /// the sequence throws is thrown where the item would have come. Whoever stops early stops it.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The number is below 1.</exception>
    /// <example><code>let ahead = batches |> Data.prefetch 2</code></example>
    let prefetch (ahead: int) (items: seq<'T>) : seq<'T> =
        if ahead < 1 then
            invalidArg (nameof ahead) $"at least one item ahead, not {ahead}"

        seq {
            // The reader holds one more than waits here.
            use made = new BlockingCollection<Result<'T, exn>>(ahead)
            use stop = new CancellationTokenSource()

            let produce () =
                try
                    try
                        use source = items.GetEnumerator()

                        while not stop.IsCancellationRequested && source.MoveNext() do
                            made.Add(Ok source.Current, stop.Token)
                    with
                    | :? OperationCanceledException when stop.IsCancellationRequested -> ()
                    | e -> made.Add(Error e, stop.Token)
                finally
                    made.CompleteAdding()

            let producer = Task.Factory.StartNew(produce, TaskCreationOptions.LongRunning)

            try
                for item in made.GetConsumingEnumerable() do
                    match item with
                    | Ok item -> item
                    | Error e -> Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e).Throw()
            finally
                stop.Cancel()

                try
                    producer.Wait()
                with :? AggregateException ->
                    ()
        }
