/// Rows of layers: parameters and input together are what they are a function of.
module Mlx.Tests.Functional.LayerLaws

open Mlx

let private row name (f: 'P -> 'X -> 'Y) (init: Random<'P>) (x: unit -> 'X) =
    NnRow.make name (fun (p, x) -> f p x) (fun () -> drawn 1 init, x ())

let private image () = normal 2 [ 2; 4; 4; 4 ]
let private sequence () = normal 2 [ 2; 3; 4 ]
let private volume () = normal 2 [ 1; 3; 3; 3; 2 ]
let private ids () = Tensor.ofRows [ [ 0; 3 ]; [ 4; 1 ] ]

let private linear =
    [ row "Linear.apply" Linear.apply (Linear.init 3 2) (fun () -> normal 2 [ 4; 3 ])
      row "Bilinear.apply" (fun p (a, b) -> Bilinear.apply p b a) (Bilinear.init 3 2 4) (fun () ->
          normal 2 [ 5; 3 ], normal 3 [ 5; 2 ])
      row "Embedding.apply" Embedding.apply (Embedding.init 5 3) ids
      row "Embedding.asLinear" Embedding.asLinear (Embedding.init 5 3) (fun () -> normal 2 [ 2; 3 ])
      row "Dense.apply" Dense.apply (Dense.init 3 2) (fun () -> normal 2 [ 4; 3 ])
      row "Lookup.apply" Lookup.apply (Lookup.init 5 3) ids
      row "Lookup.asLinear" Lookup.asLinear (Lookup.init 5 3) (fun () -> normal 2 [ 2; 3 ]) ]

/// A packed weight is frozen: what goes in is what its layer is a function of. Scales and biases have
/// gradients, but no tangents and no batches, as in MLX.
let private quantized =
    let mode = { Packing.affine with GroupSize = 32 }
    let x () = normal 2 [ 3; 64 ]
    let embedding () = QuantizedEmbedding.init mode 5 64 |> drawn 1
    let unmapped = "products with a packed matrix are not vectorised, as in MLX"

    let throughWeight name f at =
        NnRow.single name f at
        |> NnRow.reverseOnly "products with a packed matrix carry no tangents of its scales"
        |> NnRow.exempt "vmap" unmapped

    [ for mode in
          [ mode; { Packing.affine with Bits = 3 }; Packing.mxfp4; Packing.mxfp8; Packing.nvfp4 ] do
          let layer = QuantizedLinear.init mode 64 5

          NnRow.single
              $"QuantizedLinear.apply {mode.Mode} {mode.Bits}"
              (fun x -> QuantizedLinear.apply (drawn 1 layer) x)
              x
          |> NnRow.exempt "dtype" "scales are float32 here"
          |> NnRow.exempt "vmap" unmapped

      NnRow.single
          "QQLinear.apply"
          (fun x -> QQLinear.apply (Tensor.quantize Packing.nvfp4 (normal 1 [ 5; 64 ])) x)
          x
      |> NnRow.discrete "the input is rounded"
      |> NnRow.exempt "vmap" unmapped

      throughWeight "QuantizedLinear.apply" (fun (p, x) -> QuantizedLinear.apply p x) (fun () ->
          drawn 1 (QuantizedLinear.init mode 64 5), x ())
      NnRow.single
          "QuantizedEmbedding.apply"
          (fun (p, ids) -> QuantizedEmbedding.apply p ids)
          (fun () -> embedding (), ids ())
      throughWeight
          "QuantizedEmbedding.asLinear"
          (fun (p, x) -> QuantizedEmbedding.asLinear p x)
          (fun () -> embedding (), x ()) ]

let private convolutions =
    let strided = { Conv.defaults with Stride = 2, 1; Padding = 1, 0 }
    let up = { ConvTranspose.defaults with Stride = 2, 1 }

    [ row "Conv1d.apply" (Conv1d.apply Conv.defaults1d) (Conv1d.init 4 3 2) sequence
      row "Conv2d.apply" (Conv2d.apply strided) (Conv2d.init 4 3 (2, 2)) image
      row "Conv3d.apply" (Conv3d.apply Conv.defaults3d) (Conv3d.init 2 2 (2, 2, 2)) volume
      row
          "ConvTranspose1d.apply"
          (ConvTranspose1d.apply ConvTranspose.defaults1d)
          (ConvTranspose1d.init 4 3 2)
          sequence
      row "ConvTranspose2d.apply" (ConvTranspose2d.apply up) (ConvTranspose2d.init 4 3 (2, 2)) image
      row
          "ConvTranspose3d.apply"
          (ConvTranspose3d.apply ConvTranspose.defaults3d)
          (ConvTranspose3d.init 2 2 (2, 2, 2))
          volume ]

let private shapes =
    let window = { Pool.window [ 3; 2 ] with Stride = [ 1; 2 ]; Padding = [ 1; 0 ] }

    [ NnRow.make "Pool.max" (Pool.max window) image
      NnRow.make "Pool.average" (Pool.average window) image
      NnRow.make "Pool.adaptiveMax" (Pool.adaptiveMax [ 3; 2 ]) image
      NnRow.make "Pool.adaptiveAverage" (Pool.adaptiveAverage [ 3; 2 ]) image
      NnRow.make "Upsample.nearest" (Upsample.nearest [ 2.0; 1.5 ]) image
      NnRow.make "Upsample.linear" (Upsample.linear Corners.Free [ 2.0; 1.5 ]) image
      NnRow.make "Upsample.cubic" (Upsample.cubic Corners.Aligned [ 2.0; 1.5 ]) image ]

let private norms =
    let stats () : RunningStats =
        { RunningMean = Tensor.ofSeq [ 0.1; -0.2; 0.3; 0.0 ]
          RunningVar = Tensor.ofSeq [ 0.5; 1.0; 2.0; 0.7 ] }

    let withStats name f =
        NnRow.make name (fun (p, stats, x) -> f p stats x) (fun () ->
            BatchNorm.init 4 |> drawn 1, stats (), image ())

    [ row "RmsNorm.apply" RmsNorm.apply (RmsNorm.init 4) sequence
      row "RmsNorm.applyEps" (RmsNorm.applyEps 1e-3) (RmsNorm.init 4) sequence
      row "LayerNorm.apply" LayerNorm.apply (LayerNorm.init 4) sequence
      row "LayerNorm.applyEps" (LayerNorm.applyEps 1e-3) (LayerNorm.init 4) sequence
      row "GroupNorm.apply" (GroupNorm.apply (Neighbours 2)) (GroupNorm.init 4) image
      row "GroupNorm.applyEps" (GroupNorm.applyEps 1e-3 (Interleaved 2)) (GroupNorm.init 4) image
      row "InstanceNorm.apply" InstanceNorm.apply (InstanceNorm.init 4) image
      row "InstanceNorm.applyEps" (InstanceNorm.applyEps 1e-3) (InstanceNorm.init 4) image
      row "BatchNorm.applyBatch" (BatchNorm.applyBatch 1e-5) (BatchNorm.init 4) image
      withStats "BatchNorm.apply" BatchNorm.apply
      withStats "BatchNorm.applyEps" (BatchNorm.applyEps 1e-3)
      // What runs is no function to be differentiated: its batch is stopped.
      withStats "BatchNorm.train" (fun p stats x -> fst (BatchNorm.train p stats x))
      withStats "BatchNorm.trainWith" (fun p stats x ->
          fst (BatchNorm.trainWith 1e-3 0.2 p stats x)) ]

let private recurrent =
    let hidden seed = normal seed [ 2; 3 ]

    [ row "Rnn.apply" Rnn.apply (Rnn.init 4 3) sequence
      row
          "Rnn.applyFrom"
          (fun p (h, x) -> Rnn.applyFrom Nn.tanh (Some h) p x)
          (Rnn.init 4 3)
          (fun () -> hidden 3, sequence ())
      row "Gru.apply" Gru.apply (Gru.init 4 3) sequence
      row "Gru.applyFrom" (fun p (h, x) -> Gru.applyFrom (Some h) p x) (Gru.init 4 3) (fun () ->
          hidden 3, sequence ())
      row "Lstm.apply" Lstm.apply (Lstm.init 4 3) sequence
      row "Lstm.applyFrom" (fun p (s, x) -> Lstm.applyFrom (Some s) p x) (Lstm.init 4 3) (fun () ->
          { Hidden = hidden 3; Cell = hidden 4 }, sequence ())
      row
          "Bidirectional.apply"
          (Bidirectional.apply Gru.apply)
          (Bidirectional.init (Gru.init 4 3))
          sequence ]

let private positions =
    [ NnRow.make "Rope.apply" (Rope.apply (Rope.defaults 4) 3) (fun () -> normal 2 [ 2; 3; 4 ])
      NnRow.make "Rope.applyAt" (fun (at, x) -> Rope.applyAt (Rope.defaults 4) at x) (fun () ->
          Tensor.scalar 3, normal 2 [ 2; 3; 4 ])
      NnRow.make "Alibi.apply" (Alibi.apply 1) (fun () -> normal 2 [ 1; 3; 2; 4 ])
      NnRow.make
          "SinusoidalEncoding.apply"
          (SinusoidalEncoding.apply (SinusoidalEncoding.defaults 6))
          (fun () -> between 0.0 4.0 2 [ 2; 3 ])
      |> NnRow.exempt "dtype" "frequencies are float32, as in MLX" ]

let private transformers =
    let heads = { Query = 2; KeyValue = 1 }
    let config = { Transformer.config heads with Activation = Nn.gelu; Dropout = 0.2 }
    let bias () = normal 4 [ 3; 3 ]
    let memory () = normal 5 [ 2; 5; 4 ]
    let both () = memory (), sequence ()
    let encoderLayer = TransformerEncoderLayer.init heads 4 6
    let decoderLayer = TransformerDecoderLayer.init heads 4 6
    let encoder = TransformerEncoder.init 2 heads 4 6
    let decoder = TransformerDecoder.init 1 heads 4 6
    let whole = Transformer.init 1 1 heads 4 6

    [ row "Attention.apply" (Attention.apply heads Mask.Causal) (Attention.init heads 4) sequence
      row
          "Attention.applyTo"
          (fun p (bias, keys, x) -> x |> Attention.applyTo heads (Mask.Of bias) p keys keys)
          (Attention.initBias heads 4)
          (fun () -> bias (), normal 5 [ 2; 3; 4 ], sequence ())
      row
          "TransformerEncoderLayer.apply"
          (TransformerEncoderLayer.apply { config with NormFirst = false } Mask.Causal)
          encoderLayer
          sequence
      row
          "TransformerEncoderLayer.train"
          (fun p x -> TransformerEncoderLayer.train config Mask.Causal p x |> drawn 7)
          encoderLayer
          sequence
      row "TransformerEncoder.apply" (TransformerEncoder.apply config Mask.Full) encoder sequence
      row
          "TransformerEncoder.train"
          (fun p x -> TransformerEncoder.train config Mask.Full p x |> drawn 7)
          encoder
          sequence
      row
          "TransformerDecoderLayer.apply"
          (fun p (m, x) -> TransformerDecoderLayer.apply config Mask.Causal Mask.Full p m x)
          decoderLayer
          both
      row
          "TransformerDecoderLayer.train"
          (fun p (m, x) ->
              TransformerDecoderLayer.train config Mask.Causal Mask.Full p m x |> drawn 7)
          decoderLayer
          both
      row
          "TransformerDecoder.apply"
          (fun p (m, x) -> TransformerDecoder.apply config Mask.Causal Mask.Full p m x)
          decoder
          both
      row
          "TransformerDecoder.train"
          (fun p (m, x) -> TransformerDecoder.train config Mask.Causal Mask.Full p m x |> drawn 7)
          decoder
          both
      row
          "Transformer.apply"
          (fun p (source, x) -> Transformer.apply config Transformer.causal p source x)
          whole
          both
      row
          "Transformer.train"
          (fun p (source, x) -> Transformer.train config Transformer.causal p source x |> drawn 7)
          whole
          both ]

let private composed =
    let net =
        Layer.make (Linear.init 4 3) Linear.apply
        >=> Nn.silu
        >=> Layer.dropout 0.2
        >=> Layer.repeat 2 (Layer.residual (Layer.make (Linear.init 3 3) Linear.apply >=> Nn.tanh))

    [ row "Layer.Apply" net.Apply net.Init (fun () -> normal 2 [ 5; 4 ])
      row "Layer.Train" (fun p x -> net.Train p x |> drawn 7) net.Init (fun () -> normal 2 [ 5; 4 ]) ]

let rows =
    linear
    @ quantized
    @ convolutions
    @ shapes
    @ norms
    @ recurrent
    @ positions
    @ transformers
    @ composed
