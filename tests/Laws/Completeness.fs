/// Every function of ops.h, linalg.h, fft.h, random.h and fast.h has a row, or a reason.
module Mlx.Tests.Laws.Completeness

open System
open Expecto
open Mlx.Tests.Support

/// Functions that no row can call, and what tests them instead.
let private exceptions =
    dict [ "random_seed", "has no result: the recorded cases and the suite of Core draw after it" ]

let private differences (rows: Row list) () =
    let withRows = rows |> List.map _.Function |> set
    let functions = Invoke.Names |> Array.map (fun name -> name.Substring 4) |> set
    let missing = functions - withRows |> Set.filter (exceptions.ContainsKey >> not)
    let needless = exceptions.Keys |> Seq.filter (fun name -> Set.contains name withRows)
    Expect.isEmpty missing $"functions without a row: {String.Join(' ', missing)}"
    Expect.isEmpty (withRows - functions) "rows of functions that are not there"
    Expect.isEmpty needless "exceptions that have a row"

let private names (rows: Row list) () =
    let twice = rows |> List.countBy _.Name |> List.filter (fun (_, n) -> n > 1) |> List.map fst
    Expect.isEmpty twice "rows of one name"

let tests rows =
    [ testCase "every function has a row" (differences rows)
      testCase "every row has its own name" (names rows) ]
