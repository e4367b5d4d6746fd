module Mlx.Tests.Tool.ConvertTests

open System.IO
open Expecto
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let private convert command name (more: string list) (check: Golden.Folder -> Outcome -> unit) () =
    use folder = new Golden.Folder()

    mlx ([ command; "--model"; Golden.path name; "--out"; folder.File "out" ] @ more)
    |> check folder

let private inspect path = (mlx [ "inspect"; "--model"; path; "--json" ] |> succeeds).Json

let private greedy path (prompt: int[]) count =
    let said =
        mlx
            [ yield!
                  [ "generate"
                    "--model"
                    path
                    "--prompt-tokens"
                    System.String.Join(',', prompt) ]
              yield! [ "--max-tokens"; string count; "--ignore-eos"; "--json" ] ]
        |> succeeds

    [| for id in said.Json.GetProperty("tokens").EnumerateArray() -> id.GetInt32() |]

let tests =
    testList
        "convert and quantize"
        [ testCase
              "8 bits in groups of 32 write what mlx-lm's own folder writes"
              (convert
                  "quantize"
                  "tiny-f32"
                  [ "--bits"; "8"; "--group-size"; "32"; "--json" ]
                  (fun folder said ->
                      let json = (succeeds said).Json
                      let expected = Golden.expected "tiny-q8g32"
                      let out = folder.File "out"
                      Expect.equal (greedy out expected.Prompt 32) expected.Greedy "tokens"

                      Expect.equal
                          (json.GetProperty("bytes").GetInt64())
                          ((inspect (Golden.path "tiny-q8g32")).GetProperty("bytes").GetInt64())
                          "bytes"))

          testCase
              "a copy in files of a size at most writes the same"
              (convert "convert" "tiny-f32" [ "--shard-size"; "0.0003" ] (fun folder said ->
                  Expect.stringContains (succeeds said).Out "32.00 bits a weight" "told"
                  let out = folder.File "out"

                  Expect.isTrue
                      (File.Exists(Path.Combine(out, "model.safetensors.index.json")))
                      "shards"

                  let expected = Golden.expected "tiny-f32"
                  Expect.equal (greedy out expected.Prompt 32) expected.Greedy "tokens"))

          testCase
              "mxfp4, and numbers again"
              (convert "quantize" "tiny-f32" [ "--mode"; "mxfp4" ] (fun folder said ->
                  said |> succeeds |> ignore
                  let out = folder.File "out"
                  let packing = (inspect out).GetProperty "quantization"
                  Expect.equal (packing.GetProperty("mode").GetString()) "mxfp4" "mode"

                  mlx
                      [ yield! [ "convert"; "--model"; out; "--out"; folder.File "plain" ]
                        yield! [ "--dequantize"; "--dtype"; "bfloat16" ] ]
                  |> succeeds
                  |> ignore

                  let plain = inspect (folder.File "plain")

                  Expect.equal
                      (plain.GetProperty("quantization").ValueKind)
                      System.Text.Json.JsonValueKind.Null
                      "no packing"

                  Expect.equal
                      (plain.GetProperty("bytes").GetInt64())
                      (2L * plain.GetProperty("parameters").GetInt64())
                      "16 bits"))

          testCase
              "more bits where they matter most"
              (convert
                  "quantize"
                  "tiny-f32"
                  [ "--bits"; "4"; "--mixed-bits"; "8" ]
                  (fun folder said ->
                      said |> succeeds |> ignore
                      let packing = (inspect (folder.File "out")).GetProperty "quantization"

                      Expect.isGreaterThan
                          (packing.GetProperty("layers_with_their_own").GetInt32())
                          0
                          "own"))

          testCase "what cannot be is a line" (fun () ->
              use folder = Golden.copy "tiny-f32"
              let quantize more = mlx ([ "quantize"; "--model"; folder.Path ] @ more)
              quantize [ "--out"; folder.Path ] |> refuses 1 "a model already"
              quantize [ "--out"; folder.Path; "--overwrite" ] |> refuses 1 "its own folder"
              quantize [ "--out"; folder.File "out"; "--bits"; "7" ] |> refuses 1 "quantize"
              quantize [ "--out"; folder.File "out"; "--mode"; "magic" ] |> refuses 2 "--mode"
              quantize [] |> refuses 2 "--out") ]
