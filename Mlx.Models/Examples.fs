namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Mlx

/// <summary>A text to learn from.</summary>
type Example =
    {
        /// Its tokens.
        Tokens: int[]
        /// The first so many are a prompt, which is read and not learnt.
        PromptLength: int
    }

/// <summary>
/// Encodes a conversation, turns of role and content: as a whole, or, when the second argument is
/// true, as the prompt of the answer that comes next.
/// </summary>
type ChatEncoder = (string * string) list -> bool -> int[]

/// <summary>Examples from files of JSON lines, as mlx-lm takes them: <c>{"text": ...}</c>,
/// <c>{"prompt": ..., "completion": ...}</c> or <c>{"messages": [...]}</c>.</summary>
[<RequireQualifiedAccess>]
module Examples =
    /// A text ends with the token that says so, or the model would learn to go on for ever.
    let private ended (tokenizer: ITokenizer) (tokens: int[]) : int[] =
        match tokenizer.Eos with
        | [] -> tokens
        | ends when tokens.Length > 0 && List.contains (Array.last tokens) ends -> tokens
        | first :: _ -> Array.append tokens [| first |]

    /// <summary>A text, all of which is learnt.</summary>
    /// <example><code>Examples.ofText tokenizer "Once upon a time"</code></example>
    let ofText (tokenizer: ITokenizer) (text: string) : Example =
        { Tokens = Tokenizer.prompt tokenizer text |> ended tokenizer
          PromptLength = 0 }

    /// <summary>A prompt, which is read, and what comes after it, which is learnt.</summary>
    /// <example><code>Examples.ofCompletion tokenizer "2 + 2 = " "4"</code></example>
    let ofCompletion (tokenizer: ITokenizer) (prompt: string) (completion: string) : Example =
        let read = Tokenizer.prompt tokenizer prompt

        { Tokens = Array.append read (tokenizer.Encode completion) |> ended tokenizer
          PromptLength = read.Length }

    /// <summary>Conversations by a model's chat template.</summary>
    /// <example><code>
    /// let chat = ChatTemplate.load folder |> Option.map (Examples.chat tokenizer)
    /// let examples = Examples.load tokenizer chat "train.jsonl"
    /// </code></example>
    let chat (tokenizer: ITokenizer) (template: ChatTemplate) : ChatEncoder =
        fun turns answers ->
            let messages =
                [ for role, content in turns -> { Message.user content with Role = role } ]

            ChatTemplate.encode
                tokenizer
                template
                { Conversation.ofMessages messages with Answer = answers }

    /// <summary>A conversation whose last turn is learnt.</summary>
    /// <example><code>
    /// Examples.ofMessages chat [ "user", "What is 2 + 2?"; "assistant", "4" ]
    /// </code></example>
    let ofMessages (chat: ChatEncoder) (messages: (string * string) list) : Example =
        let whole = chat messages false
        let before = messages |> List.take (max 0 (messages.Length - 1))
        let prompt = if before.IsEmpty then [||] else chat before true

        // Some templates write a last turn otherwise than one that goes on.
        let isPrefix = prompt.Length < whole.Length && Array.take prompt.Length whole = prompt

        { Tokens = whole; PromptLength = if isPrefix then prompt.Length else 0 }

    let private text (name: string) (json: JsonElement) : string option =
        match json.TryGetProperty name with
        | true, value when value.ValueKind = JsonValueKind.String ->
            Some(nonNull (value.GetString()))
        | _ -> None

    let private messages (json: JsonElement) : (string * string) list option =
        match json.TryGetProperty "messages" with
        | true, list when list.ValueKind = JsonValueKind.Array ->
            let turns =
                [ for turn in list.EnumerateArray() ->
                      if turn.ValueKind = JsonValueKind.Object then
                          match text "role" turn, text "content" turn with
                          | Some role, Some content -> Some(role, content)
                          | _ -> None
                      else
                          None ]

            if turns.Length > 0 && List.forall Option.isSome turns then
                Some(List.choose id turns)
            else
                None
        | _ -> None

    let private ofJson
        tokenizer
        (chat: ChatEncoder option)
        (line: string)
        : Result<Example, string> =
        try
            use document = JsonDocument.Parse line
            let json = document.RootElement

            if json.ValueKind <> JsonValueKind.Object then
                Error "an object is wanted"
            else
                match
                    text "text" json, text "prompt" json, text "completion" json, messages json
                with
                | Some text, _, _, _ -> Ok(ofText tokenizer text)
                | _, Some prompt, Some completion, _ ->
                    match chat with
                    | Some chat -> Ok(ofMessages chat [ "user", prompt; "assistant", completion ])
                    | None -> Ok(ofCompletion tokenizer prompt completion)
                | _, _, _, Some turns ->
                    match chat with
                    | Some chat -> Ok(ofMessages chat turns)
                    | None -> Error "messages need a chat template, and the model has none"
                | _ -> Error "text, prompt and completion, or messages are wanted"
        with :? JsonException ->
            Error "not valid JSON"

    /// <summary>
    /// The examples of a file, one a line. Prompts and completions are turns of a conversation
    /// where there is a chat template, as in mlx-lm.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// There is no such file, or lines are none of these; all of them are told, by number.
    /// </exception>
    /// <example><code>let examples = Examples.load tokenizer None "train.jsonl"</code></example>
    let load (tokenizer: ITokenizer) (chat: ChatEncoder option) (path: string) : Example list =
        let lines =
            try
                File.ReadAllLines path
            with
            | :? IOException
            | :? UnauthorizedAccessException as e -> raise (ModelException(path, [ e.Message ], e))

        let problems = List<string>()

        let examples =
            [ for i, line in Array.indexed lines do
                  if not (String.IsNullOrWhiteSpace line) then
                      match ofJson tokenizer chat line with
                      | Ok example -> example
                      | Error problem -> problems.Add $"line {i + 1}: {problem}" ]

        if problems.Count > 0 then
            raise (ModelException(path, List.ofSeq problems))
        elif examples.IsEmpty then
            raise (ModelException(path, [ "there are no examples in it" ]))

        examples
