module Mlx.Benchmarks.Program

open System
open System.Collections.Generic
open System.IO
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.RegularExpressions
open Mlx.Core

let private rows =
    [ Matmul.squares
      Elementwise.rows
      Train.rows
      Encoder.rows
      Tiny.rows
      Trees.rows
      Matmul.linears
      Matmul.quantized
      Kernels.rows
      Mistral.rows
      Matmul.threads
      Peers.rows ]
    |> List.concat

let private usage =
    """Named workloads as JSON lines.

  --only REGEX         the rows whose name matches
  --out FILE           write there instead of standard output
  --engine cpu|native  instead of what MLX_ENGINE says
  --list               only the names
  --compare A B        two result files: how many times as fast B is as A"""

type private Options = { Only: Regex; Out: string option; Engine: string option; List: bool }

let rec private parse options arguments =
    match arguments with
    | [] -> options
    | "--only" :: regex :: rest -> parse { options with Only = Regex regex } rest
    | "--out" :: file :: rest -> parse { options with Out = Some file } rest
    | "--engine" :: name :: rest -> parse { options with Engine = Some name } rest
    | "--list" :: rest -> parse { options with List = true } rest
    | other :: _ -> invalidArg "arguments" $"what is '{other}'?"

let private cpuName () =
    try
        File.ReadLines "/proc/cpuinfo"
        |> Seq.tryFind _.StartsWith("model name")
        |> Option.map (fun line -> line.Substring(line.IndexOf ':' + 1).Trim())
        |> Option.defaultValue "unknown"
    with :? IOException ->
        "unknown"

let private emit (out: TextWriter) (fields: (string * objnull) list) =
    out.WriteLine(JsonSerializer.Serialize(dict fields))
    out.Flush()

let private meta () : (string * objnull) list =
    [ "peer", "mlx-dotnet"
      "engine", Engine.Name
      "mlx_version", Engine.Version
      "dotnet", RuntimeInformation.FrameworkDescription
      "os", RuntimeInformation.OSDescription
      "cpu", cpuName ()
      "cpus", Environment.ProcessorCount ]

let private round digits (x: float) = Math.Round(x, digits = digits)

/// Calls across the ABI of one run.
let private crossings run =
    let before = Engine.Crossings
    run ()
    Engine.Crossings - before

let private measure emit row =
    use scope = Scope.Enter()
    scope |> ignore

    try
        let work = row.Setup()
        let timing = Measure.timing work

        emit
            [ "name", box row.Name
              "median_ms", round 5 timing.MedianMs
              "runs", timing.Runs
              "min_ms", round 5 timing.MinMs
              "p90_ms", round 5 timing.P90Ms
              "first_call_ms", round 3 timing.FirstCallMs
              match timing.Others with
              | Some share -> "others", round 3 share
              | None -> () ]

        if work.CountsCrossings then
            emit [ "name", box (row.Name + "_crossings"); "calls_per_step", crossings work.Run ]
    with
    | Skipped reason -> emit [ "name", box row.Name; "skipped", reason ]
    | :? MlxException as e -> emit [ "name", box row.Name; "skipped", e.Message ]

let private run options =
    options.Engine
    |> Option.iter (fun name -> Environment.SetEnvironmentVariable("MLX_ENGINE", name))

    let chosen = rows |> List.filter (fun row -> options.Only.IsMatch row.Name)

    if options.List then
        for row in chosen do
            printfn "%s" row.Name
    else
        use out =
            match options.Out with
            | Some file -> new StreamWriter(file) :> TextWriter
            | None -> Console.Out

        let emit = emit out
        emit [ "meta", box (dict (meta ())) ]

        for row in chosen do
            measure emit row
            Memory.ClearCache()
            GC.Collect()

let private parseAndRun arguments =
    let everything = { Only = Regex ""; Out = None; Engine = None; List = false }

    match
        try
            Ok(parse everything (List.ofArray arguments))
        with :? ArgumentException as e ->
            Error e.Message
    with
    | Error message ->
        eprintfn "%s\n\n%s" message usage
        2
    | Ok options ->
        try
            run options
            0
        with :? MlxException as e ->
            eprintfn "%s" e.Message
            1

[<EntryPoint>]
let main arguments =
    match arguments with
    | [| "--compare"; before; after |] ->
        Compare.print before after
        0
    | _ -> parseAndRun arguments
