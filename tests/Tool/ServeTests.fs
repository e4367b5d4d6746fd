module Mlx.Tests.Tool.ServeTests

open System.Net.Http
open System.Text
open System.Text.Json
open Expecto
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

/// A server of a small model while some work is done, then ended by Ctrl-C.
let private serving more (work: HttpClient -> string -> unit) =
    use folder = ChatTests.chatty ChatTests.template
    use job = launch ([ "serve"; "--model"; folder.Path; "--port"; "0"; "--json" ] @ more)

    try
        let line = job.StandardOutput.ReadLine()

        let url =
            match line with
            | null -> failtestNoStack $"it does not start: {job.StandardError.ReadToEnd()}"
            | line -> string (JsonDocument.Parse(line).RootElement.GetProperty("url").GetString())

        use client = new HttpClient()
        work client url
        use kill = start "kill" [ "-INT"; string job.Id ]
        kill.WaitForExit()
        let said = finish "" job
        Expect.equal (said.Errors, said.Code) ("mlx: interrupted\n", 130) "how it ends"
    finally
        if not job.HasExited then
            job.Kill true

let private get (client: HttpClient) (url: string) =
    let reply = client.GetAsync(url).Result
    int reply.StatusCode, reply.Content.ReadAsStringAsync().Result

let private post (client: HttpClient) (url: string) (body: string) =
    use content = new StringContent(body, Encoding.UTF8, "application/json")
    let reply = client.PostAsync(url, content).Result
    int reply.StatusCode, reply.Content.ReadAsStringAsync().Result

let private question =
    """{"model": "any", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}"""

let tests =
    testList
        "serve"
        [ testCase "it answers, and ends by Ctrl-C" (fun () ->
              serving [] (fun client url ->
                  let code, models = get client $"{url}/models"
                  Expect.equal code 200 models
                  let model = JsonDocument.Parse(models).RootElement.GetProperty("data").[0]
                  let name = string (model.GetProperty("id").GetString())

                  let code, reply =
                      post client $"{url}/chat/completions" (question.Replace("any", name))

                  Expect.equal code 200 reply

                  Expect.equal
                      (JsonDocument
                          .Parse(reply)
                          .RootElement.GetProperty("usage")
                          .GetProperty("completion_tokens")
                          .GetInt32())
                      4
                      "tokens"))

          testCase "a key keeps others out" (fun () ->
              serving [ "--api-key"; "secret" ] (fun client url ->
                  Expect.equal (fst (get client $"{url}/models")) 401 "without it"
                  client.DefaultRequestHeaders.Add("Authorization", "Bearer secret")
                  Expect.equal (fst (get client $"{url}/models")) 200 "with it"))

          testCase "mistakes are a line" (fun () ->
              let serve more = mlx ([ "serve"; "--model"; Golden.path "tiny-f32" ] @ more)
              serve [ "--host"; "nowhere" ] |> refuses 2 "--host"
              serve [ "--port"; "70000" ] |> refuses 2 "--port"
              serve [] |> refuses 1 "tokenizer") ]
