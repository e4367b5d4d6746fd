/// Initializers and fresh layers against the recorded draws of `mlx.nn` (tests/data/layers/init).
module Mlx.Tests.Functional.InitTests

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core

let private folder = Path.Combine(AppContext.BaseDirectory, "data", "layers")
let private text (e: JsonElement) = nonNull (e.GetString())
let private ints (e: JsonElement) = [ for i in e.EnumerateArray() -> i.GetInt32() ]

let private tryGet (name: string) (e: JsonElement) =
    match e.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private initializer (case: JsonElement) : Initializer option =
    let config = case.GetProperty "config"
    let number (name: string) = config.GetProperty(name).GetDouble()

    let fan () = if text (config.GetProperty "mode") = "fan_out" then Fan.Out else Fan.In

    let typed init =
        match tryGet "dtype" config |> Option.map text with
        | Some "float16" -> Init.astype DType.Float16 init
        | _ -> init

    match text (case.GetProperty "layer") with
    | "constant" -> Some(typed (Init.constant (number "value")))
    | "identity" -> Some(typed Init.identity)
    | "normal" -> Some(Init.normal (number "mean") (number "std"))
    | "uniform" -> Some(Init.uniform (number "low") (number "high"))
    | "glorot_normal" -> Some(Init.glorotNormal (number "gain"))
    | "glorot_uniform" -> Some(Init.glorotUniform (number "gain"))
    | "he_normal" -> Some(Init.heNormal (fan ()) (number "gain"))
    | "he_uniform" -> Some(Init.heUniform (fan ()) (number "gain"))
    | "sparse" -> Some(Init.sparse (number "sparsity") (number "mean") (number "std"))
    | "orthogonal" -> Some(Init.orthogonal (number "gain"))
    | _ -> None

/// A fresh layer's tensors by the names they have in MLX.
let private layer (case: JsonElement) : Random<(string * Tensor) list> option =
    let config = case.GetProperty "config"
    let int (name: string) = config.GetProperty(name).GetInt32()

    let or' fallback name =
        tryGet name config |> Option.map _.GetInt32() |> Option.defaultValue fallback

    let fresh (layer: Random<'P>) = layer |> Random.map (Tree.named >> List.ofArray) |> Some

    /// The kernel, a number for all of so many axes or one for each.
    let kernel axes =
        match config.GetProperty "kernel_size" with
        | e when e.ValueKind = JsonValueKind.Number -> List.replicate axes (e.GetInt32())
        | e -> ints e

    let channels = fun () -> int "in_channels", int "out_channels"

    match text (case.GetProperty "layer") with
    | "Linear" -> fresh (Linear.init (int "input_dims") (int "output_dims"))
    | "Bilinear" ->
        fresh (Bilinear.init (int "input1_dims") (int "input2_dims") (int "output_dims"))
    | "Embedding" -> fresh (Embedding.init (int "num_embeddings") (int "dims"))
    | "Conv1d" ->
        let inputs, outputs = channels ()
        fresh (Conv1d.initGroups (or' 1 "groups") inputs outputs (kernel 1).Head)
    | "Conv2d" ->
        let k = kernel 2
        fresh (channels () ||> Conv2d.init <| (k[0], k[1]))
    | "Conv3d" ->
        let k = kernel 3
        fresh (channels () ||> Conv3d.init <| (k[0], k[1], k[2]))
    | "ConvTranspose1d" -> fresh (channels () ||> ConvTranspose1d.init <| (kernel 1).Head)
    | "ConvTranspose2d" ->
        let k = kernel 2
        fresh (channels () ||> ConvTranspose2d.init <| (k[0], k[1]))
    | "ConvTranspose3d" ->
        let k = kernel 3
        fresh (channels () ||> ConvTranspose3d.init <| (k[0], k[1], k[2]))
    | "RNN" -> fresh (Rnn.init (int "input_size") (int "hidden_size"))
    | "GRU" -> fresh (Gru.init (int "input_size") (int "hidden_size"))
    | "LSTM" -> fresh (Lstm.init (int "input_size") (int "hidden_size"))
    | "MultiHeadAttention" ->
        fresh (Attention.initBias (Attention.heads (int "num_heads")) (int "dims"))
    | "TransformerEncoderLayer" ->
        let heads = Attention.heads (int "num_heads")
        fresh (TransformerEncoderLayer.init heads (int "dims") (int "mlp_dims"))
    | "LayerNorm" -> fresh (LayerNorm.init (int "dims"))
    | "RMSNorm" -> fresh (RmsNorm.init (int "dims"))
    | "GroupNorm" -> fresh (GroupNorm.init (int "dims"))
    | "InstanceNorm" -> fresh (InstanceNorm.init (int "dims"))
    | "BatchNorm" ->
        let features = int "num_features"

        BatchNorm.init features
        |> Random.map (fun p ->
            [ yield! Tree.named p; yield! Tree.named (BatchNorm.stats features) ])
        |> Some
    | "PReLU" -> fresh (PRelu.init (int "num_parameters"))
    | "QuantizedLinear" ->
        fresh (QuantizedLinear.init Packing.affine (int "input_dims") (int "output_dims"))
    | "QuantizedEmbedding" ->
        let mode = { Packing.affine with GroupSize = int "group_size"; Bits = int "bits" }
        fresh (QuantizedEmbedding.init mode (int "num_embeddings") (int "dims"))
    | _ -> None

/// The moments of a large draw, within the 5 sigma that any good generator meets.
let private statistics (id: string) (recorded: JsonElement) (draw: Tensor) =
    let number (name: string) = recorded.GetProperty(name).GetDouble()
    let x: float[] = Tensor.toArray draw
    let average = Array.average x
    let off = abs (average - number "expected_mean")
    Expect.isLessThanOrEqual off (number "tolerance_mean") $"{id}: mean"
    let spread = sqrt (x |> Array.averageBy (fun v -> (v - average) ** 2.0))
    let off = abs (spread - number "expected_std")
    Expect.isLessThanOrEqual off (number "tolerance_std") $"{id}: deviation"

    match tryGet "low" recorded, tryGet "high" recorded with
    | Some low, Some high ->
        // Bounds are rounded to float32 before the draw.
        Expect.isGreaterThanOrEqual
            (Array.min x)
            (float (float32 (low.GetDouble())))
            $"{id}: lowest"

        Expect.isLessThanOrEqual (Array.max x) (float (float32 (high.GetDouble()))) $"{id}: highest"
    | _ -> ()

let private replay
    (arrays: Collections.Generic.IReadOnlyDictionary<string, Tensor>)
    (case: JsonElement)
    =
    use _ = Scope.Enter()
    let id = text (case.GetProperty "id")
    let rtol, atol = case.GetProperty("rtol").GetDouble(), case.GetProperty("atol").GetDouble()

    let key =
        tryGet "exact" case
        |> Option.map (fun e -> e.GetProperty("seed").GetInt32())
        |> Option.defaultValue 0
        |> Key.ofSeed

    let names = [ for name in case.GetProperty("arrays").EnumerateArray() -> text name ]
    let want name = arrays[$"{id}/out/{name}"]

    match initializer case, layer case with
    | Some init, _ ->
        match tryGet "statistics" case with
        | Some recorded ->
            let draw = init (ints (recorded.GetProperty "shape")) |> Random.run key
            let first = want "first"
            let got = draw |> Tensor.flatten |> Tensor.narrow 0 0 (int first.Size)
            Assert.close rtol atol first got $"{id} first"
            statistics id recorded draw
        | None ->
            let got = init (ints (case.GetProperty "shape")) |> Random.run key
            Expect.equal got.DType (want "out").DType $"{id}: dtype"
            Assert.close rtol atol (want "out") got id

        true
    | None, Some draw ->
        let got = Random.run key draw
        Expect.equal (List.map fst got |> List.sort) (List.sort names) $"{id}: names"

        for name, value in got do
            Assert.close rtol atol (want name) value $"{id} {name}"

        true
    | None, None -> false

let private refusals =
    [ "a fan of one axis", (fun () -> Init.glorotNormal 1.0 [ 5 ]), "two axes, not (5)"
      "an identity that is no square", (fun () -> Init.identity [ 2; 3 ]), "square, not (2, 3)"
      "a sparse tensor", (fun () -> Init.sparse 0.5 0.0 1.0 [ 2; 2; 2 ]), "matrix is wanted"
      "an orthogonal vector", (fun () -> Init.orthogonal 1.0 [ 4 ]), "matrix is wanted"
      "more zeros than elements", (fun () -> Init.sparse 1.5 0.0 1.0 [ 2; 2 ]), "0 and 1" ]

let tests =
    [ testCase "recorded draws of mlx.nn.init and of fresh layers" (fun () ->
          use _ = Scope.Enter()
          use json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "init.json")))
          let arrays = Safetensors.Load(Path.Combine(folder, "init.safetensors")).Arrays
          let cases = List.ofSeq (json.RootElement.GetProperty("cases").EnumerateArray())
          let replayed = cases |> List.filter (replay arrays)
          let isInitializer (case: JsonElement) = (initializer case).IsSome
          Expect.hasLength (List.filter isInitializer cases) 49 "initializers"
          Expect.hasLength replayed 71 "initializers and fresh layers")

      testCase "sparse rows and orthogonal matrices have their property" (fun () ->
          use _ = Scope.Enter()

          for rows, columns, sparsity in [ 6, 8, 0.5; 4, 5, 0.3; 3, 3, 0.0; 2, 7, 1.0 ] do
              let x = Init.sparse sparsity 0.0 1.0 [ rows; columns ] |> Random.run (Key.ofSeed 1)
              let isZero = x |> Tensor.equal (Tensor.scalar 0f) |> Tensor.astype DType.Int32
              let zeros = int (ceil (sparsity * float columns))
              let counts: int[] = isZero |> Tensor.sumAxis 1 |> Tensor.toArray
              Expect.allEqual counts zeros "zeros"

          for rows, columns in [ 5, 5; 3, 6; 7, 2 ] do
              let v = Init.orthogonal 3.0 [ rows; columns ] |> Random.run (Key.ofSeed 2)
              let t = Tensor.transpose v
              let gram = if rows <= columns then v *@ t else t *@ v
              let want = 9.0 * Tensor.eye (min rows columns)
              Assert.close 1e-5 1e-5 want gram $"{rows} by {columns}")

      testCase "shapes that do not fit are refused" (fun () ->
          for what, make, part in refusals do
              let e = Assert.catch (fun () -> make () |> ignore)
              Expect.stringContains e.Message part what) ]
