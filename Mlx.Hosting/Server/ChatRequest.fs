namespace Mlx.Hosting

open System.Text
open System.Text.Json
open Mlx.Models

/// The body of `/v1/chat/completions`.
type internal ChatRequest = { Ask: ChatAsk; Count: int; Stream: bool; StreamUsage: bool }

module internal ChatRequest =
    let private mostMessages = 4096
    let private mostTools = 128

    /// A text, or a list of parts that are texts.
    let private content (fields: Fields) : string =
        match fields.Try "content" with
        | None -> ""
        | Some e when e.ValueKind = JsonValueKind.String -> nonNull (e.GetString())
        | Some e when e.ValueKind = JsonValueKind.Array ->
            let text = StringBuilder()

            for i, part in Seq.indexed (e.EnumerateArray()) do
                let path = fields.Path $"content[{i}]"
                let part = Fields(path, part)

                match part.Text "type" with
                | "text" -> text.Append(part.Text "text") |> ignore
                | "refusal" -> text.Append(part.Text "refusal") |> ignore
                | other ->
                    let message =
                        $"Content of type '{other}' is not supported: this model reads text."

                    Api.refuse path "unsupported_value" message

            text.ToString()
        | Some e -> fields.Wrong("content", "a string or an array of parts", e)

    let private arguments (call: Fields) : JsonElement =
        let text = call.Text "arguments"

        try
            use document = JsonDocument.Parse(if text = "" then "{}" else text)

            if document.RootElement.ValueKind = JsonValueKind.Object then
                document.RootElement.Clone()
            else
                call.Refuse("arguments", "expected a JSON object in a string")
        with :? JsonException ->
            call.Refuse("arguments", "expected a JSON object in a string")

    let private call (path: string) (e: JsonElement) : ToolCall =
        let fields = Fields(path, e)

        match fields.TryObject "function" with
        | None -> fields.Refuse("function", "expected a call of a function")
        | Some f -> { Id = fields.Text "id"; Name = f.Text "name"; Arguments = arguments f }

    let private message (names: Map<string, string>) (path: string) (e: JsonElement) : Message =
        let fields = Fields(path, e)

        let role =
            match fields.Text "role" with
            | "developer" -> "system"
            | "system"
            | "user"
            | "assistant"
            | "tool" as role -> role
            | other ->
                fields.Refuse("role", $"'{other}' is not one of system, user, assistant and tool")

        let calls =
            match fields.TryItems("tool_calls", mostTools) with
            | Some items when role = "assistant" ->
                [ for i, item in List.indexed items -> call (fields.Path $"tool_calls[{i}]") item ]
            | Some _ -> fields.Refuse("tool_calls", "only an assistant calls tools")
            | None -> []

        if fields.Try("content").IsNone && calls.IsEmpty && role <> "assistant" then
            fields.Need "content" |> ignore

        let id = if role = "tool" then Some(fields.Text "tool_call_id") else None

        { Role = role
          Content = content fields
          ToolCalls = calls
          ToolCallId = id
          Name =
            match fields.TryText "name", id with
            | Some name, _ -> Some name
            | None, Some id -> names.TryFind id
            | None, None -> None }

    let private messages (fields: Fields) : Message list =
        fields.Need "messages" |> ignore

        match fields.TryItems("messages", mostMessages) with
        | None
        | Some [] -> fields.Refuse("messages", "expected at least one message")
        | Some items ->
            (([], Map.empty), List.indexed items)
            ||> List.fold (fun (turns, names) (i, item) ->
                let turn = message names $"messages[{i}]" item
                let names = (names, turn.ToolCalls) ||> List.fold (fun n c -> n.Add(c.Id, c.Name))
                turn :: turns, names)
            |> fst
            |> List.rev

    let private emptyObject =
        JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement

    let private tool (i: int) (e: JsonElement) : Tool =
        let fields = Fields($"tools[{i}]", e)

        match fields.Text "type", fields.TryObject "function" with
        | "function", Some f ->
            let parameters =
                match f.TryObject "parameters" with
                | Some schema -> schema.Element
                | None -> emptyObject

            { Name = f.Text "name"
              Description = f.TryText "description" |> Option.defaultValue ""
              Parameters = parameters }
        | "function", None -> fields.Refuse("function", "expected a function")
        | other, _ -> fields.Refuse("type", $"'{other}' is not supported: tools are functions")

    let private choice (fields: Fields) (tools: Tool list) : ToolChoice =
        let known name =
            if tools |> List.exists (fun t -> t.Name = name) then
                ToolChoice.One name
            else
                fields.Refuse("tool_choice", $"there is no tool '{name}'")

        let some value =
            if tools.IsEmpty then
                fields.Refuse("tool_choice", "it is only allowed with tools")
            else
                value

        match fields.Try "tool_choice" with
        | None -> ToolChoice.Auto
        | Some e when e.ValueKind = JsonValueKind.String ->
            match e.GetString() with
            | "none" -> ToolChoice.Never
            | "auto" -> some ToolChoice.Auto
            | "required" -> some ToolChoice.Any
            | other -> fields.Refuse("tool_choice", $"'{other}' is not none, auto or required")
        | Some e ->
            let chosen = Fields("tool_choice", e)

            match chosen.TryObject "function" with
            | Some f -> some (known (f.Text "name"))
            | None -> chosen.Refuse("function", "expected the name of a function")

    let private format (fields: Fields) : AnswerFormat =
        match fields.TryObject "response_format" with
        | None -> AnswerFormat.Text
        | Some f ->
            match f.Text "type" with
            | "text" -> AnswerFormat.Text
            | "json_object" -> AnswerFormat.Json """{"type":"object"}"""
            | "json_schema" ->
                match f.TryObject "json_schema" with
                | None -> f.Refuse("json_schema", "expected a schema")
                | Some s ->
                    match s.TryObject "schema" with
                    | Some schema -> AnswerFormat.Json(schema.Element.GetRawText())
                    | None -> AnswerFormat.Json """{"type":"object"}"""
            | other -> f.Refuse("type", $"'{other}' is not text, json_object or json_schema")

    let private variables (fields: Fields) : Map<string, JsonElement> =
        match fields.TryObject "chat_template_kwargs" with
        | None -> Map.empty
        | Some o -> Map [ for p in o.Element.EnumerateObject() -> p.Name, p.Value ]

    let private logProbs (fields: Fields) : int option =
        match fields.TryFlag "logprobs", fields.TryInt("top_logprobs", 0, 20) with
        | Some true, top -> Some(defaultArg top 0)
        | _, Some _ -> fields.Refuse("top_logprobs", "it is only allowed with logprobs")
        | _ -> None

    let read (model: HostedModel) (body: JsonElement) : ChatRequest =
        let fields = Fields("", body)
        Requests.checkModel model fields
        let messages = messages fields

        let most =
            match fields.TryInt("max_completion_tokens", 1, 1 <<< 30) with
            | Some most -> Some most
            | None -> fields.TryInt("max_tokens", 1, 1 <<< 30)

        let tools =
            match fields.TryItems("tools", mostTools) with
            | None -> []
            | Some items -> List.mapi tool items

        let isStream, usage = Requests.streaming fields

        { Ask =
            { Conversation =
                { Conversation.ofMessages messages with
                    Tools = tools
                    Variables = variables fields }
              Choice = choice fields tools
              Format = format fields
              Options = { Requests.options model fields most with LogProbs = logProbs fields } }
          Count = Requests.count fields
          Stream = isStream
          StreamUsage = usage }
