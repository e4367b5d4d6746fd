namespace Mlx.Models

open Mlx

/// <summary>The shape of a Mistral: what its <c>config.json</c> says.</summary>
type MistralConfig = ModelConfig

/// <summary>The parameters of a Mistral; paths in this tree are the names in a checkpoint.</summary>
type Mistral = CausalLM

/// <summary>Reading and writing <c>config.json</c> of a Mistral.</summary>
[<RequireQualifiedAccess>]
module MistralConfig =
    /// v0.1 has a window in all its layers, later ones none. Nemo's heads are smaller than hidden
    /// size / heads, which `head_dim` says.
    let internal family: Family =
        { ModelType = "mistral"
          Architecture = "MistralForCausalLM"
          Read =
            fun r config -> { config with SlidingWindow = r.TryInt("sliding_window", 1, 1 <<< 30) } }

    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    /// <example><code>{ MistralConfig.defaults with SlidingWindow = Some 4096 }</code></example>
    let defaults: MistralConfig = { ModelConfig.defaults with ModelType = "mistral" }

    /// <summary>Reads the text of a <c>config.json</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// It describes no Mistral; all that is wrong with it is told at once.
    /// </exception>
    /// <example><code>let config = MistralConfig.parse json</code></example>
    let parse (json: string) : MistralConfig =
        ConfigReader.OfText "config.json" json |> Family.read [ family ]

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// There is none, or it describes no Mistral; all that is wrong with it is told at once.
    /// </exception>
    /// <example><code>let config = MistralConfig.load "mistral-7b/config.json"</code></example>
    let load (path: string) : MistralConfig = ConfigReader.OfFile path |> Family.read [ family ]

    /// <summary>The text of a <c>config.json</c> that Hugging Face's library reads.</summary>
    /// <example><code>let json = MistralConfig.toJson config</code></example>
    let toJson (config: MistralConfig) : string = config |> ModelConfig.write family.Architecture

/// <summary>
/// Mistral (Jiang et al., 2023) as pure functions over its parameters: those of <c>CausalLM</c>,
/// with Mistral's configuration.
/// </summary>
/// <example><code>
/// let config, model = Mistral.load "mistral-7b"
/// let logits, cache = Mistral.forward config model Cache.empty tokens
/// </code></example>
[<RequireQualifiedAccess>]
module Mistral =
    /// <summary>New parameters to train.</summary>
    /// <example><code>let model = Mistral.init config |> Random.run (Key.ofSeed 0)</code></example>
    let init (config: MistralConfig) : Random<Mistral> = CausalLM.init config

    /// <summary>
    /// Reads on from a cache: tokens (batch, length) to the logits of each next token, (batch,
    /// length, vocabulary), and the cache that holds these tokens too.
    /// </summary>
    /// <example><code>
    /// let logits, cache = Mistral.forward config model Cache.empty tokens
    /// </code></example>
    let forward (config: MistralConfig) (model: Mistral) (cache: Cache) (tokens: Tensor) =
        CausalLM.forward config model cache tokens

    /// <summary>As <c>forward</c>, with the logits after the last token only, (batch,
    /// vocabulary).</summary>
    /// <example><code>let logits, cache = Mistral.next config model cache tokens</code></example>
    let next (config: MistralConfig) (model: Mistral) (cache: Cache) (tokens: Tensor) =
        CausalLM.next config model cache tokens

    /// <summary>The logits of each next token, reading from the start: (batch, length) -> (batch,
    /// length, vocabulary).</summary>
    /// <example><code>let logits = Mistral.logits config model tokens</code></example>
    let logits (config: MistralConfig) (model: Mistral) (tokens: Tensor) : Tensor =
        CausalLM.logits config model tokens

    /// <summary>The mean cross entropy of the next tokens in nats: of inputs and targets (batch,
    /// length) each, the targets one place ahead.</summary>
    /// <example><code>
    /// let step = TrainStep.fuse (Optim.adamW 1e-3) (Mistral.loss config)
    /// </code></example>
    let loss (config: MistralConfig) (model: Mistral) (batch: Tensor * Tensor) : Tensor =
        CausalLM.loss config model batch

    /// <summary>The model as <c>Generate</c> wants it.</summary>
    /// <example><code>let model = Mistral.load "mistral-7b" ||> Mistral.languageModel</code></example>
    let languageModel (config: MistralConfig) (model: Mistral) : LanguageModel =
        CausalLM.languageModel config model

    /// <summary>Reads a folder: <c>config.json</c> and one or many safetensors files. For other
    /// families, and all that a folder says, <c>Model.load</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// A file is missing or malformed, or weights are missing, unexpected or of another shape: all
    /// of them are told, by their paths.
    /// </exception>
    /// <example><code>let config, model = Mistral.load "mistral-7b"</code></example>
    let load (folder: string) : MistralConfig * Mistral =
        let config = MistralConfig.load (System.IO.Path.Combine(folder, "config.json"))
        config, CausalLM.load folder config

    /// <summary>Writes a folder that <c>load</c> and Hugging Face's library read.</summary>
    /// <example><code>Mistral.save "my-mistral" config model</code></example>
    let save (folder: string) (config: MistralConfig) (model: Mistral) : unit =
        Weights.write folder (MistralConfig.toJson (CausalLM.configOf config model)) model
