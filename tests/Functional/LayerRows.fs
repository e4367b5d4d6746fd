/// Our layers, by the names of those of `mlx.nn` that they answer to.
module Mlx.Tests.Functional.LayerRows

open System.Text.Json
open Expecto
open Mlx
open Mlx.Tests.Functional.Goldens

let private linear prefix (p: Named) : Linear =
    { Weight = p[prefix + "weight"]; Bias = p.TryFind(prefix + "bias") }

let private dense prefix (p: Named) : Dense = Dense.Plain(linear prefix p)

let private norm prefix (p: Named) : LayerNorm =
    { Weight = p[prefix + "weight"]; Bias = p.TryFind(prefix + "bias") }

let private attention prefix (p: Named) : Attention =
    { QueryProj = dense (prefix + "query_proj.") p
      KeyProj = dense (prefix + "key_proj.") p
      ValueProj = dense (prefix + "value_proj.") p
      OutProj = dense (prefix + "out_proj.") p }

let private mask name (case: Case) (inputs: Named) =
    match inputs.TryFind name, case.Call name with
    | Some mask, _ -> Mask.Of mask
    | None, Some e when e.ValueKind = JsonValueKind.String -> Mask.Causal
    | _ -> Mask.Full

let private pool rank reduce : Row =
    fun case ->
        one (fun _ i ->
            let kernel = case.Axes("kernel_size", rank, 1)

            let pool =
                { Pool.window kernel with
                    Padding = case.Axes("padding", rank, 0)
                    Stride = if case.Has "stride" then case.Axes("stride", rank, 1) else kernel }

            reduce pool i["x"])

/// The options of a convolution over so many axes, as one value an axis, a pair or a triple.
let private walk (case: Case) rank (axes: int list -> 'Axes) : Conv<'Axes> =
    { Stride = axes (case.Axes("stride", rank, 1))
      Padding = axes (case.Axes("padding", rank, 0))
      Dilation = axes (case.Axes("dilation", rank, 1))
      Groups = case.Int("groups", 1) }

let private walkBack (case: Case) rank (axes: int list -> 'Axes) : ConvTranspose<'Axes> =
    let conv = walk case rank axes

    { Stride = conv.Stride
      Padding = conv.Padding
      Dilation = conv.Dilation
      OutputPadding = axes (case.Axes("output_padding", rank, 0))
      Groups = conv.Groups }

let private single (axes: int list) = axes[0]
let private pair (axes: int list) = axes[0], axes[1]
let private triple (axes: int list) = axes[0], axes[1], axes[2]

let private convolutions: (string * Row) list =
    let row (f: Case -> Tensor -> Tensor option -> Tensor -> Tensor) : Row =
        fun case -> one (fun p i -> f case p["weight"] (p.TryFind "bias") i["x"])

    [ "Conv1d", row (fun c w b -> Conv1d.apply (walk c 1 single) { Weight = w; Bias = b })
      "Conv2d", row (fun c w b -> Conv2d.apply (walk c 2 pair) { Weight = w; Bias = b })
      "Conv3d", row (fun c w b -> Conv3d.apply (walk c 3 triple) { Weight = w; Bias = b })
      "ConvTranspose1d",
      row (fun c w b -> ConvTranspose1d.apply (walkBack c 1 single) { Weight = w; Bias = b })
      "ConvTranspose2d",
      row (fun c w b -> ConvTranspose2d.apply (walkBack c 2 pair) { Weight = w; Bias = b })
      "ConvTranspose3d",
      row (fun c w b -> ConvTranspose3d.apply (walkBack c 3 triple) { Weight = w; Bias = b }) ]

/// Four batches in training, then the first at inference.
let private batches (case: Case) (arrays: Named) =
    let features = case.Int("num_features", 1)
    let layer = BatchNorm.init features |> Random.run (Key.ofSeed 0)
    let same name got = Assert.close case.Rtol case.Atol arrays[name] got $"{case.Id} {name}"

    let stats =
        (BatchNorm.stats features, [ "x0"; "x1"; "x2"; "x3" ])
        ||> List.fold (fun stats x ->
            let y, stats = arrays[x] |> BatchNorm.train layer stats
            same $"out_{x}" y
            same $"mean_after_{x}" stats.RunningMean
            same $"var_after_{x}" stats.RunningVar
            stats)

    same "out_eval_x0" (arrays["x0"] |> BatchNorm.apply layer stats)

let private norms: (string * Row) list =
    [ "LayerNorm",
      (fun case ->
          one (fun p i ->
              i["x"]
              |> Tensor.layerNorm
                  (case.Float("eps", 1e-5))
                  (p.TryFind "weight")
                  (p.TryFind "bias")))
      "RMSNorm",
      (fun case ->
          one (fun p i ->
              RmsNorm.applyEps (case.Float("eps", 1e-5)) { Weight = p["weight"] } i["x"]))
      "GroupNorm",
      (fun case ->
          one (fun p i ->
              let layer: GroupNorm = { Weight = p.TryFind "weight"; Bias = p.TryFind "bias" }

              let count = case.Int("num_groups", 1)

              let groups =
                  if case.Bool("pytorch_compatible", false) then
                      Neighbours count
                  else
                      Interleaved count

              i["x"] |> GroupNorm.applyEps (case.Float("eps", 1e-5)) groups layer))
      "InstanceNorm",
      (fun case ->
          one (fun p i ->
              let layer: InstanceNorm = { Weight = p.TryFind "weight"; Bias = p.TryFind "bias" }

              i["x"] |> InstanceNorm.applyEps (case.Float("eps", 1e-5)) layer))
      "BatchNorm",
      (fun case ->
          if case.Id = "batchnorm_sequence" then
              Arrays(batches case)
          else
              Call(fun p i ->
                  let layer: BatchNorm = { Weight = p.TryFind "weight"; Bias = p.TryFind "bias" }

                  let eps = case.Float("eps", 1e-5)

                  if not (case.Bool("track_running_stats", true)) then
                      Map.ofList [ "out", BatchNorm.applyBatch eps layer i["x"] ]
                  else
                      let stats =
                          { RunningMean = i["running_mean"]; RunningVar = i["running_var"] }

                      let out, stats =
                          if case.Bool("training", true) then
                              i["x"]
                              |> BatchNorm.trainWith eps (case.Float("momentum", 0.1)) layer stats
                          else
                              BatchNorm.applyEps eps layer stats i["x"], stats

                      Map.ofList
                          [ "out", out
                            "running_mean", stats.RunningMean
                            "running_var", stats.RunningVar ])) ]

let private recurrent: (string * Row) list =
    [ "RNN",
      (fun case ->
          one (fun p i ->
              let layer: Rnn = { Wxh = p["Wxh"]; Whh = p["Whh"]; Bias = p.TryFind "bias" }

              let activation =
                  match case.Text("nonlinearity", "tanh") with
                  | "relu" -> Nn.relu
                  | _ -> Nn.tanh

              fst (Rnn.applyFrom activation (i.TryFind "hidden") layer i["x"])))
      "GRU",
      (fun _ ->
          one (fun p i ->
              let layer: Gru =
                  { Wx = p["Wx"]; Wh = p["Wh"]; B = p.TryFind "b"; Bhn = p.TryFind "bhn" }

              fst (Gru.applyFrom (i.TryFind "hidden") layer i["x"])))
      "LSTM",
      (fun _ ->
          Call(fun p i ->
              let layer: Lstm = { Wx = p["Wx"]; Wh = p["Wh"]; Bias = p.TryFind "bias" }

              let first =
                  i.TryFind "hidden" |> Option.map (fun h -> { Hidden = h; Cell = i["cell"] })

              let states, _ = Lstm.applyFrom first layer i["x"]
              Map.ofList [ "hidden", states.Hidden; "cell", states.Cell ])) ]

let private transformers: (string * Row) list =
    let config (case: Case) =
        { Transformer.config (Attention.heads (case.Int("num_heads", 8))) with
            NormFirst = case.Bool("norm_first", true)
            Activation =
                match case.Text("activation", "relu") with
                | "gelu" -> Nn.gelu
                | _ -> Nn.relu }

    let encoderLayer prefix (p: Named) : TransformerEncoderLayer =
        { Attention = attention (prefix + "attention.") p
          Ln1 = norm (prefix + "ln1.") p
          Ln2 = norm (prefix + "ln2.") p
          Linear1 = dense (prefix + "linear1.") p
          Linear2 = dense (prefix + "linear2.") p }

    let decoderLayer prefix (p: Named) : TransformerDecoderLayer =
        { SelfAttention = attention (prefix + "self_attention.") p
          CrossAttention = attention (prefix + "cross_attention.") p
          Ln1 = norm (prefix + "ln1.") p
          Ln2 = norm (prefix + "ln2.") p
          Ln3 = norm (prefix + "ln3.") p
          Linear1 = dense (prefix + "linear1.") p
          Linear2 = dense (prefix + "linear2.") p }

    let encoder prefix layers p : TransformerEncoder =
        { Layers = [ for n in 0 .. layers - 1 -> encoderLayer $"{prefix}layers.{n}." p ]
          Ln = norm (prefix + "ln.") p }

    let decoder prefix layers p : TransformerDecoder =
        { Layers = [ for n in 0 .. layers - 1 -> decoderLayer $"{prefix}layers.{n}." p ]
          Ln = norm (prefix + "ln.") p }

    [ "TransformerEncoderLayer",
      (fun case ->
          one (fun p i ->
              let layer = encoderLayer "" p
              i["x"] |> TransformerEncoderLayer.apply (config case) (mask "mask" case i) layer))
      "TransformerEncoder",
      (fun case ->
          one (fun p i ->
              let stack = encoder "" (case.Int("num_layers", 1)) p
              i["x"] |> TransformerEncoder.apply (config case) (mask "mask" case i) stack))
      "TransformerDecoderLayer",
      (fun case ->
          one (fun p i ->
              let self, cross = mask "x_mask" case i, mask "memory_mask" case i
              let layer = decoderLayer "" p
              i["x"] |> TransformerDecoderLayer.apply (config case) self cross layer i["memory"]))
      "TransformerDecoder",
      (fun case ->
          one (fun p i ->
              let self, cross = mask "x_mask" case i, mask "memory_mask" case i
              let stack = decoder "" (case.Int("num_layers", 1)) p
              i["x"] |> TransformerDecoder.apply (config case) self cross stack i["memory"]))
      "Transformer",
      (fun case ->
          one (fun p i ->
              let whole: Transformer =
                  { Encoder = encoder "encoder." (case.Int("num_encoder_layers", 6)) p
                    Decoder = decoder "decoder." (case.Int("num_decoder_layers", 6)) p }

              let masks =
                  { Source = mask "src_mask" case i
                    Target = mask "tgt_mask" case i
                    Memory = mask "memory_mask" case i }

              i["tgt"] |> Transformer.apply (config case) masks whole i["src"])) ]

let private positions: (string * Row) list =
    [ "MultiHeadAttention.create_additive_causal_mask",
      (fun case ->
          Arrays(fun arrays ->
              let mask = Attention.causalMask DType.Float32 (case.Int("N", 0))
              Assert.close case.Rtol case.Atol arrays["out"] mask case.Id))
      "ALiBi.create_alibi_slope",
      (fun case ->
          Arrays(fun arrays ->
              let slopes = Tensor.ofSeq (Alibi.slopes (case.Int("num_heads", 0)))
              let slopes = Tensor.reshape [ -1; 1; 1 ] slopes
              Assert.close case.Rtol case.Atol arrays["out"] slopes case.Id))
      "MultiHeadAttention",
      (fun case ->
          one (fun p i ->
              let heads = Attention.heads (case.Int("num_heads", 1))

              i["queries"]
              |> Attention.applyTo
                  heads
                  (mask "mask" case i)
                  (attention "" p)
                  i["keys"]
                  i["values"]))
      "RoPE",
      (fun case ->
          one (fun _ i ->
              let rope =
                  { Rope.defaults (case.Int("dims", 0)) with
                      Traditional = case.Bool("traditional", false)
                      Base = case.Float("base", 10000.0)
                      Scale = case.Float("scale", 1.0) }

              match i.TryFind "offset", case.Call "offset" with
              | Some offset, _ -> i["x"] |> Rope.applyAt rope offset
              | None, Some offset -> i["x"] |> Rope.apply rope (offset.GetInt32())
              | None, None -> i["x"] |> Rope.apply rope 0))
      "ALiBi",
      (fun case ->
          one (fun _ i ->
              let offset = case.Call "offset" |> Option.map _.GetInt32() |> Option.defaultValue 0

              let biased = i["attention_scores"] |> Alibi.apply offset

              match i.TryFind "mask" with
              | Some mask -> biased + mask
              | None -> biased))
      "SinusoidalPositionalEncoding",
      (fun case ->
          one (fun _ i ->
              let fallback = SinusoidalEncoding.defaults (case.Int("dims", 0))

              i["x"]
              |> SinusoidalEncoding.apply
                  { fallback with
                      MinFreq = case.Float("min_freq", fallback.MinFreq)
                      MaxFreq = case.Float("max_freq", fallback.MaxFreq)
                      Scale = case.Float("scale", fallback.Scale)
                      CosFirst = case.Bool("cos_first", false)
                      FullTurns = case.Bool("full_turns", false) })) ]

/// Dropping: at inference nothing, in training the recorded draw, and the recorded statistics of ones.
let private dropping (drop: float -> Tensor -> Random<Tensor>) : Row =
    fun case ->
        let probability = case.Float("p", 0.0)
        let drop x = drop probability x

        if not (case.Bool("training", true)) then
            // What drops is left out.
            one (fun _ i -> i["x"])
        elif probability = 0.0 then
            one (fun _ i -> drop i["x"] |> Random.run (Key.ofSeed 0))
        else
            Arrays(fun arrays ->
                let key = Key.ofSeed (int (case.Number("exact", "seed")))
                let got = drop arrays["x"] |> Random.run key
                Assert.close case.Rtol case.Atol arrays["out"] got case.Id
                let ones = Tensor.ones (case.Shape("statistics", "shape"))
                let y: float[] = drop ones |> Random.run (Key.ofSeed 1) |> Tensor.toArray
                let kept = y |> Array.filter ((<>) 0.0)
                let scale = 1.0 / (1.0 - probability)
                Expect.all kept (fun v -> abs (v - scale) < 1e-6) $"{case.Id}: scaled"
                let fraction = float kept.Length / float y.Length
                let off = abs (fraction - case.Number("statistics", "kept_expected"))
                Expect.isLessThanOrEqual off (case.Number("statistics", "kept_tolerance")) case.Id)

/// The recorded sequence of layers, and the empty one.
let private sequential: Row =
    fun case ->
        let linear outputs inputs = Layer.make (Linear.init inputs outputs) Linear.apply

        let net =
            linear 10 6
            >=> Nn.relu
            >=> linear 10 10
            >=> Nn.tanh
            >=> Layer.make (LayerNorm.init 10) LayerNorm.apply
            >=> linear 3 10

        one (fun p i ->
            if p.IsEmpty then
                Layer.identity.Apply () i["x"]
            else
                let layer n : Linear =
                    { Weight = p[$"layers.{n}.weight"]; Bias = p.TryFind $"layers.{n}.bias" }

                let first = layer 0, layer 2
                i["x"] |> net.Apply((first, norm "layers.4." p), layer 5))

let private others: (string * Row) list =
    [ "Identity", (fun _ -> one (fun _ i -> Layer.identity.Apply () i["x"]))
      "Sequential", sequential
      "Dropout", dropping Nn.dropout
      "Dropout2d", dropping Nn.dropout2d
      "Dropout3d", dropping Nn.dropout3d
      "PReLU", (fun _ -> one (fun p i -> PRelu.apply { Weight = p["weight"] } i["x"]))
      "GELU",
      (fun case ->
          let gelu =
              match case.Text("approx", "none") with
              | "precise"
              | "tanh" -> Nn.geluApprox
              | "fast" -> Nn.geluFastApprox
              | _ -> Nn.gelu

          one (fun _ i -> gelu i["x"]))
      "Linear", (fun _ -> one (fun p i -> Linear.apply (linear "" p) i["x"]))
      "Bilinear",
      (fun _ ->
          one (fun p i ->
              let layer: Bilinear = { Weight = p["weight"]; Bias = p.TryFind "bias" }
              i["x1"] |> Bilinear.apply layer i["x2"]))
      "Embedding",
      (fun case ->
          one (fun p i ->
              let layer: Embedding = { Weight = p["weight"] }

              match case.Call "method" with
              | Some _ -> Embedding.asLinear layer i["x"]
              | None -> Embedding.apply layer i["x"]))
      "Upsample",
      (fun case ->
          one (fun _ i ->
              let x = i["x"]
              let scales = case.Scales("scale_factor", x.NDim - 2)

              let corners =
                  if case.Bool("align_corners", false) then Corners.Aligned else Corners.Free

              match case.Text("mode", "nearest") with
              | "linear" -> x |> Upsample.linear corners scales
              | "cubic" -> x |> Upsample.cubic corners scales
              | _ -> x |> Upsample.nearest scales))
      for rank in 1..3 do
          $"MaxPool{rank}d", pool rank Pool.max
          $"AvgPool{rank}d", pool rank Pool.average ]

let rows: (string * Row) list =
    convolutions @ norms @ recurrent @ transformers @ positions @ others
