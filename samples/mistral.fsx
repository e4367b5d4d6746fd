(**
# A language model, from folder to text

A Mistral is a record of tensors and a pure function over it. This script teaches a small one a verse,
saves it as a folder, loads it, and writes with it; from "Load" on it does what it would do with a
folder of 7 billion parameters.

    dotnet fsi samples/mistral.fsx
*)
#load "mlx.fsx"

open System.IO
open Mlx
open Mlx.Core
open Mlx.Models

(**
## A small one

Its tokens are the 256 bytes, then one to begin a text and one to end it.
*)
let verse =
    "Twinkle, twinkle, little star,\n"
    + "How I wonder what you are!\n"
    + "Up above the world so high,\n"
    + "Like a diamond in the sky.\n"

let small =
    { MistralConfig.defaults with
        HiddenSize = 64
        NumHiddenLayers = 2
        HeadDim = 16
        IntermediateSize = 160 }

let bos, eos = 256, 257
let ids = [| bos; yield! Tokenizer.bytes.Encode verse; eos |]
let window (from: int) = MlxArray.From(ids[from .. from + ids.Length - 2], [| 1; ids.Length - 1 |])
let batch = window 0, window 1

(**
## Teach it

The loss is a function of parameters and batch, so a fused step trains it as any other.
*)
let optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.adamW 3e-3
let step = TrainStep.fuse optimizer (Mistral.loss small)

let taught =
    let start = Mistral.init small |> Random.run (Key.ofSeed 0) |> TrainStep.start optimizer
    let trained = Seq.fold (fun state _ -> TrainStep.run step batch state) start (seq { 1..150 })
    TrainStep.parameters trained

let loss = Mistral.loss small taught batch |> Tensor.toFloat
printfn "it knows the verse: %b" (loss < 0.05)
(* prints
it knows the verse: true
*)

(**
## Save and load

The folder is what Hugging Face's library reads as well.
*)
let folder = Directory.CreateTempSubdirectory("mistral-").FullName
Mistral.save folder small taught

for file in Directory.GetFiles folder |> Array.map Path.GetFileName |> Array.sort do
    printfn "%s" file
(* prints
config.json
model.safetensors
*)

let model = Model.load folder

printfn
    "%s, %d layers, %d parameters"
    model.Config.ModelType
    model.Config.NumHiddenLayers
    (Tree.size model.Parameters)
(* prints
mistral, 2 layers, 119360 parameters
*)

(**
## A pure function

Tokens and a cache of what was read before go in; the logits of each next token and a cache that knows
these tokens too come out. The old cache still says what it said, so one beginning can be continued in
two ways.
*)
let read (cache: Cache) (text: string) =
    let tokens = Tokenizer.bytes.Encode text
    let tokens = if cache.Layers.IsEmpty then Array.append [| bos |] tokens else tokens

    CausalLM.forward
        model.Config
        model.Parameters
        cache
        (MlxArray.From(tokens, [| 1; tokens.Length |]))

let likeliest (logits: Tensor) = logits[0, -1, *] |> Tensor.argmax |> Tensor.toFloat |> int |> char

let logits, beginning = read Cache.empty "Twinkle, "
printfn "%A, then '%c'" (Tensor.shape logits) (likeliest logits)

let one, _ = read beginning "twinkle, li"
let other, _ = read beginning "twin"
printfn "'%c' and '%c'" (likeliest one) (likeliest other)
(* prints
[1; 10; 258], then 't'
't' and 'k'
*)

(**
## Write

A sequence of tokens, each computed when it is asked for.
*)
let options = GenerateOptions.defaults
let write options prompt = Generate.text Tokenizer.bytes model.LanguageModel options prompt

for piece in write options "Twinkle, " do
    printf "%s" piece
(* prints
twinkle, little star,
How I wonder what you are!
Up above the world so high,
Like a diamond in the sky.
*)

(**
Drawn with a temperature it is another text with another seed, and the same with the same.
*)
let draw seed =
    let sampling = { Sample.greedy with Temperature = 4.0; TopK = 40 }

    write { options with MaxTokens = 30; Sampling = sampling; Seed = seed } "Up "
    |> String.concat ""

printfn "%b %b" (draw 1 = draw 1) (draw 1 = draw 2)
(* prints
true false
*)

Directory.Delete(folder, true)
