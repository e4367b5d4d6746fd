namespace Mlx.Models

/// <summary>Qwen3 (Yang et al., 2025): queries and keys are normalized before they turn, and a head
/// has a size of its own.</summary>
[<RequireQualifiedAccess>]
module Qwen3 =
    let internal family: Family =
        { ModelType = "qwen3"
          Architecture = "Qwen3ForCausalLM"
          Read =
            fun r config ->
                let bias = r.BoolOr("attention_bias", false)

                { config with
                    QkNorm = true
                    // Not hidden size / heads, as elsewhere.
                    HeadDim = r.IntOr("head_dim", 2, 65536, 128)
                    QkvBias = bias
                    OutputBias = bias }
                |> Qwen2.windows r }

    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    /// <example><code>{ Qwen3.defaults with HeadDim = 64 }</code></example>
    let defaults: ModelConfig =
        { ModelConfig.defaults with
            ModelType = "qwen3"
            QkNorm = true
            RopeTheta = 1e6 }
