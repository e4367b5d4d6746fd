namespace Mlx

open System

/// <summary>The builder behind <c>train { }</c>.</summary>
[<Sealed>]
type TrainBuilder internal () =
    /// <summary>An empty plan.</summary>
    member _.Yield(()) : TrainPlan<'P, 'B> = Train.defaults

    /// <summary>The parameters to begin with.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     quietly }
    /// </code></example>
    [<CustomOperation "start">]
    member _.Start(plan: TrainPlan<'P, 'B>, model: 'P) =
        { plan with Start = Some(Choice2Of2 model) }

    /// <summary>Begins with the parameters, the optimizer's memories and the key of another
    /// run.</summary>
    /// <example><code>
    /// train {
    ///     startFrom snapshot // of another run: on other data, by another loss
    ///     minimize loss
    ///     over batches }
    /// </code></example>
    [<CustomOperation "startFrom">]
    member _.StartFrom(plan: TrainPlan<'P, 'B>, snapshot: Snapshot<'P>) =
        { plan with Start = Some(Choice1Of2 snapshot); Resumes = false }

    /// <summary>Goes on with a run of these same words that was broken off: as if it had not been,
    /// to the bit. The batches it has seen are passed over; epochs and steps are those of both runs
    /// together.</summary>
    /// <example><code>
    /// train {
    ///     resume (snapshot |> Checkpoint.load "run.safetensors")
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     epochs 10
    ///     checkpoint Every.Epoch "run.safetensors" }
    /// </code></example>
    [<CustomOperation "resume">]
    member _.Resume(plan: TrainPlan<'P, 'B>, snapshot: Snapshot<'P>) =
        { plan with Start = Some(Choice1Of2 snapshot); Resumes = true }

    /// <summary>The loss: a pure function of parameters and batch, a scalar.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize (fun p (x, y) -> Mlp.forward p x |> Loss.crossEntropy y |> Tensor.mean)
    ///     over batches }
    /// </code></example>
    [<CustomOperation "minimize">]
    member _.Minimize(plan: TrainPlan<'P, 'B>, loss: 'P -> 'B -> Tensor) =
        { plan with Step = Some(fun optimizer -> TrainStep.fuse optimizer loss) }

    /// <summary>A loss, a scalar, that draws at random, as with dropout.</summary>
    /// <example><code>
    /// let dropped = Nn.dropout 0.1
    /// train {
    ///     start model
    ///     minimizeRandom (fun p (x, y) ->
    ///         Mlp.forward p x |> dropped |> Random.map (Loss.crossEntropy y >> Tensor.mean))
    ///     over batches }
    /// </code></example>
    [<CustomOperation "minimizeRandom">]
    member _.MinimizeRandom(plan: TrainPlan<'P, 'B>, loss: 'P -> 'B -> Random<Tensor>) =
        { plan with Step = Some(fun optimizer -> TrainStep.fuseRandom optimizer loss) }

    /// <summary>The optimizer; AdamW at 1e-3 without.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     using (Optim.clipByGlobalNorm 1.0 >> Optim.adamW (Schedule.warmupCosine 100 5_000 1e-3))
    ///     over batches }
    /// </code></example>
    [<CustomOperation "using">]
    member _.Using(plan: TrainPlan<'P, 'B>, optimizer: Optimizer) =
        { plan with Optimizer = optimizer }

    /// <summary>The batches, the same ones for each epoch.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.batches 64 trainSet) }
    /// </code></example>
    [<CustomOperation "over">]
    member _.Over(plan: TrainPlan<'P, 'B>, batches: seq<'B>) =
        { plan with Data = Some(fun _ -> batches) }

    /// <summary>The batches of each epoch, counting from 1: <c>Data.shuffled 64 key
    /// set</c>.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet) // in another order each time
    ///     epochs 5 }
    /// </code></example>
    [<CustomOperation "over">]
    member _.Over(plan: TrainPlan<'P, 'B>, batches: int -> seq<'B>) =
        { plan with Data = Some batches }

    /// <summary>How often to go through the data; once without.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     epochs 5 }
    /// </code></example>
    [<CustomOperation "epochs">]
    member _.Epochs(plan: TrainPlan<'P, 'B>, count: int) = { plan with Epochs = count }

    /// <summary>Ends after so many steps, going through the data as often as that takes.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     steps 10_000 }
    /// </code></example>
    [<CustomOperation "steps">]
    member _.Steps(plan: TrainPlan<'P, 'B>, count: int) =
        { plan with
            Steps = Some count
            Epochs = if plan.Epochs = 1 then Int32.MaxValue else plan.Epochs }

    /// <summary>The key of the loss's randomness.</summary>
    /// <example><code>
    /// let noisy p (x, y) =
    ///     Mlp.forward p x |> Nn.dropout 0.1 |> Random.map (Loss.crossEntropy y >> Tensor.mean)
    /// train {
    ///     start model
    ///     minimizeRandom noisy
    ///     over batches
    ///     key (Key.ofSeed 7) }
    /// </code></example>
    [<CustomOperation "key">]
    member _.Key(plan: TrainPlan<'P, 'B>, key: Key) = { plan with Key = Some key }

    /// <summary>A measurement of the parameters, a scalar, on the side, under a name.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     epochs 5
    ///     validate "accuracy" Every.Epoch accuracy }
    /// </code></example>
    [<CustomOperation "validate">]
    member _.Validate(plan: TrainPlan<'P, 'B>, name: string, every: Every, measure: 'P -> Tensor) =
        { plan with Validations = plan.Validations @ [ name, every, measure ] }

    /// <summary>Saves the snapshot to a file, over the last one.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     checkpoint (Every.Steps 1_000) "run.safetensors" }
    /// </code></example>
    [<CustomOperation "checkpoint">]
    member _.Checkpoint(plan: TrainPlan<'P, 'B>, every: Every, path: string) =
        { plan with Checkpoints = plan.Checkpoints @ [ every, path ] }

    /// <summary>Does something on the side.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     callback (Every.Steps 100) (fun run -> printfn "%d: %A" run.Step run.History.Head) }
    /// </code></example>
    [<CustomOperation "callback">]
    member _.Callback(plan: TrainPlan<'P, 'B>, every: Every, act: TrainProgress<'P> -> unit) =
        { plan with Callbacks = plan.Callbacks @ [ every, act ] }

    /// <summary>Reads, which waits for the step, and records the loss only every so many
    /// steps.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     logEvery 50 }
    /// </code></example>
    [<CustomOperation "logEvery">]
    member _.LogEvery(plan: TrainPlan<'P, 'B>, steps: int) = { plan with LogEvery = max 1 steps }

    /// <summary>How much a batch is, and of what: for the rate that is shown.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     counting "tokens" (fun (x, _) -> x.Size) }
    /// </code></example>
    [<CustomOperation "counting">]
    member _.Counting(plan: TrainPlan<'P, 'B>, noun: string, count: 'B -> int64) =
        { plan with Count = (count, noun) }

    /// <summary>Goes on only while this holds of the measurements, the latest first:
    /// <c>Train.patience 3 "loss"</c>.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     goOnWhile (fun history -> history.Head.Value > 0.01) }
    /// </code></example>
    [<CustomOperation "goOnWhile">]
    member _.GoOnWhile(plan: TrainPlan<'P, 'B>, goesOn: Metric list -> bool) =
        { plan with GoOn = fun history -> plan.GoOn history && goesOn history }

    /// <summary>Ends the run when a measurement has not got smaller so many times in a row: early
    /// stopping, together with what <c>goOnWhile</c> says.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     epochs 100
    ///     validate "validation" Every.Epoch (fun p -> loss p batch)
    ///     stopEarly 3 "validation" }
    /// </code></example>
    [<CustomOperation "stopEarly">]
    member _.StopEarly(plan: TrainPlan<'P, 'B>, times: int, name: string) =
        { plan with
            GoOn = fun history -> plan.GoOn history && Train.patience times name history }

    /// <summary>Shows nothing.</summary>
    /// <example><code>
    /// train {
    ///     start model
    ///     minimize loss
    ///     over batches
    ///     quietly }
    /// </code></example>
    [<CustomOperation "quietly">]
    member _.Quietly(plan: TrainPlan<'P, 'B>) = { plan with Show = false }

    /// <summary>Trains.</summary>
    member _.Run(plan: TrainPlan<'P, 'B>) : Trained<'P> = Train.run plan

/// <summary>Opened with the namespace.</summary>
[<AutoOpen>]
module TrainBuilders =
    /// <summary>Trains as described; the words may come in any order.</summary>
    /// <example><code>
    /// let trained = train {
    ///     start model
    ///     minimize loss
    ///     using (Optim.adamW 1e-3)
    ///     over (Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///     epochs 5
    ///     validate "accuracy" Every.Epoch accuracy }
    /// </code></example>
    let train = TrainBuilder()
