(**
# A transformer

Learns to turn a sequence around: the letter at each place is the one from the mirrored place, so
every place has to find its partner. Attention does it; the learnt pattern is the proof.

    dotnet fsi samples/transformer.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

let letters, length, size = 8, 10, 32

(**
## Sequences
*)
let sequences count =
    random {
        let! x = Random.randint 0 letters [ count; length ]
        return x, x |> Tensor.take 1 (Tensor.ofSeq [ length - 1 .. -1 .. 0 ])
    }

let seen = sequences 2048 |> Random.run (Key.ofSeed 0) |> Tree.eval
let unseen = sequences 256 |> Random.run (Key.ofSeed 1) |> Tree.eval

let first (x: Tensor) = x[0, *]

printfn "%O" (first (fst unseen))
printfn "%O" (first (snd unseen))
(* prints
array([3, 2, 3, ..., 0, 0, 1], dtype=int32)
array([1, 0, 0, ..., 3, 2, 3], dtype=int32)
*)

(**
## Model

Letters and places are looked up and added; encoder layers mix the places; a linear map reads the
letters off. All of it is one record.
*)
type Model =
    { Letters: Embedding
      Places: Embedding
      Encoder: TransformerEncoder
      Out: Linear }

let heads = Attention.heads 4
let config = Transformer.config heads

let init =
    random {
        let! ofLetters = Embedding.init letters size
        let! ofPlaces = Embedding.init length size
        let! encoder = TransformerEncoder.init 1 heads size (2 * size)
        let! out = Linear.init size letters

        return { Letters = ofLetters; Places = ofPlaces; Encoder = encoder; Out = out }
    }

let embed model ids = Embedding.apply model.Letters ids + model.Places.Weight

let forward model ids =
    embed model ids
    |> TransformerEncoder.apply config Mask.Full model.Encoder
    |> Linear.apply model.Out

let model = Random.run (Key.ofSeed 2) init

printfn
    "%d numbers to learn, answers %A"
    (Tree.size model)
    (Tensor.shape (forward model (fst unseen)))
(* prints
9320 numbers to learn, answers [256; 10; 8]
*)

(**
## Training
*)
let loss model (ids, targets) = forward model ids |> Loss.crossEntropy targets |> Tensor.mean

let accuracy (ids, targets) model = Metrics.accuracy (forward model ids) targets |> Tensor.toFloat

let trained =
    train {
        start model
        minimize loss
        using (Optim.adamW (Schedule.warmupCosine 20 224 5e-3))
        over (Data.shuffled 64 (Key.ofSeed 3) seen)
        epochs 7
        quietly
    }

printfn "guessing: %.1f, before: below 0.2 %b" (1.0 / float letters) (accuracy unseen model < 0.2)
printfn "after %d steps: above 0.98 %b" trained.Steps (accuracy unseen trained.Parameters > 0.98)
(* prints
guessing: 0.1, before: below 0.2 true
after 224 steps: above 0.98 true
*)

(**
## Where it looks

The weights of attention, by hand: queries and keys fall into heads, and a softmax makes weights of
their products. The mean over sequences and heads has a row for each place, which is brightest at
the mirrored one.
*)
let layer = trained.Parameters.Encoder.Layers.Head

let weights =
    let x = embed trained.Parameters (fst unseen) |> LayerNorm.apply layer.Ln1
    let split = Tensor.rearrange "n place (head d) -> n head place d" [ ("head", heads.Query) ]
    let q = x |> Dense.apply layer.Attention.QueryProj |> split
    let k = x |> Dense.apply layer.Attention.KeyProj |> split
    let scale = 1.0 / sqrt (float (size / heads.Query))

    Tensor.einsum "nhqd,nhkd->nhqk" [ q; k ] * scale
    |> Tensor.softmax -1
    |> Tensor.reduceBy Tensor.meanAxes "n head query key -> query key" []

let looked: int list = weights |> Tensor.argmaxAxis -1 |> Tensor.toArray |> List.ofArray

printfn "%A" looked
(* prints
[9; 8; 7; 6; 5; 4; 3; 2; 1; 0]
*)
