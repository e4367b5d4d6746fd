/// The recorded answers of real MLX as tests: one for each family and function.
module Mlx.Tests.Conformance.Tests

open System
open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Output

let private replayAll (cases: Case list) () =
    let failures =
        cases |> List.choose (fun case -> Replay.replay case |> Option.map (fun d -> case.Id, d))

    if not failures.IsEmpty then
        let shown = failures |> List.truncate 5 |> List.map (fun (id, d) -> $"{id}: {d}")
        let more = if failures.Length > 5 then [ $"and {failures.Length - 5} more" ] else []
        let lines = String.Join("\n", shown @ more)
        failtestNoStack $"{failures.Length} of {cases.Length} cases\n{lines}"

/// A native engine answers everything; the embedded one says what it does not have yet.
let private account (present: Case list) (missing: (Case * string list) list) () =
    let perFamily =
        present |> List.countBy _.Family |> List.map (fun (family, n) -> $"{family} {n}")

    print "  conformance: %d cases replayed: %s" present.Length (String.Join(", ", perFamily))

    if not missing.IsEmpty then
        let functions = missing |> List.collect snd |> List.distinct |> List.sort
        let names = String.Join(" ", functions)

        print
            "  not in this slice yet: %d functions, %d cases: %s"
            functions.Length
            missing.Length
            names

        if Engine.IsNative then
            failtestNoStack $"the native engine lacks {names}"

let suite () =
    let cases = families.Value |> List.toArray |> Array.Parallel.map load |> List.concat

    let excepted, cases = cases |> List.partition (fun case -> (Exceptions.reason case).IsSome)

    let present, missing =
        cases
        |> List.map (fun case -> case, Replay.missing case)
        |> List.partition (fun (_, missing) -> missing.IsEmpty)

    let present = List.map fst present

    let tests =
        present
        |> List.groupBy (fun case -> case.Family, case.Call.Function)
        |> List.map (fun ((family, name), cases) -> testCase $"{family}.{name}" (replayAll cases))

    let unasked =
        excepted
        |> List.groupBy (fun case -> (Exceptions.reason case).Value)
        |> List.map (fun (reason, cases) ->
            let names = String.Join(", ", cases |> List.map _.Call.Function |> List.distinct)
            testCase $"{cases.Length} cases of {names}" (fun () -> skiptest reason))

    Suite.leakFree
        "conformance"
        (tests
         @ unasked
         @ [ testCase "every function is there or named" (account present missing) ])
