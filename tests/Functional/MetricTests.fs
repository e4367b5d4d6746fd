module Mlx.Tests.Functional.MetricTests

open Expecto
open Mlx

let private naive k (logits: float32[][]) (labels: int[]) =
    let hits =
        Array.zip logits labels
        |> Array.filter (fun (row, label) ->
            (row |> Array.filter (fun x -> x > row[label]) |> Array.length) < k)

    float hits.Length / float labels.Length

let private draw seed =
    Random.zip (Random.normal [ 20; 5 ]) (Random.randint 0 5 [ 20 ])
    |> Random.run (Key.ofSeed seed)

let private rows (x: Tensor) : float32[][] = Tensor.toArray x |> Array.chunkBySize (x.Dim -1)

let tests =
    [ testProperty
          "topK is the naive count, topK 1 the accuracy, topK of all is 1"
          (fun (seed: int) ->
              Tree.scoped (fun () ->
                  let logits, labels = draw seed
                  let top k = Metrics.topK k logits labels |> Tensor.toFloat
                  let wanted k = naive k (rows logits) (Tensor.toArray labels)
                  let near a b = abs (a - b) < 1e-6

                  near (top 1) (wanted 1)
                  && near (top 3) (wanted 3)
                  && near (top 5) 1.0
                  && near (Metrics.accuracy logits labels |> Tensor.toFloat) (top 1)))

      testProperty "the confusion matrix counts every sample once" (fun (seed: int) ->
          Tree.scoped (fun () ->
              let logits, labels = draw seed
              let predicted = logits |> Tensor.argmaxAxis -1
              let matrix = Metrics.confusion 5 predicted labels
              let counts: int[] = Tensor.toArray matrix

              let pairs =
                  Array.zip (Tensor.toArray labels: int[]) (Tensor.toArray predicted: int[])

              let expected = Array.zeroCreate 25

              for label, guess in pairs do
                  expected[5 * label + guess] <- expected[5 * label + guess] + 1

              counts = expected))

      testCase "perplexity of even odds is the number of choices" (fun () ->
          let logits, labels = Tensor.zeros [ 3; 7 ], Tensor.ofSeq [ 0; 3; 6 ]
          let value = logits |> Loss.crossEntropy labels |> Metrics.perplexity |> Tensor.toFloat
          Expect.floatClose Accuracy.medium value 7.0 "seven")

      testCase "the mean over batches is that of all samples, uneven batches or not" (fun () ->
          let logits, labels = draw 3
          let measure (x, y) = Metrics.accuracy x y
          let whole = Metrics.accuracy logits labels |> Tensor.toFloat

          for size in [ 1; 7; 20 ] do
              use mean = Data.batches size (logits, labels) |> Metrics.mean measure
              Expect.floatClose Accuracy.medium (Tensor.toFloat mean) whole $"batches of {size}"

          let e = Assert.catch (fun () -> Metrics.mean measure [] |> ignore)
          Expect.stringContains e.Message "no batches" "of nothing")

      testCase "shapes that do not fit are told" (fun () ->
          let e =
              Assert.catch (fun () ->
                  Metrics.accuracy (Tensor.zeros [ 4; 3 ]) (Tensor.arange 5) |> ignore)

          Expect.stringContains e.Message "[4]" "wanted"
          Expect.stringContains e.Message "[5]" "found") ]
