namespace Mlx.Hosting

open System
open System.Text
open System.Text.Json.Nodes
open Mlx.Models

/// The JSON of answers, as OpenAI's API has it.
module internal Responses =
    let private text (s: string) : JsonNode | null = JsonValue.Create s
    let private int (n: int) : JsonNode | null = JsonValue.Create n
    let private long (n: int64) : JsonNode | null = JsonValue.Create n
    let private number (x: float) : JsonNode | null = JsonValue.Create x

    let object (fields: (string * (JsonNode | null)) list) : JsonObject =
        let o = JsonObject()

        for name, value in fields do
            o[name] <- value

        o

    let private array (items: seq<JsonNode | null>) : JsonNode | null = JsonArray(Array.ofSeq items)

    /// What all pieces of one answer have in common.
    type Head = { Id: string; Object: string; Created: int64; Model: string }

    let newHead (prefix: string) (kind: string) (model: HostedModel) : Head =
        { Id = prefix + Guid.NewGuid().ToString "N"
          Object = kind
          Created = DateTimeOffset.UtcNow.ToUnixTimeSeconds()
          Model = model.Name }

    let usage (all: Usage list) : JsonObject =
        // Several answers to one prompt read it once.
        let prompt = all |> List.sumBy _.PromptTokens
        let written = all |> List.sumBy _.GeneratedTokens
        let cached = object [ "cached_tokens", int (all |> List.sumBy _.CachedTokens) ]

        object
            [ "prompt_tokens", int prompt
              "completion_tokens", int written
              "total_tokens", int (prompt + written)
              "prompt_tokens_details", cached ]

    let body (head: Head) (choices: JsonObject list) (usage: JsonObject option) : JsonObject =
        object
            [ "id", text head.Id
              "object", text head.Object
              "created", long head.Created
              "model", text head.Model
              "choices", array [ for c in choices -> c ]
              match usage with
              | Some usage -> "usage", usage
              | None -> () ]

    let finish (calls: ToolCall list) (finish: Finish option) : JsonNode | null =
        match finish with
        | None -> null
        | Some _ when not calls.IsEmpty -> text "tool_calls"
        | Some { Reason = FinishReason.MaxTokens } -> text "length"
        | Some _ -> text "stop"

    let private call (place: int option) (c: ToolCall) : JsonNode | null =
        let f = object [ "name", text c.Name; "arguments", text (c.Arguments.GetRawText()) ]

        object
            [ match place with
              | Some i -> "index", int i
              | None -> ()
              "id", text c.Id
              "type", text "function"
              "function", f ]

    let private tokenText (model: HostedModel) (id: int) =
        Encoding.UTF8.GetString(model.Tokenizer.Bytes id)

    /// A token with its log-probability, as chats have it.
    let private chatLogProb (model: HostedModel) (id: int) (p: float) =
        let bytes = model.Tokenizer.Bytes id

        [ "token", text (Encoding.UTF8.GetString bytes)
          "logprob", number (max -9999.0 p)
          "bytes", array [ for b in bytes -> int (Operators.int b) ] ]

    let chatLogProbs (model: HostedModel) (tokens: Generated list) : JsonNode | null =
        let told = tokens |> List.filter _.LogProb.IsSome

        if told.IsEmpty then
            null
        else
            let one (t: Generated) : JsonNode | null =
                let top =
                    [ for id, p in t.TopLogProbs ->
                          object (chatLogProb model id p) :> JsonNode | null ]

                object (chatLogProb model t.Id t.LogProb.Value @ [ "top_logprobs", array top ])

            object [ "content", array (List.map one told); "refusal", null ]

    /// The whole of a chat's answer.
    let chatChoice (model: HostedModel) (index: int) (parts: AnswerPart list) : JsonObject =
        let content = parts |> Seq.map _.Text |> String.concat ""
        let calls = parts |> List.collect _.Calls
        let last = List.last parts

        let message =
            object
                [ "role", text "assistant"
                  "content", (if content = "" && not calls.IsEmpty then null else text content)
                  "refusal", null
                  if not calls.IsEmpty then
                      "tool_calls", array (calls |> List.map (call None)) ]

        object
            [ "index", int index
              "message", message
              "logprobs", chatLogProbs model [ for p in parts -> p.Token ]
              "finish_reason", finish calls last.Token.Finish ]

    let private delta index (fields: (string * (JsonNode | null)) list) logProbs reason =
        object
            [ "index", int index
              "delta", object fields
              "logprobs", logProbs
              "finish_reason", reason ]

    /// The first piece of a chat's answer.
    let chatStart (index: int) : JsonObject =
        delta index [ "role", text "assistant"; "content", text "" ] null null

    /// What a part adds; nothing where it has nothing to show.
    let chatDeltas (model: HostedModel) (index: int) (part: AnswerPart) : JsonObject list =
        let logProbs = chatLogProbs model [ part.Token ]

        [ if part.Text <> "" || not (isNull logProbs) then
              delta index [ "content", text part.Text ] logProbs null
          for i, c in List.indexed part.Calls do
              delta index [ "tool_calls", array [ call (Some i) c ] ] null null
          if part.Token.Finish.IsSome then
              delta index [] null (finish part.Calls part.Token.Finish) ]

    /// Tokens with their log-probabilities, as texts have it.
    let private textLogProbs model (offset: int) (tokens: Generated list) : JsonNode | null =
        let told = tokens |> List.filter _.LogProb.IsSome

        if told.IsEmpty then
            null
        else
            let top (t: Generated) : JsonNode | null =
                // Several tokens may have one text; the likeliest stands for it.
                let o = JsonObject()

                for id, p in t.TopLogProbs do
                    o.TryAdd(tokenText model id, number (max -9999.0 p)) |> ignore

                o

            let offsets =
                (offset, told)
                ||> List.scan (fun at t -> at + t.Text.Length)
                |> List.truncate told.Length

            object
                [ "tokens", array [ for t in told -> text (tokenText model t.Id) ]
                  "token_logprobs", array [ for t in told -> number (max -9999.0 t.LogProb.Value) ]
                  "top_logprobs", array (List.map top told)
                  "text_offset", array (List.map int offsets) ]

    /// A text, or a piece of one.
    let textChoice
        model
        (index: int)
        (offset: int)
        (shown: string)
        (parts: AnswerPart list)
        : JsonObject =
        let reason = parts |> List.tryLast |> Option.bind _.Token.Finish

        object
            [ "text", text shown
              "index", int index
              "logprobs", textLogProbs model offset [ for p in parts -> p.Token ]
              "finish_reason", finish [] reason ]

    let embeddings (model: HostedModel) (request: EmbeddingRequest) (vectors: float32[] list) =
        let shown (vector: float32[]) : JsonNode | null =
            if request.Base64 then
                let bytes = Runtime.InteropServices.MemoryMarshal.AsBytes(ReadOnlySpan vector)
                text (Convert.ToBase64String bytes)
            else
                array [ for x in vector -> JsonValue.Create x :> JsonNode | null ]

        let one index vector : JsonNode | null =
            object [ "object", text "embedding"; "index", int index; "embedding", shown vector ]

        let tokens = request.Inputs |> List.sumBy _.Length

        object
            [ "object", text "list"
              "data", array (List.mapi one vectors)
              "model", text model.Name
              "usage", object [ "prompt_tokens", int tokens; "total_tokens", int tokens ] ]

    let model (started: int64) (model: HostedModel) : JsonObject =
        object
            [ "id", text model.Name
              "object", text "model"
              "created", long started
              "owned_by", text "mlx" ]

    let models (started: int64) (hosted: HostedModel) : JsonObject =
        object [ "object", text "list"; "data", array [ model started hosted ] ]
