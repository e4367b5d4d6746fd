namespace Mlx.Models

open System.Collections.Generic
open Mlx
open Mlx.Core

/// <summary>One block of a Mistral: attention, then feed-forward, each on normalized input and
/// added to it.</summary>
type MistralLayer =
    {
        /// Attention.
        SelfAttn: SelfAttention
        /// The gated block.
        Mlp: FeedForward
        /// The norm before attention, (hidden).
        InputLayernorm: RmsNorm
        /// The norm before the gated block, (hidden).
        PostAttentionLayernorm: RmsNorm
    }

/// <summary>A Mistral without its output matrix.</summary>
type MistralBody =
    {
        /// A row for each token, (vocabulary, hidden).
        EmbedTokens: Lookup
        /// The blocks, from input to output.
        Layers: MistralLayer list
        /// The last norm, (hidden).
        Norm: RmsNorm
    }

/// <summary>
/// The parameters of a Mistral. Paths in this tree are the names in a Hugging Face checkpoint:
/// <c>model.layers.0.self_attn.q_proj.weight</c>.
/// </summary>
type Mistral =
    {
        /// All but the output matrix.
        Model: MistralBody
        /// The output matrix, (vocabulary, hidden); None where the embedding serves as one.
        LmHead: Dense option
    }

/// <summary>
/// Mistral (Jiang et al., 2023) as pure functions over its parameters: rotary positions,
/// grouped-query attention, SwiGLU and RMS norms.
/// </summary>
/// <example><code>
/// let config, model = Mistral.load "mistral-7b"
/// let logits, cache = Mistral.forward config model Cache.empty tokens
/// </code></example>
[<RequireQualifiedAccess>]
module Mistral =
    /// The parameters with zeros for tensors, which nobody computes: structure and shapes, with those
    /// matrices packed that have scales among the entries of a folder.
    let private like
        (config: MistralConfig)
        (entries: IReadOnlyDictionary<string, Tensor>)
        : Mistral =
        let hidden = config.HiddenSize
        let norm: RmsNorm = { Weight = Tensor.zeros [ hidden ] }
        let queries = config.NumAttentionHeads * config.HeadDim
        let keys = config.NumKeyValueHeads * config.HeadDim

        let matrix outputs inputs =
            Dense.Plain { Weight = Tensor.zeros [ outputs; inputs ]; Bias = None }

        let layer _ =
            { SelfAttn =
                { QProj = matrix queries hidden
                  KProj = matrix keys hidden
                  VProj = matrix keys hidden
                  OProj = matrix hidden queries }
              Mlp =
                { GateProj = matrix config.IntermediateSize hidden
                  UpProj = matrix config.IntermediateSize hidden
                  DownProj = matrix hidden config.IntermediateSize }
              InputLayernorm = norm
              PostAttentionLayernorm = norm }

        let plain =
            { Model =
                { EmbedTokens = Lookup.Plain { Weight = Tensor.zeros [ config.VocabSize; hidden ] }
                  Layers = List.init config.NumHiddenLayers layer
                  Norm = norm }
              LmHead =
                if config.TieWordEmbeddings then None else Some(matrix config.VocabSize hidden) }

        match config.Quantization with
        | Some packing ->
            plain |> Nn.quantize packing (fun at -> entries.ContainsKey(at + ".scales"))
        | None -> plain

    /// <summary>
    /// New parameters to train: matrices normal with deviation 1 / sqrt inputs, those that write to
    /// the residual stream less by sqrt (2 layers), norms 1.
    /// </summary>
    let init (config: MistralConfig) : Random<Mistral> =
        let model = like { config with Quantization = None } (Dictionary())
        let depth = sqrt (2.0 * float config.NumHiddenLayers)

        let draw (path: string, leaf: Tensor) =
            match Tensor.shape leaf with
            | [ _; inputs ] as shape ->
                let writes = path.EndsWith "o_proj.weight" || path.EndsWith "down_proj.weight"
                let deviation = 1.0 / sqrt (float inputs) / (if writes then depth else 1.0)
                Random.normal shape |> Random.map (fun w -> w * float32 deviation)
            | shape -> Random.result (Tensor.ones shape)

        Tree.named model
        |> Random.traverse draw
        |> Random.map (fun leaves -> Tree.ofLeaves model (Array.ofList leaves))

    /// Features of each position, (batch, length, hidden), after the last norm.
    let private body (config: MistralConfig) (model: MistralBody) (cache: Cache) (tokens: Tensor) =
        if tokens.NDim <> 2 || tokens.Dim 1 = 0 then
            invalidArg (nameof tokens) $"tokens are (batch, length), not {Tensor.shape tokens}"

        let shape =
            { Heads = config.NumAttentionHeads
              KvHeads = config.NumKeyValueHeads
              HeadDim = config.HeadDim
              RopeTheta = config.RopeTheta }

        let length = tokens.Dim 1
        let view = Cache.view config.SlidingWindow length cache
        let memories = cache |> Cache.memories model.Layers.Length

        let block x (layer: MistralLayer, memory) =
            let norm (scale: RmsNorm) x = x |> Tensor.rmsNorm config.RmsNormEps (Some scale.Weight)

            let struct (attended, memory) =
                x
                |> norm layer.InputLayernorm
                |> SelfAttention.apply shape layer.SelfAttn view memory

            let x = x + attended
            let x = x + (x |> norm layer.PostAttentionLayernorm |> FeedForward.apply layer.Mlp)
            memory, x

        let memories, x =
            List.zip model.Layers memories
            |> List.mapFold block (Lookup.apply model.EmbedTokens tokens)

        x |> Tensor.rmsNorm config.RmsNormEps (Some model.Norm.Weight),
        cache |> Cache.extend length memories

    let private head (model: Mistral) (x: Tensor) : Tensor =
        match model.LmHead with
        | Some head -> x |> Dense.apply head
        | None -> x |> Lookup.asLinear model.Model.EmbedTokens

    /// <summary>
    /// Reads on from a cache: tokens (batch, length) to the logits of each next token, (batch,
    /// length, vocabulary), and the cache that holds these tokens too.
    /// </summary>
    let forward
        (config: MistralConfig)
        (model: Mistral)
        (cache: Cache)
        (tokens: Tensor)
        : Tensor * Cache =
        let x, cache = body config model.Model cache tokens
        head model x, cache

    /// <summary>As <c>forward</c>, with the logits after the last token only, (batch,
    /// vocabulary).</summary>
    let next
        (config: MistralConfig)
        (model: Mistral)
        (cache: Cache)
        (tokens: Tensor)
        : Tensor * Cache =
        let x, cache = body config model.Model cache tokens
        let last = if x.Dim 1 = 1 then x else x |> Tensor.narrow 1 -1 (x.Dim 1)
        last |> Tensor.squeezeAxis 1 |> head model, cache

    /// <summary>The logits of each next token, reading from the start: (batch, length) -> (batch,
    /// length, vocabulary).</summary>
    let logits (config: MistralConfig) (model: Mistral) (tokens: Tensor) : Tensor =
        fst (forward config model Cache.empty tokens)

    /// <summary>
    /// The mean cross entropy of the next tokens in nats: of inputs and targets (batch, length)
    /// each, the targets one place ahead.
    /// </summary>
    let loss (config: MistralConfig) (model: Mistral) (inputs: Tensor, targets: Tensor) : Tensor =
        logits config model inputs |> Loss.crossEntropy targets |> Tensor.mean

    /// <summary>The model as <c>Generate</c> wants it.</summary>
    let languageModel (config: MistralConfig) (model: Mistral) : LanguageModel =
        LanguageModel(config.VocabSize, config.EosTokenIds, body config model.Model, head model)

    /// <summary>Reads a folder: <c>config.json</c> and one or many safetensors files.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// A file is missing or malformed, or weights are missing, unexpected or of another shape: all
    /// of them are told, by their paths.
    /// </exception>
    let load (folder: string) : MistralConfig * Mistral =
        let file = System.IO.Path.Combine(folder, "config.json")
        let config = MistralConfig.load file
        let isIgnored (name: string) = config.TieWordEmbeddings && name.StartsWith "lm_head."
        let entries = Weights.read folder

        let wanted =
            try
                like config entries
            with :? MlxException as e ->
                raise (ModelException(file, [ $"quantization: {e.Message}" ], e))

        config, entries |> Weights.fit folder isIgnored wanted

    /// <summary>Writes a folder that <c>load</c> and Hugging Face's library read.</summary>
    let save (folder: string) (config: MistralConfig) (model: Mistral) : unit =
        Weights.write folder (MistralConfig.toJson config) model
