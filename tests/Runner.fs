/// Runs suites one after the other (the suites read counters of the whole process) and prints a
/// line for each; what failed is shown as it happens, with the seed where a property drew one.
module Mlx.Tests.Runner

open System
open System.Diagnostics
open System.Text.RegularExpressions
open System.Threading
open Expecto
open Expecto.Impl
open Mlx.Tests.Output

let private colour = Regex "\x1b\[[0-9;]*m"

/// Frames of the test framework.
let private isNoise (line: string) =
    let line = line.TrimStart()
    line.StartsWith "at Expecto." || line.StartsWith "at Microsoft.FSharp."

let private indent (text: string) =
    (colour.Replace(text, "").Trim()).Split '\n'
    |> Array.filter (not << isNoise)
    |> Array.map (fun line -> "     " + line.TrimEnd())
    |> String.concat "\n"

let private show result =
    match result with
    | Passed -> ""
    | Ignored reason -> reason
    | Failed message -> message
    | Error e -> string e

let private config =
    { Tests.defaultConfig with
        runInParallel = false
        noSpinner = true
        printer = TestPrinters.silent }

let private nameOf (test: FlatTest) = String.concat "." test.name

/// Keeps the tests whose full name contains the text, and the check that ends their suite.
let private choose (filter: string) suite =
    let contains (parts: string list) =
        (String.concat "." parts).Contains(filter, StringComparison.OrdinalIgnoreCase)

    let isLast parts = List.tryLast parts = Some Suite.lastTest

    if
        Test.toTestCodeList suite |> List.exists (fun t -> contains t.name && not (isLast t.name))
    then
        Test.filter "." (fun parts -> contains parts || isLast parts) suite |> Some
    else
        None

let private selected filter suites =
    let title suite = (Test.toTestCodeList suite).Head.name.Head

    match filter with
    | None -> suites |> List.map (fun suite -> title suite, suite)
    | Some text ->
        suites
        |> List.choose (fun suite ->
            choose text suite |> Option.map (fun part -> title suite, part))

let list filter suites =
    for _, suite in selected filter suites do
        for test in Test.toTestCodeList suite do
            print "%s" (nameOf test)

    0

/// Prints the totals as the last line and answers the exit code.
let run filter (suites: Test list) =
    use stop = new CancellationTokenSource()

    Console.CancelKeyPress.Add(fun e ->
        e.Cancel <- true
        stop.Cancel())

    let clock = Stopwatch.StartNew()

    let results =
        [ for title, suite in selected filter suites do
              let start = clock.Elapsed

              let results =
                  evalTestsWithCancel stop.Token config suite false |> Async.RunSynchronously

              for test, summary in results do
                  if summary.result.isFailed || summary.result.isException then
                      print "FAIL %s\n%s" (nameOf test) (indent (show summary.result))

              let passed = results |> List.filter (fun (_, s) -> s.result.isPassed) |> List.length
              let seconds = (clock.Elapsed - start).TotalSeconds
              print "  %-22s %4d of %4d %8.1f s" title passed results.Length seconds
              yield! results ]

    for test, summary in results do
        if summary.result.isIgnored then
            print "SKIP %s: %s" (nameOf test) (show summary.result)

    let count predicate =
        results |> List.filter (fun (_, s: TestSummary) -> predicate s.result) |> List.length

    let passed = count _.isPassed
    let skipped = count _.isIgnored
    let failed = results.Length - passed - skipped
    let skippedText = if skipped = 0 then "" else $", {skipped} skipped"

    if stop.IsCancellationRequested then
        print "stopped by Ctrl-C"

    if results.IsEmpty then
        print "no test matches"

    print "%d passed, %d failed%s" passed failed skippedText

    if stop.IsCancellationRequested then 130
    elif failed > 0 || results.IsEmpty then 1
    else 0
