/// The recorded answers of real MLX (tests/vectors), each by way of a file: what a case computes,
/// derivatives and batching included, is exported as a function of its arrays, read again, and
/// called.
module Mlx.Tests.Export.RecordedTests

open System
open System.Collections.Concurrent
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Conformance
open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Export.Support
open Mlx.Tests.Output

/// MLX can write none of these; Mlx.Cpu none that it cannot compose of others.
let private isUnwritable (message: string) = message.Contains "Unable to serialize primitive"

/// Calls what a file holds; a file that is refused is a call that is refused.
let private callFile path (xs: MlxArray[]) =
    try
        use imported = ExportedFunction.Load path
        imported.Apply(span xs)
    with :? MlxFileException as e ->
        raise (MlxException("load", e.Message))

let private byFile path (f: Replay.Function) (xs: MlxArray[]) =
    ExportedFunction.Save(path, f, span xs)
    callFile path xs

/// A draw without a key: MLX has a seed for each thread, and traces on its own.
let private isSeeded (case: Case) = not case.Before.IsEmpty

let private cases =
    lazy
        (families.Value
         |> List.toArray
         |> Array.Parallel.map load
         |> List.concat
         |> List.filter (fun case ->
             (Exceptions.reason case).IsNone
             && (Replay.missing case).IsEmpty
             && not (Engine.IsNative && isSeeded case)))

let private describe total (failures: (string * string) list) =
    let shown = failures |> List.truncate 5 |> List.map (fun (id, d) -> $"{id}: {d}")
    let more = if failures.Length > 5 then [ $"and {failures.Length - 5} more" ] else []
    let lines = String.Join("\n", shown @ more)
    $"{failures.Length} of {total} cases\n{lines}"

let private unwritten = ConcurrentDictionary<string, int>()

let private family (cases: Case list) () =
    withFile (fun path ->
        let failures =
            cases
            |> List.choose (fun case ->
                match Replay.replayVia (byFile path) case with
                | Some d when isUnwritable d ->
                    unwritten.AddOrUpdate(case.Call.Function, 1, (fun _ n -> n + 1)) |> ignore
                    None
                | other -> other |> Option.map (fun d -> case.Id, d))

        if not failures.IsEmpty then
            failtestNoStack (describe cases.Length failures))

/// What the embedded engine cannot write: rounding to small floats, and the LU factors.
let private unwritable =
    set
        [ "mlx_to_fp8"
          "mlx_quantize"
          "mlx_qqmm"
          "mlx_segmented_mm"
          "mlx_linalg_lu"
          "mlx_linalg_lu_factor"
          "mlx_linalg_solve" ]

let private account () =
    let lines = [ for KeyValue(name, n) in unwritten -> $"{name} {n}" ] |> List.sort
    let names = String.Join(", ", lines)
    print "  cases that cannot be written: %s" names

    if not Engine.IsNative then
        for KeyValue(name, _) in unwritten do
            Expect.isTrue (unwritable.Contains name) $"{name} must be writable"

let suite () =
    testList
        "recorded"
        [ for (family', name), group in
              cases.Value |> List.groupBy (fun case -> case.Family, case.Call.Function) do
              testCase $"{family'}.{name}" (family group)
          testCase "what cannot be written" account ]

/// For two engines to read one another's files: one run writes a file for each case, the other
/// reads them.
let interchange (direction: string) (folder: string) =
    Directory.CreateDirectory folder |> ignore

    let path (case: Case) =
        let name = String.map (fun c -> if Char.IsLetterOrDigit c then c else '_') case.Id
        Path.Combine(folder, name + ".mlxfn")

    let read case (_: Replay.Function) xs = callFile (path case) xs

    let write case (f: Replay.Function) xs =
        ExportedFunction.Save(path case, f, span xs)
        read case f xs

    // The graph that MLX makes of this derivative adds zeros beyond the end of an array.
    let isOutOfBounds (case: Case) = case.Id = "masked_scatter.vjp.3" && direction = "read"

    let chosen =
        cases.Value
        |> List.filter (fun case ->
            not (isSeeded case)
            && not (isOutOfBounds case)
            && (direction = "write" || File.Exists(path case)))

    let failures =
        chosen
        |> List.choose (fun case ->
            let detour = if direction = "write" then write case else read case
            Replay.replayVia detour case |> Option.map (fun d -> case, d))

    for (case, d) in failures do
        if not (isUnwritable d) then
            print "%s: %s" case.Id d

    let shapeless = ShapelessTests.interchange direction folder
    List.iter (print "shapeless %s") shapeless

    let unwritable, wrong = failures |> List.partition (fun (_, d) -> isUnwritable d)

    for name, n in unwritable |> List.countBy (fun (case, _) -> case.Call.Function) do
        print "cannot be written: %s, %d cases" name n

    print
        "%s: %d cases, %d files, %d wrong"
        direction
        chosen.Length
        (Directory.GetFiles(folder, "*.mlxfn").Length)
        wrong.Length

    if wrong.IsEmpty && shapeless.IsEmpty then 0 else 1
