namespace Mlx.Models

/// <summary>Llama 2 and 3 (Touvron et al., 2023; Grattafiori et al., 2024), and the many models of
/// their architecture: stretched positions, and biases where the configuration says so.</summary>
[<RequireQualifiedAccess>]
module Llama =
    let internal family: Family =
        { ModelType = "llama"
          Architecture = "LlamaForCausalLM"
          Read =
            fun r config ->
                let bias = r.BoolOr("attention_bias", false)

                if r.BoolOr("rope_traditional", false) then
                    r.Problem("rope_traditional", "neighbours that turn are not supported")

                { config with
                    QkvBias = bias
                    OutputBias = bias
                    MlpBias = r.BoolOr("mlp_bias", false) }
                |> ModelConfig.windowed r (r.TryInt("sliding_window", 1, 1 <<< 30)) (fun _ -> false) }

    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    /// <example><code>{ Llama.defaults with RopeTheta = 500000.0 }</code></example>
    let defaults: ModelConfig = { ModelConfig.defaults with ModelType = "llama" }
