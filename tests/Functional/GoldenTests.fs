/// Layers, activations and losses against the recorded answers of `mlx.nn`.
module Mlx.Tests.Functional.GoldenTests

open Mlx
open Mlx.Tests.Functional.Goldens

let private activation (f: Case -> Tensor -> Tensor) : Row =
    fun case -> one (fun _ inputs -> f case inputs["x"])

let private reduce (case: Case) (loss: Tensor) =
    match case.Text("reduction", "none") with
    | "mean" -> Tensor.mean loss
    | "sum" -> Tensor.sum loss
    | _ -> loss

let private loss (f: Case -> Named -> Tensor) : Row =
    fun case ->
        one (fun _ inputs ->
            let each = f case inputs

            match inputs.TryFind "weights" with
            | Some weights -> each * weights
            | None -> each
            |> reduce case)

let private classesLast (case: Case) x = Tensor.moveaxis (case.Int("axis", -1)) -1 x

let private rows: (string * Row) list =
    let simple f = activation (fun _ x -> f x)
    let withFloat name fallback f = activation (fun case x -> f (case.Float(name, fallback)) x)
    let withAxis f = activation (fun case x -> f (case.Int("axis", -1)) x)

    [ "sigmoid", simple Nn.sigmoid
      "relu", simple Nn.relu
      "relu2", simple Nn.relu2
      "relu6", simple Nn.relu6
      "leaky_relu", withFloat "negative_slope" 0.01 Nn.leakyRelu
      "log_softmax", withAxis Nn.logSoftmax
      "elu", withFloat "alpha" 1.0 Nn.elu
      "softmax", withAxis Nn.softmax
      "softplus", simple Nn.softplus
      "softsign", simple Nn.softsign
      "softshrink", withFloat "lambd" 0.5 Nn.softshrink
      "celu", withFloat "alpha" 1.0 Nn.celu
      "silu", simple Nn.silu
      "log_sigmoid", simple Nn.logSigmoid
      "gelu", simple Nn.gelu
      "gelu_approx", simple Nn.geluApprox
      "gelu_fast_approx", simple Nn.geluFastApprox
      "glu", withAxis Nn.glu
      "step", withFloat "threshold" 0.0 Nn.step
      "selu", simple Nn.selu
      "prelu", (fun _ -> one (fun _ inputs -> Nn.prelu inputs["alpha"] inputs["x"]))
      "mish", simple Nn.mish
      "hardswish", simple Nn.hardswish
      "hard_tanh",
      activation (fun case ->
          Tensor.clip (case.Float("min_val", -1.0)) (case.Float("max_val", 1.0)))
      "hard_shrink", withFloat "lambd" 0.5 Nn.hardShrink
      "softmin", withAxis Nn.softmin
      "tanh", simple Nn.tanh
      "cross_entropy",
      loss (fun case i ->
          let targets = i["targets"]

          let targets =
              if targets.NDim = i["logits"].NDim then classesLast case targets else targets

          classesLast case i["logits"]
          |> Loss.crossEntropySmoothed (case.Float("label_smoothing", 0.0)) targets)
      "binary_cross_entropy",
      loss (fun case i ->
          if case.Bool("with_logits", true) then
              Loss.binaryCrossEntropy i["targets"] i["inputs"]
          else
              Loss.binaryCrossEntropyOfProbabilities i["targets"] i["inputs"])
      "l1_loss", loss (fun _ i -> Loss.l1 i["targets"] i["predictions"])
      "mse_loss", loss (fun _ i -> Loss.mse i["targets"] i["predictions"])
      "smooth_l1_loss",
      loss (fun c i -> Loss.smoothL1 (c.Float("beta", 1.0)) i["targets"] i["predictions"])
      "nll_loss", loss (fun _ i -> Loss.nll i["targets"] i["inputs"])
      "gaussian_nll_loss",
      loss (fun c i ->
          i["inputs"]
          |> Loss.gaussianNllWith
              (c.Float("eps", 1e-6))
              (c.Bool("full", false))
              i["targets"]
              i["vars"])
      "kl_div_loss",
      loss (fun c i -> Loss.klDiv (classesLast c i["targets"]) (classesLast c i["inputs"]))
      "triplet_loss",
      loss (fun c i ->
          i["anchors"]
          |> Loss.tripletWith
              (c.Int("p", 2))
              (c.Float("eps", 1e-6))
              (c.Int("axis", -1))
              (c.Float("margin", 1.0))
              i["positives"]
              i["negatives"])
      "hinge_loss", loss (fun _ i -> Loss.hinge i["targets"] i["inputs"])
      "huber_loss", loss (fun c i -> Loss.huber (c.Float("delta", 1.0)) i["targets"] i["inputs"])
      "log_cosh_loss", loss (fun _ i -> Loss.logCosh i["targets"] i["inputs"])
      "cosine_similarity_loss",
      loss (fun c i ->
          i["x1"] |> Loss.cosineSimilarityEps (c.Float("eps", 1e-8)) (c.Int("axis", 1)) i["x2"])
      "margin_ranking_loss",
      loss (fun c i ->
          Loss.marginRanking (c.Float("margin", 0.0)) i["targets"] i["inputs2"] i["inputs1"]) ]

/// Layers of `mlx.nn` that are the function of their activation here.
let private classes =
    [ "Sigmoid", "sigmoid"
      "ReLU", "relu"
      "ReLU2", "relu2"
      "ReLU6", "relu6"
      "LeakyReLU", "leaky_relu"
      "LogSoftmax", "log_softmax"
      "ELU", "elu"
      "Softmax", "softmax"
      "Softplus", "softplus"
      "Softsign", "softsign"
      "Softshrink", "softshrink"
      "CELU", "celu"
      "SiLU", "silu"
      "LogSigmoid", "log_sigmoid"
      "GLU", "glu"
      "Step", "step"
      "SELU", "selu"
      "Mish", "mish"
      "Hardswish", "hardswish"
      "HardTanh", "hard_tanh"
      "HardShrink", "hard_shrink"
      "Softmin", "softmin"
      "Tanh", "tanh" ]

let private families =
    [ "simple", 43
      "conv", 39
      "pool", 29
      "norm", 44
      "rnn", 16
      "attention", 33
      "transformer", 15
      "upsample", 45
      "activations", 241
      "losses", 127
      "quant", 22 ]

let tests =
    let functions = Map.ofList rows
    let layers = [ for layer, activation in classes -> layer, functions[activation] ]
    let rows = Map.ofList (rows @ layers @ LayerRows.rows @ QuantRows.rows)
    [ for name, count in families -> family name count rows ]
