/// `mlx doctor`: which engine runs here, and why.
module Mlx.Tool.Commands.Doctor

open System
open System.CommandLine
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open Mlx.Core
open Mlx.Tool
open Mlx.Tool.CommandLine

let private json = CommandLine.json ()

/// The widest vectors that are computed in one go here.
let private vectorBits =
    if Vector512.IsHardwareAccelerated then 512
    elif Vector256.IsHardwareAccelerated then 256
    elif Vector128.IsHardwareAccelerated then 128
    else 0

let private run (result: ParseResult) =
    let engine = Engine.Describe()
    let memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
    let system = RuntimeInformation.OSDescription
    let processor = string RuntimeInformation.ProcessArchitecture

    if json.Of result then
        Json.object
            [ "engine", Json.text engine.Name
              "mlx_version", Json.text engine.Version
              "library", Json.option Json.text (Option.ofObj engine.Path)
              "devices", Json.list Json.text engine.Devices
              "threads", Json.option Json.int (Option.ofNullable engine.Threads)
              "missing", Json.list Json.text engine.MissingSymbols
              "tried", Json.list Json.text engine.Tried
              "hints", Json.list Json.text engine.Hints
              "system", Json.text system
              "processor", Json.text processor
              "cores", Json.int Environment.ProcessorCount
              "vector_bits", Json.int vectorBits
              "memory_bytes", Json.long memory
              "dotnet", Json.text (string Environment.Version) ]
        |> Json.print
    else
        Terminal.out.WriteLine(string engine)
        Terminal.out.WriteLine $"system    {system}, .NET {Environment.Version}"

        Terminal.out.WriteLine
            $"machine   {processor}, {Environment.ProcessorCount} cores, vectors of {vectorBits} bits, {Terminal.size memory} of memory"

    0

let command =
    CommandLine.command
        "doctor"
        "Tell which engine runs here, where it was looked for, and what to do next."
        [ "mlx doctor"; "MLX_ENGINE=native mlx doctor --json" ]
        [ json ]
        run
