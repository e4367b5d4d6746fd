/// The server, asked by OpenAI's own client and by plain HTTP.
module Mlx.Tests.Hosting.ServerTests

// The client calls its seeds experimental.
#nowarn "57"

open System
open System.ClientModel
open System.Net
open System.Net.Http
open System.Text
open System.Text.Json
open System.Threading
open System.Threading.Tasks
open Expecto
open OpenAI
open OpenAI.Chat
open Mlx.Hosting
open Mlx.Models
open Mlx.Tests
open Mlx.Tests.Hosting.Scripted

let private local = { ServerOptions.defaults with Port = 0 }

/// A server on a free port, for as long as the work takes.
let serving (options: ServerOptions) (model: HostedModel) (work: string -> unit) =
    let server = (Server.start options model).Result

    try
        work server.Url
    finally
        (server :> IAsyncDisposable).DisposeAsync().AsTask().Wait()

let private clientOptions (url: string) =
    let options = OpenAIClientOptions()
    options.Endpoint <- Uri(url + "/v1")
    // The errors are what is looked at.
    options.RetryPolicy <- Primitives.ClientRetryPolicy 0
    options

let private chatClient (url: string) =
    ChatClient("scripted", ApiKeyCredential "none", clientOptions url)

let private user (text: string) : ChatMessage = UserChatMessage text

let private schema =
    """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""

let private weather =
    ChatTool.CreateFunctionTool("get_weather", "The weather", BinaryData.FromString schema)

let private post (url: string) (path: string) (body: string) =
    use client = new HttpClient()
    use content = new StringContent(body, Encoding.UTF8, "application/json")
    use response = client.PostAsync(url + path, content).Result
    response.StatusCode, response.Content.ReadAsStringAsync().Result

/// The status, and what the error says: param and code.
let private refused (url: string) (path: string) (body: string) =
    let status, text = post url path body
    use json = JsonDocument.Parse text
    let error = json.RootElement.GetProperty "error"
    Expect.isNotEmpty (string (error.GetProperty("message").GetString())) "message"
    Expect.isNotEmpty (string (error.GetProperty("type").GetString())) "type"
    let field (name: string) = string (error.GetProperty(name).GetString())
    int status, field "param", field "code"

let private hi = """"messages":[{"role":"user","content":"W"}]"""

let private errors =
    let chat, text, embed = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
    let m = "\"model\":\"scripted\","

    [ chat, "{", 400, "", "invalid_json"
      chat, "[1]", 400, "", "invalid_type"
      chat, "{}", 400, "model", "missing_required_parameter"
      chat, "{\"model\":3}", 400, "model", "invalid_type"
      chat, "{\"model\":\"other\"," + hi + "}", 404, "model", "model_not_found"
      chat, "{" + m + "\"x\":1}", 400, "messages", "missing_required_parameter"
      chat, "{" + m + "\"messages\":[]}", 400, "messages", "invalid_value"
      chat, "{" + m + "\"messages\":[3]}", 400, "messages[0]", "invalid_type"
      chat,
      "{" + m + "\"messages\":[{\"role\":\"cat\",\"content\":\"\"}]}",
      400,
      "messages[0].role",
      "invalid_value"
      chat,
      "{" + m + "\"messages\":[{\"role\":\"user\"}]}",
      400,
      "messages[0].content",
      "missing_required_parameter"
      chat,
      "{" + m + "\"messages\":[{\"role\":\"user\",\"content\":\"refuse\"}]}",
      400,
      "messages",
      "invalid_messages"
      chat, "{" + m + hi + ",\"temperature\":9}", 400, "temperature", "invalid_value"
      chat, "{" + m + hi + ",\"temperature\":\"hot\"}", 400, "temperature", "invalid_type"
      chat, "{" + m + hi + ",\"max_tokens\":1.5}", 400, "max_tokens", "invalid_type"
      chat, "{" + m + hi + ",\"n\":0}", 400, "n", "invalid_value"
      chat, "{" + m + hi + ",\"stop\":\"\"}", 400, "stop", "invalid_value"
      chat, "{" + m + hi + ",\"stream\":\"yes\"}", 400, "stream", "invalid_type"
      chat, "{" + m + hi + ",\"logit_bias\":{\"x\":1}}", 400, "logit_bias.x", "invalid_value"
      chat,
      "{" + m + hi + ",\"logit_bias\":{\"5\":null}}",
      400,
      "logit_bias.5",
      "missing_required_parameter"
      chat, "{" + m + hi + ",\"tool_choice\":\"required\"}", 400, "tool_choice", "invalid_value"
      chat, "{" + m + hi + ",\"tools\":[{\"type\":\"web\"}]}", 400, "tools[0].type", "invalid_value"
      chat, "{" + m + hi + ",\"top_logprobs\":3}", 400, "top_logprobs", "invalid_value"
      chat,
      "{" + m + "\"messages\":[{\"role\":\"user\",\"content\":\"" + String('a', 500) + "\"}]}",
      400,
      "messages",
      "context_length_exceeded"
      // Two tokens at least: {}.
      chat,
      "{" + m + hi + ",\"max_tokens\":1,\"response_format\":{\"type\":\"json_object\"}}",
      400,
      "",
      "invalid_value"
      text, "{" + m + "\"prompt\":[]}", 400, "prompt", "invalid_value"
      text, "{" + m + "\"prompt\":[99999]}", 400, "prompt", "invalid_value"
      text, "{" + m + "\"prompt\":\"a\",\"suffix\":\"b\"}", 400, "suffix", "unsupported_value"
      embed, "{" + m + "\"input\":3}", 400, "input", "invalid_type"
      embed, "{" + m + "\"input\":\"a\",\"dimensions\":3}", 400, "dimensions", "unsupported_value"
      "/v1/nothing", "{}", 404, "", "unknown_url"
      "/v1/models", "{}", 405, "", "method_not_allowed" ]

let private streamed (client: ChatClient) (text: string) (options: ChatCompletionOptions) =
    [ for update in client.CompleteChatStreaming([ user text ], options) do
          update ]

let private textOf (updates: StreamingChatCompletionUpdate list) =
    [ for u in updates do
          for part in u.ContentUpdate do
              part.Text ]
    |> String.concat ""

let private official =
    [ testCase "a chat: text, end, usage" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let whole = (chatClient url).CompleteChat([ user "W" ]).Value
              Expect.equal whole.Content[0].Text "Hello world!" "text"
              Expect.equal whole.FinishReason ChatFinishReason.Stop "reason"
              Expect.equal whole.Usage.InputTokenCount 2 "Bos and a letter"
              Expect.equal whole.Usage.OutputTokenCount 6 "tokens"
              Expect.equal whole.Model "scripted" "model"))

      testCase "a stream is the same text, with its usage at the end" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let updates = streamed (chatClient url) "U" (ChatCompletionOptions())
              Expect.equal (textOf updates) "é漢\U0001F389" "text"

              let reasons =
                  [ for u in updates do
                        if u.FinishReason.HasValue then
                            u.FinishReason.Value ]

              Expect.equal reasons [ ChatFinishReason.Stop ] "reason"

              let used =
                  [ for u in updates do
                        if not (isNull u.Usage) then
                            u.Usage.OutputTokenCount ]

              Expect.equal used [ 4 ] "usage"))

      testCase "stops, bounds, seeds, log-probabilities" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let client = chatClient url
              let options = ChatCompletionOptions()
              options.StopSequences.Add "STOP"

              Expect.equal
                  (client.CompleteChat([ user "S" ], options).Value.Content[0].Text)
                  "one two "
                  "stop"

              let options = ChatCompletionOptions(MaxOutputTokenCount = Nullable 3)
              let cut = client.CompleteChat([ user "a" ], options).Value
              Expect.equal cut.Content[0].Text "bcd" "three tokens"
              Expect.equal cut.FinishReason ChatFinishReason.Length "length"

              let options =
                  ChatCompletionOptions(
                      IncludeLogProbabilities = Nullable true,
                      TopLogProbabilityCount = Nullable 2
                  )

              let told =
                  client.CompleteChat([ user "W" ], options).Value.ContentTokenLogProbabilities

              Expect.equal told[0].Token "Hello" "token"
              Expect.isLessThan (abs told[0].LogProbability) 0.1f "sure"
              Expect.equal told[0].TopLogProbabilities.Count 2 "the likeliest"

              let drawn () =
                  let options =
                      ChatCompletionOptions(
                          Temperature = Nullable 2f,
                          Seed = Nullable 7L,
                          MaxOutputTokenCount = Nullable 20
                      )

                  options.LogitBiases[int 'x'] <- 9
                  client.CompleteChat([ user "a" ], options).Value.Content[0].Text

              Expect.equal (drawn ()) (drawn ()) "one seed, one text"))

      testCase "tools: a call, its result, and whose turn it is" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let client = chatClient url
              let options = ChatCompletionOptions()
              options.Tools.Add weather
              let asked = client.CompleteChat([ user "Q" ], options).Value
              Expect.equal asked.FinishReason ChatFinishReason.ToolCalls "reason"
              let call = asked.ToolCalls[0]
              Expect.equal call.FunctionName "get_weather" "function"
              Expect.equal (call.FunctionArguments.ToString()) "{\"city\": \"Hanoi\"}" "arguments"

              let messages: ChatMessage list =
                  [ user "Q"
                    AssistantChatMessage asked
                    ToolChatMessage(call.Id, "22 C")
                    user "W" ]

              let next = client.CompleteChat(messages, options).Value
              Expect.equal next.Content[0].Text "Hello world!" "the answer"
              let updates = streamed client "Q" options
              Expect.equal (textOf updates) "I look.\n" "text beside the call"

              let calls =
                  [ for u in updates do
                        yield! u.ToolCallUpdates ]

              Expect.equal [ for c in calls -> c.FunctionName ] [ "get_weather" ] "streamed"
              options.ToolChoice <- ChatToolChoice.CreateRequiredChoice()
              let forced = client.CompleteChat([ user "W" ], options).Value
              Expect.equal forced.ToolCalls[0].FunctionName "get_weather" "required"
              let arguments = forced.ToolCalls[0].FunctionArguments.ToString()
              let city = JsonDocument.Parse(arguments).RootElement.GetProperty "city"
              Expect.equal city.ValueKind JsonValueKind.String "as the schema has it"))

      testCase "JSON: any object, or by schema" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              for format in
                  [ ChatResponseFormat.CreateJsonObjectFormat()
                    ChatResponseFormat.CreateJsonSchemaFormat(
                        "place",
                        BinaryData.FromString schema
                    ) ] do
                  let options = ChatCompletionOptions(ResponseFormat = format)

                  let text =
                      (chatClient url).CompleteChat([ user "W" ], options).Value.Content[0].Text

                  use json = JsonDocument.Parse text
                  Expect.equal json.RootElement.ValueKind JsonValueKind.Object text))

      testCase "models and embeddings" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let client = OpenAIClient(ApiKeyCredential "none", clientOptions url)
              let names = [ for m in client.GetOpenAIModelClient().GetModels().Value -> m.Id ]
              Expect.equal names [ "scripted" ] "models"
              let client = client.GetEmbeddingClient "scripted"
              let all = client.GenerateEmbeddings([ "ab"; "ba" ]).Value
              Expect.equal all.Count 2 "vectors"
              let first = all[0].ToFloats().ToArray()

              Expect.floatClose
                  Accuracy.medium
                  (first |> Seq.sumBy (fun x -> float x * float x))
                  1.0
                  "length"))

      testCase "errors arrive as errors" (fun () ->
          use model = qwen ()

          serving { local with ApiKey = Some "secret" } model (fun url ->
              let status work =
                  try
                      work ()
                      0
                  with :? ClientResultException as e ->
                      e.Status

              let ask (client: ChatClient) text () = client.CompleteChat([ user text ]) |> ignore

              Expect.equal (status (ask (chatClient url) "W")) 401 "a wrong key"
              let key = ApiKeyCredential "secret"
              let client = ChatClient("scripted", key, clientOptions url)
              Expect.equal (status (ask client "W")) 0 "the right one"
              Expect.equal (status (ask client "refuse")) 400 "the template refuses"
              let other = ChatClient("other", key, clientOptions url)
              Expect.equal (status (ask other "W")) 404 "no such model"))

      testCase "32 streams at the same time" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let one i =
                  Task.Run(fun () ->
                      let text = if i % 2 = 0 then "W" else "a"
                      let options = ChatCompletionOptions(MaxOutputTokenCount = Nullable 40)
                      textOf (streamed (chatClient url) text options))

              let texts = Task.WhenAll([| for i in 0..31 -> one i |]).Result
              let alphabet = String([| for i in 1..40 -> char (int 'a' + i % 26) |])

              texts
              |> Array.iteri (fun i text ->
                  Expect.equal
                      text
                      (if i % 2 = 0 then "Hello world!" else alphabet)
                      $"stream {i}"))) ]

let private plain =
    [ testCase "every mistake has its place and its name" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              for path, body, status, param, code in errors do
                  Expect.equal (refused url path body) (status, param, code) body))

      testCase "texts: several prompts, ids, an echo, log-probabilities" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              let choices body =
                  let status, text =
                      post url "/v1/completions" ("{\"model\":\"scripted\"," + body + "}")

                  Expect.equal status HttpStatusCode.OK text
                  let all = JsonDocument.Parse(text).RootElement.GetProperty "choices"
                  [ for c in all.EnumerateArray() -> c ]

              let texts body = [ for c in choices body -> c.GetProperty("text").GetString() ]

              Expect.equal
                  (texts "\"prompt\":[\"W\",\"U\"]")
                  [ "Hello world!"; "é漢\U0001F389" ]
                  "texts"

              Expect.equal
                  (texts "\"prompt\":[256,97],\"max_tokens\":2,\"n\":2")
                  [ "bc"; "bc" ]
                  "ids"

              Expect.equal (texts "\"prompt\":\"W\",\"echo\":true") [ "WHello world!" ] "echo"
              let told = (choices "\"prompt\":\"W\",\"logprobs\":2").Head.GetProperty "logprobs"

              let tokens =
                  [ for t in told.GetProperty("tokens").EnumerateArray() -> t.GetString() ]

              Expect.equal (List.truncate 2 tokens) [ "Hello"; " " ] "tokens"

              let offsets =
                  [ for t in told.GetProperty("text_offset").EnumerateArray() -> t.GetInt32() ]

              Expect.equal (List.truncate 3 offsets) [ 0; 5; 6 ] "where they stand"))

      testCase "a client that goes away ends its answer" (fun () ->
          use model = hosted "" { options with MaxTokens = 190 }

          serving local model (fun url ->
              for _ in 1..3 do
                  use client = new HttpClient()

                  use request =
                      new HttpRequestMessage(HttpMethod.Post, url + "/v1/chat/completions")

                  let body =
                      "{\"model\":\"scripted\",\"stream\":true,"
                      + "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"


                  request.Content <- new StringContent(body, Encoding.UTF8, "application/json")
                  let head = HttpCompletionOption.ResponseHeadersRead
                  use response = client.SendAsync(request, head).Result
                  use stream = response.Content.ReadAsStream()
                  Expect.isGreaterThan (stream.Read(Array.zeroCreate 10, 0, 10)) 0 "it has begun"

              let isIdle () = model.Running = 0 && model.Waiting = 0
              Expect.isTrue (SpinWait.SpinUntil(isIdle, 20_000)) "nothing runs any more"))

      testCase "too many are told to come again, too much is refused" (fun () ->
          use model = hosted "" { Rows = 1; Queue = 1; MaxTokens = 150 }

          serving { local with MaxBodyBytes = 2000L } model (fun url ->
              let body =
                  "{\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"

              let ask () = Task.Run(fun () -> fst (post url "/v1/chat/completions" body))

              let statuses =
                  Task.WhenAll([| for _ in 1..12 -> ask () |]).Result |> Array.countBy int |> Map

              Expect.isGreaterThan statuses[200] 0 "some are answered"
              Expect.isGreaterThan statuses[429] 0 "some are not"
              Expect.equal (statuses[200] + statuses[429]) 12 "and nothing else"
              let large = body + String(' ', 3000)
              let status, _, code = refused url "/v1/chat/completions" large
              Expect.equal (status, code) (413, "request_too_large") "size"))

      testCase "other sites cannot ask: their name, their kind of body" (fun () ->
          use model = qwen ()

          serving local model (fun url ->
              use client = new HttpClient()
              use request = new HttpRequestMessage(HttpMethod.Get, url + "/v1/models")
              request.Headers.Host <- "evil.example"

              Expect.equal
                  (client.SendAsync(request).Result.StatusCode)
                  HttpStatusCode.Forbidden
                  "host"

              use content = new StringContent("{}", Encoding.UTF8, "text/plain")
              let response = client.PostAsync(url + "/v1/chat/completions", content).Result
              Expect.equal response.StatusCode HttpStatusCode.UnsupportedMediaType "type")) ]

/// A golden model with a tokenizer and a template beside it.
let private folder () =
    let folder = Models.Golden.copy "tiny-f32"
    let data name = IO.Path.Combine(AppContext.BaseDirectory, "data", name)
    let tokenizer = data (IO.Path.Combine("tokenizer", "features", "base.json"))
    IO.File.Copy(tokenizer, folder.File "tokenizer.json")
    let template = data (IO.Path.Combine("chat", "mistral.jinja"))
    IO.File.Copy(template, folder.File "chat_template.jinja")
    folder

let private whole =
    testCase "a folder is served: the answer is what the model writes after the template" (fun () ->
        use folder = folder ()
        use model = HostedModel.load HostingOptions.defaults folder.Path

        serving local model (fun url ->
            let client = ChatClient(model.Name, ApiKeyCredential "none", clientOptions url)
            let message = "hello the abc"

            let options =
                ChatCompletionOptions(
                    Temperature = Nullable 0f,
                    MaxOutputTokenCount = Nullable 24
                )

            let text = client.CompleteChat([ user message ], options).Value.Content
            let text = text |> Seq.map _.Text |> String.concat ""
            let template = (ChatTemplate.load folder.Path).Value
            let conversation = Conversation.ofMessages [ Message.user message ]
            let prompt = ChatTemplate.encode model.Tokenizer template conversation
            let options = { GenerateOptions.defaults with MaxTokens = 24 }
            let direct = (Model.load folder.Path).LanguageModel
            let wanted = Generate.complete model.Tokenizer direct options prompt
            Expect.equal text wanted.Text "text"))

let tests = testList "Server" (whole :: official @ plain)
