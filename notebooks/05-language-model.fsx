(**
# A language model from nothing

Trains a small Mistral on the bytes of a text, saves it as Hugging Face saves models, loads it back,
and lets it write. Every byte is a token.
*)
#load "mlx.fsx"

open System.IO
open System.Text
open Mlx
open Mlx.Core
open Mlx.Models
open Plotly.NET

(**
## Text

Sums in words, in random order. To continue such a text, one has to learn how numbers are spelled,
and that sentences end. The last tenth stays unseen.
*)
let below20 =
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
     sixteen seventeen eighteen nineteen"
        .Split
        ' '

let tens = "twenty thirty forty fifty sixty seventy eighty ninety".Split ' '

let rec spell n =
    if n < 20 then below20[n]
    elif n >= 100 then "one hundred" + (if n = 100 then "" else " and " + spell (n - 100))
    elif n % 10 = 0 then tens[n / 10 - 2]
    else tens[n / 10 - 2] + "-" + below20[n % 10]

let text =
    let dice = System.Random 0

    [ for _ in 1..2000 do
          let a, b = dice.Next 100, dice.Next 100
          $"{spell a} and {spell b} is {spell (a + b)}.\n" ]
    |> String.concat ""
    |> Encoding.ASCII.GetBytes

let seen, unseen = text |> Array.splitAt (text.Length * 9 / 10)

printfn "%d bytes, beginning:\n%s" text.Length (Encoding.ASCII.GetString text[..90])

(**
## Batches

Windows from random places. The model reads token 256, which begins a text, and all bytes but the
last; it is to predict each byte from those before.
*)
let length = 64

let pairs (windows: Tensor) =
    let targets = windows |> Tensor.astype DType.Int32
    let start = Tensor.full [ windows.Dim 0; 1 ] 256
    Tensor.concatenate 1 [ start; targets |> Tensor.narrow 1 0 (length - 1) ], targets

let draw (text: byte[]) count =
    let text = Tensor.ofArray text

    random {
        let! places = Random.randint 0 (int text.Size - length) [ count; 1 ]
        return text |> Tensor.take 0 (places + Tensor.arange length) |> pairs
    }

let batches =
    let draw = draw seen 16
    Key.ofSeed 1 |> Seq.unfold (fun key -> Some(Random.runNext key draw))

(**
## Model

Parameters are a plain record; its paths are the names that a checkpoint has.
*)
let config =
    { MistralConfig.defaults with
        HiddenSize = 64
        NumHiddenLayers = 2
        NumAttentionHeads = 4
        NumKeyValueHeads = 2
        IntermediateSize = 176
        // A longer text sees no further back than training did.
        SlidingWindow = Some length }

let model = Mistral.init config |> Random.run (Key.ofSeed 0)

Display.tree model |> Display.show

(**
## Training

The loss is a pure function of parameters and a batch, in nats for each byte.
*)
let trained =
    train {
        start model
        minimize (Mistral.loss config)
        using (Optim.clipByGlobalNorm 1.0 >> Optim.adamW (Schedule.warmupCosine 20 150 5e-3))
        over batches
        steps 150
        quietly
    }

let losses = trained.History |> List.filter (fun m -> m.Name = "loss")

Chart.Line(x = (losses |> List.map _.Step), y = (losses |> List.map _.Value), Name = "loss")
|> Chart.withXAxisStyle "step"
|> Chart.withYAxisStyle "nats a byte"
|> Display.show

let loss model =
    draw unseen 64 |> Random.run (Key.ofSeed 2) |> Mistral.loss config model |> Tensor.toFloat

printfn "unseen text, before: %.1f nats a byte, after: %.1f" (loss model) (loss trained.Parameters)

(**
## To disk and back, and writing

The folder has `config.json` and `model.safetensors`, with the names that other tools expect. The
model has learnt to spell; sums take longer.
*)
let folder = Path.Combine(Path.GetTempPath(), "mlx-language-model")

Mistral.save folder config trained.Parameters

let languageModel = Mistral.load folder ||> Mistral.languageModel

let options = { GenerateOptions.defaults with MaxTokens = 60; Sampling = Sample.greedy }

Generate.text Tokenizer.bytes languageModel options "forty-two and "
|> String.concat ""
|> printfn "forty-two and %s"
