namespace Mlx.Hosting

open System.Text.Json
open Mlx.Models

/// The body of `/v1/completions`.
type internal TextRequest =
    {
        Prompts: int[] list
        Options: GenerateOptions
        /// Answers to each prompt.
        Count: int
        /// Whether the prompt is said again before its answer.
        Echo: bool
        Stream: bool
        StreamUsage: bool
    }

/// The body of `/v1/embeddings`.
type internal EmbeddingRequest =
    {
        Inputs: int[] list
        /// Whether vectors are numbers in base64 rather than a list.
        Base64: bool
        Dimensions: int option
    }

module internal TextRequest =
    let private most = 128

    let private ids (model: HostedModel) (fields: Fields) name (e: JsonElement) : int[] =
        [| for item in e.EnumerateArray() ->
               match item.ValueKind = JsonValueKind.Number, lazy item.TryGetInt32() with
               | true, Lazy(true, id) when id >= 0 && id < model.LanguageModel.VocabSize -> id
               | _ -> fields.Refuse(name, "expected ids of tokens") |]

    /// A text, ids of tokens, or a list of either: the ids of each.
    let private inputs (model: HostedModel) (fields: Fields) (name: string) : int[] list =
        let text (e: JsonElement) = Tokenizer.prompt model.Tokenizer (nonNull (e.GetString()))

        let e = fields.Need name

        let all =
            match e.ValueKind with
            | JsonValueKind.String -> [ text e ]
            | JsonValueKind.Array when e.GetArrayLength() = 0 ->
                fields.Refuse(name, "expected at least one item")
            | JsonValueKind.Array when e[0].ValueKind = JsonValueKind.Number ->
                [ ids model fields name e ]
            | JsonValueKind.Array when e.GetArrayLength() > most ->
                fields.Refuse(name, $"expected at most {most} items")
            | JsonValueKind.Array ->
                [ for item in e.EnumerateArray() ->
                      match item.ValueKind with
                      | JsonValueKind.String -> text item
                      | JsonValueKind.Array -> ids model fields name item
                      | _ -> fields.Wrong(name, "texts or ids of tokens", item) ]
            | _ -> fields.Wrong(name, "a string or an array", e)

        for ids in all do
            if ids.Length = 0 then
                fields.Refuse(name, "expected something that is not empty")

            if ids.Length >= model.ContextLength then
                raise (Answer.TooLong(ids.Length, model.ContextLength))

        all

    let read (model: HostedModel) (body: JsonElement) : TextRequest =
        let fields = Fields("", body)
        Requests.checkModel model fields

        if fields.Try("suffix").IsSome then
            Api.refuse "suffix" "unsupported_value" "'suffix' is not supported."

        let count = Requests.count fields

        match fields.TryInt("best_of", 1, 16) with
        | Some best when best <> count ->
            Api.refuse "best_of" "unsupported_value" "'best_of' other than 'n' is not supported."
        | _ -> ()

        let isStream, usage = Requests.streaming fields
        // The API's own default is that small.
        let most = fields.TryInt("max_tokens", 1, 1 <<< 30) |> Option.defaultValue 16

        { Prompts = inputs model fields "prompt"
          Options =
            { Requests.options model fields (Some most) with
                LogProbs = fields.TryInt("logprobs", 0, 20) }
          Count = count
          Echo = fields.TryFlag "echo" |> Option.defaultValue false
          Stream = isStream
          StreamUsage = usage }

    let readEmbedding (model: HostedModel) (body: JsonElement) : EmbeddingRequest =
        let fields = Fields("", body)
        Requests.checkModel model fields

        { Inputs = inputs model fields "input"
          Base64 =
            (match fields.TryText "encoding_format" with
             | None
             | Some "float" -> false
             | Some "base64" -> true
             | Some other ->
                 fields.Refuse("encoding_format", $"'{other}' is neither float nor base64"))
          Dimensions = fields.TryInt("dimensions", 1, 1 <<< 20) }
