/// Folders into others: packed as mlx-lm packs them, unpacked, cast, cut into files.
module Mlx.Tests.Models.ConvertTests

open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Golden

let private named parameters = dict (Tree.named parameters)

let private same (a: CausalLM) (b: CausalLM) =
    Expect.equal (Tree.structure b) (Tree.structure a) "structure"

    for path, a, b in Tree.zip a b do
        Expect.equal b.DType a.DType path
        Expect.isTrue (Tensor.arrayEqual a b) path

let private logits (model: Model) =
    CausalLM.logits model.Config model.Parameters (batch [| 1; 5; 9; 300 |])

let tests =
    testList
        "Convert"
        [ for name, packing in
              [ "tiny-q4g64", Packing.affine
                "tiny-q8g32", { Packing.affine with GroupSize = 32; Bits = 8 } ] do
              testCase $"what mlx-lm made of tiny-f32 is {name}, bit for bit" (fun () ->
                  use target = new Folder()
                  Convert.quantize packing |> Convert.folder (path "tiny-f32") target.Path
                  let ours, theirs = Model.load target.Path, Model.load (path name)
                  Expect.equal ours.Config theirs.Config "config"
                  same ours.Parameters theirs.Parameters)

          for packing in
              [ for bits in [ 2; 3; 4; 5; 6; 8 ] ->
                    { Packing.affine with GroupSize = 32; Bits = bits } ]
              @ [ Packing.mxfp4; Packing.mxfp8; Packing.nvfp4 ] do
              testCase $"{packing.Mode} of {packing.Bits} bits is near what it was" (fun () ->
                  use target = new Folder()
                  let source = path "tiny-f32"
                  Convert.quantize packing |> Convert.folder source target.Path
                  let model = Model.load target.Path

                  Expect.equal
                      (model.Config.Quantization |> Option.map _.Packing)
                      (Some packing)
                      ""

                  let plain = (Model.load source).Parameters
                  let back = (Nn.dequantize model.Parameters)

                  // A step of a group's range. Small floats are cut off above their largest.
                  let step =
                      if packing.Mode = "affine" then
                          1.0 / float ((1 <<< packing.Bits) - 1)
                      else
                          0.25

                  for path, a, b in Tree.zip plain back do
                      let range = Tensor.max a - Tensor.min a |> Tensor.toFloat
                      Expect.isLessThan (distance a b) (range * step) path

                  let bits = model.Parameters |> Tree.bytes
                  Expect.isLessThan bits (Tree.bytes plain) "bytes"
                  let finite = logits model |> Tensor.isfinite |> Tensor.all
                  Expect.isTrue (finite.Item<bool>()) "logits")

          testCase "numbers again are what the packed model computes with" (fun () ->
              use target = new Folder()
              Convert.dequantize |> Convert.folder (path "tiny-q4g64") target.Path
              let model = Model.load target.Path
              Expect.equal model.Config.Quantization None "config"

              Expect.isLessThan
                  (distance (logits model) (logits (Model.load (path "tiny-q4g64"))))
                  1e-4
                  "")

          testCase "a dtype for all that floats" (fun () ->
              use target = new Folder()

              { Convert.quantize Packing.affine with DType = Some DType.BFloat16 }
              |> Convert.folder (path "tiny-f32") target.Path

              let model = Model.load target.Path

              for path, x in Tree.named model.Parameters do
                  let packed = path.EndsWith ".weight" && x.DType = DType.UInt32
                  Expect.isTrue (packed || x.DType = DType.BFloat16) path

              let json = File.ReadAllText(target.File "config.json")
              Expect.stringContains json "\"torch_dtype\": \"bfloat16\"" "config.json")

          testCase "a packing for each part" (fun () ->
              use target = new Folder()

              let packing (path: string) =
                  if path.EndsWith "v_proj" then Some { Packing.affine with Bits = 8 }
                  elif path.EndsWith "o_proj" then None
                  elif path = "lm_head" then Some Packing.mxfp8
                  else Some Packing.affine

              { Convert.defaults with Packing = Some packing }
              |> Convert.folder (path "tiny-f32") target.Path

              let model = Model.load target.Path

              let at path =
                  model.Config.Quantization
                  |> Option.bind (Quantization.at path)
                  |> Option.map _.Bits

              Expect.equal (at "model.layers.1.self_attn.v_proj") (Some 8) "v_proj"
              Expect.equal (at "model.layers.1.self_attn.q_proj") (Some 4) "q_proj"
              Expect.equal (at "lm_head") (Some 8) "lm_head"
              let names = named model.Parameters
              let scales = "model.layers.1.self_attn.o_proj.scales"
              Expect.isFalse (names.ContainsKey scales) "o_proj is plain")

          testCase "more bits where they matter, as mlx-lm's recipe has it" (fun () ->
              let low, high = Packing.affine, { Packing.affine with Bits = 6 }
              let bits path = Convert.mixed 16 low high path |> Option.map _.Bits
              let layers = [ for i in 0..15 -> bits $"model.layers.{i}.self_attn.v_proj" = Some 6 ]

              Expect.equal
                  [ for i, isHigh in List.indexed layers do
                        if isHigh then
                            i ]
                  [ 0; 1; 4; 7; 10; 13; 14; 15 ]
                  "layers"

              Expect.equal (bits "model.layers.0.self_attn.q_proj") (Some 4) "queries"
              Expect.equal (bits "lm_head") (Some 6) "the output matrix")

          testCase
              "files of a size at most, with an index that Hugging Face's library reads"
              (fun () ->
                  use target = new Folder()
                  let options = { Convert.defaults with ShardBytes = 200_000L }
                  options |> Convert.folder (path "tiny-f32") target.Path
                  let files = Directory.GetFiles(target.Path, "*.safetensors")
                  Expect.isGreaterThan files.Length 3 "files"

                  for file in files do
                      // The embedding takes more than that alone.
                      Expect.isLessThan (FileInfo(file).Length) 260_000L file

                  use index =
                      JsonDocument.Parse(
                          File.ReadAllText(target.File "model.safetensors.index.json")
                      )

                  let model = Model.load target.Path
                  let total = index.RootElement.GetProperty("metadata").GetProperty("total_size")
                  Expect.equal (total.GetInt64()) (Tree.bytes model.Parameters) "total_size"
                  same model.Parameters (Model.load (path "tiny-f32")).Parameters

                  // In the same folder, in one file: those of before would be read in its place.
                  Convert.defaults |> Convert.folder (path "tiny-f32-tied") target.Path

                  let names =
                      Directory.GetFiles target.Path |> Array.map (fun f -> FileInfo(f).Name)

                  Expect.equal (Array.sort names) [| "config.json"; "model.safetensors" |] "files"
                  Expect.isTrue (Model.load target.Path).Config.TieWordEmbeddings "config")

          testCase
              "what belongs to the tokenizer comes along, and the other fields of config.json"
              (fun () ->
                  use source = copy "tiny-f32"
                  use target = new Folder()
                  File.WriteAllText(source.File "tokenizer.json", "{}")
                  File.WriteAllText(source.File "notes.txt", "private")
                  Convert.quantize Packing.affine |> Convert.folder source.Path target.Path
                  Expect.isTrue (File.Exists(target.File "tokenizer.json")) "tokenizer"
                  Expect.isFalse (File.Exists(target.File "notes.txt")) "what nobody asked for"

                  Expect.stringContains
                      (File.ReadAllText(target.File "config.json"))
                      "use_cache"
                      "field")

          testCase "not into its own folder, and not in a packing that there is not" (fun () ->
              use source = copy "tiny-f32"
              let before = Directory.GetFiles source.Path |> Array.map File.ReadAllBytes

              Expect.throwsT<ModelException>
                  (fun () -> Convert.defaults |> Convert.folder source.Path source.Path)
                  "its own"

              use target = new Folder()

              Expect.throwsT<ModelException>
                  (fun () ->
                      Convert.quantize { Packing.affine with Bits = 7 }
                      |> Convert.folder source.Path target.Path)
                  "7 bits"

              Expect.isEmpty (Directory.GetFiles target.Path) "nothing is written"

              Expect.equal
                  (Directory.GetFiles source.Path |> Array.map File.ReadAllBytes)
                  before
                  "the source")

          testCase "a thousand problems are told by their number" (fun () ->
              let e = ModelException("folder", [ for i in 1..1000 -> $"weight {i}: missing" ])
              Expect.hasLength e.Problems 1000 "problems"
              Expect.stringEnds e.Message "weight 50: missing\n  and 950 more" "message") ]
