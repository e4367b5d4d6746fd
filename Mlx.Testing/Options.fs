namespace Mlx.Testing

open Mlx

/// <summary>Which derivatives are held against differences.</summary>
[<RequireQualifiedAccess>]
type Modes =
    /// Cotangents carried back: what <c>grad</c> and <c>vjp</c> compute.
    | Reverse
    /// Tangents carried forward: what <c>jvp</c> computes.
    | Forward
    /// Both.
    | Both

/// <summary>How closely and how thoroughly a check looks.</summary>
type CheckOptions =
    {
        /// Draws directions and, in large leaves, elements: the same seed draws the same.
        Seed: int
        /// At most so many elements of each leaf are moved one by one.
        Elements: int
        /// How far they are moved; by dtype where it is not given.
        Step: float option
        /// The error allowed, relative to the value where that is above 1; by dtype where it is not
        /// given.
        Tolerance: float option
        /// Which derivatives are looked at.
        Modes: Modes
    }

/// <summary>Options of checks, and what they are where nobody chose.</summary>
[<RequireQualifiedAccess>]
module CheckOptions =
    /// <summary>Seed 0, 32 elements a leaf, both modes; step and tolerance by dtype.</summary>
    /// <example><code>
    /// Check.gradientsWith { CheckOptions.defaults with Modes = Modes.Reverse } f x
    /// </code></example>
    let defaults: CheckOptions =
        { Seed = 0; Elements = 32; Step = None; Tolerance = None; Modes = Modes.Both }

/// What each dtype allows.
module internal Precision =
    let epsilon (dtype: DType) =
        match dtype with
        | DType.Float64 -> 2.220446049250313e-16
        | DType.Float16 -> 9.765625e-4
        | DType.BFloat16 -> 7.8125e-3
        | _ -> 1.1920928955078125e-7

    /// The coarsest of some dtypes, or float32.
    let coarsest (dtypes: seq<DType>) =
        if Seq.isEmpty dtypes then DType.Float32 else Seq.maxBy epsilon dtypes

    /// Of differences of the fourth order: rounding (epsilon / step) and the fifth derivative
    /// (step^4) both stay far below the tolerance of a derivative.
    let step dtype = if dtype = DType.Float64 then 1e-4 else 1.0 / 64.0

    /// Between a derivative and differences.
    let derivative (dtype: DType) =
        match dtype with
        | DType.Float64 -> 1e-7
        | DType.Float32 -> 2e-3
        | other -> 16.0 * epsilon other

    /// Between two ways to the same value.
    let value (dtype: DType) =
        match dtype with
        | DType.Float64 -> 1e-10
        | DType.Float32 -> 1e-5
        | other -> 16.0 * epsilon other
