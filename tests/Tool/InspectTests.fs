module Mlx.Tests.Tool.InspectTests

open System.Text.Json
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let private inspect name more = mlx ([ "inspect"; "--model"; Golden.path name ] @ more) |> succeeds

let private long (json: JsonElement) (name: string) = json.GetProperty(name).GetInt64()

let private counts name () =
    let _, model = Mistral.load (Golden.path name)
    let json = (inspect name [ "--json" ]).Json
    let tensors = List.ofSeq (json.GetProperty("tensors").EnumerateArray())

    Expect.equal
        [ for t in tensors -> t.GetProperty("name").GetString() ]
        (Tree.named model |> Array.map fst |> Array.sort |> List.ofArray)
        "names"

    Expect.equal (long json "bytes") (Tree.bytes model) "bytes"
    Expect.equal (json.GetProperty("model_type").GetString()) "mistral" "family"

let tests =
    testList
        "inspect"
        [ for name in [ "tiny-f32"; "tiny-bf16"; "tiny-q4g64" ] do
              testCase $"tensors and bytes of {name} are those that load" (counts name)

          testCase "a packed model has as many parameters as the one it was made of" (fun () ->
              let json = (inspect "tiny-f32" [ "--json" ]).Json
              let plain = long json "parameters"
              let _, model = Mistral.load (Golden.path "tiny-f32")
              Expect.equal plain (Tree.size model) "all leaves"

              for name in [ "tiny-q4g64"; "tiny-q8g32" ] do
                  Expect.equal (long (inspect name [ "--json" ]).Json "parameters") plain name)

          testCase "a sharded folder is listed whole" (fun () ->
              let json = (inspect "tiny-f32-sharded" [ "--json" ]).Json

              let files =
                  [ for t in json.GetProperty("tensors").EnumerateArray() ->
                        t.GetProperty("file").GetString() ]

              Expect.hasLength (List.distinct files) 2 "files")

          testCase "memory is weights and cache" (fun () ->
              // 3 layers of 2 heads of 8 features, keys and values, float32.
              let json = (inspect "tiny-f32" [ "--json" ]).Json
              Expect.equal (long json "cache_bytes_per_token") (3L * 2L * 8L * 2L * 4L) "cache"
              // Of the embedding only a row is read.
              Expect.equal
                  (long json "bytes" - long json "bytes_per_token")
                  (1000L * 64L * 4L)
                  "read")

          testCase "for people it folds layers into rows" (fun () ->
              let said = (inspect "tiny-q4g64" []).Out
              Expect.stringContains said "model.layers.*.mlp.down_proj.weight" "layers as one row"
              Expect.stringContains said "4 bits in groups of 64, affine" "packing"
              let all = (inspect "tiny-q4g64" [ "--tensors" ]).Out
              Expect.stringContains all "model.layers.2.mlp.down_proj.weight" "each tensor") ]
