/// Help, versions, and what every command has in common.
module Mlx.Tests.Tool.HelpTests

open Expecto
open Mlx.Tests
open Mlx.Tests.Tool.Command

let private commands =
    [ "generate"
      "chat"
      "convert"
      "quantize"
      "lora"
      "perplexity"
      "serve"
      "inspect"
      "bench"
      "doctor" ]

let private examples (said: string) =
    lines said
    |> List.skipWhile (fun line -> line <> "Examples:")
    |> List.filter (fun line -> line.Contains " mlx " || line.StartsWith "  mlx ")

let tests =
    testList
        "help"
        [ testCase "the command tells its subcommands" (fun () ->
              for arguments in [ []; [ "--help" ]; [ "-h" ] ] do
                  let said = (mlx arguments |> succeeds).Out

                  for command in commands do
                      Expect.stringContains said $"\n  {command} " "listed")

          for command in commands do
              testCase $"{command} --help has examples that it accepts" (fun () ->
                  let said = (mlx [ command; "--help" ] |> succeeds).Out
                  Expect.stringContains said $"mlx {command}" "usage"
                  Expect.isNonEmpty (examples said) "examples"

                  Expect.exists
                      (examples said)
                      (fun line -> line.Contains $"mlx {command} ")
                      "its own")

          testCase "an unknown command is a line and 2" (fun () ->
              mlx [ "no-such" ] |> refuses 2 "'no-such'")

          testCase "--version is a version" (fun () ->
              Expect.isMatch (mlx [ "--version" ] |> succeeds).Out @"^\d+\.\d+\.\d+" "version")

          testCase "doctor tells the engine" (fun () ->
              let said = (mlx [ "doctor" ] |> succeeds).Out
              Expect.stringContains said "engine    " "for people"
              let json = (mlx [ "doctor"; "--json" ] |> succeeds).Json
              let engine = Mlx.Core.Engine.Describe()
              Expect.equal (json.GetProperty("engine").GetString()) engine.Name "for programs"
              Expect.isGreaterThan (json.GetProperty("memory_bytes").GetInt64()) 0L "memory") ]
