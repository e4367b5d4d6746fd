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
    // It would put another libmlxc before the one that the program was linked with.
    info.Environment.Remove "LD_LIBRARY_PATH" |> ignore

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

/// What the programs print that know only mlx-c: the same on real MLX, but that its compile cache
/// keeps four bytes at the end of `gradients`.
let private arrays =
    [ "copied array([[1, 2, 3],"
      "       [4, 5, 6]], dtype=float32)"
      "lent array([[0, 1, 4],"
      "       [9, 16, 25]], dtype=int32)"
      "float + int array([[1, 3, 7],"
      "       [13, 21, 31]], dtype=float32)"
      "given back 1"
      "set array(2.5, dtype=float32)"
      "complex array(5+5j, dtype=complex64)"
      "double array([0, 1.5, 3, 4.5, 6, 7.5], dtype=float64)"
      "int / int array(3.5, dtype=float32)"
      "bool + int array(8, dtype=int32)"
      "item 0.10000000000000001"
      "view array([[[6, 10]],"
      "       [[7, 11]]], dtype=uint8)"
      "4 elements, 4 bytes, shape 2 1 2"
      "6 10 7 11 in rows"
      "told: [reshape]"
      "status 1"
      "told: [squeeze]"
      "status 1"
      "told: [transpose]"
      "status 1"
      "status 0"
      "and on array([-0, -1, -2, -3, -4, -5], dtype=float32)"
      "active memory 0" ]

let private gradients =
    [ "plain"
      "value array(78, dtype=float32)"
      "by a array([8, 20, 36], dtype=float32)"
      "by b array([1, 4, 9], dtype=float32)"
      "along a array(64, dtype=float32)"
      "checkpoint"
      "value array(78, dtype=float32)"
      "by a array([8, 20, 36], dtype=float32)"
      "by b array([1, 4, 9], dtype=float32)"
      "along a array(64, dtype=float32)"
      "asked with 1 outputs"
      "value array(14, dtype=float32)"
      "own slope array([10, 20, 30], dtype=float32)"
      "compiled array([1, 1], dtype=float32)"
      "compiled array([1, 1], dtype=float32)"
      "compiled array([1, 1], dtype=float32)"
      "compiled array([1, 1, 1], dtype=float32)"
      "compiled array([1, 1, 1], dtype=float32)"
      "compiled array([1, 1, 1], dtype=float32)"
      "let go after 2 calls"
      "told"
      "status 1"
      "active memory 0" ]

let private files =
    [ "status 0"
      "released 1, a header 1"
      "status 0"
      "written by a C program"
      "whole array([[0, 1],"
      "       [2, 3]], dtype=int64)"
      "half array([[0, 1],"
      "       [2, 3]], dtype=bfloat16)"
      "arrays 2"
      "released 2"
      "status 0"
      "status 0"
      "npy array([0, 0.25, 0.5, 0.75, 1], dtype=float32)"
      "status 0"
      "status 0"
      "weights array([[32, 32, 32],"
      "       [32, 32, 32]], dtype=float16)"
      "layers array(32, dtype=int32)"
      "architecture none"
      "layers are text 0"
      "told: [load]"
      "status 1"
      "active memory 0" ]

let private functions =
    [ "status 0"
      "status 0"
      "imported array([0.268941, 0.5, 0.731059], dtype=float32)"
      "told: [import_function::call]"
      "status 1"
      "status 0"
      "status 0"
      "of another length array([0.268941, 0.5, 0.731059], dtype=float32)"
      "status 0"
      "status 0"
      "with a name array([101, 202, 303], dtype=float32)"
      "status 0"
      "a digraph 1"
      "arrows 9"
      "Divide 1"
      "Log 1"
      "AsType 1"
      "start 2"
      "finish 2"
      "active memory 0" ]

let private inFolder source lines () = prints source [ folder.Value ] [] lines 0 ()

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
      testCase "arrays: made, lent, viewed, refused" (prints "tests/Native/arrays.c" [] [] arrays 0)
      testCase "derivatives, own rules, checkpoints, compilation"
      <| prints "tests/Native/gradients.c" [] [] gradients 0
      testCase "the same on the GPU that the CPU answers for"
      <| fun () ->
          let asGpu = [ "MLX_CPU_AS_GPU", "1" ]
          prints "tests/Native/arrays.c" [ "gpu" ] asGpu arrays 0 ()
          prints "tests/Native/gradients.c" [ "gpu" ] asGpu gradients 0 ()
      testCase "and without it refused"
      <| prints "tests/Native/gradients.c" [ "gpu" ] [] [ List.last withoutGpu ] 255
      testCase "safetensors through callbacks, npy and gguf"
      <| inFolder "tests/Native/files.c" files
      testCase "functions in files, and graphs as DOT"
      <| inFolder "tests/Native/functions.c" functions
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
