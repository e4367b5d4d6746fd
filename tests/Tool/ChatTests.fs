module Mlx.Tests.Tool.ChatTests

open System.IO
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"

/// A folder of a small model over bytes, with this chat template.
let chatty (template: string) =
    let folder = new Golden.Folder()
    let config = { MistralConfig.defaults with HiddenSize = 32; NumHiddenLayers = 1 }
    Mistral.init config |> Random.run (Key.ofSeed 1) |> Mistral.save folder.Path config
    File.WriteAllText(folder.File "chat_template.jinja", template)
    folder

let private converse (folder: Golden.Folder) more input =
    use job =
        launch (
            [ "chat"; "--model"; folder.Path; "--max-tokens"; "4"; "--json"; "--temp"; "0" ] @ more
        )

    finish input job

/// For each answer how many tokens were read in all, and how many of them were remembered.
let private usages (said: Outcome) =
    [ for line in lines said.Out ->
          let usage = System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty "usage"

          usage.GetProperty("prompt_tokens").GetInt32(),
          usage.GetProperty("cached_tokens").GetInt32() ]

let tests =
    testList
        "chat"
        [ testCase "a line is a turn, and what was said stays read" (fun () ->
              use folder = chatty template
              let said = converse folder [] "hello\n\nmore\n" |> succeeds

              match usages said with
              | [ first, 0; second, cached ] ->
                  Expect.equal first "<user>hello<assistant>".Length "the first prompt"
                  Expect.isGreaterThan second first "the second has both"
                  Expect.isGreaterThanOrEqual cached (first - 1) "and reads what is new"
              | other -> failtest $"two answers are wanted: {other}")

          testCase "/reset forgets, /exit leaves, others are told" (fun () ->
              use folder = chatty template
              let said = converse folder [] "hello\n/reset\nhello\n/what\n/exit\nnot this\n"
              Expect.equal said.Code 0 "ends well"
              Expect.stringContains said.Errors "there is no '/what'" "unknown"

              match usages said with
              | [ first, _; second, _ ] -> Expect.equal second first "the same prompt again"
              | other -> failtest $"two answers are wanted: {other}")

          testCase "the system's words come first" (fun () ->
              use folder = chatty template
              let said = converse folder [ "--system"; "Be kind." ] "hello\n" |> succeeds
              let whole = "<system>Be kind.<user>hello<assistant>".Length
              Expect.equal (usages said) [ whole, 0 ] "tokens read")

          testCase "generate puts its prompt as a question where there is a template" (fun () ->
              use folder = chatty template

              let read more =
                  let said =
                      mlx (
                          [ "generate"; "--model"; folder.Path; "--prompt"; "hello" ]
                          @ [ "--max-tokens"; "2"; "--json" ]
                          @ more
                      )
                      |> succeeds

                  said.Json.GetProperty("usage").GetProperty("prompt_tokens").GetInt32()

              Expect.equal (read []) "<user>hello<assistant>".Length "as a question"
              Expect.equal (read [ "--no-chat" ]) "_hello".Length "as it is, after Bos")

          testCase "a folder without a template does not chat" (fun () ->
              mlx [ "chat"; "--model"; Golden.path "tiny-f32" ]
              |> refuses 1 "there is no chat template")

          testCase "Ctrl-C while it waits for a line ends it at once" (fun () ->
              use folder = chatty template
              use job = launch [ "chat"; "--model"; folder.Path; "--max-tokens"; "1" ]
              job.StandardInput.WriteLine "hello"
              job.StandardInput.Flush()
              ignore (job.StandardOutput.Read())
              System.Threading.Thread.Sleep 500
              use kill = start "kill" [ "-INT"; string job.Id ]
              kill.WaitForExit()
              let clock = System.Diagnostics.Stopwatch.StartNew()
              Expect.isTrue (job.WaitForExit 10_000) "it ends"
              Expect.equal job.ExitCode 130 "with 130"
              Expect.isLessThan clock.Elapsed.TotalSeconds 4.5 "before its patience is over")

          for name, text, part in
              [ "loops forever",
                "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
                "template"
                "is no template", "{% for %}", "template"
                "asks for what is not there", "{{ messages.no_such_method() }}", "template" ] do
              testCase $"a template that {name} is a line and 1, in bounded time" (fun () ->
                  use folder = chatty text
                  let said = converse folder [] "hello\n"
                  Expect.isLessThan said.Seconds 30.0 "seconds"
                  Expect.isLessThan said.PeakBytes (1L <<< 30) "bytes of memory"
                  refuses 1 part said) ]
