namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>Rotary positions as a model has them: how queries and keys turn, and what their scores
/// are multiplied by.</summary>
type Rotary =
    {
        /// Features that turn: all of a head.
        Dims: int
        /// Positions that one radian takes in each pair of features, (dims / 2), where these are no
        /// powers of a base.
        Frequencies: Tensor option
        /// Otherwise their base: pair i takes base^(2 i / dims) positions.
        Base: float
        /// Positions are multiplied by it.
        Scale: float
        /// Queries and keys are multiplied by it.
        Magnitude: float
    }

/// <summary>Rotary positions (Su et al., 2021) and the ways to stretch them.</summary>
[<RequireQualifiedAccess>]
module Rotary =
    /// base^(2 i / dims) for each pair.
    let private powers (theta: float) (dims: int) =
        [| for i in 0 .. dims / 2 - 1 -> Math.Pow(theta, float (2 * i) / float dims) |]

    let private tensor (frequencies: float[]) =
        Some(MlxArray.From [| for f in frequencies -> float32 f |])

    let private llama3 (s: Llama3Scaling) (frequency: float) : float =
        let turns = float s.OriginalMaxPositionEmbeddings / (2.0 * Math.PI * frequency)

        if turns < s.LowFreqFactor then
            frequency * s.Factor
        elif turns > s.HighFreqFactor then
            frequency
        else
            let smooth = (turns - s.LowFreqFactor) / (s.HighFreqFactor - s.LowFreqFactor)
            frequency / ((1.0 - smooth) / s.Factor + smooth)

    let private yarn (s: YarnScaling) (theta: float) (frequencies: float[]) : float[] =
        let dims = float (2 * frequencies.Length)

        /// The pair that turns so often in the old context.
        let pair (turns: float) =
            let positions = float s.OriginalMaxPositionEmbeddings / (turns * 2.0 * Math.PI)
            dims * log positions / (2.0 * log theta)

        let low = max 0.0 (floor (pair s.BetaFast))
        let high = min (dims - 1.0) (ceil (pair s.BetaSlow))
        let width = if low = high then 0.001 else high - low

        frequencies
        |> Array.mapi (fun i frequency ->
            let stretched = Math.Clamp((float i - low) / width, 0.0, 1.0)
            frequency / (1.0 - stretched + stretched / s.Factor))

    /// The base of a text that is longer than the model was trained for.
    let private dynamic (factor: float) (theta: float) (dims: int) (ratio: float) : float =
        theta * Math.Pow(factor * ratio - (factor - 1.0), float dims / float (dims - 2))

    /// <summary>How a model turns when so many positions are read and so many more come.</summary>
    /// <example><code>
    /// let rotary = Rotary.create config (CacheLength.Known 0) 4096
    /// </code></example>
    let create (config: ModelConfig) (held: CacheLength) (queries: int) : Rotary =
        let dims, theta = config.HeadDim, config.RopeTheta
        let trained = config.MaxPositionEmbeddings

        let plain = { Dims = dims; Frequencies = None; Base = theta; Scale = 1.0; Magnitude = 1.0 }

        match config.RopeScaling, held with
        | None, _ -> plain
        | Some(RopeScaling.Linear factor), _ -> { plain with Scale = 1.0 / factor }
        | Some(RopeScaling.Llama3 s), _ ->
            { plain with Frequencies = powers theta dims |> Array.map (llama3 s) |> tensor }
        | Some(RopeScaling.Yarn s), _ ->
            { plain with
                Frequencies = powers theta dims |> yarn s theta |> tensor
                Magnitude = s.AttentionFactor }
        | Some(RopeScaling.Dynamic factor), CacheLength.Known held ->
            let ratio = float (max (held + queries) trained) / float trained
            { plain with Base = dynamic factor theta dims ratio }
        | Some(RopeScaling.Dynamic factor), CacheLength.Traced held ->
            // In a traced function the length is no number yet: base^(2 i / dims) of a tensor.
            let count = held + queries |> Tensor.astype DType.Float32
            let ratio = count / float32 trained |> Tensor.maximum (Tensor.scalar 1.0f)
            let growth = ratio * float32 factor - float32 (factor - 1.0)
            let exponents = [| for i in 0 .. dims / 2 - 1 -> float32 (2 * i) / float32 (dims - 2) |]
            let theta = powers theta dims |> Array.map float32 |> MlxArray.From

            { plain with
                Frequencies = Some(theta * (growth |> Tensor.power (MlxArray.From exponents))) }

    /// <summary>Turns x, (batch, heads, length, size), whose first position is the
    /// offset.</summary>
    /// <example><code>x |> Rotary.apply rotary (CacheLength.Known 0)</code></example>
    let apply (rotary: Rotary) (offset: CacheLength) (x: Tensor) : Tensor =
        let frequencies = Option.toObj rotary.Frequencies
        let theta = if isNull frequencies then Nullable(float32 rotary.Base) else Nullable()
        let scale = float32 rotary.Scale

        match offset with
        | CacheLength.Known offset ->
            Fast.Rope(x, rotary.Dims, false, theta, scale, offset, frequencies)
        | CacheLength.Traced offset ->
            Fast.Rope(x, rotary.Dims, offset, false, theta, scale, frequencies)
