namespace Mlx

open System

/// <summary>When something is done during training.</summary>
[<RequireQualifiedAccess>]
type Every =
    /// At the end of each epoch.
    | Epoch
    /// After so many steps.
    | Steps of int

/// <summary>One measurement of a training run.</summary>
type Metric =
    {
        /// <c>loss</c>, or the name of a validation.
        Name: string
        /// The value.
        Value: float
        /// How many steps were done.
        Step: int
        /// The epoch, counting from 1.
        Epoch: int
        /// Seconds since training began.
        Seconds: float
    }

/// <summary>Where a training run stands, as a callback sees it.</summary>
type TrainProgress<'P> =
    {
        /// How many steps were done.
        Step: int
        /// The epoch, counting from 1.
        Epoch: int
        /// All measurements so far, the latest first.
        History: Metric list
        /// Takes parameters, optimizer state and key from the engine's side: whoever takes them
        /// frees them, or leaves that to the collector.
        Snapshot: unit -> Snapshot<'P>
    }

/// <summary>What came of a training run.</summary>
type Trained<'P> =
    {
        /// Parameters, optimizer state and key: to use, to save, to go on from.
        Snapshot: Snapshot<'P>
        /// All measurements, in order.
        History: Metric list
        /// How many steps were done.
        Steps: int
        /// How long it took.
        Seconds: float
    }

    /// <summary>The trained parameters.</summary>
    member this.Parameters = this.Snapshot.Parameters

/// <summary>How a training run is to be done: made by <c>train { }</c>, or from
/// <c>Train.defaults</c>, which has neither model nor loss nor data.</summary>
[<NoEquality; NoComparison>]
type TrainPlan<'P, 'B> =
    {
        /// Where to begin; a fresh optimizer state is made where there is none.
        Start: Choice<Snapshot<'P>, 'P> option
        /// Whether the snapshot to begin with is of this very run: then the batches that it has
        /// seen are passed over, and steps and epochs count on.
        Resumes: bool
        /// Makes the step of an optimizer, by the loss.
        Step: (Optimizer -> TrainStep<Snapshot<'P>, 'B, Tensor>) option
        /// The optimizer: AdamW at 1e-3 by default.
        Optimizer: Optimizer
        /// The batches of an epoch, counting from 1.
        Data: (int -> seq<'B>) option
        /// How often to go through the data.
        Epochs: int
        /// Ends the run after so many steps.
        Steps: int option
        /// Where the randomness of the loss comes from.
        Key: Key option
        /// How often the loss is read and recorded.
        LogEvery: int
        /// Measurements on the side: name, when, and the number.
        Validations: (string * Every * ('P -> Tensor)) list
        /// Where and when the snapshot is saved.
        Checkpoints: (Every * string) list
        /// How much a batch is, and of what: for the rate that is shown.
        Count: ('B -> int64) * string
        /// What is done on the side, and when, given where the run stands.
        Callbacks: (Every * (TrainProgress<'P> -> unit)) list
        /// Whether the run goes on after a measurement, given all of them, the latest first.
        GoOn: Metric list -> bool
        /// Whether progress is shown.
        Show: bool
    }

/// <summary>How progress of a run is shown.</summary>
[<AbstractClass>]
type internal TrainView() =
    /// <summary>Runs the training inside the view.</summary>
    abstract Around: training: (unit -> unit) -> unit

    /// <summary>Told after each step that reads the loss: the share done (negative when unknown),
    /// the epoch, the loss, and the rate.</summary>
    abstract Step: share: float * epoch: int * step: int * loss: float * rate: string -> unit

    /// <summary>Told a validation.</summary>
    abstract Metric: Metric -> unit
