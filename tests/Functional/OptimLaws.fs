/// Rows of optimizers and their stages: a step is a function of parameters, gradients and state.
module Mlx.Tests.Functional.OptimLaws

open Mlx
open Mlx.Core

type private Parameters = { W: Tensor; B: Tensor }

let private isWeight path = path = "w"

let private example seed = { W = normal seed [ 3; 4 ]; B = normal (seed + 1) [ 4 ] }

/// After two steps, with memories well above 0, where roots of them bend too much for differences.
let private at optimizer () =
    let step (p, state) seed = Optim.update optimizer (example seed) state p
    let p = example 1
    let p, state = List.fold step (p, Optim.init optimizer p) [ 3; 5 ]
    let away (x: Tensor) = if x.DType.IsFloating() then Tensor.abs x + 0.5 else x
    p, example 7, Tree.map away state

let private row name (optimizer: Optimizer) =
    let step (p, slope, state) = Optim.update optimizer slope state p

    NnRow.make ("Optim." + name) step (at optimizer)
    // Averages and sums of 16-bit numbers are float32: parameters are what must keep theirs.
    |> NnRow.dtypes (step >> fst) (at optimizer)

let private rules =
    [ row "sgd" (Optim.sgd (0.1, momentum = 0.9, nesterov = true, weightDecay = 0.01))
      row "rmsprop" (Optim.rmsprop 0.01)
      row "adagrad" (Optim.adagrad 0.1)
      row "adaDelta" (Optim.adaDelta 1.0)
      row "adam" (Optim.adam (0.01, biasCorrection = true))
      row "adamW" (Optim.adamW (Schedule.cosine 0.01 10, mask = isWeight))
      row "adamax" (Optim.adamax 0.01)
      row "lion" (Optim.lion (0.01, weightDecay = 0.1))
      row "adafactor" (Optim.adafactor (learningRate = 0.05, beta1 = 0.9, weightDecay = 0.01))
      row "muon" (Optim.muon 0.02) ]

let private stages =
    [ row "chain" (Optim.chain [ Optim.weightDecay 0.1; Optim.sgd 0.1 ])
      row "only" (Optim.only isWeight (Optim.sgd 0.1))
      row "byPath" (Optim.byPath [ isWeight, Optim.sgd 0.1 ] (Optim.adam 0.1))
      row "clipByGlobalNorm" (Optim.clipByGlobalNorm 0.5 >> Optim.sgd 0.1)
      row "clipByValue" (Optim.clipByValue 0.7 >> Optim.sgd 0.1)
      row "weightDecay" (Optim.weightDecay 0.1 >> Optim.sgd 0.1)
      row "decoupledWeightDecay" (Optim.decoupledWeightDecay (0.1, 0.1) >> Optim.sgd 0.1)
      row "accumulate" (Optim.accumulate 3 (Optim.sgd 0.1))
      row "skipNonFinite" (Optim.skipNonFinite (Optim.sgd 0.1))
      row "ema" (Optim.sgd 0.1 >> Optim.ema 0.9)
      row "staticLossScale" (Optim.staticLossScale 8.0 (Optim.sgd 0.1))
      row
          "dynamicLossScale"
          (Optim.adam 0.1 |> Optim.dynamicLossScale (initial = 8.0, interval = 2))
      row "masterWeights" (Optim.masterWeights (Optim.adam 0.1)) ]

let rows = rules @ stages
