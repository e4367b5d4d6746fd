/// Functions over trees, to files and back.
module Mlx.Tests.Functional.ExportTests

open System
open System.IO
open Expecto
open Mlx
open Mlx.Core

type private Input = { Left: Tensor; Right: Tensor }

type private Output = { Sum: Tensor; Both: Tensor * Tensor }

let private withFile f =
    let path = Path.Combine(Path.GetTempPath(), $"mlx-{Guid.NewGuid():N}.mlxfn")

    try
        f path
    finally
        File.Delete path

let private compute (x: Input) =
    { Sum = x.Left + x.Right; Both = (x.Left * 2f, Tensor.sum x.Right) }

let private input (left: float32 list) (right: float32 list) =
    { Left = Tensor.ofSeq left; Right = Tensor.ofSeq right }

let private numbers (tree: 'T) =
    [ for leaf in Tree.leaves tree -> List.ofArray (leaf.ToArray<float32>()) ]

let private records path =
    let x = input [ 1f; 2f ] [ 3f; 4f ]
    Export.save path compute x
    let f: Input -> Output = Export.load path (compute x)
    let y = input [ 5f; 6f ] [ 7f; 8f ]
    Expect.equal (numbers (f y)) (numbers (compute y)) "the leaves in their places"
    let slope = grad (fun z () -> Tensor.sum (f z).Sum) y ()
    Expect.equal (numbers slope) [ [ 1f; 1f ]; [ 1f; 1f ] ] "it differentiates"

let private otherShapes path =
    let x = input [ 1f; 2f ] [ 3f; 4f ]
    Export.saveShapeless path compute x
    let f: Input -> Output = Export.load path (compute x)
    let y = input [ 1f; 2f; 3f ] [ 4f; 5f; 6f ]
    Expect.equal (numbers (f y)) (numbers (compute y)) "three instead of two"

let private notTheStructure path =
    let x = input [ 1f ] [ 2f ]
    Export.save path compute x
    let f: Input -> Tensor = Export.load path x.Left

    match Assert.catch (fun () -> f x |> ignore) with
    | :? ArgumentException -> ()
    | e -> failtest $"{e}"

let tests =
    [ testCase "records in, records out" (fun () -> withFile records)
      testCase "other shapes" (fun () -> withFile otherShapes)
      testCase "results of another structure" (fun () -> withFile notTheStructure) ]
