/// A thousand requests that are wrong in some way: each is answered, and the server lives on.
module Mlx.Tests.Hosting.MalformedTests

open System
open System.Net
open System.Net.Http
open System.Net.Sockets
open System.Text
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open Mlx.Hosting
open Mlx.Tests.Hosting.Scripted
open Mlx.Tests.Hosting.ServerTests

let private whole =
    """{"model":"scripted","messages":[{"role":"system","content":"s"},
    {"role":"user","content":[{"type":"text","text":"W"}]},
    {"role":"assistant","tool_calls":[{"id":"abcdefghi","type":"function",
    "function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"abcdefghi","content":"1"},{"role":"user","content":"W"}],
    "tools":[{"type":"function","function":{"name":"f","description":"d",
    "parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"tool_choice":"auto",
    "temperature":0.5,"top_p":0.9,"max_tokens":4,"stop":["x"],"n":1,"stream":false,
    "logprobs":true,"top_logprobs":2,"seed":3,"logit_bias":{"5":1},
    "response_format":{"type":"text"},"stream_options":{"include_usage":true},
    "prompt":"W","input":"W","echo":false}"""

let private odd =
    [| "null"
       "true"
       "-1"
       "1e999"
       "99999999999999999999"
       "0.5"
       "\"\""
       "\"x\""
       "[]"
       "{}"
       "[[]]"
       "[null]"
       "{\"a\":null}"
       "\"\\ud800\""
       "[1,2,3]"
       "\"required\"" |]

/// Every place in a tree of JSON.
let rec private places (node: JsonNode | null) : (JsonNode * string) list =
    match node with
    | :? JsonObject as o ->
        [ for p in o do
              (o :> JsonNode, p.Key)
              yield! places p.Value ]
    | :? JsonArray as a ->
        [ for item in a do
              yield! places item ]
    | _ -> []

let private body (random: Random) : byte[] =
    let json = nonNull (JsonNode.Parse whole)

    for _ in 0 .. random.Next 4 do
        let all = places json
        let parent, name = all[random.Next all.Length]
        let parent = parent.AsObject()

        if random.Next 3 = 0 then
            parent.Remove name |> ignore
        else
            // Strings that are no text cannot be parsed into a tree: those are put in below.
            let value = odd[random.Next odd.Length]
            parent[name] <- if value.Contains "ud800" then null else JsonNode.Parse value

    let text = json.ToJsonString()
    let text = if random.Next 20 = 0 then text.Replace("\"W\"", "\"\\ud800\"") else text
    let bytes = Encoding.UTF8.GetBytes text

    match random.Next 8 with
    | 0 -> bytes[.. random.Next bytes.Length]
    | 1 ->
        for _ in 0 .. random.Next 6 do
            bytes[random.Next bytes.Length] <- byte (random.Next 256)

        bytes
    | 2 -> Array.init (random.Next 200) (fun _ -> byte (random.Next 256))
    | 3 -> Encoding.UTF8.GetBytes(String('[', random.Next 5000))
    | _ -> bytes

let private paths =
    [| "/v1/chat/completions"
       "/v1/completions"
       "/v1/embeddings"
       "/v1/models"
       "/v1/models/x"
       "/"
       "/v1"
       "/v1/%00"
       "/v1/chat/completions/../x"
       "//" |]

/// By HTTP as it should be: an answer comes, in the API's shape.
let private ask (client: HttpClient) (random: Random) (url: string) =
    let path = if random.Next 4 > 0 then paths[random.Next 3] else paths[random.Next paths.Length]
    let methods = [| "POST"; "POST"; "POST"; "POST"; "GET"; "PUT"; "DELETE"; "OPTIONS"; "HEAD" |]
    let name = methods[random.Next methods.Length]
    use request = new HttpRequestMessage(HttpMethod name, url + path)

    if name <> "GET" && name <> "HEAD" then
        let content = new ByteArrayContent(body random)
        request.Content <- content
        let kinds = [| "application/json"; "application/json; charset=utf-8"; "text/plain"; "a/b" |]
        let kind = if random.Next 8 > 0 then kinds[random.Next 2] else kinds[random.Next 4]
        content.Headers.TryAddWithoutValidation("Content-Type", kind) |> ignore

    use response = client.SendAsync(request).Result
    let text = response.Content.ReadAsStringAsync().Result
    let status = int response.StatusCode
    Expect.isTrue (status = 200 || status >= 400 && status < 500) $"{status} {path}: {text}"

    // Kestrel refuses that path before anybody is asked.
    if status <> 200 && name <> "HEAD" && path <> "/v1/%00" then
        use json = JsonDocument.Parse text
        let error = json.RootElement.GetProperty "error"
        Expect.isNotEmpty (string (error.GetProperty("message").GetString())) path

/// By a socket, where nothing is as it should be; whatever comes back, or nothing.
let private shout (random: Random) (url: string) =
    use client = new TcpClient()
    client.Connect(IPAddress.Loopback, Uri(url).Port)
    use stream = client.GetStream()

    let lines =
        [| "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n{"
           "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"
           "POST /v1/completions HTTP/1.1\r\nHost: a b\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
           "GET /v1/models HTTP/9.9\r\n\r\n"
           "GET " + String('x', 20000) + " HTTP/1.1\r\n\r\n"
           "\u0000\u0001\u0002"
           String([| for _ in 0 .. random.Next 300 -> char (random.Next 128) |]) |]

    let bytes = Encoding.Latin1.GetBytes lines[random.Next lines.Length]

    try
        stream.Write(bytes, 0, bytes.Length)
    with :? IO.IOException ->
        ()

let tests =
    testCase "Server: 1,000 malformed requests" (fun () ->
        let seed = Random.Shared.Next()
        let random = Random seed
        use model = hosted "<tool_call>" { options with MaxTokens = 8 }
        let trouble = Collections.Concurrent.ConcurrentQueue<string>()

        let options = { ServerOptions.defaults with Port = 0; OnError = trouble.Enqueue }

        serving options model (fun url ->
            use client = new HttpClient()

            try
                for i in 1..1000 do
                    if i % 10 = 0 then shout random url else ask client random url

                Expect.isEmpty trouble "errors of the server's own"
                let models = client.GetStringAsync(url + "/v1/models").Result
                Expect.stringContains models "scripted" "it still answers"
            with e ->
                let told = String.concat "\n" trouble
                failtest $"seed {seed}: {e}\n{told}"))
