namespace Mlx.Models

open System.Text.Json.Nodes

/// <summary>
/// How rotary positions are stretched, so that a model reads further than it was first trained to:
/// the entry <c>rope_scaling</c> of <c>config.json</c> (<c>rope_parameters</c> in newer ones).
/// </summary>
[<RequireQualifiedAccess>]
type RopeScaling =
    /// Positions are divided by a factor.
    | Linear of factor: float
    /// The base grows with the text, once that is longer than the model was trained for (NTK).
    | Dynamic of factor: float
    /// Slow turns are divided by a factor, fast ones stay: Llama 3.1.
    | Llama3 of Llama3Scaling
    /// As Llama3 by another ramp, and scores grow: Peng et al., 2023, "YaRN".
    | Yarn of YarnScaling

/// <summary>The stretching of Llama 3.1.</summary>
and Llama3Scaling =
    {
        /// What the slowest turns are divided by.
        Factor: float
        /// Wavelengths longer than the old context divided by it are slow.
        LowFreqFactor: float
        /// Wavelengths shorter than the old context divided by it stay.
        HighFreqFactor: float
        /// Positions it was first trained for.
        OriginalMaxPositionEmbeddings: int
    }

/// <summary>The stretching of YaRN.</summary>
and YarnScaling =
    {
        /// What the slowest turns are divided by.
        Factor: float
        /// Features that turn more often than this in the old context stay.
        BetaFast: float
        /// Features that turn less often than this are divided by the factor.
        BetaSlow: float
        /// Queries and keys are multiplied by it.
        AttentionFactor: float
        /// Positions it was first trained for.
        OriginalMaxPositionEmbeddings: int
    }

/// Reading and writing the entry, where Hugging Face has it.
[<RequireQualifiedAccess>]
module internal RopeScaling =
    let private most = 1 <<< 30

    /// Hugging Face's `get_mscale`.
    let private magnitude (factor: float) (scale: float) =
        if factor <= 1.0 then 1.0 else 0.1 * scale * log factor + 1.0

    let private yarn (r: ConfigReader) (factor: float) (positions: int) : YarnScaling =
        let attention =
            match r.TryFloat("mscale", 0.0, 1e3), r.TryFloat("mscale_all_dim", 0.0, 1e3) with
            | Some scale, Some all when scale > 0.0 && all > 0.0 ->
                magnitude factor scale / magnitude factor all
            | _ -> magnitude factor 1.0

        { Factor = factor
          BetaFast = r.FloatOr("beta_fast", 1e-6, 1e6, 32.0)
          BetaSlow = r.FloatOr("beta_slow", 1e-6, 1e6, 1.0)
          AttentionFactor = r.FloatOr("attention_factor", 1e-3, 1e3, attention)
          OriginalMaxPositionEmbeddings =
            r.IntOr("original_max_position_embeddings", 1, most, positions) }

    let private ofFields (r: ConfigReader) (positions: int) : RopeScaling option =
        // Older files say "type", newer ones "rope_type"; some say both.
        let kind =
            match r.TryString "rope_type", r.TryString "type" with
            | Some kind, _
            | None, Some kind -> kind
            | None, None -> "default"

        let factor () = r.Float("factor", 1e-3, 1e6)

        match kind with
        | "default" -> None
        | "linear" -> Some(RopeScaling.Linear(factor ()))
        | "dynamic" -> Some(RopeScaling.Dynamic(factor ()))
        | "yarn" -> Some(RopeScaling.Yarn(yarn r (factor ()) positions))
        | "llama3" ->
            let scaling =
                { Factor = factor ()
                  LowFreqFactor = r.FloatOr("low_freq_factor", 1e-3, 1e6, 1.0)
                  HighFreqFactor = r.FloatOr("high_freq_factor", 1e-3, 1e6, 4.0)
                  OriginalMaxPositionEmbeddings =
                    r.IntOr("original_max_position_embeddings", 1, most, 8192) }

            if scaling.LowFreqFactor = scaling.HighFreqFactor then
                r.Problem("high_freq_factor", "it equals low_freq_factor")

            Some(RopeScaling.Llama3 scaling)
        | other ->
            r.Problem("rope_type", $"default, linear, dynamic, llama3 or yarn, not \"{other}\"")
            None

    /// The base of the positions, and how they are stretched.
    let read (config: ConfigReader) (theta: float) (positions: int) : float * RopeScaling option =
        let ownTheta (r: ConfigReader) otherwise = r.FloatOr("rope_theta", 1.0, 1e12, otherwise)

        match config.Inner "rope_parameters", config.Inner "rope_scaling" with
        | Some r, _ when r.Has "full_attention" || r.Has "sliding_attention" ->
            config.Problem("rope_parameters", "one kind of positions for all layers is wanted")
            theta, None
        | Some r, _ -> ownTheta r (ownTheta config theta), ofFields r positions
        | None, Some r -> ownTheta config theta, ofFields r positions
        | None, None -> ownTheta config theta, None

    let write (scaling: RopeScaling) : JsonObject =
        let json = JsonObject()
        let set (name: string) (value: float) = json[name] <- JsonValue.Create value
        let count (name: string) (value: int) = json[name] <- JsonValue.Create value
        let kind (name: string) = json["rope_type"] <- JsonValue.Create name

        match scaling with
        | RopeScaling.Linear factor ->
            kind "linear"
            set "factor" factor
        | RopeScaling.Dynamic factor ->
            kind "dynamic"
            set "factor" factor
        | RopeScaling.Llama3 s ->
            kind "llama3"
            set "factor" s.Factor
            set "low_freq_factor" s.LowFreqFactor
            set "high_freq_factor" s.HighFreqFactor
            count "original_max_position_embeddings" s.OriginalMaxPositionEmbeddings
        | RopeScaling.Yarn s ->
            kind "yarn"
            set "factor" s.Factor
            set "beta_fast" s.BetaFast
            set "beta_slow" s.BetaSlow
            set "attention_factor" s.AttentionFactor
            count "original_max_position_embeddings" s.OriginalMaxPositionEmbeddings

        json
