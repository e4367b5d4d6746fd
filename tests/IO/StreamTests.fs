/// Readers and writers of C programs: what is called, what happens when a call fails half way.
module Mlx.Tests.IO.StreamTests

open System
open System.Collections.Generic
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.IO.Golden
open Mlx.Tests.IO.Layers
open Mlx.Tests.Support

let private scoped f =
    use scope = Scope.Enter()
    f ()

let private content () =
    EngineContent(
        dict [ "a", MlxArray.From [| 1f; 2f; 3f |]; "b", MlxArray.From [| 4; 5 |] ] |> Dictionary,
        dict [ "by", "tests" :> obj ] |> Dictionary
    )

let private saved () =
    let file = MemoryFile()
    EngineFiles.SaveSafetensors(file, content ())
    file.Bytes

let private savedNpy () =
    let file = MemoryFile()
    EngineFiles.SaveNpy(file, MlxArray.From [| 1f; 2f; 3f |])
    file.Bytes

let private eval (found: EngineContent) =
    MlxArray.Eval(ReadOnlySpan(Array.ofSeq found.Arrays.Values))

/// Once, when nothing can be read any more; what was never read is let go by a finalizer.
let private freedOnce (file: MemoryFile) =
    let mutable rounds = 5

    while file.Frees = 0 && rounds > 0 do
        Mlx.Tests.Suite.collect ()
        rounds <- rounds - 1

    Expect.equal file.Frees 1 $"free is called once (lie {file.LengthLie}, fails at {file.FailAt})"

let private there =
    testCase "what is written is read, and the calls are those of MLX"
    <| fun () ->
        let writer = MemoryFile()

        let reader =
            scoped (fun () ->
                EngineFiles.SaveSafetensors(writer, content ())
                let reader = MemoryFile(writer.Bytes)
                let found = EngineFiles.LoadSafetensors reader

                Expect.equal
                    (List.ofSeq reader.Calls)
                    [ "good"; "is_open"; "read"; "seek"; "tell"; "seek"; "read" ]
                    "the header only"

                Expect.equal reader.Frees 0 "arrays are still to be read"
                eval found
                Expect.equal reader.Frees 1 "all has been read"

                for KeyValue(name, a) in (content ()).Arrays do
                    same name (expectedOf a) found.Arrays[name]

                Expect.equal (string found.Metadata["by"]) "tests" "metadata"
                reader)

        Expect.equal
            (List.ofSeq writer.Calls)
            [ "good"; "is_open"; "write"; "write"; "write"; "write" ]
            "written"

        freedOnce reader
        freedOnce writer

let private unread =
    testCase "arrays that nobody reads let the stream go"
    <| fun () ->
        let file = scoped (fun () -> MemoryFile(saved ()))
        scoped (fun () -> EngineFiles.LoadSafetensors file |> ignore)
        freedOnce file

let private compiled =
    testCase "an array that is read late can be a constant of a compiled function"
    <| fun () ->
        scoped (fun () ->
            let late = EngineFiles.LoadNpy(MemoryFile(savedNpy ()))
            let f = Transforms.Compile(Func<MlxArray, MlxArray>(fun x -> x + late))

            for _ in 1..2 do
                let y = f.Invoke(MlxArray.Scalar 1f)
                Expect.equal (y.ToArray<float32>()) [| 2f; 3f; 4f |] "1 + what was read")

let private failures =
    testCase "a read that fails, whichever, however"
    <| fun () ->
        for fault in [ Fault.None; Fault.Flag; Fault.Raise ] do
            for at in 0..3 do
                let file = scoped (fun () -> MemoryFile(saved (), FailAt = at, Fault = fault))

                scoped (fun () ->
                    raises<MlxException, _> [ "a stream of the tests" ] (fun () ->
                        eval (EngineFiles.LoadSafetensors file)))

                freedOnce file

            for at in 0..3 do
                let file = scoped (fun () -> MemoryFile(savedNpy (), FailAt = at, Fault = fault))

                scoped (fun () ->
                    raises<MlxException, _> [ "a stream of the tests" ] (fun () ->
                        (EngineFiles.LoadNpy file).Eval()))

                freedOnce file

let private raised =
    testCase "a write that raises an error ends the save"
    <| fun () ->
        for at in 0..3 do
            let file = MemoryFile(FailAt = at, Fault = Fault.Raise)

            scoped (fun () ->
                raises<MlxException, _> [ "failed to write" ] (fun () ->
                    EngineFiles.SaveSafetensors(file, content ())))

            Expect.equal (file.Calls |> Seq.filter ((=) "write") |> Seq.length) (at + 1) "no more"
            freedOnce file

let private closed =
    testCase "a stream that is not open, or is longer than it is"
    <| fun () ->
        let file = MemoryFile(IsOpen = false)

        scoped (fun () ->
            raises<MlxException, _> [ "Failed to open" ] (fun () -> EngineFiles.LoadNpy file)

            raises<MlxException, _> [ "Failed to open" ] (fun () ->
                EngineFiles.SaveNpy(MemoryFile(IsOpen = false), MlxArray.Scalar 1f)))

        freedOnce file

        // 40 bytes of elements are said to follow, and 12 do.
        let header = scoped (fun () -> (savedNpy ()).AsSpan(0, 128).ToArray())
        let text = String(header |> Array.map char).Replace("(3,)", "(9,)")
        let lying = Array.append (text.ToCharArray() |> Array.map byte) (Array.zeroCreate 12)

        for lie in [ 1000L; -1000L; Int64.MaxValue ] do
            let file = MemoryFile(lying, LengthLie = lie)

            scoped (fun () ->
                raises<MlxException, _> [ "a stream of the tests" ] (fun () ->
                    (EngineFiles.LoadNpy file).Eval()))

            freedOnce file

/// MLX itself does not look whether its callbacks succeeded.
let tests = if Engine.IsMlx then [] else [ there; unread; compiled; failures; raised; closed ]
