namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text.Json.Nodes
open Mlx
open Mlx.Core

/// The files of llama.cpp as Hugging Face's folders: metadata as config.json, tensors under the
/// names of a checkpoint.
[<RequireQualifiedAccess>]
module internal GgufFile =
    let private isGguf (path: string) = path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)

    /// The .gguf file that a path means: itself, or the only one in a folder without other
    /// weights.
    let find (path: string) : string option =
        if isGguf path && File.Exists path then
            Some path
        elif not (Directory.Exists path) then
            None
        else
            match Directory.GetFiles path |> Array.filter isGguf with
            | [||] -> None
            | _ when Weights.isThere path -> None
            | [| one |] -> Some one
            | many ->
                let names =
                    many
                    |> Array.map (fun f -> FileInfo(f).Name)
                    |> Array.sort
                    |> String.concat ", "

                raise (ModelException(path, [ $"several models are there, name one: {names}" ]))

    /// The values of the metadata, as far as a configuration wants them.
    type private Metadata(path: string, values: IReadOnlyDictionary<string, GgufValue>) =
        member _.Text(key: string) : string option =
            match values.TryGetValue key with
            | true, (:? GgufValue.Text as text) -> Some text.Value
            | _ -> None

        /// A number, or a list of the same number, one for each layer.
        member _.Number(key: string) : float option =
            match values.TryGetValue key with
            | true, (:? GgufValue.Numbers as numbers) when numbers.Value.Size > 0L ->
                let all = numbers.Value |> Tensor.astype DType.Float32 |> Tensor.reshape [ -1 ]
                let first = all |> Tensor.narrow 0 0 1 |> Tensor.squeezeAxis 0 |> Tensor.toFloat

                if
                    all |> Tensor.equal (Tensor.scalar (float32 first)) |> Tensor.all |> Tensor.item
                then
                    Some first
                else
                    raise (ModelException(path, [ $"{key}: layers that differ are not supported" ]))
            | _ -> None

    /// Parts of names there and here.
    let private names =
        [ "token_embd.", "model.embed_tokens."
          "output_norm.", "model.norm."
          "output.", "lm_head."
          "blk.", "model.layers."
          ".attn_norm.", ".input_layernorm."
          ".ffn_norm.", ".post_attention_layernorm."
          ".attn_q.", ".self_attn.q_proj."
          ".attn_k.", ".self_attn.k_proj."
          ".attn_v.", ".self_attn.v_proj."
          ".attn_output.", ".self_attn.o_proj."
          ".attn_q_norm.", ".self_attn.q_norm."
          ".attn_k_norm.", ".self_attn.k_norm."
          ".ffn_gate.", ".mlp.gate_proj."
          ".ffn_up.", ".mlp.up_proj."
          ".ffn_down.", ".mlp.down_proj." ]

    let private rename (name: string) : string =
        (name, names)
        ||> List.fold (fun name (there, here) ->
            if there.StartsWith '.' then name.Replace(there, here)
            elif name.StartsWith there then here + name.Substring there.Length
            else name)

    /// llama.cpp turns neighbours where Hugging Face turns halves, and so has the rows of queries
    /// and keys in another order. Packed rows move as a whole.
    let private unpermute (heads: int) (x: Tensor) : Tensor =
        let shape = Tensor.shape x

        if heads <= 0 || shape.Head % (2 * heads) <> 0 then
            x
        else
            x
            |> Tensor.reshape ([ heads; shape.Head / heads / 2; 2 ] @ shape.Tail)
            |> Tensor.swapaxes 1 2
            |> Tensor.reshape shape

    /// The packing of each layer that has scales. llama.cpp packs in groups of 32.
    let private quantization (entries: IReadOnlyDictionary<string, Tensor>) : Quantization option =
        let packings =
            [ for entry in entries do
                  if entry.Key.EndsWith ".scales" then
                      let path = entry.Key.Substring(0, entry.Key.Length - ".scales".Length)

                      match entries.TryGetValue(path + ".weight") with
                      | true, codes when entry.Value.Dim -1 > 0 ->
                          let bits = codes.Dim -1 / entry.Value.Dim -1
                          path, { Packing.affine with GroupSize = 32; Bits = bits }
                      | _ -> () ]

        match packings |> List.countBy snd with
        | [] -> None
        | counts ->
            let usual = counts |> List.maxBy snd |> fst
            let others = packings |> List.filter (fun (_, p) -> p <> usual)
            Some { Packing = usual; Layers = Map [ for path, p in others -> path, Some p ] }

    /// The factors that llama.cpp keeps in place of Llama 3's numbers: all but the largest follow
    /// from it, as all these models have the same frequencies otherwise.
    let private llama3 (path: string) (dims: int) (theta: float) (factors: Tensor) : JsonObject =
        let scaling =
            { Factor = factors |> Tensor.max |> Tensor.toFloat
              LowFreqFactor = 1.0
              HighFreqFactor = 4.0
              OriginalMaxPositionEmbeddings = 8192 }

        let config =
            { ModelConfig.defaults with
                HeadDim = dims
                RopeTheta = theta
                RopeScaling = Some(RopeScaling.Llama3 scaling) }

        let agrees =
            match (Rotary.create config (CacheLength.Known 0) 1).Frequencies with
            | Some frequencies when Tensor.shape frequencies = Tensor.shape factors ->
                let plain = theta ** (2.0 / float dims)
                let powers = Tensor.arange (dims / 2) |> Tensor.astype DType.Float32
                let powers = Tensor.scalar (float32 plain) |> Tensor.power powers
                Tensor.allclose 1e-3 0.0 (frequencies / powers) factors
            | _ -> false

        if not agrees then
            raise (ModelException(path, [ "rope_freqs.weight: they are not those of Llama 3" ]))

        RopeScaling.write (RopeScaling.Llama3 scaling)

    let private config
        (path: string)
        (metadata: Metadata)
        (entries: IReadOnlyDictionary<string, Tensor>)
        (ropeFactors: Tensor option)
        : JsonObject =
        let json = JsonObject()
        let architecture = metadata.Text "general.architecture" |> Option.defaultValue ""
        let value key = metadata.Number $"{architecture}.{key}"
        let set (name: string) (x: float) = json[name] <- JsonValue.Create x
        let copy name key = value key |> Option.iter (set name)
        let has (name: string) = entries.ContainsKey name
        json["model_type"] <- JsonValue.Create architecture

        match entries.TryGetValue "model.embed_tokens.weight" with
        | true, embedding when embedding.NDim = 2 -> set "vocab_size" (float (embedding.Dim 0))
        | _ -> ()

        copy "hidden_size" "embedding_length"
        copy "num_hidden_layers" "block_count"
        copy "intermediate_size" "feed_forward_length"
        copy "num_attention_heads" "attention.head_count"
        copy "num_key_value_heads" "attention.head_count_kv"
        copy "rms_norm_eps" "attention.layer_norm_rms_epsilon"
        copy "rope_theta" "rope.freq_base"
        copy "max_position_embeddings" "context_length"
        copy "head_dim" "rope.dimension_count"
        copy "head_dim" "attention.key_length"
        json["tie_word_embeddings"] <- JsonValue.Create(not (has "lm_head.weight"))
        json["attention_bias"] <- JsonValue.Create(has "model.layers.0.self_attn.o_proj.bias")
        json["mlp_bias"] <- JsonValue.Create(has "model.layers.0.mlp.up_proj.bias")
        metadata.Number "tokenizer.ggml.bos_token_id" |> Option.iter (set "bos_token_id")

        let ends =
            [ "eos"; "eot"; "eom" ]
            |> List.choose (fun name -> metadata.Number $"tokenizer.ggml.{name}_token_id")
            |> List.distinct

        json["eos_token_id"] <- JsonArray [| for id in ends -> JsonValue.Create id :> JsonNode |]

        match metadata.Text $"{architecture}.rope.scaling.type", ropeFactors with
        | _, Some factors ->
            let heads = value "attention.head_count" |> Option.defaultValue 1.0
            let hidden = value "embedding_length" |> Option.defaultValue 0.0
            let dims = value "rope.dimension_count" |> Option.defaultValue (hidden / heads)
            let theta = value "rope.freq_base" |> Option.defaultValue 10000.0
            json["rope_scaling"] <- llama3 path (int dims) theta factors
        | None, None
        | Some "none", None -> ()
        | Some kind, None ->
            let scaling = JsonObject()
            scaling["rope_type"] <- JsonValue.Create kind

            for name, key in
                [ "factor", "factor"
                  "original_max_position_embeddings", "original_context_length" ] do
                value $"rope.scaling.{key}"
                |> Option.iter (fun x -> scaling[name] <- JsonValue.Create x)

            json["rope_scaling"] <- scaling

        match quantization entries with
        | Some q -> json["quantization"] <- Quantization.write q
        | None -> ()

        json

    /// The text of a config.json and the tensors by their names in a checkpoint.
    let read (path: string) : string * IReadOnlyDictionary<string, Tensor> =
        let file =
            try
                Gguf.Load path
            with
            | :? MlxFileException
            | :? IOException
            | :? UnauthorizedAccessException as e -> raise (ModelException(path, [ e.Message ], e))

        let metadata = Metadata(path, file.Metadata)
        let entries = Dictionary<string, Tensor>()

        for tensor in file.Arrays do
            entries[rename tensor.Key] <- tensor.Value

        let ropeFactors =
            match entries.TryGetValue "rope_freqs.weight" with
            | true, factors ->
                entries.Remove "rope_freqs.weight" |> ignore
                Some factors
            | _ -> None

        let config = config path metadata entries ropeFactors

        if metadata.Text "general.architecture" = Some "llama" then
            let heads name =
                metadata.Number $"llama.attention.{name}" |> Option.map int |> Option.defaultValue 0

            let queries = heads "head_count"
            let keys = if heads "head_count_kv" > 0 then heads "head_count_kv" else queries

            for name in List.ofSeq entries.Keys do
                if name.Contains ".q_proj." then
                    entries[name] <- unpermute queries entries[name]
                elif name.Contains ".k_proj." then
                    entries[name] <- unpermute keys entries[name]

        // Norms are float32 beside matrices of float16, which would make everything float32.
        if entries.Values |> Seq.exists (fun x -> x.DType = DType.Float16) then
            for name in List.ofSeq entries.Keys do
                let x = entries[name]

                if x.DType.IsFloating() then
                    entries[name] <- Tensor.astype DType.Float16 x

        MlxArray.Eval(ReadOnlySpan(Array.ofSeq entries.Values))
        config.ToJsonString(), entries
