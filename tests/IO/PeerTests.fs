/// Files of ours in the hands of others, and theirs in ours: the engine's own functions (which are
/// MLX's on a native engine) and NumPy.
module Mlx.Tests.IO.PeerTests

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.IO.Golden
open Mlx.Tests.IO.Layers
open Mlx.Tests.Support

let private scoped f =
    use scope = Scope.Enter()
    f ()

/// Each dtype that MLX reads and writes in a format, in two layouts.
let private samples format : (string * MlxArray) list =
    let isHeld dtype =
        match format, dtype with
        | "safetensors", DType.Float64 -> false
        | "gguf", (DType.Float32 | DType.Float16 | DType.Int8 | DType.Int16 | DType.Int32) -> true
        | "gguf", _ -> false
        | _ -> true

    [ for dtype in Enum.GetValues<DType>() |> Array.filter isHeld do
          let x = MlxArray.From([| 0f; 1f; 2f; 3f; 4f; 5f |], 2, 3).AsType dtype
          dtype.Name(), x
          dtype.Name() + ".transposed", x.T ]

let private content format =
    let metadata: (string * obj) list =
        match format with
        | "safetensors" -> [ "by", "tests" ]
        | "gguf" -> [ "text", "größe"; "texts", [| "a"; "" |]; "n", MlxArray.From [| 1; 2 |] ]
        | _ -> []

    dict (samples format) |> Dictionary, dict metadata |> Dictionary

let private check (want: Dictionary<string, MlxArray>) (found: Content) =
    Expect.equal (found.Arrays.Keys |> Set.ofSeq) (Set.ofSeq want.Keys) "names"

    for KeyValue(name, a) in want do
        same name (expectedOf a) found.Arrays[name]

let private ggufValue (value: obj) : GgufValue =
    match value with
    | :? string as text -> GgufValue.Text text
    | :? (string[]) as texts -> GgufValue.Texts texts
    | value -> GgufValue.Numbers(value :?> MlxArray)

let private coreToEngine format =
    testCase $"{format}: written by Core, read by the engine"
    <| fun () ->
        scoped (fun () ->
            withTemporary ("." + format) (fun path ->
                let arrays, metadata = content format

                match format with
                | "npy" ->
                    for KeyValue(name, a) in arrays do
                        Npy.Save(path, a)
                        same name (expectedOf a) (EngineFiles.LoadNpy path)
                | "safetensors" ->
                    let texts = dict [ for m in metadata -> m.Key, string m.Value ] |> Dictionary
                    Safetensors.Save(path, arrays, texts)
                    check arrays (engine format [] path)
                | _ ->
                    let values = dict [ for m in metadata -> m.Key, ggufValue m.Value ]
                    Gguf.Save(path, arrays, Dictionary values)
                    let found = engine format (List.ofSeq metadata.Keys) path
                    check arrays found
                    Expect.equal (string found.Metadata["text"]) "größe" "text"
                    Expect.equal (found.Metadata["texts"] :?> string[]) [| "a"; "" |] "texts"))

let private engineToCore format =
    testCase $"{format}: written by the engine, read by Core"
    <| fun () ->
        scoped (fun () ->
            withTemporary ("." + format) (fun path ->
                let arrays, metadata = content format

                match format with
                | "npy" ->
                    for KeyValue(name, a) in arrays do
                        EngineFiles.SaveNpy(path, a)
                        same name (expectedOf a) (Npy.Load path)
                | "safetensors" ->
                    EngineFiles.SaveSafetensors(path, EngineContent(arrays, metadata))
                    check arrays (core format path)
                | _ ->
                    EngineGguf.Save(path, EngineContent(arrays, metadata))
                    let found = core format path
                    check arrays found
                    Expect.equal (string found.Metadata["text"]) "größe" "text"
                    Expect.equal (found.Metadata["texts"] :?> string[]) [| "a"; "" |] "texts"))

/// Runs Python with NumPy; skips the test where there is none.
let private numpy (script: string) =
    let start = ProcessStartInfo("python3", [ "-c"; "import numpy as np\n" + script ])
    start.RedirectStandardError <- true

    let job =
        try
            Process.Start start |> Option.ofObj
        with :? ComponentModel.Win32Exception ->
            None

    match job with
    | None -> skiptest "no python3 on this machine"
    | Some job ->
        let errors = job.StandardError.ReadToEnd()
        job.WaitForExit()

        if errors.Contains "ModuleNotFoundError" then
            skiptest "no NumPy on this machine"

        Expect.equal job.ExitCode 0 errors

let private isNumpys (name: string) = not (name.StartsWith "bfloat16")

let private toNumpy compressed =
    testCase $"npz (deflated: {compressed}): what NumPy reads and writes is the same"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".npz" (fun path ->
                let arrays = samples "npz" |> List.filter (fst >> isNumpys)
                Npz.Save(path, pairs arrays, compressed)
                let again = path + ".again.npz"
                let save = if compressed then "savez_compressed" else "savez"

                numpy (
                    $"f = np.load(r'{path}', allow_pickle=False)\n"
                    + $"assert len(f.files) == {arrays.Length}, f.files\n"
                    + $"np.{save}(r'{again}', **{{n: f[n] for n in f.files}})"
                )

                let found = Npz.Load again

                for name, a in arrays do
                    same name (expectedOf a) found[name]))

let private toNumpyNpy =
    testCase "npy: what NumPy reads and writes is the same"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".npy" (fun path ->
                let arrays = samples "npy" |> List.filter (fst >> isNumpys)
                let file i = path + $".{i}.npy"
                arrays |> List.iteri (fun i (_, a) -> Npy.Save(file i, a))

                numpy (
                    $"for i in range({arrays.Length}):\n"
                    + $"    n = r'{path}' + f'.{{i}}.npy'\n"
                    + "    np.save(n, np.asfortranarray(np.load(n, allow_pickle=False)))"
                )

                arrays
                |> List.iteri (fun i (name, a) -> same name (expectedOf a) (Npy.Load(file i)))))

let tests =
    [ for format in [ "npy"; "safetensors"; "gguf" ] do
          coreToEngine format
          engineToCore format
      toNumpy false
      toNumpy true
      toNumpyNpy ]
