namespace Mlx.Models

/// <summary>Qwen2 and Qwen2.5 (Yang et al., 2024): queries, keys and values have biases, and the
/// upper layers may have a window.</summary>
[<RequireQualifiedAccess>]
module Qwen2 =
    /// Layers from `max_window_layers` on slide, where `use_sliding_window` says that any do.
    let internal windows (r: ConfigReader) (config: ModelConfig) : ModelConfig =
        let first = r.IntOr("max_window_layers", 0, 1 <<< 24, 28)
        let slides = r.BoolOr("use_sliding_window", false)

        let window = if slides then Some(r.IntOr("sliding_window", 1, 1 <<< 30, 4096)) else None

        config |> ModelConfig.windowed r window (fun i -> slides && i >= first)

    let internal family: Family =
        { ModelType = "qwen2"
          Architecture = "Qwen2ForCausalLM"
          Read = fun r config -> { config with QkvBias = true } |> windows r }

    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    /// <example><code>{ Qwen2.defaults with TieWordEmbeddings = true }</code></example>
    let defaults: ModelConfig =
        { ModelConfig.defaults with
            ModelType = "qwen2"
            QkvBias = true
            RopeTheta = 1e6 }
