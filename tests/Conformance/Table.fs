/// `--conformance`: the table the engine's developers live in.
module Mlx.Tests.Conformance.Table

open System
open System.Diagnostics
open Mlx.Core
open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Output

type Options =
    {
        /// None: all of them.
        Families: string list
        /// Part of a function's name.
        Function: string
        /// How many failures to show.
        Show: int
        Trace: bool
    }

let defaults = { Families = []; Function = ""; Show = 20; Trace = false }

type private Verdict =
    | Pass
    | Fail of string
    | Missing
    | Excepted

let private verdict trace case =
    if trace then
        eprintfn "%s %s" case.Family case.Id

    if not (Replay.missing case).IsEmpty then
        Missing
    elif (Exceptions.reason case).IsSome then
        Excepted
    else
        match Replay.replay case with
        | None -> Pass
        | Some difference -> Fail difference

let private count predicate (results: (Case * Verdict) seq) =
    results |> Seq.filter (fun (_, v) -> predicate v) |> Seq.length

let private passed results = count _.IsPass results

let private wrap (words: string seq) =
    let lines = ResizeArray [ "" ]

    for word in words do
        if lines[lines.Count - 1].Length + word.Length > 94 then
            lines.Add ""

        lines[lines.Count - 1] <- $"{lines[lines.Count - 1]} {word}"

    String.Join("\n     ", lines)

/// Replays and prints; the exit code is 0 when nothing failed.
let run options =
    let clock = Stopwatch.StartNew()

    for family in options.Families |> List.except families.Value do
        invalidArg "family" $"there is no family '{family}'; there are {wrap families.Value}"

    print "engine %s %s" Engine.Name Engine.Version

    let results =
        [ for family in (if options.Families.IsEmpty then families.Value else options.Families) do
              let results =
                  load family
                  |> List.filter (fun case -> case.Call.Function.Contains options.Function)
                  |> List.map (fun case -> case, verdict options.Trace case)

              if not results.IsEmpty then
                  let missing = count _.IsMissing results
                  let total = results.Length - missing - count _.IsExcepted results

                  let mark =
                      if passed results = total then "" else $"  {total - passed results} fail"

                  let absent = if missing = 0 then "" else $"  ({missing} not in this slice)"
                  print "  %-10s %5d/%-5d%s%s" family (passed results) total mark absent

              yield! results ]

    let byFunction =
        results |> List.groupBy (fun (case, _) -> case.Call.Function) |> List.sortBy fst

    let failing, rest =
        byFunction |> List.partition (fun (_, results) -> count _.IsFail results > 0)

    let absent, complete =
        rest |> List.partition (fun (_, results) -> count _.IsMissing results > 0)

    if not complete.IsEmpty then
        let words = complete |> List.map (fun (name, results) -> $"{name} {results.Length}")
        print "pass%s" (wrap words)

    if not absent.IsEmpty then
        let words =
            absent
            |> List.map (fun (name, results) ->
                $"{name} {passed results}+{count _.IsMissing results}")

        print "not in this slice yet (passed+missing)%s" (wrap words)

    for name, results in failing do
        let total = passed results + count _.IsFail results
        print "fail %-40s %d/%d" name (passed results) total

    let failures =
        [ for case, verdict in results do
              match verdict with
              | Fail difference -> case, difference
              | _ -> () ]

    for case, difference in List.truncate options.Show failures do
        let transform =
            if case.Transform.IsPlain then "" else $" {case.Transform}".Split(' ', '(')[1]

        print "FAIL %s %s %s: %s" case.Family case.Id transform difference

    if failures.Length > options.Show then
        print "... and %d more (--show N)" (failures.Length - options.Show)

    for reason, cases in results |> List.countBy (fst >> Exceptions.reason) do
        reason |> Option.iter (fun reason -> print "%d not replayed: %s" cases reason)

    print
        "%d of %d cases pass, %d fail, %d not in this slice; %d of %d functions complete; %.1f s"
        (passed results)
        results.Length
        failures.Length
        (count _.IsMissing results)
        complete.Length
        byFunction.Length
        clock.Elapsed.TotalSeconds

    if failures.IsEmpty then 0 else 1
