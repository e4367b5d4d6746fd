/// What `mlx.nn` refuses (tests/data/layers/errors) we refuse, or the types do not let anybody write.
module Mlx.Tests.Functional.RefusalTests

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core

type private Answer =
    /// The call, and what the message says.
    | Refuses of call: (unit -> unit) * says: string
    /// Why it cannot be written.
    | Unwritable of reason: string

let private run (draw: Random<'T>) = draw |> Random.run (Key.ofSeed 0)
let private computes (tensor: unit -> Tensor) () = tensor () |> ignore
let private ones (shape: int list) = Tensor.ones shape
let private dropped probability () = Nn.dropout probability (ones [ 2 ]) |> run |> ignore

/// A linear map of entries with these shapes.
let private named (entries: (string * int list) list) () =
    let layer: Linear = { Weight = ones [ 2; 2 ]; Bias = Some(ones [ 2 ]) }
    let entries = Map [ for name, shape in entries -> name, ones shape ]
    Tree.ofNamed entries layer |> ignore

let private batchNormOf axes =
    computes (fun () ->
        ones (List.replicate axes 3)
        |> BatchNorm.apply (run (BatchNorm.init 3)) (BatchNorm.stats 3))

let private answers: Map<string, Answer> =
    Map
        [ "error0", Refuses(dropped 1.0, "in [0, 1), not 1")
          "error1", Refuses(dropped -0.1, "in [0, 1), not -0.1")
          "error2",
          Refuses(computes (fun () -> ones [ 2; 3 ] |> Nn.dropout2d 0.5 |> run), "3 or 4 axes")
          "error3",
          Refuses((fun () -> Attention.init (Attention.heads 2) 7 |> ignore), "do not fit size 7")
          "error4",
          Refuses((fun () -> Conv1d.initGroups 2 5 4 3 |> ignore), "2 groups do not divide 5")
          "error5",
          Refuses(
              computes (fun () ->
                  ones [ 1; 5; 5; 4 ] |> Conv2d.apply Conv.defaults (run (Conv2d.init 3 2 (3, 3)))),
              "[conv]"
          )
          "error6",
          Refuses(
              computes (fun () -> ones [ 2; 4 ] |> Linear.apply (run (Linear.init 3 2))),
              "[addmm]"
          )
          "error7", Refuses(batchNormOf 1, "2, 3 or 4 axes")
          "error8", Refuses(batchNormOf 5, "2, 3 or 4 axes")
          "error9", Unwritable "an approximation of gelu is a function of its own, not a name"
          "error10", Unwritable "a mode of upsampling is a function of its own, not a name"
          "error11",
          Refuses(computes (fun () -> ones [ 2; 3 ] |> Upsample.nearest []), "batch, lengths")
          "error12", Refuses(computes (fun () -> ones [ 2; 3 ] |> Nn.glu -1), "split")
          "error13", Refuses((fun () -> Init.identity [ 2; 3 ] |> ignore), "square, not (2, 3)")
          "error14", Refuses((fun () -> Init.glorotNormal 1.0 [ 5 ] |> ignore), "two axes")
          "error15", Unwritable "a fan is Fan.In or Fan.Out, not a name"
          "error16",
          Refuses(
              computes (fun () ->
                  ones [ 2; 3 ] |> Loss.crossEntropySmoothed 1.0 (Tensor.ofSeq [ 0; 1 ])),
              "share in [0, 1), not 1"
          )
          "error17",
          Refuses(
              computes (fun () -> ones [ 2; 3 ] |> Loss.crossEntropy (Tensor.ofSeq [ 0; 1; 2 ])),
              "do not fit logits"
          )
          "error18",
          Refuses(
              computes (fun () ->
                  let loss = ones [ 2; 3 ] |> Loss.crossEntropy (Tensor.ofSeq [ 0; 1 ])
                  loss * ones [ 3 ]),
              "(3)"
          )
          "error19", Unwritable "a reduction is Tensor.mean or Tensor.sum at the end, not a name"
          "error20", Refuses(computes (fun () -> ones [ 2 ] |> Loss.l1 (ones [ 3 ])), "shape [3]")
          "error21",
          Refuses(
              computes (fun () -> ones [ 2 ] |> Loss.marginRanking 0.0 (ones [ 1 ]) (ones [ 2 ])),
              "shape [1]"
          )
          "error22",
          Refuses(
              (fun () -> QuantizedLinear.init Packing.affine 40 8 |> run |> ignore),
              "group size 64"
          )
          "error23",
          Refuses(
              computes (fun () -> ones [ 1; 4; 4; 3 ] |> Pool.max (Pool.window [ 2; 2; 2 ])),
              "do not fit the shape"
          )
          "error24", Refuses(named [ "weight", [ 2; 2 ] ], "1 missing:\n  bias")
          "error25",
          Refuses(named [ "weight", [ 3; 2 ]; "bias", [ 2 ] ], "weight: (2, 2) is wanted") ]

let private path = Path.Combine(AppContext.BaseDirectory, "data", "layers", "errors.json")

let private recorded () =
    use json = JsonDocument.Parse(File.ReadAllBytes path)

    [ for case in json.RootElement.GetProperty("cases").EnumerateArray() ->
          nonNull (case.GetProperty("id").GetString()),
          nonNull (case.GetProperty("layer").GetString()) ]

let tests =
    [ for id, layer in recorded () ->
          testCase $"{id} {layer}" (fun () ->
              use _ = Scope.Enter()

              match answers[id] with
              | Unwritable reason -> skiptest reason
              | Refuses(call, says) ->
                  let e = Assert.catch call

                  Expect.isTrue
                      (e :? ArgumentException || e :? MlxException || e :? TreeMismatchException)
                      $"{e}"

                  Expect.stringContains e.Message says "the message") ]
