/// What the recorded answers do not say about layers: training, pieces of sequences, refusals.
module Mlx.Tests.Functional.LayerTests

open System
open Expecto
open Mlx
open Mlx.Core

let private draw seed what = what |> Random.run (Key.ofSeed seed)
let private normal seed shape = Random.normal shape |> draw seed

let private refused words (call: unit -> Tensor) =
    let e = Assert.catch (fun () -> call () |> ignore)
    Expect.isTrue (e :? ArgumentException) $"an ArgumentException, not {e.GetType().Name}"
    Expect.stringContains e.Message words "the message"

let private recurrence =
    testCase "a sequence in two pieces gives the states of the whole" (fun () ->
        use _ = Scope.Enter()
        let x = normal 1 [ 2; 5; 3 ]
        let head, tail = x[*, ..1, *], x[*, 2.., *]

        let check what whole (pieces: Tensor * Tensor) =
            let joined = Tensor.concatenate 1 [ fst pieces; snd pieces ]
            Assert.close 1e-5 1e-6 whole joined what

        let rnn = Rnn.init 3 4 |> draw 2
        let first, last = head |> Rnn.applyFrom Nn.tanh None rnn
        check "rnn" (Rnn.apply rnn x) (first, fst (tail |> Rnn.applyFrom Nn.tanh (Some last) rnn))
        let gru = Gru.init 3 4 |> draw 3
        let first, last = head |> Gru.applyFrom None gru
        check "gru" (Gru.apply gru x) (first, fst (tail |> Gru.applyFrom (Some last) gru))
        let lstm = Lstm.init 3 4 |> draw 4
        let first, last = head |> Lstm.applyFrom None lstm
        let second, _ = tail |> Lstm.applyFrom (Some last) lstm
        check "lstm" (Lstm.apply lstm x) (first.Hidden, second.Hidden))

let private bidirectional =
    testCase "the backward layer reads the sequence reversed" (fun () ->
        use _ = Scope.Enter()
        let x = normal 1 [ 2; 4; 3 ]
        let p = Bidirectional.init (Gru.init 3 5) |> draw 2
        let y = x |> Bidirectional.apply Gru.apply p
        Assert.close 1e-6 1e-6 (Gru.apply p.Forward x) y[*, *, ..4] "forward"
        // The last element is the first that the backward layer reads.
        let last = Gru.apply p.Backward x[*, 3..3, *]
        Assert.close 1e-5 1e-6 last y[*, 3..3, 5..] "backward")

let private adaptive =
    testCase "adaptive pooling: windows from the floor to the ceiling" (fun () ->
        use _ = Scope.Enter()
        let x = Tensor.ofSeq [ 1.0; 2.0; 4.0; 8.0; 16.0 ] |> Tensor.reshape [ 1; 5; 1 ]
        let flat: float list -> Tensor = fun v -> Tensor.ofSeq v |> Tensor.reshape [ 1; -1; 1 ]
        // [0, 2), [1, 4), [3, 5).
        Assert.close
            1e-6
            0.0
            (flat [ 1.5; 14.0 / 3.0; 12.0 ])
            (Pool.adaptiveAverage [ 3 ] x)
            "mean"

        Assert.close 0.0 0.0 (flat [ 2.0; 8.0; 16.0 ]) (Pool.adaptiveMax [ 3 ] x) "max"
        let image = normal 1 [ 2; 6; 4; 3 ]
        let window = Pool.window [ 3; 2 ]
        let even = Pool.adaptiveAverage [ 2; 2 ] image
        Assert.close 1e-5 1e-6 (Pool.average window image) even "where lengths divide")

let private batchNorm =
    testCase "batch norm: running averages approach those of the batches" (fun () ->
        use _ = Scope.Enter()
        let p = BatchNorm.init 3 |> draw 0
        let x = 2.0 * normal 1 [ 64; 3 ] + 5.0

        let _, stats =
            ((x, BatchNorm.stats 3), [ 1..200 ])
            ||> List.fold (fun (_, stats) _ -> x |> BatchNorm.train p stats)

        Assert.close 1e-4 1e-4 (Tensor.meanAxis 0 x) stats.RunningMean "mean"
        Assert.close 1e-4 1e-4 (Tensor.varAxis 0 x) stats.RunningVar "variance"
        let trained, _ = x |> BatchNorm.train p stats
        Assert.close 1e-3 1e-3 trained (BatchNorm.apply p stats x) "inference")

let private dropping =
    testCase "a transformer in training drops by the key, and not without a probability" (fun () ->
        use _ = Scope.Enter()
        let config = Transformer.config (Attention.heads 2)
        let p = Transformer.init 1 2 config.Heads 8 16 |> draw 1
        let source, target = normal 2 [ 2; 5; 8 ], normal 3 [ 2; 3; 8 ]
        let masks = Transformer.causal
        let plain = target |> Transformer.apply config masks p source
        let train config seed = target |> Transformer.train config masks p source |> draw seed
        Assert.close 0.0 0.0 plain (train config 1) "nothing drops"
        let dropping = { config with Dropout = 0.5 }
        Assert.close 0.0 0.0 (train dropping 1) (train dropping 1) "the same key"
        Expect.isFalse (Tensor.allclose 1e-3 1e-3 plain (train dropping 1)) "drops"
        Expect.isFalse (Tensor.allclose 1e-3 1e-3 (train dropping 1) (train dropping 2)) "keys")

let private quantizedTransformer =
    testCase "a transformer is quantized in place, and keeps its paths" (fun () ->
        let p = TransformerEncoder.init 2 (Attention.heads 4) 64 128 |> Random.run (Key.ofSeed 0)

        let x = Random.normal [ 2; 5; 64 ] |> Random.run (Key.ofSeed 1)

        let apply p =
            x |> TransformerEncoder.apply (Transformer.config (Attention.heads 4)) Mask.Full p

        let small = p |> Nn.quantize { Packing.affine with Bits = 8 } (fun _ -> true)
        let paths = Tree.named small |> Array.map fst |> Set.ofArray
        Expect.isTrue (paths.Contains "layers.1.attention.query_proj.scales") "attention is packed"
        Expect.isTrue (paths.Contains "layers.1.linear2.scales") "linear maps are packed"
        let plain = Tree.named (Nn.dequantize small) |> Array.map fst
        Expect.equal plain (Tree.named p |> Array.map fst) "the paths of before"
        Assert.close 0.0 0.05 (apply p) (apply small) "what it computes")

let private channels =
    testCase "dropout of whole channels" (fun () ->
        use _ = Scope.Enter()

        let y: float[] =
            Tensor.ones [ 8; 3; 3; 16 ] |> Nn.dropout2d 0.25 |> draw 1 |> Tensor.toArray

        let channel b c = [ for place in 0..8 -> y[(b * 9 + place) * 16 + c] ] |> List.distinct

        let values =
            [ for b in 0..7 do
                  for c in 0..15 -> channel b c ]

        Expect.isTrue (values |> List.forall (fun v -> v.Length = 1)) "one value a channel"
        let kept = values |> List.filter (fun v -> v[0] <> 0.0)
        Expect.isTrue (kept |> List.forall (fun v -> abs (v[0] - 4.0 / 3.0) < 1e-6)) "scaled"
        // Five deviations of 128 draws.
        Expect.isLessThan (abs (float kept.Length - 96.0)) 25.0 "kept")

let private halves =
    testCase "16-bit floats come out as they go in" (fun () ->
        use _ = Scope.Enter()
        let half (t: 'T) = t |> Tree.map (Tensor.astype DType.BFloat16)
        let x = half (normal 1 [ 2; 4; 4; 6 ])
        let sequence = half (normal 2 [ 2; 4; 6 ])
        let config = Transformer.config (Attention.heads 2)

        for what, y in
            [ "max pool", Pool.max { Pool.window [ 3; 3 ] with Padding = [ 1; 1 ] } x
              "average pool", Pool.average (Pool.window [ 2; 2 ]) x
              "adaptive pool", Pool.adaptiveAverage [ 3; 3 ] x
              "nearest", Upsample.nearest [ 1.5; 2.0 ] x
              "linear", Upsample.linear Corners.Free [ 1.5; 2.0 ] x
              "cubic", Upsample.cubic Corners.Aligned [ 1.5; 2.0 ] x
              "group norm", GroupNorm.apply (Neighbours 3) (half (draw 1 (GroupNorm.init 6))) x
              "instance norm", InstanceNorm.apply InstanceNorm.plain x
              "rnn", Rnn.apply (half (draw 1 (Rnn.init 6 4))) sequence
              "gru", Gru.apply (half (draw 1 (Gru.init 6 4))) sequence
              "lstm", Lstm.apply (half (draw 1 (Lstm.init 6 4))) sequence
              "rope", Rope.apply (Rope.defaults 6) 3 sequence
              "encoder",
              sequence
              |> TransformerEncoder.apply
                  config
                  Mask.Causal
                  (half (draw 1 (TransformerEncoder.init 1 config.Heads 6 8))) ] do
            Expect.equal y.DType DType.BFloat16 what
            Expect.isTrue (Tensor.all (Tensor.isfinite y) |> Tensor.item) $"{what}: finite")

let private refusals =
    testCase "what does not fit is refused by name" (fun () ->
        use _ = Scope.Enter()
        let image = Tensor.ones [ 1; 4; 4; 3 ]
        refused "axes between" (fun () -> image |> Pool.max (Pool.window [ 2; 2; 2 ]))
        refused "larger than" (fun () -> image |> Pool.max (Pool.window [ 5; 5 ]))

        refused "minus infinity" (fun () ->
            image
            |> Tensor.astype DType.Int32
            |> Pool.max { Pool.window [ 2; 2 ] with Padding = [ 1; 1 ] })

        refused "scales" (fun () -> Tensor.ones [ 2; 3 ] |> Upsample.nearest [])
        refused "leaves nothing" (fun () -> image |> Upsample.nearest [ 0.1; 1.0 ])
        refused "5 channels" (fun () -> (Conv1d.initGroups 2 5 4 3 |> draw 1).Weight)
        let stats = BatchNorm.stats 3
        let p = BatchNorm.init 3 |> draw 1
        refused "2, 3 or 4 axes" (fun () -> Tensor.ones [ 3 ] |> BatchNorm.apply p stats)

        refused "groups" (fun () ->
            image |> GroupNorm.apply (Neighbours 2) { Weight = None; Bias = None })

        refused "3 or 4 axes" (fun () -> Tensor.ones [ 2; 3 ] |> Nn.dropout2d 0.5 |> draw 1)
        refused "[0, 1)" (fun () -> image |> Nn.dropout3d 1.0 |> draw 1)
        refused "length" (fun () -> Tensor.ones [ 2; 0; 3 ] |> Rnn.apply (draw 1 (Rnn.init 3 4)))

        refused "dims" (fun () ->
            Tensor.arange 3 |> SinusoidalEncoding.apply (SinusoidalEncoding.defaults 2)))

let tests =
    [ quantizedTransformer
      recurrence
      bidirectional
      adaptive
      batchNorm
      dropping
      channels
      halves
      refusals ]
