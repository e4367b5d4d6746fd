namespace Mlx.Models

open System.Collections.Generic
open System.IO
open Mlx
open Mlx.Core

/// <summary>A tensor of a checkpoint as its file's header tells it.</summary>
type StoredTensor =
    {
        /// The path of the weight.
        Name: string
        /// How its elements are stored.
        DType: DType
        /// Its shape.
        Shape: int list
        /// What it takes in the file.
        Bytes: int64
        /// The file that has it, without the folder.
        File: string
    }

/// <summary>What a folder holds, told by its headers alone.</summary>
type CheckpointSummary =
    {
        /// Where it lies.
        Folder: string
        /// The family, by the name that <c>config.json</c> has for it.
        ModelType: string option
        /// The sizes that <c>config.json</c> has, by its names and in one order.
        Sizes: (string * int) list
        /// Whether the embedding is the output matrix too.
        TieWordEmbeddings: bool
        /// How the weights are packed, if they are.
        Quantization: Quantization option
        /// The tensors, by file and then by name.
        Tensors: StoredTensor list
    }

/// <summary>Looking at a checkpoint without loading it.</summary>
[<RequireQualifiedAccess>]
module Checkpoint =
    // As for the sizes of a configuration that is loaded.
    let private most = 1 <<< 30

    let private sizes =
        [ "vocab_size"
          "hidden_size"
          "num_hidden_layers"
          "num_attention_heads"
          "num_key_value_heads"
          "head_dim"
          "intermediate_size"
          "max_position_embeddings"
          "sliding_window" ]

    let private header (folder: string) (file: string, wanted: string list option) =
        let path = Path.Combine(folder, file)

        let entries =
            try
                Safetensors.ReadHeader path
            with
            | :? MlxFileException
            | :? IOException
            | :? System.UnauthorizedAccessException as e ->
                raise (ModelException(path, [ e.Message ], e))

        let isWanted =
            match wanted with
            | Some names -> (HashSet names).Contains
            | None -> fun _ -> true

        [ for e in entries do
              if isWanted e.Name then
                  { Name = e.Name
                    DType = e.DType
                    Shape = List.ofSeq e.Shape
                    Bytes = e.Bytes
                    File = file } ]
        |> List.sortBy _.Name

    /// <summary>
    /// Reads <c>config.json</c> and the headers of the weights' files: milliseconds, whatever the
    /// size of the weights, and for families too that cannot be loaded.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// A file is missing or malformed, or a size is no size.
    /// </exception>
    /// <example><code>
    /// let summary = Checkpoint.inspect "mistral-7b"
    /// printfn $"{Checkpoint.parameters summary} parameters, {Checkpoint.bytes summary} bytes"
    /// </code></example>
    let inspect (folder: string) : CheckpointSummary =
        let files = Weights.files folder
        let config = ConfigReader.OfFile(Path.Combine(folder, "config.json"))

        let summary =
            { Folder = folder
              ModelType = config.TryString "model_type"
              Sizes =
                [ for name in sizes do
                      match config.TryInt(name, 0, most) with
                      | Some size -> name, size
                      | None -> () ]
              TieWordEmbeddings = config.BoolOr("tie_word_embeddings", false)
              Quantization = Quantization.read config
              Tensors = [] }

        config.Check()
        { summary with Tensors = files |> List.collect (header folder) }

    /// The layer whose codes, scales or biases this tensor is, by its path.
    let private layer (name: string) =
        match name.LastIndexOf '.' with
        | -1 -> name
        | at -> name.Substring(0, at)

    let private elements (t: StoredTensor) = List.fold (fun n d -> n * int64 d) 1L t.Shape

    /// <summary>
    /// Numbers that the model has learnt: those packed into fewer bits count each, and their scales
    /// and biases do not.
    /// </summary>
    /// <example><code>printfn $"{Checkpoint.parameters summary:N0}"</code></example>
    let parameters (summary: CheckpointSummary) : int64 =
        let scales =
            dict
                [ for t in summary.Tensors do
                      if t.Name.EndsWith ".scales" then
                          layer t.Name, t ]

        let count (t: StoredTensor) =
            let packing = summary.Quantization |> Option.bind (Quantization.at (layer t.Name))

            match packing, scales.TryGetValue(layer t.Name) with
            | Some packing, (true, groups) when t.Name.EndsWith ".weight" ->
                elements groups * int64 packing.GroupSize
            | Some _, (true, _) when t.Name.EndsWith ".scales" || t.Name.EndsWith ".biases" -> 0L
            | _ -> elements t

        summary.Tensors |> List.sumBy count

    /// <summary>Bytes that the weights take, in the files and in memory.</summary>
    /// <example><code>printfn $"{Checkpoint.bytes summary / 1_000_000_000L} GB"</code></example>
    let bytes (summary: CheckpointSummary) : int64 = summary.Tensors |> List.sumBy _.Bytes

    /// <summary>
    /// Bytes of weights that are read for each token: all but the rows of the embedding that are
    /// not looked up. Memory bandwidth divided by this is the most tokens a second there can be.
    /// </summary>
    /// <example><code>
    /// let most = 100e9 / float (Checkpoint.bytesPerToken summary)
    /// </code></example>
    let bytesPerToken (summary: CheckpointSummary) : int64 =
        let isRead (t: StoredTensor) =
            summary.TieWordEmbeddings || not (t.Name.StartsWith "model.embed_tokens.")

        summary.Tensors |> List.filter isRead |> List.sumBy _.Bytes

    /// <summary>Keys and values that a token leaves in the cache, in all layers together; None where
    /// <c>config.json</c> does not tell.</summary>
    /// <example><code>let values = Checkpoint.cachePerToken summary</code></example>
    let cachePerToken (summary: CheckpointSummary) : int64 option =
        let sizes = Map.ofList summary.Sizes
        let heads = sizes.TryFind "num_attention_heads"

        let headDim =
            match sizes.TryFind "head_dim", sizes.TryFind "hidden_size", heads with
            | Some size, _, _ -> Some size
            | None, Some hidden, Some heads when heads > 0 -> Some(hidden / heads)
            | _ -> None

        let keyHeads = sizes.TryFind "num_key_value_heads" |> Option.orElse heads

        match sizes.TryFind "num_hidden_layers", keyHeads, headDim with
        | Some layers, Some heads, Some size -> Some(2L * int64 layers * int64 heads * int64 size)
        | _ -> None

    /// <summary>
    /// Bytes that a token leaves in the cache, which keeps keys and values as wide as the model
    /// computes: in 16 bits unless weights are stored in 32.
    /// </summary>
    /// <example><code>let bytes = Checkpoint.cacheBytesPerToken summary</code></example>
    let cacheBytesPerToken (summary: CheckpointSummary) : int64 option =
        let isWide = summary.Tensors |> List.exists (fun t -> t.DType = DType.Float32)
        cachePerToken summary |> Option.map (fun n -> n * if isWide then 4L else 2L)
