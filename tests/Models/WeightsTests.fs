module Mlx.Tests.Models.WeightsTests

open System.Collections.Generic
open System.IO
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Golden

let private load (folder: Folder) = fun () -> Mistral.load folder.Path |> ignore

/// Writes the weights of a folder again, after a change.
let private rewrite (folder: Folder) (change: Dictionary<string, Tensor> -> unit) =
    let path = folder.File "model.safetensors"
    let weights = Dictionary(Safetensors.Load(path).Arrays)
    change weights
    Safetensors.Save(path, weights)

let tests =
    testList
        "Weights"
        [ for name in [ "tiny-f32"; "tiny-f32-tied"; "tiny-bf16"; "tiny-q4g64" ] do
              testCase $"{name}: saved and loaded again it is the same" (fun () ->
                  let config, model = Mistral.load (path name)
                  use folder = new Folder()
                  Mistral.save folder.Path config model
                  let config', model' = Mistral.load folder.Path
                  Expect.equal config' config "config"
                  Expect.equal (Tree.structure model') (Tree.structure model) "structure"

                  for (path, a), (_, b) in Seq.zip (Tree.named model) (Tree.named model') do
                      Expect.equal b.DType a.DType path
                      Expect.isTrue (Tensor.arrayEqual a b) path)

          testCase "a packing that there is not" (fun () ->
              use folder = copy "tiny-q4g64"
              let file = folder.File "config.json"
              let config = File.ReadAllText(file).Replace("\"bits\": 4", "\"bits\": 7")
              File.WriteAllText(file, config)
              let problem = List.exactlyOne (problems (load folder))
              Expect.stringStarts problem "quantization: " "the entry"
              Expect.stringContains problem "7" "what is wrong with it")

          testCase "all that is wrong with weights is told at once, by path" (fun () ->
              use folder = copy "tiny-f32"

              rewrite folder (fun weights ->
                  weights.Remove "model.layers.1.self_attn.q_proj.weight" |> ignore
                  weights.Remove "model.norm.weight" |> ignore
                  weights["model.layers.0.mlp.up_proj.weight"] <- Tensor.zeros [ 3; 4 ]

                  weights["model.layers.2.input_layernorm.weight"] <-
                      Tensor.zerosOf DType.Int32 [ 64 ]

                  weights["model.extra"] <- Tensor.zeros [ 1 ])

              Expect.equal
                  (problems (load folder))
                  [ "model.layers.1.self_attn.q_proj.weight: missing"
                    "model.norm.weight: missing"
                    "model.extra: unexpected"
                    "model.layers.0.mlp.up_proj.weight: (160, 64) is wanted, (3, 4) was found"
                    "model.layers.2.input_layernorm.weight: float32 is wanted, int32 was found" ]
                  "problems")

          testCase "a file that is cut off is refused" (fun () ->
              use folder = copy "tiny-f32"
              let path = folder.File "model.safetensors"
              let bytes = File.ReadAllBytes path
              File.WriteAllBytes(path, bytes[.. bytes.Length / 2])
              Expect.hasLength (problems (load folder)) 1 "problems")

          testCase "an index leads nowhere else" (fun () ->
              for file in [ "../model.safetensors"; "/etc/passwd"; ".."; ""; "a/b"; @"a\b" ] do
                  use folder = copy "tiny-f32-sharded"
                  let index = folder.File "model.safetensors.index.json"
                  let text = File.ReadAllText index
                  let quoted = System.Text.Json.JsonSerializer.Serialize file

                  File.WriteAllText(
                      index,
                      text.Replace("\"model-00002-of-00002.safetensors\"", quoted)
                  )

                  Expect.stringContains
                      (problems (load folder) |> List.head)
                      "no name of a file in the folder"
                      file)

          testCase "a shard that lacks what the index promises is named" (fun () ->
              use folder = copy "tiny-f32-sharded"
              let index = folder.File "model.safetensors.index.json"
              let text = File.ReadAllText index
              File.WriteAllText(index, text.Replace("\"lm_head.weight\"", "\"lm_head.wait\""))

              Expect.equal
                  (problems (load folder))
                  [ "lm_head.wait: missing, though the index has it" ]
                  "problems")

          testCase "a folder without weights, config or existence is refused" (fun () ->
              use folder = copy "tiny-f32"
              File.Delete(folder.File "model.safetensors")
              Expect.stringContains (problems (load folder) |> List.head) "neither" "weights"
              File.Delete(folder.File "config.json")
              Expect.equal (problems (load folder)) [ "there is no such file" ] "config"

              Expect.equal
                  (problems (fun () -> Weights.read (folder.File "none") |> ignore))
                  [ "there is no such folder" ]
                  "folder") ]
