namespace Mlx.Models

open System.Text.Json.Nodes
open Mlx

/// The entry of <c>config.json</c> that says how weights are packed.
module internal Quantization =
    let read (config: ConfigReader) : Packing option =
        let inner = config.Inner "quantization"

        inner
        |> Option.map (fun q ->
            let packing: Packing =
                { GroupSize = q.Int("group_size", 1, 1024)
                  Bits = q.Int("bits", 1, 8)
                  Mode = q.TryString "mode" |> Option.defaultValue "affine" }

            q.Check()
            packing)

    let write (q: Packing) : JsonObject =
        let json = JsonObject()
        json["group_size"] <- JsonValue.Create q.GroupSize
        json["bits"] <- JsonValue.Create q.Bits
        json["mode"] <- JsonValue.Create q.Mode
        json
