namespace Mlx.Hosting

open System
open System.Globalization
open System.Text.Json
open Mlx.Models

/// What requests of all kinds share.
module internal Requests =
    /// Reads every string once: bytes that are no UTF-8, and halves of characters, come to light.
    let rec private read (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.String -> e.GetString() |> ignore
        | JsonValueKind.Array ->
            for item in e.EnumerateArray() do
                read item
        | JsonValueKind.Object ->
            for p in e.EnumerateObject() do
                p.Name |> ignore
                read p.Value
        | _ -> ()

    let parse (body: ReadOnlyMemory<byte>) : JsonElement =
        let refuse (problem: exn) : 'T =
            Api.refuse null "invalid_json" $"The body is no valid JSON: {problem.Message}"

        try
            use document = JsonDocument.Parse body
            read document.RootElement
            document.RootElement.Clone()
        with
        | :? JsonException as e -> refuse e
        | :? InvalidOperationException as e -> refuse e

    let checkModel (model: HostedModel) (fields: Fields) =
        let name = fields.Text "model"

        if name <> model.Name then
            Api.noSuchModel name

    let private bias (model: HostedModel) (fields: Fields) : Map<int, float> =
        match fields.TryObject "logit_bias" with
        | None -> Map.empty
        | Some o ->
            Map
                [ for p in o.Element.EnumerateObject() do
                      match
                          Int32.TryParse(p.Name, NumberStyles.None, CultureInfo.InvariantCulture)
                      with
                      | true, id when id < model.LanguageModel.VocabSize ->
                          id, o.Number(p.Name, -100.0, 100.0)
                      | _ -> o.Refuse(p.Name, "expected the id of a token as the name") ]

    let private sampling (model: HostedModel) (fields: Fields) : Sampling =
        let s = model.Sampling

        let number name low high otherwise =
            fields.TryNumber(name, low, high) |> Option.defaultValue otherwise

        { s with
            Temperature = number "temperature" 0.0 2.0 s.Temperature
            TopP = number "top_p" 0.0 1.0 s.TopP
            MinP = number "min_p" 0.0 1.0 s.MinP
            TopK = fields.TryInt("top_k", 0, 1 <<< 20) |> Option.defaultValue s.TopK
            PresencePenalty = number "presence_penalty" -2.0 2.0 s.PresencePenalty
            FrequencyPenalty = number "frequency_penalty" -2.0 2.0 s.FrequencyPenalty
            RepetitionPenalty = number "repetition_penalty" 0.01 10.0 s.RepetitionPenalty
            LogitBias = bias model fields }

    /// How to generate; `most` is how many tokens were asked for.
    let options (model: HostedModel) (fields: Fields) (most: int option) : GenerateOptions =
        let stops = fields.TryTexts("stop", 16) |> Option.defaultValue []

        if List.contains "" stops then
            fields.Refuse("stop", "expected texts that are not empty")

        let seed =
            match fields.Try "seed" with
            | None -> Random.Shared.Next()
            | Some e ->
                match e.ValueKind = JsonValueKind.Number, lazy e.TryGetInt64() with
                | true, Lazy(true, seed) -> int (seed &&& 0x7FFFFFFFL)
                | _ -> fields.Wrong("seed", "an integer", e)

        { GenerateOptions.defaults with
            MaxTokens = defaultArg most model.Options.MaxTokens
            Seed = seed
            StopStrings = stops
            Sampling = sampling model fields }

    /// Whether the answer comes piece by piece, and whether the last piece tells the usage.
    let streaming (fields: Fields) : bool * bool =
        let isStream = fields.TryFlag "stream" |> Option.defaultValue false

        let usage =
            fields.TryObject "stream_options"
            |> Option.bind (fun o -> o.TryFlag "include_usage")
            |> Option.defaultValue false

        isStream, usage

    /// How many answers are wanted.
    let count (fields: Fields) : int = fields.TryInt("n", 1, 16) |> Option.defaultValue 1
