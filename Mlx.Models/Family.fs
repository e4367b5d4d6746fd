namespace Mlx.Models

/// What a family of models has of its own: how its config.json says the shared shape.
[<NoEquality; NoComparison>]
type internal Family =
    {
        /// Its name in config.json.
        ModelType: string
        /// Its class in Hugging Face's library.
        Architecture: string
        /// Its own fields, into what all families share; problems go to the reader.
        Read: ConfigReader -> ModelConfig -> ModelConfig
    }

[<RequireQualifiedAccess>]
module internal Family =
    /// Reads a config.json of one of these families; everything wrong with it is told at once.
    let read (families: Family list) (r: ConfigReader) : ModelConfig =
        let names = families |> List.map _.ModelType |> String.concat ", "

        let known =
            match r.TryString "model_type" with
            | Some name ->
                match families |> List.tryFind (fun f -> f.ModelType = name) with
                | Some family -> Some family
                | None ->
                    let wanted = if families.Length = 1 then names else $"one of {names}"
                    r.Problem("model_type", $"{wanted} is wanted, \"{name}\" was found")
                    None
            | None ->
                r.Problem("model_type", "missing")
                None

        match known with
        | Some family -> ModelConfig.read r |> family.Read r |> ModelConfig.check r
        // What other fields mean is not known in a family that nobody knows.
        | None when families.Length > 1 ->
            r.Check()
            ModelConfig.defaults
        | None -> ModelConfig.read r |> ModelConfig.check r
