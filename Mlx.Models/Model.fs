namespace Mlx.Models

open System.IO
open Mlx
open Mlx.Core

/// <summary>A model from a folder, whatever its family.</summary>
[<NoEquality; NoComparison>]
type Model =
    {
        /// Where it comes from.
        Folder: string
        /// The last part of that path.
        Name: string
        /// Its shape.
        Config: ModelConfig
        /// How its makers generate with it.
        Generation: GenerationConfig
        /// Its weights, mapped from the files: what is not used is not read.
        Parameters: CausalLM
        /// What generation needs of it.
        LanguageModel: LanguageModel
    }

/// <summary>Models from folders as Hugging Face lays them out, chosen by <c>model_type</c> of
/// <c>config.json</c>: Mistral, Llama, Qwen2, Qwen3.</summary>
/// <example><code>
/// let model = Model.load "mistral-7b"
/// Generate.tokens model.LanguageModel GenerateOptions.defaults [ 1; 5; 9 ]
/// |> Seq.iter (printf "%d ")
/// </code></example>
[<RequireQualifiedAccess>]
module Model =
    let private families = [ MistralConfig.family; Llama.family; Qwen2.family; Qwen3.family ]

    /// <summary>The families there are, as <c>model_type</c> names them.</summary>
    /// <example><code>
    /// Model.types
    /// // => ["mistral"; "llama"; "qwen2"; "qwen3"]
    /// </code></example>
    let types: string list = families |> List.map _.ModelType

    /// <summary>Reads the text of a <c>config.json</c>.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// It describes no model of these families; all that is wrong with it is told at once.
    /// </exception>
    /// <example><code>let config = Model.parseConfig json</code></example>
    let parseConfig (json: string) : ModelConfig =
        ConfigReader.OfText "config.json" json |> Family.read families

    /// <summary>Reads the <c>config.json</c> of a folder.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// There is none, or it describes no model of these families; all that is wrong with it is told
    /// at once.
    /// </exception>
    /// <example><code>let config = Model.loadConfig "mistral-7b"</code></example>
    let loadConfig (folder: string) : ModelConfig =
        ConfigReader.OfFile(Path.Combine(folder, "config.json")) |> Family.read families

    /// <summary>The text of a <c>config.json</c> that Hugging Face's library reads.</summary>
    /// <exception cref="T:System.ArgumentException">There is no such family.</exception>
    /// <example><code>let json = Model.configJson config</code></example>
    let configJson (config: ModelConfig) : string =
        match families |> List.tryFind (fun f -> f.ModelType = config.ModelType) with
        | Some family -> config |> ModelConfig.write family.Architecture
        | None -> invalidArg (nameof config) $"there is no model_type \"{config.ModelType}\""

    /// The tokens that end a text: the generation defaults know best, where they know any.
    let private withEos (generation: GenerationConfig) (folder: string) (config: ModelConfig) =
        match generation.EosTokenIds with
        | [] -> config
        | ids ->
            match ids |> List.filter (fun id -> id >= config.VocabSize) with
            | [] -> { config with EosTokenIds = ids }
            | outside ->
                let file = Path.Combine(folder, "generation_config.json")

                let problems =
                    [ for id in outside ->
                          $"eos_token_id: {id} is outside the vocabulary of {config.VocabSize}" ]

                raise (ModelException(file, problems))

    /// <summary>A model of parameters at hand.</summary>
    /// <example><code>
    /// let model = CausalLM.init config |> Random.run (Key.ofSeed 0) |> Model.create "tiny" config
    /// </code></example>
    let create (folder: string) (config: ModelConfig) (parameters: CausalLM) : Model =
        { Folder = folder
          Name = DirectoryInfo(folder).Name
          Config = config
          Generation = GenerationConfig.none
          Parameters = parameters
          LanguageModel = CausalLM.languageModel config parameters }

    /// <summary>The same model with other parameters: adapted, merged, packed or trained
    /// on.</summary>
    /// <example><code>
    /// let tuned = model |> Model.withParameters (model.Parameters |> Lora.merge adapter)
    /// </code></example>
    let withParameters (parameters: CausalLM) (model: Model) : Model =
        let config = CausalLM.configOf model.Config parameters

        { model with
            Config = config
            Parameters = parameters
            LanguageModel = CausalLM.languageModel config parameters }

    /// <summary>
    /// Reads a folder: <c>config.json</c>, <c>generation_config.json</c> where there is one, and
    /// one or many safetensors files, plain or quantized. The weights are mapped, so that it takes
    /// no time and no memory until they are used. Or a .gguf file of llama.cpp, or a folder whose
    /// only weights are one: that is read as a whole, Q4_0, Q4_1 and Q8_0 as they are packed and
    /// the other types as float16.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// A file is missing or malformed, the family is not supported, or weights are missing,
    /// unexpected or of another shape: all of it is told at once.
    /// </exception>
    /// <example><code>let model = Model.load "mistral-7b"</code></example>
    let load (folder: string) : Model =
        match GgufFile.find folder with
        | Some file ->
            let config, parameters =
                use scope = Scope.Enter()
                let json, entries = GgufFile.read file
                let config = ConfigReader.OfText file json |> Family.read families
                let parameters = CausalLM.ofEntries file config entries
                config, parameters |> Tree.map scope.Keep

            create file config parameters
        | None ->
            if not (Directory.Exists folder) then
                raise (ModelException(folder, [ "there is no such folder" ]))

            let generation = GenerationConfig.load folder
            let config = loadConfig folder |> withEos generation folder
            let parameters = CausalLM.load folder config
            { create folder config parameters with Generation = generation }

    /// <summary>Writes <c>config.json</c> and the weights into a folder that <c>load</c> and
    /// Hugging Face's library read.</summary>
    /// <exception cref="T:System.IO.IOException">A file cannot be written.</exception>
    /// <example><code>model |> Model.save "my-model"</code></example>
    let save (folder: string) (model: Model) : unit =
        let config = CausalLM.configOf model.Config model.Parameters
        Weights.write folder (configJson config) model.Parameters
