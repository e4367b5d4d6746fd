/// The table of what is supported (docs/support.md), from the rows that the laws prove.
module Mlx.Tests.Laws.Support

open System
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Abi
open Mlx.Tests.Laws

let private columns =
    [ "bool", [ DType.Bool ]
      "uint", Values.integers |> List.filter (fun d -> d.Name().StartsWith "uint")
      "int", Values.integers |> List.filter (fun d -> d.Name().StartsWith "int")
      "f16", [ DType.Float16 ]
      "bf16", [ DType.BFloat16 ]
      "f32", [ DType.Float32 ]
      "f64", [ DType.Float64 ]
      "c64", [ DType.Complex64 ] ]

let private hasValues row = row.Inputs |> List.exists (fun i -> i.Role = Value)

/// What is accepted; of a function without inputs that may vary, what it can answer.
let private dtypes row =
    if hasValues row then row.Dtypes @ row.Elsewhere else List.map row.Result row.Dtypes

let private mark accepted (group: DType list) =
    match group |> List.filter (fun d -> Set.contains d accepted) with
    | [] -> ""
    | some when some.Length = group.Length -> "yes"
    | some -> some |> List.map (fun d -> d.Name()) |> String.concat ", "

/// One word of several rows: those that differ are told apart by their labels.
let private merged rows word =
    match rows |> List.groupBy word with
    | [ only, _ ] -> only
    | groups ->
        groups
        |> List.map (fun (text, rows) ->
            let labels = rows |> List.map _.Label |> List.filter ((<>) "")
            if labels.IsEmpty then text else $"""{text} ({String.Join(", ", labels)})""")
        |> String.concat "; "

let private reverse row =
    match row.Derivative with
    | Smooth
    | ReverseOnly -> "yes"
    | Discrete -> "zeros"
    | Refused -> "refused"

let private forward row =
    match row.Derivative with
    | ReverseOnly -> "refused"
    | _ -> reverse row

let private batched row = if row.Unmapped.IsSome then "refused" else "yes"

let private line (name: string, rows: Row list) =
    let accepted = rows |> List.collect dtypes |> set
    let varying = rows |> List.filter hasValues
    let mapped = rows |> List.filter (fun r -> not r.Inputs.IsEmpty)
    let word rows f = if List.isEmpty rows then "" else merged rows f

    [ yield $"`{name}`"
      for _, group in columns do
          yield mark accepted group
      yield word varying reverse
      yield word varying forward
      yield word mapped batched ]
    |> String.concat " | "
    |> fun cells -> $"| {cells} |"

let private headings =
    let names = [ "function"; yield! List.map fst columns; "vjp"; "jvp"; "vmap" ]
    let rule = names |> List.map (fun _ -> "---")
    [ $"""| {String.Join(" | ", names)} |"""; $"""| {String.Join(" | ", rule)} |""" ]

let private introduction =
    """# What the embedded engine supports

All 620 functions of mlx-c 0.6.0 are there. This page is written from the table of ops that the tests
keep (`dotnet fsi build.fsx support`; a test fails when it is out of date). Every cell is checked by
running it: what is marked works and agrees with a reference in double precision, derivatives with
finite differences (to the second order), `vmap` with a loop, compiled calls with eager ones; every
dtype that is not marked is refused by an error that names the function.

* `uint` and `int` are the four widths each; where only some are taken, they are named.
* A function without array arguments is listed with the dtypes that it answers.
* *zeros*: the results are whole numbers or truths, so their derivative is zero. *refused*: there is no
  derivative (or no mapping), and asking for it is an error, as in MLX.
* In complex numbers derivatives follow MLX's convention.

Where this engine differs from MLX 0.31.2 on purpose stands in [upstream.md](upstream.md)."""

let private others (functions: Manifest.Function list) withRows =
    let rest = functions |> List.filter (fun f -> not (Set.contains f.Name withRows))

    [ yield "## The rest of the ABI"
      yield ""
      yield
          "Handles, containers, closures, transforms, files, devices: nothing to tell apart by dtype."
      yield ""
      yield "| header | functions |"
      yield "| --- | --- |"
      for header, functions in rest |> List.groupBy _.Header do
          let names = functions |> List.map (fun f -> f.Name.Substring 4) |> List.sort
          yield $"""| {header} | {String.Join(" ", names)} |""" ]

let text () =
    let functions = Manifest.load().Functions
    let header = functions |> List.map (fun f -> f.Name, f.Header) |> Map
    let rows = Table.rows.Value |> List.groupBy _.Function |> List.sortBy fst

    [ yield introduction
      yield ""
      for name, lines in rows |> List.groupBy (fun (name, _) -> header["mlx_" + name]) do
          yield $"## {name}"
          yield ""
          yield! headings
          yield! List.map line lines
          yield ""
      yield! others functions (rows |> List.map (fun (name, _) -> "mlx_" + name) |> set) ]
    |> String.concat "\n"
    |> fun text -> text + "\n"

let private written = Path.Combine(AppContext.BaseDirectory, "docs", "support.md")

let tests =
    [ testCase "docs/support.md is what the table says" (fun () ->
          let found = File.ReadAllText(written).ReplaceLineEndings "\n"
          Expect.equal found (text ()) "run: dotnet fsi build.fsx support") ]
