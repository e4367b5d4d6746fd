/// What `build.fsx fuzz` runs.
module Mlx.Tests.Fuzz.Program

open System
open System.IO
open Mlx.Tests.Output

let usage =
    """  --fuzz                     readers of files on mutated files
      [--format NAME]        npy, npz, safetensors, gguf or mlxfn; all of them otherwise
      [--executions N]       over all formats (100000)
      [--seed S]             another one each day otherwise
      [--at N]               only the execution of this number, which a failure names"""

type Options = { Formats: string list; Executions: int64; Seed: uint64; At: int64 option }

let private defaults () =
    { Formats = Fuzzer.formats
      Executions = 100_000L
      Seed = uint64 (DateTime.UtcNow.ToString "yyyyMMdd")
      At = None }

let rec private parse options arguments =
    match arguments with
    | [] -> options
    | "--format" :: name :: rest when List.contains name Fuzzer.formats ->
        parse { options with Formats = [ name ] } rest
    | "--executions" :: n :: rest -> parse { options with Executions = int64 n } rest
    | "--seed" :: s :: rest -> parse { options with Seed = uint64 s } rest
    | "--at" :: n :: rest -> parse { options with At = Some(int64 n) } rest
    | other :: _ -> invalidArg "arguments" $"what is '{other}'?"

/// Inputs that failed lie where they can be looked at and kept.
let private keep (seed: uint64) (failure: Fuzzer.Failure) =
    let folder = Directory.CreateDirectory(Path.Combine("artifacts", "fuzz")).FullName
    let file = Path.Combine(folder, $"{seed}-{failure.Execution}.{failure.Format}")
    File.WriteAllBytes(file, failure.Input)

    print
        "FAIL --format %s --seed %d --at %d (%s)"
        failure.Format
        seed
        failure.Execution
        failure.Reader

    print "     %s" (failure.Text.Replace("\n", "\n     "))
    print "     %d bytes: %s" failure.Input.Length file

let show (report: Fuzzer.Report) =
    print
        "  %-12s %9d executions %7.0f/s %5.1f %% accepted, memory at most %.2f of what is allowed"
        report.Format
        report.Executions
        (float report.Executions / report.Seconds)
        (100.0 * float report.Accepted / float report.Executions)
        report.Fullest

/// Prints a line for each format and answers the exit code.
let run (arguments: string list) =
    let options = parse (defaults ()) arguments
    let each = max 1L (options.Executions / int64 options.Formats.Length)
    print "seed %d" options.Seed

    let reports =
        [ for format in options.Formats do
              let first, count =
                  match options.At with
                  | Some at -> at, 1L
                  | None -> 0L, each

              let report = Fuzzer.run format options.Seed first count
              show report
              List.iter (keep options.Seed) report.Failures
              report ]

    let failures = reports |> List.sumBy _.Failures.Length
    let total = reports |> List.sumBy _.Executions
    print "%d executions, %d failed" total failures
    if failures = 0 then 0 else 1
