/// The results are those of the reference: in every dtype, at every length around a vector's.
module Mlx.Tests.Laws.ValueLaws

open System
open Mlx.Core

let lengths =
    [ 0; 1; 2; 3; 7; 8; 9; 15; 16; 17; 31; 32; 33; 63; 64; 65; 127; 128; 129; 255; 256; 257 ]

/// The dtypes of results and their values.
let compare row dtype (got: MlxArray[]) (want: Nd list) =
    let expected = row.Result dtype

    match got |> Array.tryFind (fun a -> a.DType <> expected) with
    | Some a when want.Length = got.Length -> Some $"dtype {a.DType.Name()} for {expected.Name()}"
    | _ ->
        let want = want |> List.map (Nd.map (Values.wrap expected))
        Values.differences (Row.tolerance row dtype) (Functions.read got) want

let private check row dtype (rng: Random) =
    let values = Row.draw row dtype rng
    let got = Row.apply row (Row.arrays row dtype values)
    compare row dtype got (row.Reference.Value values)

let private referred row =
    if row.Reference.IsNone then [] else row.Dtypes |> List.except row.Unreferred

let reference row =
    [ for dtype in referred row do
          for draw in 1..2 -> { Name = $"{dtype.Name()} draw {draw}"; Run = check row dtype } ]

let length row =
    [ for at, make in List.indexed row.AtLength do
          for n in lengths do
              let long: Row = make n

              for dtype in referred long do
                  let shapes = long.Inputs |> List.map (fun i -> Values.shapeText i.Shape)
                  let name = $"{dtype.Name()} " + String.Join(" ", shapes)
                  let name = if at = 0 then name else $"{name} ({at})"
                  { Name = name; Run = check long dtype } ]
