/// The two ways into files: Core, on every engine, and io.h of the engine itself.
module Mlx.Tests.IO.Layers

open System
open System.Collections.Generic
open System.IO
open Mlx.Core
open Mlx.Tests.IO.Golden
open Mlx.Tests.Support

type Content = { Arrays: Map<string, MlxArray>; Metadata: Map<string, obj> }

let private ofPairs (pairs: seq<KeyValuePair<string, 'T>>) =
    Map [ for p in pairs -> p.Key, p.Value ]

let private nothing = dict<string, obj> [] |> ofPairs

let private valueOf (v: GgufValue) : obj =
    match v with
    | :? GgufValue.Text as t -> t.Value
    | :? GgufValue.Texts as t -> Array.ofSeq t.Values
    | :? GgufValue.Numbers as n -> n.Value
    | _ -> failwith "another kind of value"

let private ofGguf (file: GgufFile) =
    { Arrays = ofPairs file.Arrays
      Metadata = file.Metadata |> ofPairs |> Map.map (fun _ v -> valueOf v) }

let private ofSafetensors (file: SafetensorsFile) =
    { Arrays = ofPairs file.Arrays
      Metadata = file.Metadata |> ofPairs |> Map.map (fun _ t -> t :> obj) }

let private ofEngine (content: EngineContent) =
    { Arrays = ofPairs content.Arrays; Metadata = ofPairs content.Metadata }

let private one a = { Arrays = Map [ "", a ]; Metadata = nothing }
let private many arrays = { Arrays = ofPairs arrays; Metadata = nothing }

/// Core, from a path.
let core format (path: string) =
    match format with
    | "npy" -> one (Npy.Load path)
    | "npz" -> many (Npz.Load path)
    | "safetensors" -> ofSafetensors (Safetensors.Load path)
    | _ -> ofGguf (Gguf.Load path)

/// Core, from a stream.
let coreStream format (stream: Stream) =
    match format with
    | "npy" -> one (Npy.Load stream)
    | "npz" -> many (Npz.Load stream)
    | "safetensors" -> ofSafetensors (Safetensors.Load stream)
    | _ -> ofGguf (Gguf.Load stream)

/// The engine, from a path; it knows no npz.
let engine format (keys: string list) (path: string) =
    match format with
    | "npy" -> one (EngineFiles.LoadNpy path)
    | "safetensors" -> ofEngine (EngineFiles.LoadSafetensors path)
    | _ -> ofEngine (EngineGguf.Load(path, keys))

/// The engine, from a C program's stream; there it knows no gguf either.
let engineReader format (file: MemoryFile) =
    match format with
    | "npy" -> one (EngineFiles.LoadNpy file)
    | _ -> ofEngine (EngineFiles.LoadSafetensors file)

let private withTemporaryFolder f =
    let folder = Directory.CreateTempSubdirectory "mlx-io-"

    try
        f folder.FullName
    finally
        folder.Delete true

/// A path that is gone afterwards, in a folder of its own.
let withTemporary ending f =
    withTemporaryFolder (fun folder -> f (Path.Combine(folder, "file" + ending)))

let pairs (arrays: seq<string * MlxArray>) = [ for n, a in arrays -> KeyValuePair(n, a) ]
