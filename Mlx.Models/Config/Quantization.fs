namespace Mlx.Models

open System.Text.Json.Nodes
open Mlx

/// <summary>
/// How the weights of a folder are packed: the entry <c>quantization</c> of <c>config.json</c>, as
/// mlx-lm writes it.
/// </summary>
type Quantization =
    {
        /// For the layers without an entry of their own.
        Packing: Packing
        /// Layers with another packing, by path; None where the layer stays as it is.
        Layers: Map<string, Packing option>
    }

/// <summary>How the weights of a folder are packed.</summary>
[<RequireQualifiedAccess>]
module Quantization =
    /// <summary>The same packing for all layers.</summary>
    /// <example><code>
    /// let config = { config with Quantization = Some(Quantization.all Packing.mxfp4) }
    /// </code></example>
    let all (packing: Packing) : Quantization = { Packing = packing; Layers = Map.empty }

    /// <summary>The packing of a layer by its path; None where it is not packed.</summary>
    /// <example><code>
    /// let packing = quantization |> Quantization.at "model.layers.0.self_attn.q_proj"
    /// </code></example>
    let at (path: string) (quantization: Quantization) : Packing option =
        quantization.Layers |> Map.tryFind path |> Option.defaultValue (Some quantization.Packing)

    /// <summary>The packing that MLX takes in a mode where nothing else is said: groups of 64 and 4
    /// bits for <c>affine</c>.</summary>
    /// <exception cref="T:System.ArgumentException">There is no such mode.</exception>
    /// <example><code>Quantization.packing "mxfp4"</code></example>
    let packing (mode: string) : Packing =
        match mode with
        | "affine" -> Packing.affine
        | "mxfp4" -> Packing.mxfp4
        | "mxfp8" -> Packing.mxfp8
        | "nvfp4" -> Packing.nvfp4
        | other -> invalidArg (nameof mode) $"\"{other}\" is none of affine, mxfp4, mxfp8 and nvfp4"

    let private readPacking (q: ConfigReader) : Packing =
        let usual =
            match q.TryString "mode" |> Option.defaultValue "affine" with
            | "affine"
            | "mxfp4"
            | "mxfp8"
            | "nvfp4" as mode -> packing mode
            | other ->
                q.Problem("mode", $"\"{other}\" is none of affine, mxfp4, mxfp8 and nvfp4")
                Packing.affine

        { usual with
            GroupSize = q.IntOr("group_size", 1, 1024, usual.GroupSize)
            Bits = q.IntOr("bits", 1, 8, usual.Bits) }

    /// Layers are the entries that are objects or false; the others are words of the packing.
    let private readFields (q: ConfigReader) : Quantization =
        { Packing = readPacking q
          Layers =
            Map
                [ for name in q.Names do
                      if q.IsFalse name then
                          name, None
                      elif q.IsObject name then
                          name, q.Inner name |> Option.map readPacking ] }

    let internal read (config: ConfigReader) : Quantization option =
        match config.Inner "quantization", config.Inner "quantization_config" with
        | Some own, _ -> Some(readFields own)
        | None, Some foreign ->
            // Other libraries pack in other ways, which look like weights of odd shapes.
            let method = foreign.TryString "quant_method" |> Option.defaultValue "unknown"
            config.Problem("quantization_config", $"weights packed by {method} are not supported")
            None
        | None, None -> None

    let private writePacking (p: Packing) : JsonObject =
        let json = JsonObject()
        json["group_size"] <- JsonValue.Create p.GroupSize
        json["bits"] <- JsonValue.Create p.Bits
        json["mode"] <- JsonValue.Create p.Mode
        json

    let internal write (q: Quantization) : JsonObject =
        let json = writePacking q.Packing

        for KeyValue(path, own) in q.Layers do
            json[path] <-
                match own with
                | Some packing -> writePacking packing :> JsonNode
                | None -> JsonValue.Create false

        json
