/// Training a small Mistral on bytes.
module Demo.Training

open Mlx
open Mlx.Core
open Mlx.Models
open Demo.Corpus

/// Tokens of a sequence, and sequences of a batch.
let length, batch = 128, 16

let config: MistralConfig =
    { MistralConfig.defaults with
        HiddenSize = 128
        NumHiddenLayers = 4
        NumAttentionHeads = 4
        NumKeyValueHeads = 2
        HeadDim = 32
        IntermediateSize = 344
        MaxPositionEmbeddings = 1024
        // Longer texts see no further back than training did.
        SlidingWindow = Some length }

let optimizer (steps: int) =
    let rate = Schedule.warmupCosine (min 50 (steps / 10)) steps 3e-3

    Optim.clipByGlobalNorm 1.0
    >> Optim.adamW (rate, betas = (0.9, 0.99), weightDecay = 0.1, biasCorrection = true)

/// Windows of text (batch, length) as inputs and targets: the input is Bos and then all but the
/// last.
let private pairs (windows: Tensor) =
    let targets = windows |> Tensor.astype DType.Int32
    let bos = Tensor.full [ windows.Dim 0; 1 ] (Option.get config.BosTokenId)
    Tensor.concatenate 1 [ bos; targets |> Tensor.narrow 1 0 (length - 1) ], targets

/// Batches from random places of the text, without end; the same ones for the same key.
let batches (text: byte[]) (key: Key) : seq<Tensor * Tensor> =
    let text = Tensor.ofArray text

    let draw =
        random {
            let! starts = Random.randint 0 (int text.Size - length) [ batch; 1 ]
            return text |> Tensor.take 0 (starts + Tensor.arange length) |> pairs
        }

    key |> Seq.unfold (fun key -> Some(Tree.scoped (fun () -> Random.runNext key draw)))

/// The mean loss over windows of the text side by side, at most so many.
let evaluate (text: byte[]) (most: int) : Mistral -> Tensor =
    let count = min most (text.Length / length)
    // Spread over the whole text.
    let starts =
        [ for i in 0 .. count - 1 -> int (int64 i * int64 (text.Length / length) / int64 count) ]

    let windows =
        [| for i in starts do
               yield! text[i * length .. (i + 1) * length - 1] |]

    let data = windows |> Tensor.shaped [ count; length ] |> pairs
    let loss = compile (fun (model, batch) -> Mistral.loss config model batch)

    fun model ->
        Data.batches batch data
        |> Seq.map (fun (x, y) -> float (x.Dim 0) * loss (model, (x, y)))
        |> Seq.reduce (+)
        |> fun sum -> sum / float count

let private plan corpus seed (steps: int) : TrainPlan<Mistral, Tensor * Tensor> =
    { Train.defaults with
        Start = Some(Choice2Of2(Mistral.init config |> Random.run (Key.ofSeed seed)))
        Step = Some(fun optimizer -> TrainStep.fuse optimizer (Mistral.loss config))
        Optimizer = optimizer steps
        Data = Some(fun _ -> batches corpus.Train (Key.ofSeed (seed + 1)))
        Steps = Some steps
        Count = ((fun (x, _) -> x.Size), "tokens") }

/// How many steps fit into so many seconds, by the time that a few take.
let fitting (corpus: Corpus) (seconds: float) : int =
    let trial = Train.run { plan corpus 0 8 with Show = false }
    let at step = trial.History |> List.find (fun m -> m.Step = step) |> _.Seconds
    // The first steps trace and warm up.
    int (seconds / ((at 8 - at 3) / 5.0))

/// Trains; measures the held-out text ten times on the way.
let train (corpus: Corpus) (seed: int) (steps: int) : Trained<Mistral> =
    Train.run
        { plan corpus seed steps with
            Validations =
                [ "held out", Every.Steps(max 1 (steps / 10)), evaluate corpus.HeldOut 32 ] }
