/// C programs against the published library (dotnet fsi build.fsx native), which know nothing of
/// .NET. Where it is not there the tests say so; MLX_NATIVE_TEST=1 makes that a failure.
module Mlx.Tests.Native.Tests

open System
open System.Diagnostics
open System.IO
open Expecto
open Mlx.Core
open Mlx.Core.Engines
open Mlx.Tests
open Mlx.Tests.Abi

let private published = lazy Repository.path "artifacts/native"

let private library = lazy Path.Combine(published.Value, "libmlxc.so")

let private isAsked () =
    File.Exists library.Value || Environment.GetEnvironmentVariable "MLX_NATIVE_TEST" = "1"

/// Programs compiled so far, by the path of their source; the folder goes with the process.
let private folder =
    lazy
        (let made = Directory.CreateTempSubdirectory "mlx-native-"
         AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> made.Delete true)
         made.FullName)

let private programs = Collections.Generic.Dictionary<string, string>()

let private program source =
    match programs.TryGetValue source with
    | true, file -> file
    | _ ->
        let file = Path.Combine(folder.Value, string (Path.GetFileNameWithoutExtension source))

        let here = published.Value

        CLibrary.compile
            [ yield! [ "-Wall"; "-Wextra"; "-Werror"; "-O1"; "-o"; file; Repository.path source ]
              yield! [ $"-I{here}"; $"-L{here}"; "-lmlxc"; "-lpthread"; "-ldl" ]
              $"-Wl,-rpath,{here}" ]

        programs[source] <- file
        file

/// Standard output in lines, standard error, exit code.
let private run source (arguments: string list) (environment: (string * string) list) =
    let info =
        ProcessStartInfo(
            program source,
            arguments,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    info.Environment.Remove "MLX_CPU_AS_GPU" |> ignore

    for name, value in environment do
        info.Environment[name] <- value

    use job = nonNull (Process.Start info)
    let errors = job.StandardError.ReadToEndAsync()
    let output = job.StandardOutput.ReadToEnd()

    if not (job.WaitForExit 60_000) then
        job.Kill()
        failtestNoStack $"{source} {arguments} did not end: {output}"

    (output.TrimEnd().Split '\n' |> List.ofArray), errors.Result, job.ExitCode

/// The program prints these lines and nothing else, and ends with this code.
let private prints source arguments environment (lines: string list) code () =
    let output, errors, exitCode = run source arguments environment
    Expect.equal output lines "what it prints"
    Expect.equal errors "" "nothing on standard error"
    Expect.equal exitCode code "the exit code"

let private client = "tests/Native/client.c"

let private shapes =
    "[matmul] Last dimension of first input with shape (2,3) must match "
    + "second to last dimension of second input with shape (2,3)."

let private raised () =
    let output, errors, exitCode = run client [ "raised" ] []
    let line = List.exactlyOne output
    Expect.stringStarts line "told: 3 of them and 0.50 at " "the finished text"
    Expect.stringContains line "client.c:" "the place"
    Expect.equal (errors, exitCode) ("", 0) "quiet"

/// The other end of it: our own library as the native engine of Mlx.Core.
let private loads () =
    let found = EngineLoader("native", library.Value, "/", [||]).Load()
    Expect.isTrue found.IsNative "a library"
    Expect.isFalse found.IsMlx "but not MLX"
    Expect.equal found.Version Mlx.Cpu.CpuEngine.Version "the version of MLX it follows"

/// What the engine resolves in process is what the library exports.
let private complete () =
    let found = EngineLoader("native", library.Value, "/", [||]).Load()

    let lost =
        Mlx.Core.Abi.Native.Names
        |> Array.filter (fun name ->
            Mlx.Cpu.CpuEngine.Resolve name <> 0n && found.Resolve name = 0n)

    Expect.isEmpty lost "functions of the engine that the library lacks"

let private values =
    [ "array array([[0, 1, 2],"
      "       [3, 4, 5]], dtype=float32)"
      "product array([[5, 14],"
      "       [14, 50]], dtype=float32)"
      "softmax array(2, dtype=float32)"
      "value array(55, dtype=float32)"
      "slope array([[0, 2, 4],"
      "       [6, 8, 10]], dtype=float32)"
      "blocks left 0" ]

let private withoutGpu =
    [ "gpus 0 available 0"
      "memory known 0"
      "default Device(cpu, 0)"
      "MLX error: [default_stream] Cannot get gpu stream without gpu backend." ]

let private withGpu =
    [ "gpus 1 available 1"
      "memory known 1"
      "default Device(gpu, 0)"
      "array array([[0, 1, 2]], dtype=float32)"
      "blocks left 0" ]

let private line =
    [ "step  0: y = 0.000 x + 0.000, loss 4.0952"
      "step 10: y = 2.956 x + 1.000, loss 0.0007"
      "step 20: y = 2.999 x + 1.000, loss 0.0000"
      "step 30: y = 3.000 x + 1.000, loss 0.0000"
      "step 40: y = 3.000 x + 1.000, loss 0.0000" ]

let private programsRun =
    [ testCase "values, products and gradients" (prints client [ "values" ] [] values 0)
      testCase "a refused call tells the handler and answers 1"
      <| prints client [ "handled" ] [] [ $"told: {shapes}"; "status 1"; "blocks left 0" ] 0
      testCase "without a handler a refused call prints and exits, in the order of C's output"
      <| prints client [ "refused" ] [] [ "before"; $"MLX error: {shapes}" ] 255
      testCase "mlx_error formats its arguments" raised
      testCase "a GPU is refused in MLX's words" (prints client [ "gpu" ] [] withoutGpu 255)
      testCase "MLX_CPU_AS_GPU=1: the CPU answers for it"
      <| prints client [ "gpu" ] [ "MLX_CPU_AS_GPU", "1" ] withGpu 0
      testCase "eight threads of C at once"
      <| prints client [ "threads" ] [] [ "right 800"; "blocks left 0" ] 0
      testCase "leaving with arrays alive and work under way"
      <| prints client [ "alive" ] [] [ "leaving" ] 0
      testCase "unloading and loading again"
      <| fun () -> prints "tests/Native/unload.c" [ library.Value ] [] [ "2.5"; "2.5" ] 0 ()
      testCase "the sample fits its line" (prints "samples/c/line.c" [] [] line 0)
      testCase "Mlx.Core takes it for a native engine" loads
      testCase "it exports all that the engine has" complete ]

let suite () =
    Suite.leakFree
        "native"
        (if isAsked () then
             programsRun
         else
             [ testCase "C programs against the published library"
               <| fun () -> skiptest $"no {library.Value}: dotnet fsi build.fsx native" ])
