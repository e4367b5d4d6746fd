/// Layers, activations and losses against the recorded answers of `mlx.nn` (tests/data/layers):
/// outputs, and gradients of parameters and inputs.
module Mlx.Tests.Functional.GoldenTests

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core

let private folder = Path.Combine(AppContext.BaseDirectory, "data", "layers")

type private Named = Map<string, Tensor>

/// One recorded call: its options, and the arrays of it by kind and name.
type private Case
    (json: JsonElement, arrays: Collections.Generic.IReadOnlyDictionary<string, Tensor>) =
    let text (e: JsonElement) = nonNull (e.GetString())
    let id = text (json.GetProperty "id")

    let tryGet (parent: string) (name: string) =
        match json.TryGetProperty parent with
        | true, e ->
            match e.TryGetProperty name with
            | true, value when value.ValueKind <> JsonValueKind.Null -> Some value
            | _ -> None
        | _ -> None

    let names (field: string) =
        match json.TryGetProperty field with
        | true, list -> [ for name in list.EnumerateArray() -> text name ]
        | _ -> []

    member _.Id = id
    member _.Layer = text (json.GetProperty "layer")
    member _.Rtol = json.GetProperty("rtol").GetDouble()
    member _.Atol = json.GetProperty("atol").GetDouble()

    member _.Arrays(field: string, kind: string) : Named =
        Map.ofList [ for name in names field -> name, arrays[$"{id}/{kind}/{name}"] ]

    member _.HasCall =
        (match json.TryGetProperty "outputs" with
         | true, o -> o.GetArrayLength() = 1
         | _ -> false)

    member _.Float(name, fallback) =
        tryGet "config" name |> Option.map _.GetDouble() |> Option.defaultValue fallback

    member _.Int(name, fallback) =
        tryGet "config" name |> Option.map _.GetInt32() |> Option.defaultValue fallback

    member _.Bool(name, fallback) =
        tryGet "config" name |> Option.map _.GetBoolean() |> Option.defaultValue fallback

    member _.Text(name, fallback) =
        tryGet "config" name |> Option.map text |> Option.defaultValue fallback

    member _.Has name = (tryGet "config" name).IsSome
    member _.Call name = tryGet "call" name

    member _.Pair(name, fallback: int) =
        match tryGet "config" name with
        | None -> fallback, fallback
        | Some e when e.ValueKind = JsonValueKind.Number -> e.GetInt32(), e.GetInt32()
        | Some e -> e[0].GetInt32(), e[1].GetInt32()

/// What of ours answers a case, over its parameters and inputs; none where we have nothing for it.
type private Row = Case -> (Named -> Named -> Tensor) option

let private activation (f: Case -> Tensor -> Tensor) : Row =
    fun case -> Some(fun _ inputs -> f case inputs["x"])

let private reduce (case: Case) (loss: Tensor) =
    match case.Text("reduction", "none") with
    | "mean" -> Tensor.mean loss
    | "sum" -> Tensor.sum loss
    | _ -> loss

let private loss unsupported (f: Case -> Named -> Tensor) : Row =
    fun case ->
        if List.exists case.Has unsupported then
            None
        else
            Some(fun _ inputs ->
                let each = f case inputs

                match inputs.TryFind "weights" with
                | Some weights -> each * weights
                | None -> each
                |> reduce case)

let private classesLast (case: Case) x = Tensor.moveaxis (case.Int("axis", -1)) -1 x

let private linear prefix (p: Named) : Linear =
    { Weight = p[prefix + "weight"]; Bias = p.TryFind(prefix + "bias") }

let private attention (case: Case) : (Named -> Named -> Tensor) option =
    let heads = Attention.heads (case.Int("num_heads", 1))

    Some(fun p inputs ->
        let layer: Attention =
            { QueryProj = linear "query_proj." p
              KeyProj = linear "key_proj." p
              ValueProj = linear "value_proj." p
              OutProj = linear "out_proj." p }

        let mask =
            match inputs.TryFind "mask", case.Call "mask" with
            | Some mask, _ -> Mask.Of mask
            | None, Some e when e.ValueKind = JsonValueKind.String -> Mask.Causal
            | _ -> Mask.Full

        inputs["queries"] |> Attention.applyTo heads mask layer inputs["keys"] inputs["values"])

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
      "prelu", (fun _ -> Some(fun _ inputs -> Nn.prelu inputs["alpha"] inputs["x"]))
      "mish", simple Nn.mish
      "hardswish", simple Nn.hardswish
      "hard_tanh",
      activation (fun case ->
          Tensor.clip (case.Float("min_val", -1.0)) (case.Float("max_val", 1.0)))
      "hard_shrink", withFloat "lambd" 0.5 Nn.hardShrink
      "softmin", withAxis Nn.softmin
      "tanh", simple Nn.tanh
      "cross_entropy",
      loss [] (fun case i ->
          let targets = i["targets"]

          let targets =
              if targets.NDim = i["logits"].NDim then classesLast case targets else targets

          classesLast case i["logits"]
          |> Loss.crossEntropySmoothed (case.Float("label_smoothing", 0.0)) targets)
      "binary_cross_entropy",
      loss [] (fun case i ->
          if case.Bool("with_logits", true) then
              Loss.binaryCrossEntropy i["targets"] i["inputs"]
          else
              Loss.binaryCrossEntropyOfProbabilities i["targets"] i["inputs"])
      "l1_loss", loss [] (fun _ i -> Loss.l1 i["targets"] i["predictions"])
      "mse_loss", loss [] (fun _ i -> Loss.mse i["targets"] i["predictions"])
      "smooth_l1_loss",
      loss [] (fun c i -> Loss.smoothL1 (c.Float("beta", 1.0)) i["targets"] i["predictions"])
      "nll_loss", loss [] (fun _ i -> Loss.nll i["targets"] i["inputs"])
      "gaussian_nll_loss",
      loss [ "full"; "eps" ] (fun _ i -> Loss.gaussianNll i["targets"] i["vars"] i["inputs"])
      "kl_div_loss",
      loss [] (fun c i -> Loss.klDiv (classesLast c i["targets"]) (classesLast c i["inputs"]))
      "triplet_loss",
      loss [ "p"; "eps"; "axis" ] (fun c i ->
          Loss.triplet (c.Float("margin", 1.0)) i["positives"] i["negatives"] i["anchors"])
      "hinge_loss", loss [] (fun _ i -> Loss.hinge i["targets"] i["inputs"])
      "huber_loss", loss [] (fun c i -> Loss.huber (c.Float("delta", 1.0)) i["targets"] i["inputs"])
      "log_cosh_loss", loss [] (fun _ i -> Loss.logCosh i["targets"] i["inputs"])
      "cosine_similarity_loss",
      loss [ "eps" ] (fun c i -> Loss.cosineSimilarity (c.Int("axis", 1)) i["x2"] i["x1"])
      "margin_ranking_loss",
      loss [] (fun c i ->
          Loss.marginRanking (c.Float("margin", 0.0)) i["targets"] i["inputs2"] i["inputs1"])
      "Linear", (fun _ -> Some(fun p i -> Linear.apply (linear "" p) i["x"]))
      "Embedding",
      (fun case ->
          Some(fun p i ->
              let layer: Embedding = { Weight = p["weight"] }

              match case.Call "method" with
              | Some _ -> Embedding.asLinear layer i["x"]
              | None -> Embedding.apply layer i["x"]))
      "LayerNorm",
      (fun case ->
          Some(fun p i ->
              i["x"]
              |> Tensor.layerNorm
                  (case.Float("eps", 1e-5))
                  (p.TryFind "weight")
                  (p.TryFind "bias")))
      "RMSNorm",
      (fun case ->
          Some(fun p i ->
              RmsNorm.applyEps (case.Float("eps", 1e-5)) { Weight = p["weight"] } i["x"]))
      "Conv2d",
      (fun case ->
          Some(fun p i ->
              let conv =
                  { Stride = case.Pair("stride", 1)
                    Padding = case.Pair("padding", 0)
                    Dilation = case.Pair("dilation", 1)
                    Groups = case.Int("groups", 1) }

              Conv2d.apply conv { Weight = p["weight"]; Bias = p.TryFind "bias" } i["x"]))
      "MultiHeadAttention", attention ]

let private run (case: Case) (f: Named -> Named -> Tensor) =
    use _ = Scope.Enter()
    let close want got what = Assert.close case.Rtol case.Atol want got $"{case.Id} {what}"
    let parameters = case.Arrays("params", "param")
    let inputs = case.Arrays("inputs", "in")
    let want = case.Arrays("outputs", "out")["out"]
    let got = f parameters inputs
    Expect.equal got.DType want.DType $"{case.Id}: dtype"
    close want got "output"

    match (case.Arrays("cotangents", "cot")).TryFind "out" with
    | None -> ()
    | Some cotangent ->
        let parameterGrads = case.Arrays("param_grads", "dparam")
        let inputGrads = case.Arrays("input_grads", "din")

        let among (grads: Named) (all: Named) =
            all |> Map.filter (fun name _ -> grads.ContainsKey name)

        let over all some = Map.fold (fun all name value -> Map.add name value all) all some

        let at = among parameterGrads parameters, among inputGrads inputs

        if Tree.count at > 0 then
            let slopes, inputSlopes =
                at
                |> gradient (fun (p, i) ->
                    let y = f (over parameters p) (over inputs i)
                    Tensor.sum (y * cotangent))

            for KeyValue(name, want) in parameterGrads do
                close want slopes[name] $"gradient of {name}"

            for KeyValue(name, want) in inputGrads do
                close want inputSlopes[name] $"gradient of {name}"

let private family name =
    testCase name (fun () ->
        use _ = Scope.Enter()
        use json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name + ".json")))
        let arrays = (Safetensors.Load(Path.Combine(folder, name + ".safetensors"))).Arrays
        let rows = Map.ofList rows
        let mutable ran = 0
        let failures = ResizeArray<string>()

        for e in json.RootElement.GetProperty("cases").EnumerateArray() do
            let case = Case(e, arrays)

            match rows.TryFind case.Layer |> Option.bind (fun row -> row case) with
            | Some f when case.HasCall ->
                ran <- ran + 1

                try
                    run case f
                with e ->
                    failures.Add(e.Message)
            | _ -> ()

        Expect.isGreaterThan ran 5 "cases"

        if failures.Count > 0 then
            failtest (
                String.Join("\n", $"{failures.Count} of {ran} cases fail:" :: List.ofSeq failures)
            ))

let tests =
    [ for name in [ "activations"; "losses"; "simple"; "norm"; "conv"; "attention" ] -> family name ]
