(**
# Recurrent networks

The adding problem: of a sequence of numbers two are marked, and their sum is asked for. The network
has to carry what it saw first until it meets the second.

    dotnet fsi samples/rnn.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

let length = 8

(**
## Sequences

Shape (sequence, step, 2): a number, and 1 where it is marked. One mark is in the first half, one in
the second.
*)
let sequences count =
    random {
        let! numbers = Random.uniform [ count; length ]
        let! first = Random.randint 0 (length / 2) [ count ]
        let! second = Random.randint (length / 2) length [ count ]
        let marks = Tensor.oneHot length first + Tensor.oneHot length second
        return Tensor.stack -1 [ numbers; marks ], Tensor.sumAxis -1 (numbers * marks)
    }

let seen = sequences 2048 |> Random.run (Key.ofSeed 0) |> Tree.eval
let unseen = sequences 512 |> Random.run (Key.ofSeed 1) |> Tree.eval

printfn "%A" (Tensor.shape (fst seen))
(* prints
[2048; 8; 2]
*)

(**
## Models

A recurrent layer, whose last state is read out. The layer is a parameter of the type: GRU and LSTM
differ in what they are, not in how they are trained.
*)
type Recurrent<'Layer> = { Layer: 'Layer; Out: Linear }

let init layer hidden =
    random {
        let! layer = layer 2 hidden
        let! out = Linear.init hidden 1
        return { Layer = layer; Out = out }
    }

let forward apply model x =
    let states: Tensor = x |> apply model.Layer
    states[*, -1, *] |> Linear.apply model.Out |> Tensor.rearrange "n 1 -> n" []

let loss apply model (x, sums) = forward apply model x |> Loss.mse sums |> Tensor.mean

let gru = init Gru.init 16 |> Random.run (Key.ofSeed 2)
let lstm = init Lstm.init 16 |> Random.run (Key.ofSeed 3)

printfn "GRU: %d numbers, LSTM: %d" (Tree.size gru) (Tree.size lstm)
(* prints
GRU: 945 numbers, LSTM: 1233
*)

(**
## Training

Who always answers 1, the mean, errs by the variance of the sum of two uniform numbers: 1/6.
*)
let learn apply (model: Recurrent<'Layer>) =
    train {
        start model
        minimize (loss apply)
        using (Optim.clipByGlobalNorm 1.0 >> Optim.adam 2e-2)
        over (Data.shuffled 64 (Key.ofSeed 4) seen)
        epochs 8
        quietly
    }

let error apply model = loss apply model unseen |> Tensor.toFloat

let trainedGru = (learn Gru.apply gru).Parameters
let trainedLstm = (learn Lstm.apply lstm).Parameters

printfn "always the mean: %.2f" (Tensor.toFloat (Tensor.var (snd unseen)))
printfn "GRU: %.3f" (error Gru.apply trainedGru)
printfn "LSTM: %.3f" (error Lstm.apply trainedLstm)
(* prints
always the mean: 0.16
GRU: 0.000
LSTM: 0.034
*)

(**
## One step at a time

Whoever waits for the numbers to come keeps the state: reading a sequence in two parts ends in the
same state as reading it at once.
*)
let x = fst unseen
let early, late = x[*, ..4, *], x[*, 5.., *]
let _, between = early |> Gru.applyFrom None trainedGru.Layer
let _, last = late |> Gru.applyFrom (Some between) trainedGru.Layer
let _, atOnce = x |> Gru.applyFrom None trainedGru.Layer

printfn "the same state: %b" (Tensor.allclose 1e-4 1e-5 atOnce last)
(* prints
the same state: true
*)
