/// The tables of docs/models.md are computed, and its commands are understood.
module Mlx.Tests.Tool.GuideTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open Mlx.Tests
open Mlx.Tests.Tool.Command

let private guide = lazy File.ReadAllLines(Repository.path "docs/models.md")

/// The cells of the rows of the table whose first row begins so.
let private table (start: string) =
    guide.Value
    |> Seq.skipWhile (fun line -> not (line.StartsWith start))
    |> Seq.takeWhile (fun line -> line.StartsWith '|')
    |> Seq.skip 2
    |> Seq.map (fun line -> line.Trim('|').Split '|' |> Array.map _.Trim())
    |> List.ofSeq

let private number (cell: string) = float (Regex.Match(cell, @"[\d.]+").Value)

// Mistral-7B v0.3, as its config.json has it.
let private vocabulary, hidden, layers, inner = 32768.0, 4096.0, 32.0, 14336.0
let private heads, keyHeads, headDim = 32.0, 8.0, 128.0

let private matrices =
    layers * hidden * (2.0 * heads * headDim + 2.0 * keyHeads * headDim + 3.0 * inner)

let private lookups = vocabulary * hidden
let private norms = hidden * (2.0 * layers + 1.0)

/// Gigabytes of all weights, and of those that a token reads.
let private weights bits =
    ((matrices + 2.0 * lookups) * bits / 8.0 + 2.0 * norms) / 1e9,
    ((matrices + lookups) * bits / 8.0 + 2.0 * norms) / 1e9

let private cache tokens = tokens * 2.0 * layers * keyHeads * headDim * 2.0 / 1e9

let private near digits (wanted: float) (found: float) what =
    Expect.equal (Math.Round(found, (digits: int))) (Math.Round(wanted, digits)) what

let private memory () =
    let rows = table "| Mistral-7B |"
    Expect.hasLength rows 6 "rows"

    for row in rows do
        near 2 (fst (weights (number row[1]))) (number row[2]) $"weights: {row[0]}"
        near 2 (cache 1024.0) (number row[3]) $"cache of 1,024: {row[0]}"
        near 2 (cache 8192.0) (number row[4]) $"cache of 8,192: {row[0]}"
        let needed = number row[2] + number row[4]
        Expect.isLessThan needed (number row[5]) $"what it fits into: {row[0]}"

let private speed () =
    let rows = table "| memory |"
    Expect.isNonEmpty rows "rows"

    for row in rows do
        for column, bits in [ 2, 16.0; 3, 8.5; 4, 4.5 ] do
            near
                1
                (number row[1] / snd (weights bits))
                (number row[column])
                $"{row[0]}, {bits} bits"

/// Every command of the guide, without what a shell makes of it.
let private commands =
    lazy
        [ for line in guide.Value do
              if line.StartsWith "mlx " then
                  Regex.Replace(line, @"\s*(#|<).*$", "") ]

/// A command line in parts.
let private parts (line: string) =
    [ for m in Regex.Matches(line, "\"([^\"]*)\"|(\\S+)") ->
          if m.Groups[1].Success then m.Groups[1].Value else m.Value ]

/// With folders that are not there a command fails, but not for its usage.
let private understood () =
    Expect.isGreaterThan commands.Value.Length 8 "commands"

    for line in commands.Value do
        if not (line.StartsWith "mlx doctor") then
            let said = mlx (List.tail (parts line))
            Expect.equal said.Code 1 $"{line}: {said.Errors}"

let tests =
    testList
        "guide"
        [ testCase "memory needs are computed" memory
          testCase "speeds are computed" speed
          testCase "its commands are understood" understood ]
