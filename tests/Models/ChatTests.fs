/// Chat templates against what jinja2 3.1.2 makes of them, set up as Hugging Face's transformers
/// sets it up.
module Mlx.Tests.Models.ChatTests

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Text.Json
open Expecto
open Mlx.Models
open Mlx.Models.Jinja
open Mlx.Tests.Models.Golden

let private folder = Path.Combine(AppContext.BaseDirectory, "data", "chat")
let private read (file: string) = File.ReadAllText(Path.Combine(folder, file))
let private json (file: string) = JsonDocument.Parse(read file).RootElement

// What the recorded answers take for now.
let private now = DateTime(2024, 7, 26, 15, 4, 5)

let private tokens = Map [ "bos_token", "<s>"; "eos_token", "</s>" ]

let private names (element: JsonElement) =
    [ for p in element.EnumerateObject() -> p.Name, Json.ofElement p.Value ]

/// Either the recorded text comes out, or what was refused is refused.
let private agrees name (case: JsonElement) (render: unit -> string) =
    match case.TryGetProperty "text" with
    | true, text -> Expect.equal (render ()) (nonNull (text.GetString())) name
    | _ -> Expect.throwsT<ChatTemplateException> (render >> ignore) name

let private text (e: JsonElement) (name: string) =
    match e.TryGetProperty name with
    | true, value when value.ValueKind = JsonValueKind.String -> Some(nonNull (value.GetString()))
    | _ -> None

let private list (e: JsonElement) (name: string) =
    match e.TryGetProperty name with
    | true, value when value.ValueKind = JsonValueKind.Array -> List.ofSeq (value.EnumerateArray())
    | _ -> []

let private message (e: JsonElement) : Message =
    { Role = (text e "role").Value
      Content = text e "content" |> Option.defaultValue ""
      ToolCalls =
        [ for call in list e "tool_calls" ->
              let f = call.GetProperty "function"

              { Id = text call "id" |> Option.defaultValue ""
                Name = (text f "name").Value
                Arguments = f.GetProperty "arguments" } ]
      ToolCallId = text e "tool_call_id"
      Name = text e "name" }

let private tool (e: JsonElement) : Tool =
    let f = e.GetProperty "function"

    { Name = (text f "name").Value
      Description = (text f "description").Value
      Parameters = f.GetProperty "parameters" }

/// What our types do not hold.
let private isPlain (conversation: JsonElement) (tools: JsonElement) =
    let all = conversation.GetRawText() + tools.GetRawText()
    not (all.Contains "reasoning_content" || all.Contains "\"return\"")

let private families () =
    let root = json "families.json"
    let conversations = root.GetProperty "conversations"
    let toolSets = root.GetProperty "tools"
    let templates = Dictionary<string, ChatTemplate>()

    for case in root.GetProperty("cases").EnumerateArray() do
        let file = (text case "template").Value

        if not (templates.ContainsKey file) then
            templates[file] <- ChatTemplate.parse tokens (read (file + ".jinja"))

        let template = templates[file]
        let index = case.GetProperty("conversation").GetInt32()
        let conversation = conversations[index]
        let tools = toolSets[case.GetProperty("tools").GetInt32()]
        let more = case.GetProperty "more"
        let name = $"{file}, conversation {index}, {more.GetRawText()}"

        agrees name case (fun () ->
            let given =
                [ for token in tokens do
                      token.Key, Value.Text token.Value
                  "messages", Json.ofElement conversation
                  "tools", Json.ofElement tools
                  yield! names more ]

            ChatTemplate.renderWith template false now given)

        if isPlain conversation tools then
            agrees $"{name}, as a Conversation" case (fun () ->
                ChatTemplate.render
                    template
                    { Messages = [ for m in conversation.EnumerateArray() -> message m ]
                      Tools =
                        (if tools.ValueKind = JsonValueKind.Array then
                             [ for t in tools.EnumerateArray() -> tool t ]
                         else
                             [])
                      Answer = more.GetProperty("add_generation_prompt").GetBoolean()
                      Variables =
                        Map
                            [ for p in more.EnumerateObject() do
                                  if p.Name <> "add_generation_prompt" then
                                      p.Name, p.Value ]
                      Now = Some now })

let private run source =
    let template = ChatTemplate.parse Map.empty source
    ChatTemplate.render template (Conversation.ofMessages [ Message.user "hi" ])

let private fault source =
    try
        run source |> ignore
        failtest $"{source}: it ran"
    with :? ChatTemplateException as e ->
        e.Problem, e.Line, e.Column

/// What doubles at each of forty steps.
let private doubled (first: string) (twice: string) (shown: string) =
    "{% set ns = namespace(x="
    + first
    + ", y="
    + first
    + ") %}{% for i in range(40) %}"
    + "{% set ns.x = "
    + twice
    + " %}{% set ns.y = "
    + twice.Replace("ns.x", "ns.y")
    + " %}"
    + "{% endfor %}"
    + shown

let private nested (opening: string) (closing: string) =
    "{{ " + String.replicate 5000 opening + "1" + String.replicate 5000 closing + " }}"

let private endless =
    [ "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
      doubled "'ab'" "ns.x + ns.x" "{{ ns.x }}"
      doubled "[1]" "[ns.x, ns.x]" "{{ ns.x }}"
      doubled "[]" "[ns.x, ns.x]" "{{ ns.x|tojson }}"
      doubled "[]" "[ns.x, ns.x]" "{{ ns.x == ns.y }}"
      doubled "[]" "ns.x + [1] + ns.x" "{{ ns.x|length }}"
      "{{ 'ab' * 999999999999 }}"
      "{{ ('a' * 4000000)|replace('a', 'b' * 4000000) }}"
      "{{ ('a' * 4000000)|list|join('b' * 4000000) }}"
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
      "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}"
      "{{ range(10000000) }}"
      "{{ 9 ** 60 }}"
      nested "(" ""
      nested "(" ")"
      nested "not " ""
      nested "-" ""
      nested "[" "]"
      nested "1 if 1 else " ""
      String.replicate 5000 "{% if true %}" ]

let tests =
    testList
        "ChatTemplate"
        [ testCase
              "expressions, filters, tests, loops and white space are those of Jinja"
              (fun () ->
                  let root = json "syntax.json"
                  let data = names (root.GetProperty "data")

                  for case in root.GetProperty("cases").EnumerateArray() do
                      let source = (text case "template").Value

                      agrees source case (fun () ->
                          let template = ChatTemplate.parse Map.empty source
                          ChatTemplate.renderWith template false now data))

          testCase
              "templates in the manner of Mistral, Llama and Qwen write what Jinja writes"
              families

          testCase "errors tell what and where" (fun () ->
              Expect.equal (fault "a\n  {{ x.y }}") ("x is undefined", 2, 7) "undefined"

              Expect.equal
                  (fault "{% include 'x' %}")
                  ("the tag include is not supported", 1, 1)
                  "tag"

              Expect.equal
                  (fault "{{ 1 }}\n{{ 'x'|frob }}")
                  ("the filter frob is not supported", 2, 7)
                  "filter"

              Expect.equal (fault "{{ raise_exception('no') }}") ("no", 1, 19) "its own"

              Expect.equal
                  (fault "{% if x %}")
                  ("this block has no end: elif or else or endif is wanted", 1, 11)
                  "end")

          testCase "templates that would not end are stopped" (fun () ->
              for source in endless do
                  let watch = Stopwatch.StartNew()

                  try
                      run source |> ignore
                  with :? ChatTemplateException ->
                      ()

                  let shown = source[.. min 60 (source.Length - 1)]
                  Expect.isLessThan watch.Elapsed.TotalSeconds 20.0 shown)

          testCase "a folder's template: a text, a list of named ones, or a file" (fun () ->
              use folder = new Folder()
              Expect.isNone (ChatTemplate.load folder.Path) "none"
              let config = folder.File "tokenizer_config.json"
              let hi = Conversation.ofMessages [ Message.user "hi" ]

              let withTool =
                  { hi with
                      Tools =
                          [ { Name = "f"
                              Description = ""
                              Parameters = JsonDocument.Parse("{}").RootElement } ] }

              let rendered c = ChatTemplate.render (ChatTemplate.load folder.Path).Value c
              File.WriteAllText(config, """{"bos_token": "<s>"}""")
              Expect.isNone (ChatTemplate.load folder.Path) "still none"

              File.WriteAllText(
                  config,
                  """{"bos_token": {"content": "<s>"},
                  "chat_template": "{{ bos_token }}{{ eos_token }}a"}"""
              )

              Expect.equal (rendered hi) "<s>a" "a text"

              File.WriteAllText(
                  config,
                  """{"chat_template": [{"name": "default", "template": "d"},
                  {"name": "tool_use", "template": "t"}]}"""
              )

              Expect.equal (rendered hi, rendered withTool) ("d", "t") "named"
              File.WriteAllText(folder.File "chat_template.jinja", "f{{ messages[0].content }}\n")
              Expect.equal (rendered hi) "fhi" "a file"
              File.WriteAllText(folder.File "chat_template.jinja", "{% if")

              Expect.throwsT<ModelException>
                  (fun () -> ChatTemplate.load folder.Path |> ignore)
                  "broken")

          testCase "a prompt's special tokens are tokens" (fun () ->
              let tokenizer =
                  Tokenizer.load (
                      Path.Combine(AppContext.BaseDirectory, "data", "tokenizer", "tekken")
                  )

              let template = ChatTemplate.parse tokens (read "mistral.jinja")

              let ids =
                  ChatTemplate.encode
                      tokenizer
                      template
                      (Conversation.ofMessages [ Message.user "a" ])

              Expect.equal (ids[0], ids[1], Array.last ids) (1, 3, 4) "<s>[INST] a[/INST]"
              Expect.equal (tokenizer.DecodeMarkup ids) "<s>[INST] a[/INST]" "text") ]
