// The build script: `dotnet fsi build.fsx <target> [-- arguments]`; `help` lists the targets.
// Plain F# with no packages, so that it starts fast. Every step is one line with its seconds; the
// log of a step is shown only when it fails.

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices

let root = __SOURCE_DIRECTORY__
let inRoot path = Path.Combine(root, path)

/// A failed step. What went wrong is on the screen already.
exception Failed of exitCode: int

let mutable interrupted = false
let interactive = not Console.IsOutputRedirected

/// Where the lines of steps go; standard error before a program whose output is wanted alone.
let mutable report = Console.Out

/// The terminal sends Ctrl-C to the running child as well: let it finish its own way, then stop.
Console.CancelKeyPress.Add(fun e ->
    interrupted <- true
    e.Cancel <- true)

let startIn (folder: string) (file: string) (arguments: string list) captured =
    let info =
        ProcessStartInfo(file, arguments, WorkingDirectory = folder, UseShellExecute = false)

    info.RedirectStandardOutput <- captured
    info.RedirectStandardError <- captured
    info.Environment["DOTNET_NOLOGO"] <- "1"
    info.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] <- "1"
    info.Environment["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] <- "1"
    Process.Start info

let start = startIn root

let stopIfInterrupted () =
    if interrupted then
        eprintfn "interrupted"
        raise (Failed 130)

/// Runs a command with its output held back, as one line on the screen.
let step (title: string) (file: string) (arguments: string list) =
    let clock = Stopwatch.StartNew()
    let log = List<string>()

    if interactive then
        fprintf report "  %-9s ..." title

    use job = start file arguments true

    let keep (e: DataReceivedEventArgs) =
        if not (isNull e.Data) then
            lock log (fun () -> log.Add e.Data)

    job.OutputDataReceived.Add keep
    job.ErrorDataReceived.Add keep
    job.BeginOutputReadLine()
    job.BeginErrorReadLine()
    // With a time limit, WaitForExit does not wait for the pipes, which the compiler's servers keep
    // open after the build is done.
    job.WaitForExit Int32.MaxValue |> ignore

    if interactive then
        fprintf report "\r"

    stopIfInterrupted ()

    if job.ExitCode <> 0 then
        job.WaitForExit 500 |> ignore
        fprintfn report "  %-9s failed after %.1f s" title clock.Elapsed.TotalSeconds
        fprintfn report ""
        lock log (fun () -> Seq.iter (eprintfn "%s") log)
        raise (Failed job.ExitCode)

    fprintfn report "  %-9s %6.1f s" title clock.Elapsed.TotalSeconds

/// Runs a program on the user's terminal; its exit code becomes ours.
let handIn (folder: string) (file: string) (arguments: string list) =
    stdout.Flush()
    use job = startIn folder file arguments false
    job.WaitForExit()
    stopIfInterrupted ()

    if job.ExitCode <> 0 then
        raise (Failed job.ExitCode)

let hand = handIn root

let build project =
    step
        "build"
        "dotnet"
        [ "build"; inRoot project; "-c"; "Release"; "--nologo"; "-v"; "q"; "-clp:ErrorsOnly" ]

/// Builds a program and runs it with the arguments given.
let runProject (project: string) arguments =
    build project
    let name = Path.GetFileNameWithoutExtension project
    let folder = Path.GetDirectoryName project
    let program = inRoot $"{folder}/bin/Release/net10.0/{name}.dll"
    hand "dotnet" (program :: arguments)

/// The `mlx` command, in the folder that it is called from; its standard output is its own.
let mlx arguments =
    report <- Console.Error
    build "Mlx.Tool/Mlx.Tool.fsproj"
    let program = inRoot "Mlx.Tool/bin/Release/net10.0/mlx.dll"
    handIn Environment.CurrentDirectory "dotnet" (program :: arguments)

/// The editions of the native library, and whether one more library chooses among them.
let editions () =
    let isX64 = RuntimeInformation.ProcessArchitecture = Architecture.X64

    if isX64 && OperatingSystem.IsLinux() then
        [ "x86-64-v2"; "x86-64-v3"; "x86-64-v4" ], true
    else
        [ "plain" ], false

/// The C compiler, which the AOT compiler's linker step needs as well.
let compiler () =
    let named = Option.ofObj (Environment.GetEnvironmentVariable "CC") |> Option.toList
    let folders = (Environment.GetEnvironmentVariable "PATH").Split Path.PathSeparator
    let isThere name = folders |> Array.exists (fun f -> File.Exists(Path.Combine(f, name)))

    match named @ List.filter isThere [ "cc"; "gcc"; "clang" ] with
    | first :: _ -> first
    | [] ->
        eprintfn "no C compiler: install gcc or clang, or name one in CC"
        raise (Failed 1)

/// The embedded engine as a shared library for C, in artifacts/native.
let native (_: string list) =
    let target = inRoot "artifacts/native"
    let source = inRoot "Mlx.Cpu.Native"
    let names, choose = editions ()

    let prefix, extension =
        if OperatingSystem.IsWindows() then "", ".dll"
        elif OperatingSystem.IsMacOS() then "lib", ".dylib"
        else "lib", ".so"

    let plain = $"{prefix}mlxc{extension}"
    let nameOf edition = if choose then $"{prefix}mlxc-{edition}{extension}" else plain

    Directory.CreateDirectory target |> ignore
    File.Copy($"{source}/C/mlxc.g.h", $"{target}/mlxc.h", true)

    for edition in names do
        step
            edition
            "dotnet"
            [ "publish"; source; "-c"; "Release"; "--ucr"; $"-p:Edition={edition}"; "--nologo" ]

        let library = $"{source}/bin/native/{edition}/mlxc{extension}"
        File.Copy(library, $"{target}/{nameOf edition}", true)

    if choose then
        step
            "libmlxc"
            (compiler ())
            [ yield! [ "-shared"; "-fPIC"; "-O2"; "-Wall"; "-fvisibility=hidden" ]
              yield! [ "-o"; $"{target}/{plain}" ]
              yield! [ $"{source}/C/editions.c"; $"{source}/C/forward.g.c" ]
              yield! [ "-ldl"; "-Wl,--no-as-needed"; $"-L{target}"; "-l:" + nameOf names.Head ]
              yield! [ "-Wl,-soname,libmlxc.so"; "-Wl,-rpath,$ORIGIN"; "-Wl,-z,nodelete" ] ]

    for file in Directory.GetFiles target |> Array.sort do
        printfn "  %-28s %6.1f MB" (Path.GetFileName file) (float (FileInfo(file).Length) / 1e6)

/// Runs literate scripts, those named or all of a folder, and stores what came of them.
let literate folder (names: string list) =
    let isScript (file: string) = Path.GetFileName file <> "mlx.fsx"

    let all () =
        Directory.GetFiles(inRoot folder, "*.fsx") |> Array.filter isScript |> Array.sort

    let scripts = if names.IsEmpty then List.ofArray (all ()) else names
    runProject "tools/Notebooks/Mlx.Notebooks.fsproj" ("write" :: scripts)

/// The packages, in artifacts/packages.
let pack (_: string list) =
    let target = inRoot "artifacts/packages"

    for project in
        [ "Mlx.Cpu"; "Mlx.Core"; "Mlx.Functional"; "Mlx.Testing"; "Mlx.Models"; "Mlx.Hosting"; "Mlx.Tool" ] do
        step
            project
            "dotnet"
            [ "pack"; inRoot project; "-c"; "Release"; "-o"; target; "--nologo"; "-v"; "q" ]

    for file in Directory.GetFiles(target, "*.nupkg") |> Array.sort do
        printfn "  %-36s %6.2f MB" (Path.GetFileName file) (float (FileInfo(file).Length) / 1e6)

let abi arguments = hand "dotnet" ([ "fsi"; inRoot "abi/generate.fsx" ] @ arguments)

let format arguments =
    let check = List.contains "--check" arguments
    step "tools" "dotnet" [ "tool"; "restore" ]
    step "F#" "dotnet" ([ "fantomas"; "." ] @ (if check then [ "--check" ] else []))

    step
        "C#"
        "dotnet"
        ([ "format"; "Mlx.slnx" ] @ (if check then [ "--verify-no-changes" ] else []))

let rec targets =
    [ "demo",
      "train a small Mistral on text, save it, load it, generate",
      runProject "samples/Demo/Demo.fsproj"
      "test", "build and run every test", runProject "tests/Mlx.Tests.fsproj"
      "fuzz",
      "readers of files on mutated files",
      (fun arguments -> runProject "tests/Mlx.Tests.fsproj" ("--fuzz" :: arguments))
      "bench", "named workloads as JSON lines", runProject "benchmarks/Mlx.Benchmarks.fsproj"
      "soak", "long runs whose memory must stay flat", runProject "tools/Soak/Mlx.Soak.fsproj"
      "mistral7b",
      "a folder with the shapes of Mistral-7B, and its speed",
      runProject "tools/Mistral7B/Mlx.Mistral7B.fsproj"
      "mlx", "the mlx command: generate, inspect, doctor", mlx
      "doctor", "which engine runs here, and why", (fun arguments -> mlx ("doctor" :: arguments))
      "native", "the embedded engine as libmlxc, in artifacts/native", native
      "samples", "run the scripts of samples/, and write down what they print", literate "samples"
      "notebooks", "run the scripts of notebooks/, and write the notebooks", literate "notebooks"
      "support",
      "write docs/support.md: every function, dtype and transform",
      (fun _ -> runProject "tests/Mlx.Tests.fsproj" [ "--support"; inRoot "docs/support.md" ])
      "pack", "the packages, in artifacts/packages", pack
      "abi", "write the generated files from the manifest", abi
      "format", "format the sources", format
      "help", "this list", (fun _ -> help ()) ]

and help () =
    printfn "dotnet fsi build.fsx <target> [-- arguments]"
    printfn ""

    for name, summary, _ in targets do
        printfn "  %-8s %s" name summary

    printfn ""
    printfn "  demo   -- --text PATH --steps N"
    printfn "  test   -- --filter TEXT | --list | --conformance [FAMILY] [--show N]"
    printfn "  fuzz   -- --format NAME --executions N --seed S | --at N"
    printfn "  bench  -- --only REGEX --out FILE --engine cpu|native | --list | --compare A B"
    printfn "  soak   -- --only TEXT"
    printfn "  mistral7b -- make FOLDER [--bits N] [--layers N] | measure FOLDER [--tokens N]"
    printfn "  mlx    -- COMMAND --help"
    printfn "  samples, notebooks -- FILE.fsx..."
    printfn "  abi    -- --check        fail when a generated file is out of date"
    printfn "  format -- --check        fail when a file is not formatted"

let main arguments =
    match arguments with
    | []
    | ("-h" | "--help") :: _ -> help ()
    | name :: rest ->
        match targets |> List.tryFind (fun (n, _, _) -> n = name) with
        | Some(_, _, run) -> run (if List.tryHead rest = Some "--" then rest.Tail else rest)
        | None ->
            eprintfn "no target '%s'" name
            help ()
            raise (Failed 2)

try
    main (List.tail (List.ofArray fsi.CommandLineArgs))
    exit 0
with Failed code ->
    exit code
