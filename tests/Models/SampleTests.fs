/// Filters and penalties against what mlx-lm's sample_utils answers, and the draw.
module Mlx.Tests.Models.SampleTests

open System
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models

let private logits () =
    Tensor.ofRows
        [ [ 1.0; 3.0; 2.0; 0.5; -1.0; 2.5; 0.0; -2.0 ]
          [ 0.1; 0.0; -0.1; 0.2; 4.0; 0.3; -3.0; 3.5 ] ]

let private number (x: float) = Tensor.scalar (float32 x)

/// The tokens that a filter keeps of each row.
let private kept (filter: Tensor -> Tensor) : int list list =
    let x = filter (logits () |> Tensor.logSoftmax -1)
    let rows: float32[,] = Tensor.toArray2D x

    [ for i in 0 .. Array2D.length1 rows - 1 ->
          [ for j in 0 .. Array2D.length2 rows - 1 do
                if rows[i, j] > Single.NegativeInfinity then
                    j ] ]

let private all = [ 0..7 ]

let private filters =
    [ for p, rows in
          [ 0.1, [ [ 1 ]; [ 4 ] ]
            0.5, [ [ 1; 5 ]; [ 4 ] ]
            0.8, [ [ 1; 2; 5 ]; [ 4; 7 ] ]
            0.95, [ [ 0; 1; 2; 3; 5 ]; [ 4; 5; 7 ] ]
            0.999, [ all; [ 0; 1; 2; 3; 4; 5; 7 ] ]
            1.0, [ all; all ]
            1e-12, [ [ 1 ]; [ 4 ] ] ] do
          $"top-p {p}", (fun () -> Filter.topP (number p)), rows
      for p, rows in
          [ 0.0, [ all; all ]
            0.01, [ [ 0..6 ]; [ 0; 1; 2; 3; 4; 5; 7 ] ]
            0.1, [ [ 0; 1; 2; 5 ]; [ 4; 7 ] ]
            0.3, [ [ 1; 2; 5 ]; [ 4; 7 ] ]
            0.7, [ [ 1 ]; [ 4 ] ] ] do
          $"min-p {p}", (fun () -> Filter.minP (number p)), rows
      for k, rows in
          [ 1, [ [ 1 ]; [ 4 ] ]
            2, [ [ 1; 5 ]; [ 4; 7 ] ]
            5, [ [ 0; 1; 2; 3; 5 ]; [ 0; 3; 4; 5; 7 ] ] ] do
          $"top-k {k}", (fun () -> Filter.topK k (Tensor.full [ 2; 1 ] (float32 k))), rows
      for t, rows in
          [ 0.05, [ [ 0; 3; 4; 6; 7 ]; [ 0; 1; 2; 3; 5; 6; 7 ] ]
            0.1, [ [ 0; 2; 3; 4; 6; 7 ]; [ 0; 1; 2; 3; 5; 6; 7 ] ]
            0.2, [ [ 0; 2; 3; 4; 5; 6; 7 ]; [ 0; 1; 2; 3; 5; 6; 7 ] ]
            0.4, [ all; all ] ] do
          $"xtc {t}", (fun () -> Filter.xtc (number 1.0) (number t) (number 0.5)), rows
      "xtc that is not drawn",
      (fun () -> Filter.xtc (number 0.3) (number 0.1) (number 0.5)),
      [ all; all ] ]

/// By hand: entropy, then the tokens in the order of how far their surprise is from it.
let private typicalByHand (mass: float) (row: float list) =
    let total = row |> List.sumBy exp
    let p = [ for x in row -> exp x / total ]
    let entropy = -(p |> List.sumBy (fun p -> p * log p))
    let order = [ 0 .. p.Length - 1 ] |> List.sortBy (fun i -> abs (-log p[i] - entropy))

    let rec take sum kept rest =
        match rest with
        | i :: rest when sum < mass -> take (sum + p[i]) (i :: kept) rest
        | _ -> List.sort kept

    take 0.0 [] order

/// The logits that a pick of the plan's compiled function argmaxes over, told by log-probabilities
/// of all tokens.
let private processed (sampling: Sampling) (recent: int[]) : float list =
    let row = logits () |> Tensor.narrow 0 0 1
    let plan = Pick.plan false (Some 8) [ sampling ]
    let state = Pick.start 8 plan [ sampling, 0u, 1u, recent ]
    let told = Pick.run plan (Array.ofList (state @ [ row ]))
    let ids: int[] = Tensor.toArray told[2]
    let values: float[] = Tensor.toArray told[3]
    let byId = Array.zip ids values |> Map.ofArray
    [ for id in 0..7 -> byId[id] ]

let private logSoftmax (row: float list) =
    let total = row |> List.sumBy exp |> log
    [ for x in row -> x - total ]

let private isClose (actual: float list) (expected: float list) name =
    for i, (a, e) in List.indexed (List.zip actual expected) do
        Expect.floatClose { absolute = 1e-5; relative = 1e-5 } a e $"{name}: {i}"

let private recent = [| 1; 1; 4; 6; 1 |]
let private greedy = Sample.greedy

let private penalties =
    [ "none", greedy, [ 1.0; 3.0; 2.0; 0.5; -1.0; 2.5; 0.0; -2.0 ]
      "repetition",
      { greedy with RepetitionPenalty = 1.5 },
      [ 1.0; 2.0; 2.0; 0.5; -1.5; 2.5; 0.0; -2.0 ]
      "repetition among the last two",
      { greedy with RepetitionPenalty = 1.5; PenaltyContext = 2 },
      [ 1.0; 2.0; 2.0; 0.5; -1.0; 2.5; 0.0; -2.0 ]
      "presence",
      { greedy with PresencePenalty = 0.7 },
      [ 1.0; 2.3; 2.0; 0.5; -1.7; 2.5; -0.7; -2.0 ]
      "frequency",
      { greedy with FrequencyPenalty = 0.7 },
      [ 1.0; 0.9; 2.0; 0.5; -1.7; 2.5; -0.7; -2.0 ]
      "bias",
      { greedy with LogitBias = Map [ 0, 5.0; 7, -1.0 ] },
      [ 6.0; 3.0; 2.0; 0.5; -1.0; 2.5; 0.0; -3.0 ]
      "bias before all penalties, these in their order",
      { greedy with
          LogitBias = Map [ 4, 3.0 ]
          RepetitionPenalty = 2.0
          PresencePenalty = 0.5
          FrequencyPenalty = 0.1 },
      [ 1.0; 1.5 - 0.5 - 0.3; 2.0; 0.5; 1.0 - 0.5 - 0.1; 2.5; 0.0 - 0.5 - 0.1; -2.0 ] ]

let tests =
    testList
        "Sample"
        [ for name, filter, rows in filters do
              testCase $"{name} keeps what mlx-lm keeps" (fun () ->
                  Expect.equal (kept (filter ())) rows "tokens")

          for mass in [ 0.1; 0.3; 0.6; 0.9; 0.99 ] do
              testCase $"typical {mass}" (fun () ->
                  let first = [ 1.0; 3.0; 2.0; 0.5; -1.0; 2.5; 0.0; -2.0 ]
                  let second = [ 0.1; 0.0; -0.1; 0.2; 4.0; 0.3; -3.0; 3.5 ]

                  Expect.equal
                      (kept (Filter.typical (number mass)))
                      [ typicalByHand mass first; typicalByHand mass second ]
                      "tokens")

          for name, sampling, row in penalties do
              testCase $"penalties: {name}" (fun () ->
                  isClose (processed sampling recent) (logSoftmax row) name)

          testCase "rows of a batch have their own numbers" (fun () ->
              let samplings =
                  [ { Sample.temperature 1.0 with TopK = 1 }
                    { Sample.temperature 1.0 with TopP = 0.01; RepetitionPenalty = 4.0 }
                    greedy
                    { greedy with LogitBias = Map [ 3, 100.0 ] } ]

              let row = logits () |> Tensor.narrow 0 0 1 |> Tensor.broadcastTo [ 4; 8 ]
              let plan = Pick.plan false None samplings
              let rows = [ for s in samplings -> s, 5u, 1u, recent ]
              let told = Pick.run plan (Array.ofList (Pick.start 8 plan rows @ [ row ]))
              let ids: int[] = Tensor.toArray told[0]
              Expect.equal ids [| 1; 5; 1; 3 |] "tokens")

          testCase
              "a draw depends on the seed and the number, not on the place in a batch"
              (fun () ->
                  let sampling = Sample.temperature 3.0

                  let drawn rows =
                      let plan = Pick.plan false None [ sampling ]
                      let batch = List.length rows
                      let x = logits () |> Tensor.narrow 0 0 1 |> Tensor.broadcastTo [ batch; 8 ]
                      let rows = [ for seed, number in rows -> sampling, seed, number, [||] ]
                      let told = Pick.run plan (Array.ofList (Pick.start 8 plan rows @ [ x ]))
                      let ids: int[] = Tensor.toArray told[0]
                      List.ofArray ids

                  let rows =
                      [ for seed in 1u .. 6u do
                            for n in 1u .. 6u -> seed, n ]

                  let alone = rows |> List.collect (fun row -> drawn [ row ])
                  Expect.equal (drawn rows) alone "alone"
                  Expect.equal (drawn (List.rev rows)) (List.rev alone) "in another order"
                  Expect.isGreaterThan (List.distinct alone).Length 4 "they differ")

          testCase "a temperature of 0 is greedy, and a negative one is refused" (fun () ->
              let ids: int[] =
                  logits ()
                  |> Sample.draw (Sample.temperature 0.0) (Key.ofSeed 0)
                  |> Tensor.toArray

              Expect.equal ids [| 1; 4 |] "tokens"

              for t in [ -1.0; Double.NaN ] do
                  Expect.throwsT<ArgumentOutOfRangeException>
                      (fun () -> Sample.temperature t |> ignore)
                      $"{t}")

          testCase "numbers outside their range are refused by name" (fun () ->
              for wrong, name in
                  [ { greedy with TopP = 1.5 }, "TopP"
                    { greedy with MinP = -0.1 }, "MinP"
                    { greedy with TypicalP = nan }, "TypicalP"
                    { greedy with TopK = -1 }, "TopK"
                    { greedy with RepetitionPenalty = 0.0 }, "RepetitionPenalty"
                    { greedy with XtcThreshold = 0.6 }, "XtcThreshold"
                    { greedy with LogitBias = Map [ -1, 0.0 ] }, "LogitBias" ] do
                  try
                      Sample.check wrong |> ignore
                      failtest $"{name} was accepted"
                  with :? ArgumentOutOfRangeException as e ->
                      Expect.equal e.ParamName name "the field")

          testCase "temperature draws with the probabilities of softmax" (fun () ->
              let wanted = [| 0.5; 0.3; 0.15; 0.05 |]
              let t = 0.7
              let row = Tensor.ofSeq [ for p in wanted -> t * log p ]
              let logits = row |> Tensor.broadcastTo [ 20000; 4 ]

              let drawn: int[] =
                  logits |> Sample.draw (Sample.temperature t) (Key.ofSeed 5) |> Tensor.toArray

              for token, p in Array.indexed wanted do
                  let share = float (drawn |> Array.filter ((=) token) |> Array.length) / 20000.0
                  Expect.floatClose { absolute = 0.015; relative = 0.0 } share p $"token {token}") ]
