namespace Mlx

open System
open System.Diagnostics
open Mlx.Showing

/// <summary>Training loops: fused steps over batches, with measurements, checkpoints and progress.
/// Plain functions; <c>train { }</c> is the same with words.</summary>
[<RequireQualifiedAccess>]
module Train =
    /// <summary>A plan without model, loss and data; one epoch of AdamW at 1e-3.</summary>
    /// <example><code>
    /// let plan =
    ///     { Train.defaults with
    ///         Start = Some(Choice2Of2 model)
    ///         Step = Some(fun optimizer -> TrainStep.fuse optimizer loss)
    ///         Data = Some(fun _ -> batches) }
    /// let trained = Train.run plan
    /// </code></example>
    let defaults<'P, 'B> : TrainPlan<'P, 'B> =
        { Start = None
          Resumes = false
          Step = None
          Optimizer = Optim.adamW 1e-3
          Data = None
          Epochs = 1
          Steps = None
          Key = None
          LogEvery = 1
          Validations = []
          Checkpoints = []
          Count =
            (fun batch ->
                Tree.leaves batch
                |> Array.tryHead
                |> Option.map (fun leaf -> if leaf.NDim = 0 then 1L else int64 (leaf.Dim 0))
                |> Option.defaultValue 1L),
            "samples"
          Callbacks = []
          GoOn = fun _ -> true
          Show = true }

    /// <summary>Goes on until a measurement has not got smaller so many times in a row: a hook for
    /// <c>GoOn</c>.</summary>
    /// <example><code>
    /// let history =
    ///     [ for loss in [ 0.6; 0.7; 0.5; 0.9 ] -> // the latest first
    ///           { Name = "loss"; Value = loss; Step = 0; Epoch = 1; Seconds = 0.0 } ]
    /// Train.patience 2 "loss" history, Train.patience 3 "loss" history
    /// // => (false, true)
    /// </code></example>
    let patience (times: int) (name: string) (history: Metric list) : bool =
        let values = history |> List.filter (fun m -> m.Name = name) |> List.map _.Value

        values.Length <= times
        || List.min (List.take times values) < List.min (List.skip times values)

    let private required name value =
        match value with
        | Some value -> value
        | None -> invalidArg name $"the training plan has no {name}"

    /// What a run carries along, apart from the state itself.
    type private Run<'P, 'B>(plan: TrainPlan<'P, 'B>, view: TrainView) =
        let clock = Stopwatch.StartNew()
        let countOf, noun = plan.Count
        let mutable counted = 0L
        let mutable countedSince = 0.0
        let mutable settledRate: float option = None
        let mutable stepsOfEpoch = 0
        member val History: Metric list = [] with get, set
        member val Steps = 0 with get, set
        member val FirstStep = 1 with get, set
        member val GoesOn = true with get, set
        member _.Seconds = clock.Elapsed.TotalSeconds
        member this.IsOver = not this.GoesOn || Option.contains this.Steps plan.Steps

        member this.Record(name, epoch, value) =
            let metric =
                { Name = name
                  Value = value
                  Step = this.Steps
                  Epoch = epoch
                  Seconds = this.Seconds }

            this.History <- metric :: this.History
            this.GoesOn <- this.GoesOn && plan.GoOn this.History
            metric

        member _.EndEpoch steps = stepsOfEpoch <- steps

        /// The part of the run that is done; -1 while the length of an epoch is not known.
        member private this.Share(epoch, stepInEpoch) =
            let ofSteps = plan.Steps |> Option.map (fun n -> float this.Steps / float n)

            let ofEpochs =
                if stepsOfEpoch > 0 then
                    let within = float stepInEpoch / float stepsOfEpoch
                    Some((float (epoch - 1) + min 1.0 within) / float plan.Epochs)
                else
                    None

            match ofSteps, ofEpochs with
            | Some a, Some b -> max a b
            | Some a, None
            | None, Some a -> a
            | None, None -> -1.0

        member this.Count batch = counted <- counted + countOf batch

        member this.Show(epoch, stepInEpoch, loss) =
            let now = this.Seconds

            // The first step traces; what follows tells the rate, in windows of half a second.
            let rate =
                if this.Steps = this.FirstStep then
                    counted <- 0L
                    countedSince <- now
                    ""
                else
                    let current = float counted / max 1e-6 (now - countedSince)

                    if now - countedSince > 0.5 then
                        settledRate <- Some current
                        counted <- 0L
                        countedSince <- now

                    $"{Option.defaultValue current settledRate:N0} {noun}/s"

            view.Step(this.Share(epoch, stepInEpoch), epoch, this.Steps, loss, rate)

    /// <summary>Trains as planned.</summary>
    /// <exception cref="T:System.ArgumentException">The plan lacks a model, a loss or
    /// data.</exception>
    /// <example><code>
    /// let plan =
    ///     { Train.defaults with
    ///         Start = Some(Choice2Of2 model)
    ///         Step = Some(fun optimizer -> TrainStep.fuse optimizer loss)
    ///         Data = Some(Data.shuffled 64 (Key.ofSeed 0) trainSet)
    ///         Epochs = 5 }
    /// let trained = Train.run plan
    /// printfn "%d steps in %.1f s" trained.Steps trained.Seconds
    /// </code></example>
    let run (plan: TrainPlan<'P, 'B>) : Trained<'P> =
        let step = required "loss" plan.Step plan.Optimizer
        let data = required "data" plan.Data

        let first =
            match required "model" plan.Start with
            | Choice1Of2 snapshot -> snapshot
            | Choice2Of2 model ->
                let key = plan.Key |> Option.defaultWith (fun () -> Key.ofSeed 0)
                TrainStep.snapshot key plan.Optimizer model

        let view = View.choose plan.Show
        let run = Run(plan, view)
        let mutable state = TrainStep.startFrom first
        let mutable lastLoss = nan

        let isDue every (atEpochEnd: bool) =
            match every with
            | Every.Epoch -> atEpochEnd
            | Every.Steps n -> not atEpochEnd && run.Steps % n = 0

        let aside epoch atEpochEnd =
            for name, every, measure in plan.Validations do
                if isDue every atEpochEnd then
                    let value =
                        Tree.scoped (fun () ->
                            measure (TrainStep.parameters state) |> Tensor.toFloat)

                    view.Metric(run.Record(name, epoch, value))

            for every, path in plan.Checkpoints do
                if isDue every atEpochEnd then
                    Tree.scoped (fun () -> TrainStep.current state |> Checkpoint.save path)

            for every, act in plan.Callbacks do
                if isDue every atEpochEnd then
                    act
                        { Step = run.Steps
                          Epoch = epoch
                          History = run.History
                          Snapshot = fun () -> TrainStep.current state }

        // Every update of an optimizer counts, whatever it does with the gradients.
        let before = if plan.Resumes then first.Optimizer["step"] |> Tensor.toFloat |> int else 0

        // Batches that a run before this one has seen. Most are passed over without being made.
        let mutable toSkip = before
        run.Steps <- before
        run.FirstStep <- before + 1
        let mutable epoch = 1

        view.Around(fun () ->
            while epoch <= plan.Epochs && not run.IsOver do
                let mutable stepInEpoch = 0
                use batches = (data epoch).GetEnumerator()

                while toSkip > 0 && batches.MoveNext() do
                    toSkip <- toSkip - 1
                    stepInEpoch <- stepInEpoch + 1

                let skipped = stepInEpoch

                while not run.IsOver && batches.MoveNext() do
                    state <- TrainStep.run step batches.Current state
                    run.Steps <- run.Steps + 1
                    stepInEpoch <- stepInEpoch + 1
                    run.Count batches.Current

                    if run.Steps % plan.LogEvery = 0 then
                        lastLoss <- TrainStep.loss state
                        run.Record("loss", epoch, lastLoss) |> ignore
                        run.Show(epoch, stepInEpoch, lastLoss)

                    aside epoch false

                if stepInEpoch = 0 && run.Steps = 0 then
                    invalidArg "data" "the data holds no batches"

                run.EndEpoch stepInEpoch

                // What ended before this run began was measured and saved then.
                if stepInEpoch > skipped then
                    aside epoch true

                epoch <- epoch + 1)

        let snapshot = TrainStep.current state
        state.Dispose()

        { Snapshot = snapshot
          History = List.rev run.History
          Steps = run.Steps
          Seconds = run.Seconds }

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
