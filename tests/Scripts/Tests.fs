/// The samples and notebooks: F# Interactive runs each of them cell by cell, and what they print
/// must be what stands in them.
module Mlx.Tests.Scripts.Tests

open System
open System.Diagnostics
open System.IO
open Expecto
open Mlx.Tests

let private program =
    lazy Repository.path "tools/Notebooks/bin/Release/net10.0/Mlx.Notebooks.dll"

let private scripts =
    [ for folder in [ "samples"; "notebooks" ] do
          for file in Directory.GetFiles(Repository.path folder, "*.fsx") |> Array.sort do
              if Path.GetFileName file <> "mlx.fsx" then
                  Path.GetRelativePath(Repository.path ".", file) ]

/// What the program says of each script: nothing, or the failure.
let private verdicts =
    lazy
        (let info =
            ProcessStartInfo(
                "dotnet",
                program.Value :: "check" :: scripts,
                WorkingDirectory = Repository.path ".",
                RedirectStandardOutput = true
            )

         use job = Process.Start info |> nonNull
         let said = job.StandardOutput.ReadToEnd()
         job.WaitForExit()

         let lines = said.ReplaceLineEndings("\n").Split '\n' |> List.ofArray

         let rec parts (lines: string list) =
             match lines with
             | [] -> []
             | head :: rest ->
                 let more = rest |> List.takeWhile (fun line -> line.StartsWith ' ')
                 (head, String.Join("\n", more)) :: parts (List.skip more.Length rest)

         parts lines
         |> List.choose (fun (head, more) ->
             match head.Split(' ', 2) with
             | [| "ok"; script |] -> Some(script, None)
             | [| "FAIL"; script |] -> Some(script, Some more)
             | _ -> None)
         |> Map)

let private check script () =
    match verdicts.Value.TryFind script with
    | Some None -> ()
    | Some(Some failure) -> failtestNoStack failure
    | None -> failtestNoStack $"{program.Value} said nothing of it"

/// What a user does: no kernel, no cells.
let private asScript () =
    let info =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; Repository.path "samples/basics.fsx" ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use job = Process.Start info |> nonNull
    let complaints = job.StandardError.ReadToEndAsync()
    let said = job.StandardOutput.ReadToEnd()
    job.WaitForExit()
    Expect.equal (job.ExitCode, complaints.Result) (0, "") "ends well, without warnings"
    Expect.stringContains said "array([1, 2, 3], dtype=float32)" "prints"

let suite () =
    testSequenced (
        testList
            "scripts"
            [ for script in scripts do
                  testCase script (check script)
              testCase "samples/basics.fsx by dotnet fsi" asScript ]
    )
