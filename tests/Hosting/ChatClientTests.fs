/// The clients of Microsoft.Extensions.AI.
module Mlx.Tests.Hosting.ChatClientTests

open System
open System.Collections.Generic
open System.Threading
open System.Threading.Tasks
open Expecto
open Microsoft.Extensions.AI
open Mlx.Hosting
open Mlx.Tests.Hosting.Scripted

let private weather =
    AIFunctionFactory.Create(
        Func<string, string>(fun city -> $"22 C in {city}"),
        "get_weather",
        "The weather of a city"
    )

let private withTools () =
    let options = ChatOptions()
    options.Tools <- List<AITool>([ weather :> AITool ])
    options

let private client (model: HostedModel) : IChatClient = new MlxChatClient(model)

let private answer (model: HostedModel) (text: string) (options: ChatOptions | null) =
    (client model).GetResponseAsync([ ChatMessage(ChatRole.User, text) ], options).Result

let private updates (model: HostedModel) (text: string) =
    let all = List<ChatResponseUpdate>()

    let read =
        task {
            let stream =
                (client model).GetStreamingResponseAsync [ ChatMessage(ChatRole.User, text) ]

            let e = stream.GetAsyncEnumerator()
            let mutable more = true

            while more do
                match! e.MoveNextAsync() with
                | true -> all.Add e.Current
                | false -> more <- false

            do! e.DisposeAsync()
        }

    read.Wait()
    List.ofSeq all

let private callsOf (response: ChatResponse) =
    [ for m in response.Messages do
          for content in m.Contents do
              match content with
              | :? FunctionCallContent as c ->
                  let arguments = nonNull c.Arguments
                  c.Name, string arguments["city"]
              | _ -> () ]

let private maxTokens n =
    let options = ChatOptions()
    options.MaxOutputTokens <- Nullable n
    options

let tests =
    testList
        "MlxChatClient"
        [ testCase "an answer, its end and its cost" (fun () ->
              use model = qwen ()
              let response = answer model "say W" null
              Expect.equal response.Text "Hello world!" "text"
              Expect.equal response.FinishReason (Nullable ChatFinishReason.Stop) "reason"
              let usage = nonNull response.Usage
              Expect.equal usage.InputTokenCount (Nullable 6L) "Bos and five letters"
              Expect.equal usage.OutputTokenCount (Nullable 6L) "five tokens and Eos"
              Expect.equal response.ModelId "scripted" "model")

          testCase "pieces as they come, whole characters" (fun () ->
              use model = qwen ()
              let all = updates model "U"

              let texts =
                  [ for u in all do
                        if u.Text <> "" then
                            u.Text ]

              Expect.equal texts [ "é"; "漢"; "\U0001F389" ] "pieces")

          testCase "stop sequences, and a bound on tokens" (fun () ->
              use model = qwen ()
              let options = ChatOptions()
              options.StopSequences <- List<string>([ "STOP" ])
              Expect.equal (answer model "S" options).Text "one two " "up to it"
              let cut = answer model "S" (maxTokens 2)
              Expect.equal cut.Text "one two " "two tokens"
              Expect.equal cut.FinishReason (Nullable ChatFinishReason.Length) "reason")

          testCase "calls, as Qwen, Mistral and Llama write them" (fun () ->
              for mention, letter in [ "<tool_call>", "Q"; "[TOOL_CALLS]", "M"; "", "L" ] do
                  use model = hosted mention options
                  let response = answer model letter (withTools ())
                  Expect.equal (callsOf response) [ "get_weather", "Hanoi" ] letter
                  let reason = Nullable ChatFinishReason.ToolCalls
                  Expect.equal response.FinishReason reason "reason"
                  let shown = if letter = "Q" then "I look.\n" else ""
                  Expect.equal response.Text shown "what is said beside it"

              use model = hosted "" options
              let response = answer model "J" (withTools ())
              Expect.equal response.Text "{\"no\": \"call\"}" "JSON that is no call is text"
              let response = answer model "Q" null
              Expect.stringContains response.Text "<tool_call>" "without tools all is text")

          testCase "a call that must be made is made, whatever the model is" (fun () ->
              use model = qwen ()
              let options = withTools ()
              options.ToolMode <- ChatToolMode.RequireAny
              let calls = callsOf (answer model "W" options)
              Expect.equal (List.map fst calls) [ "get_weather" ] "one of them"
              options.ToolMode <- ChatToolMode.RequireSpecific "get_weather"
              let calls = callsOf (answer model "W" options)
              Expect.equal (List.map fst calls) [ "get_weather" ] "that one"
              options.ToolMode <- ChatToolMode.None
              Expect.equal (callsOf (answer model "Q" options)) [] "none")

          testCase "JSON by schema" (fun () ->
              use model = qwen ()
              let options = ChatOptions()
              options.ResponseFormat <- ChatResponseFormat.ForJsonSchema<Dictionary<string, int>>()
              let text = (answer model "W" options).Text
              use json = Text.Json.JsonDocument.Parse text
              Expect.equal json.RootElement.ValueKind Text.Json.JsonValueKind.Object text)

          testCase
              "a conversation with calls and their results goes through the template"
              (fun () ->
                  use model = qwen ()
                  let call = FunctionCallContent("abcdefghi", "get_weather", Dictionary())
                  let result = FunctionResultContent("abcdefghi", "22 C")

                  let messages =
                      [ ChatMessage(ChatRole.User, "weather?")
                        ChatMessage(ChatRole.Assistant, List<AIContent>([ call :> AIContent ]))
                        ChatMessage(ChatRole.Tool, List<AIContent>([ result :> AIContent ]))
                        ChatMessage(ChatRole.User, "W") ]

                  let response = (client model).GetResponseAsync(messages).Result
                  Expect.equal response.Text "Hello world!" "text"
                  let image = DataContent(ReadOnlyMemory [| 1uy |], "image/png")
                  let message = ChatMessage(ChatRole.User, List<AIContent>([ image :> AIContent ]))

                  Expect.throws
                      (fun () -> (client model).GetResponseAsync([ message ]).Wait())
                      "pictures are not supported")

          testCase "cancelling ends an answer, and so does turning away" (fun () ->
              use model = hosted "" { options with MaxTokens = 190 }
              use source = new CancellationTokenSource()
              let message = ChatMessage(ChatRole.User, "a")

              let stream =
                  (client model).GetStreamingResponseAsync([ message ], null, source.Token)

              let e = stream.GetAsyncEnumerator()
              Expect.isTrue (e.MoveNextAsync().AsTask().Result) "a first piece"
              source.Cancel()

              Expect.throws
                  (fun () ->
                      while e.MoveNextAsync().AsTask().Result do
                          ())
                  "cancelled"

              e.DisposeAsync().AsTask().Wait()
              let stream = (client model).GetStreamingResponseAsync [ message ]
              let e = stream.GetAsyncEnumerator()
              Expect.isTrue (e.MoveNextAsync().AsTask().Result) "a first piece"
              e.DisposeAsync().AsTask().Wait()
              let isIdle () = model.Running = 0
              Expect.isTrue (SpinWait.SpinUntil(isIdle, 20_000)) "nothing runs any more")

          testCase "services, and embeddings of length 1" (fun () ->
              use model = qwen ()
              let c = client model
              Expect.isNotNull (c.GetService(typeof<ChatClientMetadata>, null)) "metadata"
              Expect.isNotNull (c.GetService(typeof<HostedModel>, null)) "model"
              Expect.isNull (c.GetService(typeof<string>, null)) "no such"

              let generator: IEmbeddingGenerator<string, Embedding<float32>> =
                  new MlxEmbeddingGenerator(model)

              let all = generator.GenerateAsync([ "ab"; "xy"; "ab" ]).Result
              let vectors = [ for e in all -> e.Vector.ToArray() ]
              Expect.equal vectors[0] vectors[2] "one text, one direction"
              Expect.notEqual vectors[0] vectors[1] "another text, another"

              for v in vectors do
                  let norm = v |> Seq.sumBy (fun x -> float x * float x)
                  Expect.floatClose Accuracy.medium norm 1.0 "length"

              Expect.equal (nonNull all.Usage).InputTokenCount (Nullable 9L) "tokens") ]
