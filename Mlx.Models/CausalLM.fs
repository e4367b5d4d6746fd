namespace Mlx.Models

open System.Collections.Generic
open Mlx
open Mlx.Core

/// <summary>One block: attention, then feed-forward, each on normalized input and added to
/// it.</summary>
type DecoderLayer =
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

/// <summary>A model without its output matrix.</summary>
type DecoderBody =
    {
        /// A row for each token, (vocabulary, hidden).
        EmbedTokens: Lookup
        /// The blocks, from input to output.
        Layers: DecoderLayer list
        /// The last norm, (hidden).
        Norm: RmsNorm
    }

/// <summary>
/// The parameters of a causal language model. Paths in this tree are the names in a Hugging Face
/// checkpoint: <c>model.layers.0.self_attn.q_proj.weight</c>.
/// </summary>
type CausalLM =
    {
        /// All but the output matrix.
        Model: DecoderBody
        /// The output matrix, (vocabulary, hidden); None where the embedding serves as one.
        LmHead: Dense option
    }

/// <summary>
/// The architecture that Llama, Mistral and Qwen share, as pure functions over its parameters:
/// rotary positions, grouped-query attention, SwiGLU and RMS norms. What a family adds (biases,
/// norms of queries and keys, windows, stretched positions) is in its configuration.
/// </summary>
/// <example><code>
/// let logits, cache = CausalLM.forward config parameters Cache.empty tokens
/// </code></example>
[<RequireQualifiedAccess>]
module CausalLM =
    /// The parameters with zeros for tensors, which nobody computes: structure and shapes, with
    /// those matrices packed that have scales among the entries of a folder.
    let internal like (config: ModelConfig) (entries: IReadOnlyDictionary<string, Tensor>) =
        let hidden = config.HiddenSize
        let norm size : RmsNorm = { Weight = Tensor.zeros [ size ] }
        let queries = config.NumAttentionHeads * config.HeadDim
        let keys = config.NumKeyValueHeads * config.HeadDim

        let matrix hasBias outputs inputs =
            let bias = if hasBias then Some(Tensor.zeros [ outputs ]) else None
            Dense.Plain { Weight = Tensor.zeros [ outputs; inputs ]; Bias = bias }

        let headNorm = if config.QkNorm then Some(norm config.HeadDim) else None

        let layer _ =
            { SelfAttn =
                { QProj = matrix config.QkvBias queries hidden
                  KProj = matrix config.QkvBias keys hidden
                  VProj = matrix config.QkvBias keys hidden
                  OProj = matrix config.OutputBias hidden queries
                  QNorm = headNorm
                  KNorm = headNorm }
              Mlp =
                { GateProj = matrix config.MlpBias config.IntermediateSize hidden
                  UpProj = matrix config.MlpBias config.IntermediateSize hidden
                  DownProj = matrix config.MlpBias hidden config.IntermediateSize }
              InputLayernorm = norm hidden
              PostAttentionLayernorm = norm hidden }

        let tied = config.TieWordEmbeddings

        let plain =
            { Model =
                { EmbedTokens = Lookup.Plain { Weight = Tensor.zeros [ config.VocabSize; hidden ] }
                  Layers = List.init config.NumHiddenLayers layer
                  Norm = norm hidden }
              LmHead = if tied then None else Some(matrix false config.VocabSize hidden) }

        match config.Quantization with
        | Some quantization ->
            let packing path =
                if entries.ContainsKey(path + ".scales") then
                    quantization |> Quantization.at path
                else
                    None

            plain |> Nn.quantizeBy packing
        | None -> plain

    /// <summary>
    /// New parameters to train: matrices normal with deviation 1 / sqrt inputs, those that write to
    /// the residual stream less by sqrt (2 layers), norms 1, biases 0.
    /// </summary>
    /// <example><code>
    /// let parameters = CausalLM.init config |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (config: ModelConfig) : Random<CausalLM> =
        let model = like { config with Quantization = None } (Dictionary())
        let depth = sqrt (2.0 * float config.NumHiddenLayers)

        let draw (path: string, leaf: Tensor) =
            match Tensor.shape leaf with
            | [ _; inputs ] as shape ->
                let writes = path.EndsWith "o_proj.weight" || path.EndsWith "down_proj.weight"
                let deviation = 1.0 / sqrt (float inputs) / (if writes then depth else 1.0)
                Random.normal shape |> Random.map (fun w -> w * float32 deviation)
            | shape when path.EndsWith ".bias" -> Random.result (Tensor.zeros shape)
            | shape -> Random.result (Tensor.ones shape)

        Tree.named model
        |> Random.traverse draw
        |> Random.map (fun leaves -> Tree.ofLeaves model (Array.ofList leaves))

    /// What the blocks of one pass have in common.
    let private shape (config: ModelConfig) (cache: Cache) (length: int) : AttentionShape =
        { Heads = config.NumAttentionHeads
          KvHeads = config.NumKeyValueHeads
          HeadDim = config.HeadDim
          Rotary = Rotary.create config cache.Length length
          NormEps = config.RmsNormEps }

    /// The cache as each layer sees it. One view for each window there is: masks are made once, not
    /// in every layer.
    let private views (config: ModelConfig) (cache: Cache) (length: int) : CacheView list =
        let views =
            Map
                [ for window in List.distinct [ config.SlidingWindow; None ] ->
                      window, lazy Cache.view window length cache ]

        [ for i in 0 .. config.NumHiddenLayers - 1 -> views[config |> ModelConfig.window i].Value ]

    let private norm (config: ModelConfig) (p: RmsNorm) (x: Tensor) : Tensor =
        x |> Tensor.rmsNorm config.RmsNormEps (Some p.Weight)

    /// One block: features (batch, length, hidden) to the same, and what the layer remembers.
    let private block config shape (layer: DecoderLayer) view memory (x: Tensor) =
        let struct (attended, memory) =
            x
            |> norm config layer.InputLayernorm
            |> SelfAttention.apply shape layer.SelfAttn view memory

        let x = x + attended
        let x = x + (x |> norm config layer.PostAttentionLayernorm |> FeedForward.apply layer.Mlp)
        struct (x, memory)

    let private requireTokens (tokens: Tensor) =
        if tokens.NDim <> 2 || tokens.Dim 1 = 0 then
            invalidArg (nameof tokens) $"tokens are (batch, length), not {Tensor.shape tokens}"

    /// Features of each position, (batch, length, hidden), after the last norm.
    let private body (config: ModelConfig) (model: DecoderBody) (cache: Cache) (tokens: Tensor) =
        requireTokens tokens
        let length = tokens.Dim 1
        let shape = shape config cache length
        let memories = cache |> Cache.memories model.Layers.Length

        let read x (layer, view, memory) =
            let struct (x, memory) = block config shape layer view memory x
            memory, x

        let memories, x =
            List.zip3 model.Layers (views config cache length) memories
            |> List.mapFold read (Lookup.apply model.EmbedTokens tokens)

        norm config model.Norm x, cache |> Cache.extend length memories

    let private head (model: CausalLM) (x: Tensor) : Tensor =
        match model.LmHead with
        | Some head -> x |> Dense.apply head
        | None -> x |> Lookup.asLinear model.Model.EmbedTokens

    /// <summary>
    /// Reads on from a cache: tokens (batch, length) to the logits of each next token, (batch,
    /// length, vocabulary), and the cache that holds these tokens too.
    /// </summary>
    /// <example><code>
    /// let logits, cache = CausalLM.forward config parameters Cache.empty tokens
    /// </code></example>
    let forward
        (config: ModelConfig)
        (model: CausalLM)
        (cache: Cache)
        (tokens: Tensor)
        : Tensor * Cache =
        let x, cache = body config model.Model cache tokens
        head model x, cache

    /// <summary>As <c>forward</c>, with the logits after the last token only, (batch,
    /// vocabulary).</summary>
    /// <example><code>
    /// let logits, cache = CausalLM.next config parameters cache tokens
    /// </code></example>
    let next
        (config: ModelConfig)
        (model: CausalLM)
        (cache: Cache)
        (tokens: Tensor)
        : Tensor * Cache =
        Step.next (body config model.Model) (head model) cache tokens

    /// <summary>The logits of each next token, reading from the start: (batch, length) -> (batch,
    /// length, vocabulary).</summary>
    /// <example><code>let logits = CausalLM.logits config parameters tokens</code></example>
    let logits (config: ModelConfig) (model: CausalLM) (tokens: Tensor) : Tensor =
        fst (forward config model Cache.empty tokens)

    /// <summary>
    /// As <c>logits</c>, (batch, length) -> (batch, length, vocabulary), for training in less memory:
    /// a gradient computes each block again rather than keep what it needs of it (Chen et al., 2016:
    /// "Training deep nets with sublinear memory cost").
    /// </summary>
    /// <example><code>
    /// let logits = CausalLM.checkpointedLogits config parameters tokens
    /// </code></example>
    let checkpointedLogits (config: ModelConfig) (model: CausalLM) (tokens: Tensor) : Tensor =
        requireTokens tokens
        let shape = shape config Cache.empty (tokens.Dim 1)

        // All that a block uses is an argument: what the loss makes on its way is gone by the time
        // that the gradient computes the block again. Codes, masks and turns have no gradients.
        let again (layer: DecoderLayer, shape: AttentionShape, view: CacheView, x: Tensor) =
            let constant (x: Tensor) = if x.DType.IsFloating() then x else Tensor.stopGradient x
            let layer = Tree.map constant layer
            let struct (x, _) = block config (stopGradient shape) layer (stopGradient view) None x
            x

        let read x (layer, view) = checkpoint again (layer, shape, view, x)

        List.zip model.Model.Layers (views config Cache.empty (tokens.Dim 1))
        |> List.fold read (Lookup.apply model.Model.EmbedTokens tokens)
        |> norm config model.Model.Norm
        |> head model

    /// <summary>
    /// The mean cross entropy of the next tokens in nats: of inputs and targets (batch, length)
    /// each, the targets one place ahead.
    /// </summary>
    /// <example><code>
    /// let step = TrainStep.fuse (Optim.adamW 1e-3) (CausalLM.loss config)
    /// </code></example>
    let loss (config: ModelConfig) (model: CausalLM) (inputs: Tensor, targets: Tensor) : Tensor =
        logits config model inputs |> Loss.crossEntropy targets |> Tensor.mean

    /// <summary>The model as <c>Generate</c> wants it.</summary>
    /// <example><code>let model = CausalLM.languageModel config parameters</code></example>
    let languageModel (config: ModelConfig) (model: CausalLM) : LanguageModel =
        LanguageModel(config.VocabSize, config.EosTokenIds, body config model.Model, head model)

    /// The parts of a type in a tree, by path.
    let private parts<'Part> (model: CausalLM) : (string * 'Part) list =
        let found = List<string * 'Part>()

        let note path (part: 'Part) =
            found.Add((path, part))
            part

        model |> Tree.mapNodes note |> ignore
        List.ofSeq found

    /// The linear maps of a model, by path.
    let internal matrices (model: CausalLM) : (string * Dense) list = parts model

    /// How the layers of a tree are packed, by path: what `quantization` of config.json says.
    let private packings (model: CausalLM) : (string * Packing) list =
        [ for path, p in matrices model do
              match p with
              | Dense.Quantized { Matrix = matrix }
              | Dense.AdaptedQuantized { Base = { Matrix = matrix } } -> path, matrix.Packing
              | Dense.Plain _
              | Dense.Adapted _ -> ()
          for path, p in parts<Lookup> model do
              match p with
              | Lookup.Quantized { Matrix = matrix } -> path, matrix.Packing
              | Lookup.Plain _ -> () ]

    /// <summary>The configuration with the packing that parameters have, which may have been packed
    /// or unpacked since they were read.</summary>
    /// <example><code>
    /// let small = parameters |> Nn.quantize Packing.mxfp4 (fun _ -> true)
    /// let config = small |> CausalLM.configOf config
    /// </code></example>
    let configOf (config: ModelConfig) (model: CausalLM) : ModelConfig =
        let packings = packings model

        let agrees (q: Quantization) =
            packings |> List.forall (fun (path, p) -> Quantization.at path q = Some p)

        match packings, config.Quantization with
        | [], _ -> { config with Quantization = None }
        | _, Some quantization when agrees quantization -> config
        | _ ->
            let usual = packings |> List.countBy snd |> List.maxBy snd |> fst
            let others = packings |> List.filter (fun (_, p) -> p <> usual)

            let quantization =
                { Packing = usual; Layers = Map [ for path, p in others -> path, Some p ] }

            { config with Quantization = Some quantization }

    /// The parameters of this configuration from tensors by name.
    let internal ofEntries
        (source: string)
        (config: ModelConfig)
        (entries: IReadOnlyDictionary<string, Tensor>)
        : CausalLM =
        let isIgnored (name: string) =
            config.TieWordEmbeddings && name.StartsWith "lm_head."
            // Tables that older checkpoints carry along; they follow from the configuration.
            || name.EndsWith ".rotary_emb.inv_freq"

        let wanted =
            try
                like config entries
            with :? MlxException as e ->
                let file = System.IO.Path.Combine(source, "config.json")
                raise (ModelException(file, [ $"quantization: {e.Message}" ], e))

        entries |> Weights.fit source isIgnored wanted

    /// Reads the weights of a folder whose config.json says this.
    let internal load (folder: string) (config: ModelConfig) : CausalLM =
        Weights.read folder |> ofEntries folder config
