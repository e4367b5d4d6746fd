/// .npy and safetensors: files of others bit for bit, malformed ones refused with their path.
module Mlx.Tests.Core.Files

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays

let private root = Path.Combine(AppContext.BaseDirectory, "Core", "files")

let private cases =
    lazy
        let text = File.ReadAllText(Path.Combine(root, "manifest.json"))
        [ for c in (JsonDocument.Parse text).RootElement.GetProperty("cases").EnumerateArray() -> c ]

let private text (name: string) (c: JsonElement) = c.GetProperty(name).GetString() |> string

let private load format path =
    if format = "npy" then
        [ "", Npy.Load path ]
    else
        [ for kv in (Safetensors.Load path).Arrays do
              kv.Key, kv.Value ]

let private bytes (a: MlxArray) =
    if a.Size = 0L then
        [||]
    else
        use flat = Ops.Reshape(a, span [| -1 |])
        use rows = Ops.Contiguous flat
        (Ops.View(rows, DType.UInt8)).ToArray<byte>()

let private same name (a: MlxArray) (dtype: DType) (shape: int[]) (data: byte[]) =
    Expect.equal (a.DType, a.Shape.ToArray()) (dtype, shape) $"dtype and shape of '{name}'"
    Expect.equal (bytes a) data $"bytes of '{name}'"

let private withTemporary f =
    let path = Path.GetTempFileName()

    try
        f path
    finally
        File.Delete path

let private good (c: JsonElement) =
    let format = text "format" c

    testCase (text "file" c)
    <| fun () ->
        use scope = Scope.Enter()
        let arrays = load format (Path.Combine(root, "good", text "file" c))
        let want = c.GetProperty "arrays"
        Expect.equal arrays.Length (Seq.length (want.EnumerateObject())) "how many"

        for name, a in arrays do
            let w = want.GetProperty name
            let shape = [| for d in w.GetProperty("shape").EnumerateArray() -> d.GetInt32() |]

            same
                name
                a
                (DTypes.Parse(text "dtype" w))
                shape
                (w.GetProperty("base64").GetBytesFromBase64())

            withTemporary (fun path ->
                Npy.Save(path, a)
                same name (Npy.Load path) a.DType shape (bytes a))

        if format = "safetensors" then
            withTemporary (fun path ->
                Safetensors.Save(path, dict arrays, readOnlyDict [ "by", "test" ])
                let again = Safetensors.Load path
                Expect.equal again.Metadata["by"] "test" "metadata"

                for name, a in arrays do
                    same name again.Arrays[name] a.DType (a.Shape.ToArray()) (bytes a))

let private bad (c: JsonElement) =
    let file = text "file" c
    let why = text "why" c

    testCase $"{file}: {why}"
    <| fun () ->
        let path = Path.Combine(root, "bad", file)
        raises<MlxFileException, _> [ file ] (fun () -> load (text "format" c) path)

let private ofKind kind test =
    cases.Value |> List.filter (fun c -> text "kind" c = kind) |> List.map test

let suite () =
    Mlx.Tests.Suite.leakFree
        "files"
        [ testList "read as they are" (ofKind "good" good)
          testList "refused" (ofKind "bad" bad)
          testCase "a file that is not there"
          <| fun () ->
              raises<FileNotFoundException, _> [ "nowhere" ] (fun () ->
                  Safetensors.Load "nowhere.safetensors")

              raises<FileNotFoundException, _> [ "nowhere" ] (fun () -> Npy.Load "nowhere.npy")
          testCase "a failing save leaves nothing behind"
          <| fun () ->
              use x = MlxArray.Scalar 1f
              let folder = Path.Combine(Path.GetTempPath(), "no-such-folder-of-mlx")

              raises<DirectoryNotFoundException, _> [] (fun () ->
                  Npy.Save(Path.Combine(folder, "x.npy"), x))
          testCase "the same name twice"
          <| fun () ->
              use x = MlxArray.Scalar 1f

              raises<MlxFileException, _> [ "'a'" ] (fun () ->
                  Safetensors.Save("never", [ KeyValuePair("a", x); KeyValuePair("a", x) ]))
          testCase "only what is wanted"
          <| fun () ->
              use scope = Scope.Enter()

              withTemporary (fun path ->
                  Safetensors.Save(path, dict [ "a", MlxArray.Scalar 1f; "b", MlxArray.Scalar 2 ])
                  let found = Safetensors.Load(path, fun n -> n = "b")
                  Expect.equal (List.ofSeq found.Arrays.Keys) [ "b" ] "one"

                  Expect.equal
                      (Safetensors.ReadHeader(path) |> Seq.map _.Name |> Set.ofSeq)
                      (set [ "a"; "b" ])
                      "names") ]
