(**
# A language model from nothing

Trains a small Mistral on the bytes of this repository's own sources, saves it as Hugging Face saves
models, loads it back, and lets it write. Build once, then run:

    dotnet build samples/Demo -c Release
    dotnet fsi samples/language-model.fsx

In a project of your own, `#r "nuget: Mlx.Models"` takes the place of these lines.
*)
#I "Demo/bin/Release/net10.0"
#r "Mlx.Core.dll"
#r "Mlx.Functional.dll"
#r "Mlx.Models.dll"

open System.IO
open Mlx
open Mlx.Core
open Mlx.Models

(**
## Text

Every byte is a token. The last tenth stays unseen.
*)
let root = Path.Combine(__SOURCE_DIRECTORY__, "..")

let text =
    [| for folder in [ "Mlx.Core"; "Mlx.Cpu"; "Mlx.Functional"; "Mlx.Models" ] do
           for source in [ "*.cs"; "*.fs" ] do
               Directory.GetFiles(Path.Combine(root, folder), source, SearchOption.AllDirectories)
               |> Array.filter (fun file -> not (file.EndsWith ".g.cs" || file.Contains "obj"))
               |> Array.sort |]
    |> Array.collect (Array.collect File.ReadAllBytes)

let seen, unseen = text |> Array.splitAt (text.Length * 9 / 10)

(**
## Batches

Windows from random places. The model reads token 256, which begins a text, and all bytes but the last;
it is to predict each byte from those before.
*)
let length = 128

let pairs (windows: Tensor) =
    let targets = windows |> Tensor.astype DType.Int32
    let start = Tensor.full [ windows.Dim 0; 1 ] 256
    Tensor.concatenate 1 [ start; targets |> Tensor.narrow 1 0 (length - 1) ], targets

let draw (text: byte[]) size =
    let text = Tensor.ofArray text

    random {
        let! places = Random.randint 0 (int text.Size - length) [ size; 1 ]
        return text |> Tensor.take 0 (places + Tensor.arange length) |> pairs
    }

let batches =
    let draw = draw seen 16
    Key.ofSeed 1 |> Seq.unfold (fun key -> Some(Random.runNext key draw))

(**
## Model and training

Parameters are a plain record; the loss is a pure function of it and a batch. `train` fuses loss,
gradients and optimizer into one step.
*)
let config =
    { MistralConfig.defaults with
        HiddenSize = 128
        NumHiddenLayers = 4
        IntermediateSize = 344
        // A longer text sees no further back than training did.
        SlidingWindow = Some length }

let count = 300

let trained =
    train {
        start (Mistral.init config |> Random.run (Key.ofSeed 0))
        minimize (Mistral.loss config)
        using (Optim.clipByGlobalNorm 1.0 >> Optim.adamW (Schedule.warmupCosine 30 count 3e-3))
        over batches
        steps count
        counting "tokens" (fun (inputs, _) -> inputs.Size)
    }

let loss =
    draw unseen 64 |> Random.run (Key.ofSeed 2) |> Mistral.loss config trained.Parameters

printfn $"unseen: {Tensor.toFloat loss:F3} nats/byte"

(**
## To disk and back, and writing

The folder has `config.json` and `model.safetensors`, with the names that other tools expect.
*)
let folder = Path.Combine(root, "artifacts", "language-model")
Mistral.save folder config trained.Parameters
let languageModel = Mistral.load folder ||> Mistral.languageModel

let options =
    { GenerateOptions.defaults with
        MaxTokens = 300
        Sampler = Sample.temperature 0.5 }

Generate.text Tokenizer.bytes languageModel options "/// <summary>"
|> Seq.iter (printf "%s")
