module Mlx.Tests.Tool.GenerateTests

open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let private ids (json: JsonElement) (name: string) =
    [| for id in json.GetProperty(name).EnumerateArray() -> id.GetInt32() |]

let private commas (ids: int[]) = System.String.Join(',', ids)

/// The tokens of each recorded folder are those that it was recorded with.
let private golden name () =
    let expected = Golden.expected name

    let said =
        mlx
            [ yield! [ "generate"; "--model"; Golden.path name ]
              yield! [ "--prompt-tokens"; commas expected.Prompt ]
              yield! [ "--max-tokens"; string expected.Greedy.Length ]
              yield! [ "--temp"; "0"; "--ignore-eos"; "--json" ] ]
        |> succeeds

    Expect.hasLength (lines said.Out) 1 "one line"
    let json = said.Json
    Expect.equal (ids json "tokens") expected.Greedy "tokens"
    Expect.equal (json.GetProperty("finish_reason").GetString()) "length" "why it ended"
    let usage = json.GetProperty "usage"
    Expect.equal (usage.GetProperty("prompt_tokens").GetInt32()) expected.Prompt.Length "read"
    Expect.equal (usage.GetProperty("completion_tokens").GetInt32()) 32 "written"

    // Logits are close to those recorded: so is the log-probability of the first token.
    let row = expected.Prefill |> Tensor.take 0 (Tensor.scalar (expected.Prompt.Length - 1))
    let logProbs: float32[] = row - Tensor.logsumexp row |> Tensor.toArray
    let first = json.GetProperty("logprobs").[0].GetDouble()
    Expect.floatClose Accuracy.medium first (float logProbs[expected.Greedy[0]]) "log-probability"
    Expect.equal (json.GetProperty("logprobs").GetArrayLength()) 32 "one for each"
    let timings = json.GetProperty "timings"
    Expect.isGreaterThan (timings.GetProperty("first_token_s").GetDouble()) 0.0 "first token"

/// A folder of a small model over bytes, which has text.
let private bytesModel () =
    let folder = new Golden.Folder()
    let config = { MistralConfig.defaults with HiddenSize = 32; NumHiddenLayers = 1 }
    Mistral.init config |> Random.run (Key.ofSeed 1) |> Mistral.save folder.Path config
    folder

let private generate (folder: Golden.Folder) more =
    [ "generate"; "--model"; folder.Path; "--max-tokens"; "20"; "--ignore-eos" ] @ more

let private tiny = Golden.path "tiny-f32"

let tests =
    testList
        "generate"
        [ for name in [ "tiny-f32"; "tiny-f32-tied"; "tiny-f32-sharded"; "tiny-q8g32" ] do
              testCase $"the recorded tokens of {name}" (golden name)

          testCase "text is what the library writes, from any kind of prompt" (fun () ->
              use folder = bytesModel ()
              let config, model = Mistral.load folder.Path

              let wanted =
                  Generate.text
                      Tokenizer.bytes
                      (Mistral.languageModel config model)
                      { GenerateOptions.defaults with MaxTokens = 20; StopAtEos = false }
                      "let rec "
                  |> String.concat ""

              let file = folder.File "prompt.txt"
              File.WriteAllText(file, "let rec ")

              for source in [ [ "--prompt"; "let rec " ]; [ "--prompt-file"; file ] ] do
                  let said = mlx (generate folder source) |> succeeds
                  Expect.equal said.Out (wanted + "\n") $"{source}"

              use job = launch (generate folder [ "--prompt"; "-"; "--json" ])
              let said = finish "let rec " job |> succeeds
              Expect.equal (said.Json.GetProperty("text").GetString()) wanted "standard input")

          testCase "the same seed writes the same, another one something else" (fun () ->
              use folder = bytesModel ()

              let draw seed =
                  (mlx (generate folder [ "--prompt"; "a"; "--temp"; "3"; "--seed"; seed ])
                   |> succeeds)
                      .Out

              Expect.equal (draw "1") (draw "1") "the same"
              Expect.notEqual (draw "1") (draw "2") "others")

          testCase "a prompt cache is written, and read on from" (fun () ->
              use folder = bytesModel ()
              let cache = folder.File "read.safetensors"

              let generate prompt more =
                  let said =
                      mlx (generate folder ([ "--prompt"; prompt; "--json" ] @ more)) |> succeeds

                  let usage = said.Json.GetProperty "usage"
                  ids said.Json "tokens", usage.GetProperty("cached_tokens").GetInt32()

              generate "let rec " [ "--prompt-cache"; cache ] |> ignore
              let warm, cached = generate "let rec x" [ "--prompt-cache"; cache ]
              let cold, _ = generate "let rec x" []
              Expect.equal warm cold "the same tokens"
              Expect.isGreaterThanOrEqual cached 8 "most of the prompt was remembered")

          testCase "a text stops before a stop string" (fun () ->
              use folder = bytesModel ()
              let whole = (mlx (generate folder [ "--prompt"; "a"; "--json" ]) |> succeeds).Json
              let text = string (whole.GetProperty("text").GetString())
              let stop = text.Substring(text.Length / 2, 2)
              let wanted = text.Substring(0, text.IndexOf stop)
              let said = mlx (generate folder [ "--prompt"; "a"; "--stop"; stop; "--json" ])
              let json = (succeeds said).Json
              Expect.equal (json.GetProperty("text").GetString()) wanted "the text before it"
              Expect.equal (json.GetProperty("finish_reason").GetString()) "stop" "why it ended")

          testCase "a draft writes the same tokens" (fun () ->
              use folder = bytesModel ()
              let plain = generate folder [ "--prompt"; "a"; "--json" ]
              let tokens = ids (mlx plain |> succeeds).Json "tokens"
              let drafted = mlx (plain @ [ "--draft-model"; folder.Path ]) |> succeeds
              Expect.equal (ids drafted.Json "tokens") tokens "the same")

          testCase "a schema holds the text to JSON" (fun () ->
              use folder = bytesModel ()
              let schema = folder.File "schema"

              File.WriteAllText(
                  schema,
                  """{"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]}"""
              )

              let said =
                  mlx (
                      [ "generate"; "--model"; folder.Path; "--prompt"; "a"; "--schema"; schema ]
                      @ [ "--max-tokens"; "60"; "--temp"; "2" ]
                  )
                  |> succeeds

              let value = JsonDocument.Parse(said.Out).RootElement.GetProperty "done"
              Expect.contains [ JsonValueKind.True; JsonValueKind.False ] value.ValueKind "a bool")

          testCase "Ctrl-C ends it with 130, and what was written stays" (fun () ->
              use folder = bytesModel ()

              use job =
                  launch
                      [ yield! [ "generate"; "--model"; folder.Path; "--prompt"; "a" ]
                        yield! [ "--ignore-eos"; "--max-tokens"; "100000000" ] ]

              let first = job.StandardOutput.Read()
              use kill = start "kill" [ "-INT"; string job.Id ]
              kill.WaitForExit()
              let said = finish "" job
              Expect.isGreaterThanOrEqual first 0 "it had begun"
              Expect.equal (said.Errors, said.Code) ("mlx: interrupted\n", 130) "how it ends")

          testCase "mistakes of usage are a line and 2" (fun () ->
              let refused part more =
                  mlx ([ "generate"; "--model"; tiny ] @ more) |> refuses 2 part

              refused "one of --prompt, --prompt-file" []
              refused "only one of" [ "--prompt"; "a"; "--prompt-tokens"; "1" ]
              refused "--prompt-tokens: a list of token ids" [ "--prompt-tokens"; "1,x" ]
              refused "--max-tokens: a whole number of at least 1" [ "--max-tokens"; "0" ]
              refused "--temp: a number of at least 0" [ "--temp"; "-1" ]
              refused "--temp: a number of at least 0" [ "--temp"; "NaN" ]
              refused "--top-p: a number from 0 to 1" [ "--prompt"; "a"; "--top-p"; "1.5" ]
              refused "--kv-bits: 2, 3, 4" [ "--prompt-tokens"; "1"; "--kv-bits"; "7" ]
              refused "only one of --chat" [ "--prompt"; "a"; "--chat"; "--no-chat" ]
              refused "'--no-such'" [ "--no-such" ]
              mlx [ "generate"; "--prompt"; "a" ] |> refuses 2 "--model")

          testCase "what fails otherwise is a line and 1" (fun () ->
              let refused part arguments = mlx ("generate" :: arguments) |> refuses 1 part
              refused "no such folder" [ "--model"; "/no/such"; "--prompt-tokens"; "1" ]
              refused "there is no tokenizer" [ "--model"; tiny; "--prompt"; "a" ]
              refused "outside the vocabulary" [ "--model"; tiny; "--prompt-tokens"; "1000" ]
              refused "no-such.txt" [ "--model"; tiny; "--prompt-file"; "/no-such.txt" ]) ]
