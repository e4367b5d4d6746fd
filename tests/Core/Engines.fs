/// Which engine is taken, and what is said where none can be.
module Mlx.Tests.Core.Engines

open System
open System.IO
open Expecto
open Mlx.Core
open Mlx.Core.Abi
open Mlx.Core.Engines
open Mlx.Tests.Core.Arrays

let private nowhere = Path.Combine(Path.GetTempPath(), "no-such-folder-of-mlx")

let private load engine path =
    EngineLoader(engine, Option.toObj path, nowhere, [| nowhere |]).Load()

let private refuses engine path (words: string list) () =
    try
        let found = load engine path
        failtest $"took {found.Name} instead of refusing"
    with :? MlxException as e ->
        for word in words do
            Expect.stringContains e.Message word "names what is wrong"

/// Some library that is surely on the machine and surely not mlx-c.
let private foreignLibrary () =
    Directory.GetFiles(
        AppContext.GetData "FX_DEPS_FILE" |> string |> Path.GetDirectoryName |> string,
        if OperatingSystem.IsWindows() then "coreclr.dll" else "*System.Native.*"
    )
    |> Array.filter (fun f -> not (f.EndsWith ".a"))
    |> Array.head

let suite () =
    testList
        "engine"
        [ testCase "an unknown MLX_ENGINE is refused with the choices"
          <| refuses "metal" None [ "metal"; "auto"; "native"; "cpu" ]
          testCase "a path that is not there"
          <| refuses "auto" (Some nowhere) [ nowhere; "does not exist" ]
          testCase "a folder without libmlxc"
          <| refuses "native" (Some(Path.GetTempPath())) [ Path.GetTempPath(); "mlxc" ]
          testCase "a file that is no library"
          <| fun () ->
              let file = Path.GetTempFileName()
              File.WriteAllText(file, "not a library")
              refuses "auto" (Some file) [ file; "does not load" ] ()
              File.Delete file
          testCase "a library that is not mlx-c"
          <| fun () ->
              let file = foreignLibrary ()
              refuses "auto" (Some file) [ file; "not mlx-c"; "mlx_array_new_data" ] ()
          testCase "cpu wins over a path"
          <| fun () -> Expect.equal (load "cpu" (Some nowhere)).Name "cpu" "the embedded engine"
          testCase "the report names the threads of the embedded engine"
          <| fun () ->
              let report = string (Engine.Describe())

              if Engine.IsNative then
                  Expect.isFalse (report.Contains "threads") "a library does not tell"
              else
                  Expect.stringContains report $"threads   {Mlx.Cpu.CpuEngine.Threads}" "the number"
          testCase "auto tells where it looked"
          <| fun () ->
              let found = load "auto" None

              if not found.IsNative then
                  Expect.isTrue
                      (Seq.exists (fun (t: string) -> t.StartsWith nowhere) found.Tried)
                      "the prefix"
          testCase "describe names engine, version and devices"
          <| fun () ->
              let d = Engine.Describe()
              Expect.equal d.Name Engine.Name "name"
              Expect.stringStarts d.Version "0.31" "version"
              Expect.contains d.Devices "cpu:0" "devices"
              Expect.stringContains (d.ToString()) "devices" "as text"
          testCase "a missing function is named when it is called"
          <| fun () ->
              match Seq.tryHead (Engine.Describe().MissingSymbols) with
              | None -> ()
              | Some symbol ->
                  raises<MlxException, _> [ symbol; Engine.Version ] (fun () ->
                      Native.Resolve(Array.IndexOf(Native.Names, symbol)))
          testCase "memory counters"
          <| fun () ->
              use x = Ops.Zeros(ReadOnlySpan [| 1024; 1024 |])
              use y = x + 1
              y.Eval()
              Expect.isGreaterThanOrEqual Memory.Active (4L <<< 20) "what y holds"
              Expect.isGreaterThanOrEqual Memory.Peak Memory.Active "peak" ]
