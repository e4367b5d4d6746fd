/// Whether a text says what another says: the words are the same, the numbers nearly.
module Mlx.Notebooks.Compare

open System
open System.Globalization
open System.Text.RegularExpressions

/// How far numbers may be apart, relative to them or to one: engines add in other orders, and
/// training carries that on.
let private tolerance = 2e-3

let private number = Regex @"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?"

let private parse (text: string) = Double.Parse(text, CultureInfo.InvariantCulture)

let private words text = number.Replace(text, "#")

/// The function that refuses: engines refuse in other places.
let private refusing = Regex @"\[\w+\]"

let private normal (text: string) =
    refusing.Replace(text, "[...]").ReplaceLineEndings("\n").Split '\n'
    |> Seq.map (fun line -> Regex.Replace(line.Trim(), @"\s+", " "))
    |> String.concat "\n"
    |> _.Trim()

/// The first difference, in words.
let difference (expected: string) (found: string) : string option =
    let expected, found = normal expected, normal found
    let numbers text = number.Matches text |> Seq.map _.Value |> Seq.toList

    if words expected <> words found then
        Some $"expected:\n{expected}\nfound:\n{found}"
    else
        List.zip (numbers expected) (numbers found)
        |> List.tryFind (fun (a, b) ->
            let x, y = parse a, parse b
            abs (x - y) > tolerance * max 1.0 (abs x))
        |> Option.map (fun (a, b) -> $"expected {a}, found {b}, in:\n{found}")
