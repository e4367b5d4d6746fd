/// The program of samples/ChatConsole, and the class that it shows: a model folder from C#.
module Mlx.Tests.Tool.ConsoleTests

open Expecto
open Mlx.Models
open Mlx.Tests
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let private console arguments input =
    let folder = "samples/ChatConsole/bin/Release/net10.0"
    use job = start "dotnet" (Repository.path $"{folder}/ChatConsole.dll" :: arguments)
    finish input job

let private whole (pieces: seq<string>) = String.concat "" pieces

let tests =
    testList
        "text models"
        [ testCase "they write what Generate writes" (fun () ->
              use folder = ChatTests.chatty ChatTests.template
              let text = TextModel.Load folder.Path

              let sampling =
                  { Sample.greedy with
                      Temperature = 2.0
                      TopK = 50
                      TopP = 0.9
                      MinP = 0.01
                      RepetitionPenalty = 1.2 }

              let options =
                  { GenerateOptions.defaults with MaxTokens = 12; Seed = 3; Sampling = sampling }

              let same =
                  TextOptions(
                      MaxTokens = 12,
                      Seed = 3,
                      Temperature = 2.0,
                      TopK = 50,
                      TopP = 0.9,
                      MinP = 0.01,
                      RepetitionPenalty = 1.2
                  )

              Expect.equal
                  (text.Write("let ", same) |> whole)
                  (Generate.text text.Tokenizer text.Model.LanguageModel options "let " |> whole)
                  "the same text"

              Expect.equal
                  (text.Answer([ Message.System "a"; Message.User "b" ], same) |> whole)
                  (text.Write("<system>a<user>b<assistant>", same) |> whole)
                  "a conversation is its template's text")

          testCase "a folder without template or tokenizer says so" (fun () ->
              use folder = ChatTests.chatty ChatTests.template
              System.IO.File.Delete(folder.File "chat_template.jinja")
              let text = TextModel.Load folder.Path

              Expect.throwsT<System.InvalidOperationException>
                  (fun () -> text.Answer [ Message.User "a" ] |> ignore)
                  "no template"

              Expect.throwsT<ModelException>
                  (fun () -> TextModel.Load(Golden.path "tiny-f32") |> ignore)
                  "no tokenizer")

          testCase "the console program writes and answers" (fun () ->
              use folder = ChatTests.chatty ChatTests.template
              let said = console [ folder.Path; "let " ] "" |> succeeds
              Expect.isGreaterThan said.Out.Length 10 "a text"
              let said = console [ folder.Path ] "hello\nmore\n" |> succeeds
              Expect.isGreaterThan said.Out.Length 20 "two answers"
              Expect.equal (console [ "/no/such" ] "").Code 1 "an error") ]
