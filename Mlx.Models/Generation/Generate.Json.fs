namespace Mlx.Models

open System.Text.Json

/// <summary>Guides to texts that are JSON.</summary>
[<AutoOpen>]
module JsonSchemaGuides =
    /// <summary>Schemas of JSON texts.</summary>
    [<RequireQualifiedAccess>]
    module JsonSchema =
        /// <summary>
        /// The schema of a type: records (objects with their fields in order; optional ones may be
        /// left out), unions (the name of a case, or an object with it as <c>case</c> and its
        /// fields), options, lists, arrays, sets, maps of strings, tuples, enums, texts, numbers and
        /// bools.
        /// </summary>
        /// <exception cref="T:System.NotSupportedException">A part has another type.</exception>
        /// <example><code>
        /// type Recipe = { Title: string; Minutes: int option }
        /// JsonSchema.ofType&lt;Recipe> () |> JsonSchema.toText
        /// </code></example>
        let ofType<'T> () : JsonSchema = JsonType.schema typeof<'T>

        /// <summary>
        /// What makes guides for <c>GenerateOptions.Guide</c>: with them every text is JSON of the
        /// schema, whatever the model is, and complete within the tokens allowed. Keep it: it learns
        /// which tokens may come when.
        /// </summary>
        /// <exception cref="T:Mlx.Models.ModelException">No value is of the schema.</exception>
        /// <example><code>
        /// let guide = JsonSchema.anyObject |> JsonSchema.guide tokenizer model
        /// let options = { GenerateOptions.defaults with Guide = Some guide }
        /// </code></example>
        let guide
            (tokenizer: ITokenizer)
            (model: LanguageModel)
            (schema: JsonSchema)
            : unit -> ITokenGuide =
            let eos = model.Eos @ tokenizer.Eos |> List.distinct
            let automaton = JsonAutomaton(schema, tokenizer, model.VocabSize, eos)
            fun () -> JsonGuide automaton

/// <summary>Generation of JSON.</summary>
[<AutoOpen>]
module GenerateJson =
    /// <summary>Text from a model, token by token.</summary>
    [<RequireQualifiedAccess>]
    module Generate =
        /// <summary>
        /// JSON of a schema after a prompt: whatever the model is, it is complete, within the tokens
        /// allowed.
        /// </summary>
        /// <exception cref="T:System.ArgumentException">The tokens allowed are too few for
        /// any value of the schema.</exception>
        /// <example><code>
        /// Generate.json schema tokenizer model GenerateOptions.defaults [ 1; 5; 9 ]
        /// </code></example>
        let json
            (schema: JsonSchema)
            (tokenizer: ITokenizer)
            (model: LanguageModel)
            (options: GenerateOptions)
            (prompt: seq<int>)
            : string =
            let guide = schema |> JsonSchema.guide tokenizer model

            let bytes =
                [| for token in
                       Generate.run tokenizer model { options with Guide = Some guide } prompt do
                       yield! tokenizer.Bytes token.Id |]

            System.Text.Encoding.UTF8.GetString bytes

        /// <summary>
        /// A value of a type after a prompt: the model can write nothing but JSON of the type's
        /// schema, which is read into the value.
        /// </summary>
        /// <exception cref="T:System.NotSupportedException">The type has no schema; see
        /// <c>JsonSchema.ofType</c>.</exception>
        /// <exception cref="T:System.ArgumentException">The tokens allowed are too few for
        /// any value of the type.</exception>
        /// <example><code>
        /// type Recipe = { Title: string; Steps: string list }
        /// let recipe: Recipe = Generate.typed tokenizer model GenerateOptions.defaults prompt
        /// </code></example>
        let typed<'T>
            (tokenizer: ITokenizer)
            (model: LanguageModel)
            (options: GenerateOptions)
            (prompt: seq<int>)
            : 'T =
            let text = json (JsonSchema.ofType<'T>()) tokenizer model options prompt
            use document = JsonDocument.Parse text
            unbox<'T>(JsonType.read typeof<'T> document.RootElement)
