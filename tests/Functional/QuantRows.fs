/// Quantized layers, by the names of those of `mlx.nn` that they answer to.
module Mlx.Tests.Functional.QuantRows

open Expecto
open Mlx
open Mlx.Tests.Functional.Goldens

let private packing (case: Case) : Packing =
    { GroupSize = case.Int("group_size", 64)
      Bits = case.Int("bits", 4)
      Mode = case.Text("mode", "affine") }

let private matrix (case: Case) (p: Named) : Packed =
    { Weight = p["weight"]
      Scales = p["scales"]
      Biases = p.TryFind "biases"
      Packing = packing case }

/// What we pack is what was packed, to the bit, and stands for the recorded numbers.
let private packsAsRecorded (case: Case) (packed: Packed) (unpacked: Tensor) =
    let source = case.Arrays("source", "source")
    let recorded = case.Arrays("params", "param")
    Expect.isTrue (Tensor.arrayEqual recorded["weight"] packed.Weight) $"{case.Id}: codes"
    Assert.close 1e-6 1e-8 recorded["scales"] packed.Scales $"{case.Id}: scales"

    match packed.Biases with
    | Some biases -> Assert.close 1e-6 1e-8 recorded["biases"] biases $"{case.Id}: biases"
    | None -> Expect.isFalse (recorded.ContainsKey "biases") $"{case.Id}: no biases"

    match source.TryFind "dequantized" with
    | Some want -> Assert.close 1e-5 1e-6 want unpacked $"{case.Id}: dequantized"
    | None -> ()

let private source (case: Case) = case.Arrays("source", "source")["weight"]

let private linear: Row =
    fun case ->
        one (fun p i ->
            let plain: Linear = { Weight = source case; Bias = None }
            let packed = QuantizedLinear.ofLinear (packing case) plain
            packsAsRecorded case packed.Matrix (QuantizedLinear.dequantize packed).Weight
            let layer: QuantizedLinear = { Matrix = matrix case p; Bias = p.TryFind "bias" }
            i["x"] |> QuantizedLinear.apply layer)

let private embedding: Row =
    fun case ->
        one (fun p i ->
            let packed = QuantizedEmbedding.ofEmbedding (packing case) { Weight = source case }
            packsAsRecorded case packed.Matrix (QuantizedEmbedding.dequantize packed).Weight
            let layer: QuantizedEmbedding = { Matrix = matrix case p }

            match case.Call "method" with
            | Some _ -> QuantizedEmbedding.asLinear layer i["x"]
            | None -> QuantizedEmbedding.apply layer i["x"])

type private Model = { Emb: Lookup; Layers: Map<int, Dense>; Head: Dense }

let private forward (p: Model) ids =
    ids
    |> Lookup.apply p.Emb
    |> Dense.apply p.Layers[0]
    |> Nn.relu
    |> Dense.apply p.Layers[2]
    |> Dense.apply p.Head

let private quantize: Row =
    fun case ->
        Arrays(fun arrays ->
            let plain name =
                Dense.Plain
                    { Weight = arrays[$"float.{name}.weight"]
                      Bias = arrays.TryFind $"float.{name}.bias" }

            let model =
                { Emb = Lookup.Plain { Weight = arrays["float.emb.weight"] }
                  Layers = Map [ 0, plain "layers.0"; 2, plain "layers.2" ]
                  Head = plain "head" }

            let choose (path: string) =
                case.Text("predicate", "").StartsWith "everything" || path.StartsWith "layers"

            let small = model |> Nn.quantize (packing case) choose
            let named = Map.ofArray (Tree.named small)

            let recorded =
                arrays
                |> Map.toList
                |> List.filter (fun (name, _) -> name.StartsWith "quantized.")
                |> List.map (fun (name, x) -> name.Substring 10, x)

            Expect.equal (Map.keys named |> List.ofSeq) (List.sort (List.map fst recorded)) "names"

            for name, want in recorded do
                Assert.close 1e-6 1e-8 want named[name] $"{case.Id} {name}"

            let close name p =
                let got = forward p arrays["ids"]
                Assert.close case.Rtol case.Atol arrays[name] got $"{case.Id} {name}"

            close "before" model
            close "after" small
            // What a checkpoint holds is loaded into a model made to fit it.
            let entries = Map.ofList recorded
            let isPacked path = entries.ContainsKey(path + ".scales")
            close "after" (model |> Nn.quantize (packing case) isPacked |> Tree.ofNamed entries)
            close "after" (Nn.dequantize small))

let rows: (string * Row) list =
    [ "QuantizedLinear", linear; "QuantizedEmbedding", embedding; "nn.quantize", quantize ]
