namespace Mlx.Models

open System.Text.Json
open System.Text.Json.Nodes
open Mlx

/// <summary>
/// The shape of a Mistral: what <c>config.json</c> of its folder says, by the same names.
/// </summary>
type MistralConfig =
    {
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
        /// Positions it was trained for.
        MaxPositionEmbeddings: int
        /// Positions that a query sees, itself included; all of them when None.
        SlidingWindow: int option
        /// Whether the embedding is the output matrix too.
        TieWordEmbeddings: bool
        /// The token that begins a text.
        BosTokenId: int option
        /// The tokens that end a text.
        EosTokenIds: int list
        /// How the weights are packed, in a quantized folder.
        Quantization: Packing option
    }

/// <summary>Reading, checking and writing <c>config.json</c>.</summary>
[<RequireQualifiedAccess>]
module MistralConfig =
    /// <summary>A small model: set its sizes with <c>{ defaults with ... }</c>.</summary>
    let defaults: MistralConfig =
        { VocabSize = 258
          HiddenSize = 128
          NumHiddenLayers = 4
          NumAttentionHeads = 4
          NumKeyValueHeads = 2
          HeadDim = 32
          IntermediateSize = 384
          RmsNormEps = 1e-5
          RopeTheta = 10000.0
          MaxPositionEmbeddings = 2048
          SlidingWindow = None
          TieWordEmbeddings = false
          BosTokenId = Some 256
          EosTokenIds = [ 257 ]
          Quantization = None }

    // Far above any model there is, and small enough that no product of two of them overflows.
    let private most = 1 <<< 24

    /// What makes a configuration impossible though each field is fine.
    let private contradictions (c: MistralConfig) =
        [ if c.NumKeyValueHeads > 0 && c.NumAttentionHeads % c.NumKeyValueHeads <> 0 then
              $"num_attention_heads ({c.NumAttentionHeads}) is no multiple of "
              + $"num_key_value_heads ({c.NumKeyValueHeads})"
          if c.HeadDim % 2 <> 0 then
              $"head_dim ({c.HeadDim}) is odd; rotary positions turn pairs"
          for id in Option.toList c.BosTokenId @ c.EosTokenIds do
              if id >= c.VocabSize then
                  $"the token {id} is outside the vocabulary of {c.VocabSize}" ]

    let private ofReader (source: string) (r: ConfigReader) : MistralConfig =
        match r.TryString "model_type" with
        | Some "mistral" -> ()
        | Some other -> r.Problem $"model_type: mistral is wanted, \"{other}\" was found"
        | None -> r.Problem "model_type: missing"

        match r.TryString "hidden_act" with
        | None
        | Some "silu" -> ()
        | Some other -> r.Problem $"hidden_act: silu is wanted, \"{other}\" was found"

        if r.Has "rope_scaling" then
            r.Problem "rope_scaling: a Mistral has none"

        let hidden = r.Int("hidden_size", 1, most)
        let heads = r.Int("num_attention_heads", 1, 4096)
        let rope = r.Inner "rope_parameters" |> Option.defaultValue r
        let headDim = if hidden > 0 && heads > 0 then hidden / heads else 0

        let config =
            { VocabSize = r.Int("vocab_size", 1, most)
              HiddenSize = hidden
              NumHiddenLayers = r.Int("num_hidden_layers", 1, 4096)
              NumAttentionHeads = heads
              NumKeyValueHeads = r.IntOr("num_key_value_heads", 1, 4096, heads)
              HeadDim = r.IntOr("head_dim", 2, 65536, headDim)
              IntermediateSize = r.Int("intermediate_size", 1, most)
              RmsNormEps = r.FloatOr("rms_norm_eps", 0.0, 1.0, 1e-6)
              RopeTheta = rope.FloatOr("rope_theta", 1.0, 1e12, 10000.0)
              MaxPositionEmbeddings = r.IntOr("max_position_embeddings", 1, 1 <<< 30, 131072)
              SlidingWindow = r.TryInt("sliding_window", 1, 1 <<< 30)
              TieWordEmbeddings = r.BoolOr("tie_word_embeddings", false)
              BosTokenId = r.TryInt("bos_token_id", 0, most)
              EosTokenIds = r.Ints("eos_token_id", 0, most)
              Quantization = Quantization.read r }

        r.Check()
        rope.Check()

        match contradictions config with
        | [] -> config
        | problems -> raise (ModelException(source, problems))

    /// <summary>Reads the text of a <c>config.json</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// It describes no Mistral; all that is wrong with it is told at once.
    /// </exception>
    let parse (json: string) : MistralConfig =
        ConfigReader.OfText "config.json" json |> ofReader "config.json"

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// There is none, or it describes no Mistral; all that is wrong with it is told at once.
    /// </exception>
    let load (path: string) : MistralConfig = ConfigReader.OfFile path |> ofReader path

    /// <summary>The text of a <c>config.json</c> that Hugging Face's library reads.</summary>
    let toJson (c: MistralConfig) : string =
        let json = JsonObject()
        let set (name: string) (value: JsonNode | null) = json[name] <- value
        let int (x: int) : JsonNode | null = JsonValue.Create x
        let orNull x = x |> Option.map int |> Option.toObj

        set "architectures" (JsonArray(JsonValue.Create "MistralForCausalLM"))
        set "model_type" (JsonValue.Create "mistral")
        set "vocab_size" (int c.VocabSize)
        set "hidden_size" (int c.HiddenSize)
        set "num_hidden_layers" (int c.NumHiddenLayers)
        set "num_attention_heads" (int c.NumAttentionHeads)
        set "num_key_value_heads" (int c.NumKeyValueHeads)
        set "head_dim" (int c.HeadDim)
        set "intermediate_size" (int c.IntermediateSize)
        set "rms_norm_eps" (JsonValue.Create c.RmsNormEps)
        set "rope_theta" (JsonValue.Create c.RopeTheta)
        set "hidden_act" (JsonValue.Create "silu")
        set "max_position_embeddings" (int c.MaxPositionEmbeddings)
        set "sliding_window" (orNull c.SlidingWindow)
        set "tie_word_embeddings" (JsonValue.Create c.TieWordEmbeddings)
        set "bos_token_id" (orNull c.BosTokenId)

        match c.EosTokenIds with
        | [] -> set "eos_token_id" null
        | [ one ] -> set "eos_token_id" (int one)
        | many -> set "eos_token_id" (JsonArray [| for id in many -> int id |])

        match c.Quantization with
        | Some q -> set "quantization" (Quantization.write q)
        | None -> ()

        json.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"
