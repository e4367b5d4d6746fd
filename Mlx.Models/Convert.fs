namespace Mlx.Models

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Mlx
open Mlx.Core

/// <summary>What becomes of the weights of a folder; change what you need of
/// <c>Convert.defaults</c>.</summary>
[<NoEquality; NoComparison>]
type ConvertOptions =
    {
        /// The dtype of floating tensors; as they are when None.
        DType: DType option
        /// The packing of each layer by its path (<c>model.layers.0.mlp.up_proj</c>), or None for
        /// numbers; all as they are when there is no such function.
        Packing: (string -> Packing option) option
        /// Bytes of a file at most.
        ShardBytes: int64
    }

/// <summary>
/// Model folders into others: quantized, with other dtypes, as numbers again, or from a .gguf file.
/// Weights are read, changed and written one after the other, so a model may be larger than memory.
/// </summary>
[<RequireQualifiedAccess>]
module Convert =
    /// <summary>A copy of the weights as they are.</summary>
    /// <example><code>
    /// { Convert.defaults with DType = Some DType.BFloat16 }
    /// |> Convert.folder "mistral" "mistral-bf16"
    /// </code></example>
    let defaults: ConvertOptions =
        { DType = None; Packing = None; ShardBytes = Weights.shardBytes }

    /// <summary>All layers packed in one way, where their rows fall into its groups.</summary>
    /// <example><code>
    /// Convert.quantize Packing.affine |> Convert.folder "mistral-7b" "mistral-7b-4bit"
    /// </code></example>
    let quantize (packing: Packing) : ConvertOptions =
        { defaults with Packing = Some(fun _ -> Some packing) }

    /// <summary>All layers as numbers.</summary>
    /// <example><code>
    /// Convert.dequantize |> Convert.folder "mistral-4bit" "mistral-f16"
    /// </code></example>
    let dequantize: ConvertOptions = { defaults with Packing = Some(fun _ -> None) }

    /// <summary>
    /// A packing by path that spends more bits where they matter most: on the output matrix, and on
    /// values and down projections of the first and last eighth of the layers and of every third
    /// one between them, as llama.cpp's Q4_K_M and mlx-lm's <c>mixed_*</c> do.
    /// </summary>
    /// <example><code>
    /// let packing = Convert.mixed 32 Packing.affine { Packing.affine with Bits = 6 }
    /// let options = { Convert.defaults with Packing = Some packing }
    /// </code></example>
    let mixed (layers: int) (low: Packing) (high: Packing) (path: string) : Packing option =
        let matters index =
            index < layers / 8 || index >= 7 * layers / 8 || (index - layers / 8) % 3 = 2

        match path.Split '.' with
        | [| "model"; "layers"; index; _; ("v_proj" | "down_proj") |] when matters (int index) ->
            Some high
        | [| "lm_head" |] -> Some high
        | _ -> Some low

    let private fits (weight: Tensor) (packing: Packing) = weight.Dim -1 % packing.GroupSize = 0

    let private dense (options: ConvertOptions) path (p: Dense) : Dense =
        match options.Packing, p with
        | None, _ -> p
        | Some packing, Dense.Quantized q when packing path = Some q.Matrix.Packing -> p
        | Some packing, _ ->
            let plain = Dense.dequantize p

            match packing path with
            | Some packing when fits (Dense.weight plain) packing -> Dense.quantize packing plain
            | _ -> plain

    let private lookup (options: ConvertOptions) path (p: Lookup) : Lookup =
        match options.Packing, p with
        | None, _ -> p
        | Some packing, Lookup.Quantized q when packing path = Some q.Matrix.Packing -> p
        | Some packing, _ ->
            match Lookup.dequantize p, packing path with
            | Lookup.Plain embedding as plain, Some packing when fits embedding.Weight packing ->
                Lookup.quantize packing plain
            | plain, _ -> plain

    /// <summary>Parameters at hand, converted; nothing is computed yet.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">There is no such packing.</exception>
    /// <example><code>
    /// let small = model.Parameters |> Convert.parameters (Convert.quantize Packing.mxfp4)
    /// </code></example>
    let parameters (options: ConvertOptions) (parameters: CausalLM) : CausalLM =
        let cast =
            match options.DType with
            | Some dtype -> Precision.cast dtype
            | None -> id

        // Cast first, so that scales are computed in the dtype that they are stored in.
        parameters
        |> cast
        |> Tree.mapNodes (dense options)
        |> Tree.mapNodes (lookup options)
        |> cast

    /// What a tokenizer, a chat and a generation need beside the weights.
    let private companions =
        [ "generation_config.json"
          "tokenizer.json"
          "tokenizer.model"
          "tekken.json"
          "tokenizer_config.json"
          "special_tokens_map.json"
          "added_tokens.json"
          "vocab.json"
          "merges.txt"
          "chat_template.jinja"
          "chat_template.json" ]

    /// The config.json of the source with what has changed; ours where the source has none.
    let private configText (source: string) (config: ModelConfig) (dtype: DType option) : string =
        let file = Path.Combine(source, "config.json")

        let json =
            if File.Exists file then File.ReadAllText file else Model.configJson config
            |> JsonNode.Parse
            |> nonNull
            |> _.AsObject()

        json.Remove "quantization" |> ignore
        json.Remove "quantization_config" |> ignore

        match config.Quantization with
        | Some q ->
            // Hugging Face's library looks for one, MLX for the other.
            json["quantization"] <- Quantization.write q
            json["quantization_config"] <- Quantization.write q
        | None -> ()

        match dtype with
        | Some dtype -> json["torch_dtype"] <- JsonValue.Create(dtype.Name())
        | None -> ()

        json.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"

    /// <summary>
    /// Converts a model folder (or a .gguf file) into another folder, weight by weight, and copies
    /// what belongs to the tokenizer. A layer whose rows do not fall into the groups of its packing
    /// stays as it is.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// The source is no model, the target is the source, or there is no such packing.
    /// </exception>
    /// <exception cref="T:System.IO.IOException">A file cannot be written.</exception>
    /// <example><code>
    /// Convert.quantize Packing.affine |> Convert.folder "mistral-7b" "mistral-7b-4bit"
    /// </code></example>
    let folder (source: string) (target: string) (options: ConvertOptions) : unit =
        if Path.GetFullPath source = Path.GetFullPath target then
            raise (ModelException(target, [ "a model cannot be converted into its own folder" ]))

        // Every tensor on the way is freed here, written or not.
        use _ = Scope.Enter()
        let model = Model.load source

        let converted =
            try
                parameters options model.Parameters
            with :? MlxException as e ->
                raise (ModelException(source, [ e.Message ], e))

        let config = CausalLM.configOf model.Config converted

        Weights.writeConsuming
            options.ShardBytes
            target
            (configText source config options.DType)
            converted

        for name in companions do
            let file = Path.Combine(source, name)

            if File.Exists file then
                File.Copy(file, Path.Combine(target, name), overwrite = true)
