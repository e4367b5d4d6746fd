namespace Mlx

/// <summary>When and how far a learning rate falls while a metric does not.</summary>
type Plateau =
    {
        /// What the scale is multiplied by.
        Factor: float
        /// How many observations without progress are borne.
        Patience: int
        /// Progress is a metric below (1 - threshold) times the best one.
        Threshold: float
        /// How many observations after a fall do not count.
        Cooldown: int
        /// The least scale.
        Least: float
    }

/// <summary>What is known of a metric so far: a tree, so it goes through a fused step.</summary>
type PlateauState =
    {
        /// What learning rates are multiplied by: float32, no axes.
        Scale: Tensor
        /// The least metric so far: float32, no axes.
        Best: Tensor
        /// Observations since: int32, no axes.
        Waited: Tensor
        /// Observations that do not count yet: int32, no axes.
        Cooling: Tensor
    }

/// <summary>
/// Reduce on plateau: a pure function from what was known and a new metric to what is known now, in
/// ops, with the rules of PyTorch's <c>ReduceLROnPlateau</c> (mode min, relative threshold).
/// </summary>
/// <example><code>
/// let plateau = Plateau.init () |> Plateau.observe Plateau.defaults validationLoss
/// let optimizer = Optim.sgd (Schedule.constant 0.1 |> Plateau.schedule plateau)
/// </code></example>
[<RequireQualifiedAccess>]
module Plateau =
    /// <summary>A tenth, after more than 10 observations without a gain of 1e-4.</summary>
    let defaults: Plateau =
        { Factor = 0.1; Patience = 10; Threshold = 1e-4; Cooldown = 0; Least = 0.0 }

    /// <summary>Before the first observation: scale 1.</summary>
    /// <example><code>
    /// (Plateau.init ()).Scale
    /// // => array(1, dtype=float32)
    /// </code></example>
    let init () : PlateauState =
        { Scale = Tensor.scalar 1f
          Best = Tensor.scalar infinityf
          Waited = Tensor.scalar 0
          Cooling = Tensor.scalar 0 }

    /// <summary>A metric, a scalar, is observed, less being better. A metric that is not a number
    /// is no progress.</summary>
    /// <example><code>
    /// let plateau = { Plateau.defaults with Patience = 1 }
    /// let losses = [ 1.0; 0.5; 0.5; 0.5 ] // two without progress are one more than is borne
    /// let see state (loss: float) = state |> Plateau.observe plateau (Tensor.scalar loss)
    /// (losses |> List.fold see (Plateau.init ())).Scale
    /// // => array(0.1, dtype=float32)
    /// </code></example>
    let observe (plateau: Plateau) (metric: Tensor) (state: PlateauState) : PlateauState =
        let zero = Tensor.scalar 0
        let metric = Tensor.astype DType.Float32 metric
        let isBetter = metric |> Tensor.less (state.Best * (1.0 - plateau.Threshold))
        let isCooling = state.Cooling |> Tensor.greater zero
        let isFresh = Tensor.logicalOr isCooling isBetter
        let waited = Tensor.where isFresh zero (state.Waited + 1)
        let isDue = waited |> Tensor.greater (Tensor.scalar plateau.Patience)
        let cooled = Tensor.where isCooling (state.Cooling - 1) zero

        let lower =
            state.Scale * plateau.Factor |> Tensor.maximum (Tensor.scalar (float32 plateau.Least))

        { Scale = Tensor.where isDue lower state.Scale
          Best = Tensor.where isBetter metric state.Best
          Waited = Tensor.where isDue zero waited
          Cooling = Tensor.where isDue (Tensor.scalar plateau.Cooldown) cooled }

    /// <summary>A schedule times the scale.</summary>
    /// <example><code>
    /// let state = { Plateau.init () with Scale = Tensor.scalar 0.1f }
    /// Schedule.constant 0.5 |> Plateau.schedule state |> Schedule.at 0
    /// // => 0.05
    /// </code></example>
    let schedule (state: PlateauState) (rate: Schedule) : Schedule =
        Schedule(fun step -> rate.At step * state.Scale)
