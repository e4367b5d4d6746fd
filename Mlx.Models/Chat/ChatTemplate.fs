namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Mlx.Models.Jinja

/// <summary>
/// A chat template that is no template, or that refuses a conversation. The message says what, and
/// where in the template.
/// </summary>
[<Sealed>]
type ChatTemplateException(problem: string, line: int, column: int) =
    inherit Exception($"{problem} (line {line}, column {column} of the chat template)")

    /// <summary>What is wrong, without the place.</summary>
    member _.Problem = problem

    /// <summary>The line of the template, from 1.</summary>
    member _.Line = line

    /// <summary>The column in its line, from 1.</summary>
    member _.Column = column

/// <summary>What a chat template makes a prompt of.</summary>
type Conversation =
    {
        /// The turns so far.
        Messages: Message list
        /// The functions that the model may ask for.
        Tools: Tool list
        /// Whether the prompt ends where the model's answer begins.
        Answer: bool
        /// Other names that the template sees, <c>enable_thinking</c> for instance.
        Variables: Map<string, JsonElement>
        /// What day it is for the template; now where None.
        Now: DateTime option
    }

/// <summary>Conversations.</summary>
[<RequireQualifiedAccess>]
module Conversation =
    /// <summary>A conversation without tools, to be answered.</summary>
    /// <example><code>
    /// let conversation = Conversation.ofMessages [ Message.user "Hello" ]
    /// conversation.Messages.Length
    /// // => 1
    /// </code></example>
    let ofMessages (messages: Message list) : Conversation =
        { Messages = messages
          Tools = []
          Answer = true
          Variables = Map.empty
          Now = None }

/// <summary>
/// How a model wants a conversation written: the template in Jinja that comes with it. What of
/// Jinja these templates use is understood; anything else is an error that names it. A template
/// runs within bounds: 20 million steps, 16 million characters, ranges of 100,000.
/// </summary>
[<Sealed>]
type ChatTemplate
    internal (templates: (string * string * Statement list) list, tokens: Map<string, string>) =
    /// The names of its templates: default, and perhaps tool_use and others.
    member _.Names = [ for name, _, _ in templates -> name ]

    member internal _.Tokens = tokens

    /// Whether any of its templates has this text.
    member internal _.Mentions(text: string) =
        templates
        |> List.exists (fun (_, source, _) -> source.Contains(text, StringComparison.Ordinal))

    /// The template for tools where there is one and it is wanted, else the default one.
    member internal _.Pick(tools: bool) =
        let find wanted = templates |> List.tryFind (fun (name, _, _) -> name = wanted)

        (if tools then find "tool_use" else None)
        |> Option.orElseWith (fun () -> find "default")
        |> Option.defaultValue templates.Head

/// <summary>Chat templates of model folders.</summary>
[<RequireQualifiedAccess>]
module ChatTemplate =
    let private largest = 16L <<< 20

    let private located (source: string) (problem: string) position : exn =
        let before = source.AsSpan(0, max 0 (min position source.Length))
        let line = before.Count '\n' + 1
        ChatTemplateException(problem, line, before.Length - before.LastIndexOf '\n')

    let private parsed (source: string) =
        let source = Lexer.normalize source

        try
            source, Parser(Lexer.tokens source).Template()
        with Fault(problem, position) ->
            raise (located source problem position)

    let private ofSources (sources: (string * string) list) tokens =
        let templates =
            [ for name, source in sources ->
                  let source, statements = parsed source
                  name, source, statements ]

        ChatTemplate(templates, tokens)

    /// <summary>A template from its text, with the texts of special tokens by the names that
    /// templates use: bos_token, eos_token and their like.</summary>
    /// <exception cref="T:Mlx.Models.ChatTemplateException">It is no template, or uses what is not
    /// supported.</exception>
    /// <example><code>
    /// let template =
    ///     "{% for m in messages %}{{ m.role }}: {{ m.content }}. {% endfor %}"
    ///     |> ChatTemplate.parse Map.empty
    /// Conversation.ofMessages [ Message.user "Hello" ] |> ChatTemplate.render template
    /// // => "user: Hello. "
    /// </code></example>
    let parse (tokens: Map<string, string>) (source: string) : ChatTemplate =
        ofSources [ "default", source ] tokens

    /// One template, or a list of named ones.
    let private sources (part: JsonPart) =
        if part.Kind = JsonValueKind.Array then
            [ for item in part.Items -> (item.Need "name").Text, (item.Need "template").Text ]
        else
            [ "default", part.Text ]

    let private ofJson path =
        JsonPart.Read path largest (fun root ->
            match root.Try "chat_template" with
            | Some part -> sources part
            | None -> [])

    let private ofFile (path: string) =
        if FileInfo(path).Length > largest then
            raise (ModelException(path, [ $"larger than {largest >>> 20} MiB" ]))

        [ "default", File.ReadAllText path ]

    /// <summary>
    /// The chat template of a model's folder: <c>chat_template.jinja</c>, else
    /// <c>chat_template.json</c>, else what <c>tokenizer_config.json</c> says; None where there is
    /// none, as for models that only continue text.
    /// </summary>
    /// <exception cref="T:Mlx.Models.ModelException">A file is broken, or its template
    /// is.</exception>
    /// <example><code>
    /// let prompt = Conversation.ofMessages [ Message.user "What is a monad?" ]
    ///
    /// match ChatTemplate.load folder with
    /// | Some template -> printfn "%s" (ChatTemplate.render template prompt)
    /// | None -> printfn "this model does not chat"
    /// </code></example>
    let load (folder: string) : ChatTemplate option =
        let readers =
            [ "chat_template.jinja", ofFile
              "chat_template.json", ofJson
              "tokenizer_config.json", ofJson ]

        let found =
            readers
            |> List.map (fun (file, read) -> Path.Combine(folder, file), read)
            |> List.filter (fun (path, _) -> File.Exists path)
            |> List.tryPick (fun (path, read) ->
                match read path with
                | [] -> None
                | sources -> Some(path, sources))

        found
        |> Option.map (fun (path, sources) ->
            try
                ofSources sources (TokenizerConfig.load folder).Named
            with :? ChatTemplateException as e ->
                raise (ModelException(path, [ e.Message ], e)))

    let private called (call: ToolCall) =
        Value.ofPairs [ "name", Value.Text call.Name; "arguments", Json.ofElement call.Arguments ]

    let private call (call: ToolCall) =
        [ if call.Id <> "" then
              "id", Value.Text call.Id
          "type", Value.Text "function"
          "function", called call ]
        |> Value.ofPairs

    let private message (m: Message) =
        [ "role", Value.Text m.Role
          "content", Value.Text m.Content
          // Templates ask whether the name is there, not whether the list is empty.
          if not m.ToolCalls.IsEmpty then
              "tool_calls", Value.List [| for c in m.ToolCalls -> call c |]
          match m.ToolCallId with
          | Some id -> "tool_call_id", Value.Text id
          | None -> ()
          match m.Name with
          | Some name -> "name", Value.Text name
          | None -> () ]
        |> Value.ofPairs

    let private tool (t: Tool) =
        Value.ofPairs
            [ "type", Value.Text "function"
              "function",
              Value.ofPairs
                  [ "name", Value.Text t.Name
                    "description", Value.Text t.Description
                    "parameters", Json.ofElement t.Parameters ] ]

    /// What a template sees beside its functions.
    let private variables (template: ChatTemplate) (c: Conversation) =
        let tools =
            match c.Tools with
            | [] -> Value.Nil
            | tools -> Value.List [| for t in tools -> tool t |]

        [ for token in template.Tokens do
              token.Key, Value.Text token.Value
          "messages", Value.List [| for m in c.Messages -> message m |]
          "tools", tools
          "documents", Value.Nil
          "add_generation_prompt", Value.Bool c.Answer
          for variable in c.Variables do
              variable.Key, Json.ofElement variable.Value ]

    /// The text of a template that sees these names.
    let internal renderWith (template: ChatTemplate) tools (now: DateTime) names =
        let _, source, statements = template.Pick tools
        let scope = Globals.make now

        for name, value in names do
            scope.Set(name, value)

        try
            Interpreter(scope).Render statements
        with Fault(problem, position) ->
            raise (located source problem position)

    /// <summary>The prompt of a conversation, with special tokens written out: text for
    /// <c>EncodeMarkup</c> of a tokenizer.</summary>
    /// <exception cref="T:Mlx.Models.ChatTemplateException">The template refuses the conversation
    /// (two turns of a user after one another, for instance), uses what is not supported, or goes
    /// beyond its bounds.</exception>
    /// <example><code>
    /// let template =
    ///     "{{ bos_token }}{% for m in messages %}[INST] {{ m.content }} [/INST]{% endfor %}"
    ///     |> ChatTemplate.parse (Map [ "bos_token", "&lt;s>" ])
    /// Conversation.ofMessages [ Message.user "Hello" ] |> ChatTemplate.render template
    /// // => "&lt;s>[INST] Hello [/INST]"
    /// </code></example>
    let render (template: ChatTemplate) (conversation: Conversation) : string =
        let now = conversation.Now |> Option.defaultWith (fun () -> DateTime.Now)
        let tools = not conversation.Tools.IsEmpty
        renderWith template tools now (variables template conversation)

    /// <summary>The ids of a conversation's prompt.</summary>
    /// <exception cref="T:Mlx.Models.ChatTemplateException">As for <c>render</c>.</exception>
    /// <example><code>
    /// let template = "{{ messages[0].content }}" |> ChatTemplate.parse Map.empty
    /// let prompt = Conversation.ofMessages [ Message.user "Hi" ]
    /// prompt |> ChatTemplate.encode Tokenizer.bytes template
    /// // => [|72; 105|]
    /// </code></example>
    let encode (tokenizer: ITokenizer) (template: ChatTemplate) (c: Conversation) : int[] =
        tokenizer.EncodeMarkup(render template c)
