/// The functions over files.
module Mlx.Tests.Functional.FileTests

open System
open Expecto
open Mlx
open Mlx.Core
open Mlx.Tests.IO.Layers

let private scoped f =
    use scope = Scope.Enter()
    f ()

let private tensors () =
    Map [ "w", Tensor.ofRows [ [ 1f; 2f ]; [ 3f; 4f ] ]; "b", Tensor.ofArray [| 5; 6 |] ]

let private same (want: Map<string, Tensor>) (found: Map<string, Tensor>) =
    Expect.equal (List.ofSeq found.Keys) (List.ofSeq want.Keys) "names"

    for KeyValue(name, x) in want do
        Expect.equal (string found[name]) (string x) name

let private alone =
    testCase "one tensor"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".npy" (fun path ->
                let x = Tensor.ofArray [| 1f; 2f |]
                Tensor.save path x
                Expect.equal (string (Tensor.load path)) (string x) "the same"))

let private several ending save =
    testCase $"several in a file {ending}"
    <| fun () ->
        scoped (fun () ->
            withTemporary ending (fun path ->
                save path (tensors ())
                same (tensors ()) (Tensor.loadAll path)))

let private texts =
    testCase "safetensors with texts"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".safetensors" (fun path ->
                Tensor.saveSafetensors path (Map [ "format", "pt" ]) (tensors ())
                let found, metadata = Tensor.loadWithMetadata path
                same (tensors ()) found

                match metadata["format"] with
                | Metadata.Text text -> Expect.equal text "pt" "text"
                | _ -> failtest "no text"))

let private values =
    testCase "gguf with metadata"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".gguf" (fun path ->
                let metadata =
                    Map
                        [ "a", Metadata.Text "x"
                          "b", Metadata.Texts [ "y"; "z" ]
                          "c", Metadata.Numbers(Tensor.ofArray [| 1; 2 |]) ]

                Tensor.saveGguf path metadata (tensors ())
                let found, values = Tensor.loadWithMetadata path
                same (tensors ()) found

                match values["a"], values["b"], values["c"] with
                | Metadata.Text a, Metadata.Texts b, Metadata.Numbers c ->
                    Expect.equal (a, b) ("x", [ "y"; "z" ]) "texts"
                    Expect.equal (c.ToArray<int>()) [| 1; 2 |] "numbers"
                | _ -> failtest "other kinds"))

let private endings =
    testCase "endings that say nothing"
    <| fun () ->
        for f in
            [ fun () -> Tensor.loadAll "weights.bin" |> ignore
              fun () -> Tensor.saveAll "weights" Map.empty
              fun () -> Tensor.loadWithMetadata "weights.npz" |> ignore ] do
            Expect.throwsT<ArgumentException> f "refused"

let tests =
    [ alone
      several ".npz" Tensor.saveAll
      several ".npz" Tensor.saveCompressed
      several ".safetensors" Tensor.saveAll
      several ".gguf" Tensor.saveAll
      texts
      values
      endings ]
