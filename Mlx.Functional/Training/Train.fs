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
