/// Saving and loading: what comes back, what becomes of files that cannot be written.
module Mlx.Tests.IO.Files

open System
open System.Collections.Generic
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.IO.Golden
open Mlx.Tests.IO.Layers

let private scoped f =
    use scope = Scope.Enter()
    f ()

let private formats = [ ".npy"; ".npz"; ".safetensors"; ".gguf" ]

/// Every dtype that a format can hold, besides what lies otherwise than row by row.
let private samples ending : (string * MlxArray) list =
    let dtypes =
        match ending with
        | ".gguf" ->
            [ DType.Float32
              DType.Float16
              DType.Float64
              DType.Int8
              DType.Int16
              DType.Int32
              DType.Int64 ]
        | _ -> List.ofArray (Enum.GetValues<DType>())

    [ for dtype in dtypes do
          let x = MlxArray.From([| 0f; 1f; 2f; 3f; 4f; 5f |], 2, 3).AsType dtype
          dtype.Name(), x
          $"{dtype.Name()}.transposed", x.T
          $"{dtype.Name()}.empty", MlxArray.FromBytes(ReadOnlySpan(), span [| 3; 0 |], dtype)
          $"{dtype.Name()}.scalar", MlxArray.Scalar(1L, dtype) ]

let private again ending =
    testCase $"{ending}: every dtype and layout comes back"
    <| fun () ->
        scoped (fun () ->
            withTemporary ending (fun path ->
                let all = samples ending
                let files = if ending = ".npy" then List.map List.singleton all else [ all ]

                for file in files do
                    ArrayFile.Save(path, pairs file)
                    let found = ArrayFile.Load path
                    Expect.equal found.Count file.Length "how many"

                    for name, a in file do
                        let key = if ending = ".npy" then "" else name
                        same name (expectedOf a) found[key]

                Expect.equal
                    [ for f in Directory.GetFiles(string (Path.GetDirectoryName path)) ->
                          Path.GetFileName f ]
                    [ Path.GetFileName path ]
                    "nothing else lies beside the file"))

/// A stream that is full after some bytes.
type private Full(room: int64) =
    inherit MemoryStream()

    override this.Write(bytes: ReadOnlySpan<byte>) =
        if this.Length + int64 bytes.Length > room then
            raise (IOException "No space left on device")

        base.Write bytes

let private saveTo ending (stream: Stream) (arrays: (string * MlxArray) list) =
    match ending with
    | ".npy" -> Npy.Save(stream, snd arrays.Head)
    | ".npz" -> Npz.Save(stream, pairs arrays, true)
    | ".safetensors" -> Safetensors.Save(stream, pairs arrays)
    | _ -> Gguf.Save(stream, pairs arrays)

let private full ending =
    testCase $"{ending}: a stream that is full"
    <| fun () ->
        scoped (fun () ->
            let arrays = [ "a", MlxArray.From(Array.init 1000 float32) ]
            use whole = new MemoryStream()
            saveTo ending whole arrays

            for room in [ 0L; 9L; whole.Length / 2L; whole.Length - 1L ] do
                raises<IOException, _> [ "No space left" ] (fun () ->
                    saveTo ending (new Full(room)) arrays))

let private kept ending =
    testCase $"{ending}: what was there stays when a save fails"
    <| fun () ->
        scoped (fun () ->
            withTemporary ending (fun path ->
                ArrayFile.Save(path, pairs [ "a", MlxArray.Scalar 1f ])
                let before = File.ReadAllBytes path
                // A name given twice is found while the file is being written.
                let twice = pairs [ "a", MlxArray.Scalar 2f; "a", MlxArray.Scalar 3f ]

                raises<MlxFileException, _> [ path; "'a'" ] (fun () ->
                    ArrayFile.Save(path, twice))

                Expect.equal (File.ReadAllBytes path) before "the old bytes"))

let private unwritable ending =
    testCase $"{ending}: places that cannot be written"
    <| fun () ->
        scoped (fun () ->
            withTemporary ending (fun path ->
                let arrays = pairs [ "a", MlxArray.Scalar 1f ]

                raises<MlxFileException, _> [ "cannot be written" ] (fun () ->
                    ArrayFile.Save(Path.Combine(path, "deep" + ending), arrays))

                Directory.CreateDirectory path |> ignore

                raises<MlxFileException, _> [ path; "cannot be written" ] (fun () ->
                    ArrayFile.Save(path, arrays))

                Expect.isEmpty (Directory.GetFileSystemEntries path) "nothing in the folder"

                Expect.hasLength
                    (Directory.GetFileSystemEntries(string (Path.GetDirectoryName path)))
                    1
                    "nothing beside it"))

let private links =
    testCase "a link stays a link, and a mode stays a mode"
    <| fun () ->
        if OperatingSystem.IsWindows() then
            skiptest "links need a privilege on Windows"

        scoped (fun () ->
            withTemporary ".npy" (fun path ->
                use x = MlxArray.Scalar 7f
                Npy.Save(path, MlxArray.Scalar 1f)
                File.SetUnixFileMode(path, UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
                let link = path + ".link"
                File.CreateSymbolicLink(link, path) |> ignore
                Npy.Save(link, x)
                Expect.isNotNull (FileInfo(link).LinkTarget) "still a link"
                Expect.equal ((Npy.Load path).Item<float32>()) 7f "what it points to"

                Expect.equal
                    (File.GetUnixFileMode path)
                    (UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
                    "mode"))

let private joined =
    testCase "arrays that follow one another in a stream"
    <| fun () ->
        scoped (fun () ->
            use stream = new MemoryStream()
            Npy.Save(stream, MlxArray.Scalar 1f)
            Npy.Save(stream, MlxArray.From [| 2; 3 |])
            stream.Position <- 0L
            Expect.equal ((Npy.Load stream).Item<float32>()) 1f "first"
            Expect.equal ((Npy.Load stream).ToArray<int>()) [| 2; 3 |] "second"
            Expect.equal stream.Position stream.Length "all of it")

let private metadata =
    testCase "gguf metadata of every type comes back"
    <| fun () ->
        scoped (fun () ->
            use stream = new MemoryStream()

            let values: (string * GgufValue) list =
                [ "text", GgufValue.Text "größe"
                  "texts", GgufValue.Texts [| "a"; ""; "ü" |]
                  for dtype in
                      [ DType.Bool
                        DType.UInt8
                        DType.UInt16
                        DType.UInt32
                        DType.UInt64
                        DType.Int8
                        DType.Int16
                        DType.Int32
                        DType.Int64
                        DType.Float32 ] do
                      dtype.Name(), GgufValue.Numbers(MlxArray.Scalar(1L, dtype))

                      dtype.Name() + "s",
                      GgufValue.Numbers((MlxArray.From [| 0; 1; 1 |]).AsType dtype) ]

            Gguf.Save(stream, [], dict values |> Dictionary)
            stream.Position <- 0L
            let found = (Gguf.Load stream).Metadata
            Expect.equal found.Count values.Length "how many"

            for key, want in values do
                match want, found[key] with
                | (:? GgufValue.Numbers as w), (:? GgufValue.Numbers as f) ->
                    same key (expectedOf w.Value) f.Value
                | (:? GgufValue.Texts as w), (:? GgufValue.Texts as f) ->
                    Expect.sequenceEqual f.Values w.Values key
                | w, f -> Expect.equal f w key)

let private unfit =
    testCase "gguf refuses what it cannot hold"
    <| fun () ->
        scoped (fun () ->
            for dtype in [ DType.BFloat16; DType.Complex64; DType.Bool; DType.UInt8 ] do
                raises<MlxFileException, _> [ "'a'"; dtype.Name() ] (fun () ->
                    Gguf.Save(new MemoryStream(), pairs [ "a", MlxArray.Scalar(1L, dtype) ])))

let tests =
    [ yield! List.map again formats
      yield! List.map full formats
      yield! List.map kept (List.tail formats)
      yield! List.map unwritable formats
      links
      joined
      metadata
      unfit
      testCase "a file that is not there"
      <| fun () ->
          raises<FileNotFoundException, _> [ "nowhere" ] (fun () ->
              Safetensors.Load "nowhere.safetensors")

          raises<FileNotFoundException, _> [ "nowhere" ] (fun () -> Npy.Load "nowhere.npy")
      testCase "the same name twice"
      <| fun () ->
          use x = MlxArray.Scalar 1f

          raises<MlxFileException, _> [ "'a'" ] (fun () ->
              Safetensors.Save("never", pairs [ "a", x; "a", x ]))
      testCase "only what is wanted"
      <| fun () ->
          use scope = Scope.Enter()

          withTemporary ".safetensors" (fun path ->
              Safetensors.Save(path, dict [ "a", MlxArray.Scalar 1f; "b", MlxArray.Scalar 2 ])
              let found = Safetensors.Load(path, fun n -> n = "b")
              Expect.equal (List.ofSeq found.Arrays.Keys) [ "b" ] "one"

              Expect.equal
                  (Safetensors.ReadHeader(path) |> Seq.map _.Name |> Set.ofSeq)
                  (set [ "a"; "b" ])
                  "names") ]
