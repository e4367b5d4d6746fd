/// The structs of the ABI against a C program of the machine's compiler.
module Mlx.Tests.Core.Layouts

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Expecto
open Mlx.Tests.Support

let private tryRun (program: string) (arguments: string list) =
    try
        let start = ProcessStartInfo(program, RedirectStandardError = true, RedirectStandardOutput = true)
        List.iter start.ArgumentList.Add arguments
        use p = Process.Start start
        let errors = p.StandardError.ReadToEndAsync()
        p.StandardOutput.ReadToEnd() |> ignore
        p.WaitForExit()
        if p.ExitCode = 0 then Ok() else Error errors.Result
    with :? ComponentModel.Win32Exception as e ->
        Error e.Message

/// The compiled program, or why there is none.
let private library =
    lazy
        let source = Path.Combine(AppContext.BaseDirectory, "Layout.g.c")
        let target = Path.Combine(Path.GetTempPath(), $"mlx-layout-{Environment.ProcessId}.so")

        let compilers =
            [ Option.ofObj (Environment.GetEnvironmentVariable "CC") |> Option.toList
              [ "cc"; "gcc"; "clang" ] ]
            |> List.concat

        compilers
        |> List.tryPick (fun cc ->
            match tryRun cc [ "-shared"; "-fPIC"; "-o"; target; source ] with
            | Ok() ->
                let handle = NativeLibrary.Load target
                File.Delete target
                Some handle
            | Error _ -> None)

let private againstC test () =
    match library.Value with
    | Some handle -> test handle
    | None -> skiptest "no C compiler (cc, gcc, clang or $CC) on this machine"

let private check handle (struct (name, compare: Func<nativeint, string>)) =
    let wrong = compare.Invoke handle
    Expect.isNull wrong $"{name} {wrong}"

let suite () =
    testList "abi layout" [
        testCase "structs of Mlx.Core" <| againstC (fun c -> Array.iter (check c) Layout.Core)
        testCase "structs of Mlx.Cpu" <| againstC (fun c -> Array.iter (check c) Layout.Cpu)
        testCase "enums are as wide as in C"
        <| againstC (fun c ->
            for struct (name, size) in Layout.Enums do
                Expect.equal size (int (Layout.SizeOf(c, name))) name)
    ]
