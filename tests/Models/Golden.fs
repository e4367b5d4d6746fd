/// The folders of tests/data/mistral: tiny models, and what mlx-lm on MLX 0.31.2 computes with
/// them.
module Mlx.Tests.Models.Golden

open System
open System.IO
open System.Text.Json
open Mlx
open Mlx.Core

/// Every folder, with what its logits may differ by: float32 computes the same up to rounding, and
/// bfloat16 rounds each op to 8 bits, which adds up to a few hundredths.
let folders =
    [ "tiny-f32", 1e-4
      "tiny-f32-tied", 1e-4
      "tiny-f32-sharded", 1e-4
      "tiny-q4g64", 1e-4
      "tiny-q8g32", 1e-4
      "tiny-bf16", 0.1 ]

let path (name: string) = Path.Combine(AppContext.BaseDirectory, "data", "mistral", name)

/// The folders of the families: tiny models of every variant, and what mlx-lm's models compute with
/// them.
let families = Path.Combine(AppContext.BaseDirectory, "data", "models")

/// What a folder is refused for.
let problems (f: unit -> 'T) =
    try
        f () |> ignore
        Expecto.Tests.failtest "it was accepted"
    with :? Mlx.Models.ModelException as e ->
        e.Problems

/// A folder that is gone at the end.
type Folder() =
    let path = Directory.CreateTempSubdirectory("mlx-models-").FullName
    member _.Path = path
    member _.File name = Path.Combine(path, name)

    interface IDisposable with
        member _.Dispose() = Directory.Delete(path, true)

/// A copy of a folder, to be damaged.
let copyOf (source: string) =
    let folder = new Folder()

    for file in Directory.EnumerateFiles source do
        File.Copy(file, folder.File(nonNull (Path.GetFileName file)))

    folder

/// A copy of a golden folder, to be damaged.
let copy name = copyOf (path name)

/// The recorded answers of a folder.
type Expected =
    {
        Prompt: int[]
        /// The likeliest tokens after the prompt.
        Greedy: int[]
        /// How far each of them leads.
        Margin: float[]
        /// (prompt, vocabulary).
        Prefill: Tensor
        /// (8, vocabulary), each row after one more of the greedy tokens.
        Decode: Tensor
    }

let expectedIn (folder: string) =
    let at file = Path.Combine(folder, file)
    use json = JsonDocument.Parse(File.ReadAllText(at "expected.json"))
    let list (name: string) = json.RootElement.GetProperty(name).EnumerateArray()
    let tensors = Safetensors.Load(at "expected.safetensors").Arrays

    { Prompt = [| for id in list "prompt" -> id.GetInt32() |]
      Greedy = [| for id in list "greedy" -> id.GetInt32() |]
      Margin = [| for m in list "greedy_margin_top1_top2" -> m.GetDouble() |]
      Prefill = tensors["logits_prefill"]
      Decode = tensors["logits_decode"] }

let expected name = expectedIn (path name)

/// The largest difference between elements.
let distance (a: Tensor) (b: Tensor) =
    let wide = Tensor.astype DType.Float32
    wide a - wide b |> Tensor.abs |> Tensor.max |> Tensor.toFloat

/// One prompt as a batch, (1, length).
let batch (ids: int[]) = MlxArray.From(ids, [| 1; ids.Length |])
