namespace Mlx.Models

open System.Text.Json
open System.Text.Json.Nodes

/// <summary>
/// The shape of a model of the Llama family: what <c>config.json</c> of its folder says, by the
/// same names where there are such.
/// </summary>
type ModelConfig =
    {
        /// The family: <c>mistral</c>, <c>llama</c>, <c>qwen2</c> or <c>qwen3</c>.
        ModelType: string
        /// Tokens there are.
        VocabSize: int
        /// Features of a position.
        HiddenSize: int
        /// Blocks of attention and feed-forward.
        NumHiddenLayers: int
        /// Queries at each position.
        NumAttentionHeads: int
        /// Keys and values at each position; a divisor of the queries.
        NumKeyValueHeads: int
        /// Features of a query, key or value.
        HeadDim: int
        /// Features inside the feed-forward block.
        IntermediateSize: int
        /// Added to the mean square before its root.
        RmsNormEps: float
        /// Base of the rotary positions.
        RopeTheta: float
        /// How the rotary positions are stretched.
        RopeScaling: RopeScaling option
        /// Positions it was trained for.
        MaxPositionEmbeddings: int
        /// Positions that a query sees, itself included; all of them when None.
        SlidingWindow: int option
        /// Layers whose queries see all positions though there is a window.
        FullLayers: int list
        /// Whether queries, keys and values have a bias.
        QkvBias: bool
        /// Whether the output of attention has a bias.
        OutputBias: bool
        /// Whether the matrices of the feed-forward block have a bias.
        MlpBias: bool
        /// Whether queries and keys are normalized before they turn.
        QkNorm: bool
        /// Whether the embedding is the output matrix too.
        TieWordEmbeddings: bool
        /// The token that begins a text.
        BosTokenId: int option
        /// The tokens that end a text.
        EosTokenIds: int list
        /// How the weights are packed, in a quantized folder.
        Quantization: Quantization option
    }

/// <summary>Configurations, whatever the family.</summary>
[<RequireQualifiedAccess>]
module ModelConfig =
    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    /// <example><code>{ ModelConfig.defaults with NumHiddenLayers = 2 }</code></example>
    let defaults: ModelConfig =
        { ModelType = "llama"
          VocabSize = 258
          HiddenSize = 128
          NumHiddenLayers = 4
          NumAttentionHeads = 4
          NumKeyValueHeads = 2
          HeadDim = 32
          IntermediateSize = 384
          RmsNormEps = 1e-5
          RopeTheta = 10000.0
          RopeScaling = None
          MaxPositionEmbeddings = 2048
          SlidingWindow = None
          FullLayers = []
          QkvBias = false
          OutputBias = false
          MlpBias = false
          QkNorm = false
          TieWordEmbeddings = false
          BosTokenId = Some 256
          EosTokenIds = [ 257 ]
          Quantization = None }

    // Far above any model there is, and small enough that no product of two of them overflows.
    let private most = 1 <<< 24

    /// What makes a configuration impossible though each field is fine.
    let private contradictions (c: ModelConfig) =
        [ if c.NumKeyValueHeads > 0 && c.NumAttentionHeads % c.NumKeyValueHeads <> 0 then
              $"num_attention_heads ({c.NumAttentionHeads}) is no multiple of "
              + $"num_key_value_heads ({c.NumKeyValueHeads})"
          if c.HeadDim % 2 <> 0 then
              $"head_dim ({c.HeadDim}) is odd; rotary positions turn pairs"
          match c.RopeScaling with
          | Some(RopeScaling.Dynamic _) when c.HeadDim <= 2 ->
              $"head_dim ({c.HeadDim}) is too small for dynamic positions"
          | _ -> ()
          for id in Option.toList c.BosTokenId @ c.EosTokenIds do
              if id >= c.VocabSize then
                  $"the token {id} is outside the vocabulary of {c.VocabSize}" ]

    /// What all families say by the same names. Windows and biases are each family's own.
    let internal read (r: ConfigReader) : ModelConfig =
        match r.TryString "hidden_act" with
        | None
        | Some "silu" -> ()
        | Some other -> r.Problem("hidden_act", $"silu is wanted, \"{other}\" was found")

        let hidden = r.Int("hidden_size", 1, most)
        let heads = r.Int("num_attention_heads", 1, 4096)
        let headDim = if hidden > 0 && heads > 0 then hidden / heads else 0
        let positions = r.IntOr("max_position_embeddings", 1, 1 <<< 30, 131072)
        let theta, scaling = RopeScaling.read r 10000.0 positions

        { ModelType = r.TryString "model_type" |> Option.defaultValue ""
          VocabSize = r.Int("vocab_size", 1, most)
          HiddenSize = hidden
          NumHiddenLayers = r.Int("num_hidden_layers", 1, 4096)
          NumAttentionHeads = heads
          NumKeyValueHeads = r.IntOr("num_key_value_heads", 1, 4096, heads)
          HeadDim = r.IntOr("head_dim", 2, 65536, headDim)
          IntermediateSize = r.Int("intermediate_size", 1, most)
          RmsNormEps = r.FloatOr("rms_norm_eps", 0.0, 1.0, 1e-6)
          RopeTheta = theta
          RopeScaling = scaling
          MaxPositionEmbeddings = positions
          SlidingWindow = None
          FullLayers = []
          QkvBias = false
          OutputBias = false
          MlpBias = false
          QkNorm = false
          TieWordEmbeddings = r.BoolOr("tie_word_embeddings", false)
          BosTokenId = r.TryInt("bos_token_id", 0, most)
          EosTokenIds = r.Ints("eos_token_id", 0, most)
          Quantization = Quantization.read r }

    /// Layers that slide, from `layer_types` where the file has it, else as the family counts them.
    let internal windowed
        (r: ConfigReader)
        (window: int option)
        (slides: int -> bool)
        (config: ModelConfig)
        : ModelConfig =
        let slides =
            match r.TryStrings "layer_types" with
            | Some kinds when kinds.Length = config.NumHiddenLayers ->
                for kind in List.distinct kinds do
                    if kind <> "full_attention" && kind <> "sliding_attention" then
                        r.Problem("layer_types", $"there are no layers of \"{kind}\"")

                fun i -> kinds[i] = "sliding_attention"
            | Some kinds ->
                r.Problem("layer_types", $"{kinds.Length} layers, not {config.NumHiddenLayers}")
                slides
            | None -> slides

        match [ 0 .. config.NumHiddenLayers - 1 ] |> List.partition slides with
        | [], _ -> { config with SlidingWindow = None; FullLayers = [] }
        | _, full ->
            if window.IsNone then
                r.Problem("sliding_window", "missing, though layers have one")

            { config with SlidingWindow = window; FullLayers = full }

    /// Every problem of the fields, or else of what they say together.
    let internal check (r: ConfigReader) (config: ModelConfig) : ModelConfig =
        r.Check()

        match contradictions config with
        | [] -> config
        | problems -> raise (ModelException(r.Source, problems))

    /// <summary>The positions that a query of a layer sees; all of them when None.</summary>
    /// <example><code>config |> ModelConfig.window 0</code></example>
    let window (layer: int) (config: ModelConfig) : int option =
        if List.contains layer config.FullLayers then None else config.SlidingWindow

    /// The text of a config.json, with the name that Hugging Face's library has for the family.
    let internal write (architecture: string) (c: ModelConfig) : string =
        let json = JsonObject()
        let set (name: string) (value: JsonNode | null) = json[name] <- value
        let int (x: int) : JsonNode | null = JsonValue.Create x
        let bool (x: bool) : JsonNode | null = JsonValue.Create x
        let orNull x = x |> Option.map int |> Option.toObj

        set "architectures" (JsonArray(JsonValue.Create architecture))
        set "model_type" (JsonValue.Create c.ModelType)
        set "vocab_size" (int c.VocabSize)
        set "hidden_size" (int c.HiddenSize)
        set "num_hidden_layers" (int c.NumHiddenLayers)
        set "num_attention_heads" (int c.NumAttentionHeads)
        set "num_key_value_heads" (int c.NumKeyValueHeads)
        set "head_dim" (int c.HeadDim)
        set "intermediate_size" (int c.IntermediateSize)
        set "rms_norm_eps" (JsonValue.Create c.RmsNormEps)
        set "rope_theta" (JsonValue.Create c.RopeTheta)

        match c.RopeScaling with
        | Some scaling -> set "rope_scaling" (RopeScaling.write scaling)
        | None -> ()

        set "hidden_act" (JsonValue.Create "silu")
        set "max_position_embeddings" (int c.MaxPositionEmbeddings)
        set "sliding_window" (orNull c.SlidingWindow)

        if c.ModelType <> "mistral" then
            set "use_sliding_window" (bool c.SlidingWindow.IsSome)
            set "attention_bias" (bool c.OutputBias)
            set "mlp_bias" (bool c.MlpBias)

            if c.SlidingWindow.IsSome then
                let kind i =
                    if List.contains i c.FullLayers then "full_attention" else "sliding_attention"

                let kind (i: int) : JsonNode | null = JsonValue.Create(kind i)
                set "layer_types" (JsonArray [| for i in 0 .. c.NumHiddenLayers - 1 -> kind i |])

        set "tie_word_embeddings" (bool c.TieWordEmbeddings)
        set "bos_token_id" (orNull c.BosTokenId)

        match c.EosTokenIds with
        | [] -> set "eos_token_id" null
        | [ one ] -> set "eos_token_id" (int one)
        | many -> set "eos_token_id" (JsonArray [| for id in many -> int id |])

        match c.Quantization with
        | Some q -> set "quantization" (Quantization.write q)
        | None -> ()

        json.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"
