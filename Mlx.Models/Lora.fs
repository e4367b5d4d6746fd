namespace Mlx.Models

open System.Collections.Generic
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Mlx
open Mlx.Core

/// <summary>Which matrices are corrected, and how: LoRA, or DoRA. Change what you need of
/// <c>Lora.defaults</c>.</summary>
type Lora =
    {
        /// Columns of the thin matrices.
        Rank: int
        /// What the correction is multiplied by.
        Scale: float
        /// Whether rows have a learnt length: DoRA.
        IsDora: bool
        /// Only so many of the last layers; all of them when None.
        NumLayers: int option
        /// Only these matrices of a layer (<c>self_attn.q_proj</c>); all of them when None.
        Keys: string list option
    }

/// <summary>What is learnt beside a model: corrections by the path of their matrix. A tree, whose
/// paths are the names that mlx-lm has for them:
/// <c>model.layers.0.self_attn.q_proj.lora_a</c>.</summary>
type Adapter = Map<string, LowRank>

/// <summary>
/// Fine-tuning by corrections of low rank (Hu et al., 2021; Liu et al., 2024) beside weights that
/// stay as they are, plain or packed. The folders are those of mlx-lm: <c>adapters.safetensors</c>
/// and <c>adapter_config.json</c>.
/// </summary>
/// <example><code>
/// let model = Model.load "mistral-7b-4bit"
/// let adapter = Lora.init Lora.defaults model.Parameters |> Random.run (Key.ofSeed 0)
/// let loss adapter batch =
///     CausalLM.loss model.Config (model.Parameters |> Lora.attach adapter) batch
/// let step = TrainStep.fuse (Optim.adamW 1e-4) loss
/// </code></example>
[<RequireQualifiedAccess>]
module Lora =
    let private weights = "adapters.safetensors"
    let private settings = "adapter_config.json"

    /// <summary>Rank 8 and scale 20 on all matrices of all layers.</summary>
    /// <example><code>
    /// { Lora.defaults with Keys = Some [ "self_attn.q_proj"; "self_attn.v_proj" ] }
    /// </code></example>
    let defaults: Lora = { Rank = 8; Scale = 20.0; IsDora = false; NumLayers = None; Keys = None }

    /// The matrices of a model that are corrected.
    let private chosen (lora: Lora) (parameters: CausalLM) : (string * Dense) list =
        let layers = parameters.Model.Layers.Length
        let first = layers - (lora.NumLayers |> Option.defaultValue layers)

        let isChosen (path: string) =
            match path.Split('.', 4) with
            | [| "model"; "layers"; index; key |] ->
                int index >= first && lora.Keys |> Option.forall (List.contains key)
            | _ -> false

        parameters |> CausalLM.matrices |> List.filter (fst >> isChosen)

    /// <summary>Corrections that change nothing yet, for the matrices chosen.</summary>
    /// <exception cref="T:System.ArgumentException">No matrix is chosen.</exception>
    /// <example><code>
    /// let adapter = Lora.init Lora.defaults model.Parameters |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (lora: Lora) (parameters: CausalLM) : Random<Adapter> =
        let draw (path: string, matrix: Dense) =
            let outputs, inputs = Dense.size matrix

            let withLengths correction =
                if lora.IsDora then
                    correction |> LowRank.withMagnitude (Dense.weight matrix)
                else
                    correction

            LowRank.init lora.Rank lora.Scale inputs outputs
            |> Random.map (fun correction -> path, withLengths correction)

        match chosen lora parameters with
        | [] -> invalidArg (nameof lora) "none of the matrices has one of these keys"
        | matrices -> matrices |> Random.traverse draw |> Random.map Map

    /// <summary>The model with corrections: the same parameters, of which those that are corrected
    /// compute with both. The adapter's tensors are in it, so gradients reach them.</summary>
    /// <exception cref="T:System.ArgumentException">The model has no such matrix.</exception>
    /// <example><code>let adapted = model.Parameters |> Lora.attach adapter</code></example>
    let attach (adapter: Adapter) (parameters: CausalLM) : CausalLM =
        let matrices = parameters |> CausalLM.matrices |> List.map fst |> Set.ofList

        match adapter |> Map.keys |> Seq.filter (matrices.Contains >> not) |> List.ofSeq with
        | [] -> ()
        | unknown -> invalidArg (nameof adapter) $"""no matrices: {String.concat ", " unknown}"""

        parameters
        |> Tree.mapNodes (fun path matrix ->
            match adapter |> Map.tryFind path with
            | Some correction -> matrix |> Dense.adapt correction
            | None -> matrix)

    /// <summary>The model with corrections worked into its weights; packed ones are packed
    /// again.</summary>
    /// <exception cref="T:System.ArgumentException">The model has no such matrix.</exception>
    /// <example><code>
    /// model |> Model.withParameters (model.Parameters |> Lora.merge adapter) |> Model.save "tuned"
    /// </code></example>
    let merge (adapter: Adapter) (parameters: CausalLM) : CausalLM =
        parameters |> attach adapter |> Tree.mapNodes (fun _ matrix -> Dense.merge matrix)

    /// <summary>Writes a folder that <c>load</c> and mlx-lm read.</summary>
    /// <exception cref="T:System.IO.IOException">A file cannot be written.</exception>
    /// <example><code>adapter |> Lora.save "adapters" Lora.defaults</code></example>
    let save (folder: string) (lora: Lora) (adapter: Adapter) : unit =
        let json = JsonObject()
        let parameters = JsonObject()
        parameters["rank"] <- JsonValue.Create lora.Rank
        parameters["scale"] <- JsonValue.Create lora.Scale
        parameters["dropout"] <- JsonValue.Create 0.0

        match lora.Keys with
        | Some keys ->
            let key (name: string) : JsonNode | null = JsonValue.Create name
            parameters["keys"] <- JsonArray [| for name in keys -> key name |]
        | None -> ()

        json["fine_tune_type"] <- JsonValue.Create(if lora.IsDora then "dora" else "lora")
        // mlx-lm takes all layers where there are none to count.
        json["num_layers"] <- JsonValue.Create(lora.NumLayers |> Option.defaultValue -1)
        json["lora_parameters"] <- parameters
        ignore (Directory.CreateDirectory folder)

        Safetensors.Save(
            Path.Combine(folder, weights),
            [ for path, x in Tree.named adapter -> KeyValuePair(path, x) ]
        )

        let text = json.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"
        Weights.writeText (Path.Combine(folder, settings)) text

    let private readSettings (folder: string) : Lora =
        let r = ConfigReader.OfFile(Path.Combine(folder, settings))

        let isDora =
            match r.TryString "fine_tune_type" with
            | None
            | Some "lora" -> false
            | Some "dora" -> true
            | Some other ->
                r.Problem("fine_tune_type", $"lora or dora is wanted, \"{other}\" was found")
                false

        let layers = r.Int("num_layers", -1, 4096)
        let inner = r.Inner "lora_parameters"

        if inner.IsNone && not (r.Has "lora_parameters") then
            r.Problem("lora_parameters", "missing")

        let lora =
            match inner with
            | Some p ->
                { Rank = p.Int("rank", 1, 65536)
                  Scale = p.Float("scale", -1e6, 1e6)
                  IsDora = isDora
                  NumLayers = if layers > 0 then Some layers else None
                  Keys = p.TryStrings "keys" }
            | None -> defaults

        r.Check()
        lora

    /// <summary>Reads a folder that <c>save</c> or mlx-lm wrote, for the parameters that it was
    /// trained beside.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// A file is missing or malformed, or corrections are missing, unexpected or of another shape:
    /// all of it is told at once.
    /// </exception>
    /// <example><code>let lora, adapter = model.Parameters |> Lora.load "adapters"</code></example>
    let load (folder: string) (parameters: CausalLM) : Lora * Adapter =
        let lora = readSettings folder
        let file = Path.Combine(folder, weights)

        let like: Adapter =
            Map
                [ for path, matrix in chosen lora parameters do
                      let outputs, inputs = Dense.size matrix

                      path,
                      { LoraA = Tensor.zeros [ inputs; lora.Rank ]
                        LoraB = Tensor.zeros [ lora.Rank; outputs ]
                        M = if lora.IsDora then Some(Tensor.zeros [ outputs ]) else None
                        Scale = lora.Scale } ]

        lora, Weights.openFile file (fun _ -> true) |> Weights.fit file (fun _ -> false) like
