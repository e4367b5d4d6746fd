namespace Mlx.Models

open System.Text.Json.Nodes

/// <summary>How weights are packed into small integers (MLX's <c>quantize</c>).</summary>
type Quantization =
    {
        /// Neighbours along the input axis that share a scale.
        GroupSize: int
        /// Bits of a weight.
        Bits: int
        /// <c>affine</c>, <c>mxfp4</c>, ...: what the integers mean.
        Mode: string
    }

module internal Quantization =
    let read (config: ConfigReader) : Quantization option =
        let inner = config.Inner "quantization"

        inner
        |> Option.map (fun q ->
            let quantization =
                { GroupSize = q.Int("group_size", 1, 1024)
                  Bits = q.Int("bits", 1, 8)
                  Mode = q.TryString "mode" |> Option.defaultValue "affine" }

            q.Check()
            quantization)

    let write (q: Quantization) : JsonObject =
        let json = JsonObject()
        json["group_size"] <- JsonValue.Create q.GroupSize
        json["bits"] <- JsonValue.Create q.Bits
        json["mode"] <- JsonValue.Create q.Mode
        json
