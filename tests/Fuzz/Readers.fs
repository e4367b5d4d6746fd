/// The readers under test: both layers, from paths, streams and a C program's callbacks.
module Mlx.Tests.Fuzz.Readers

open System
open System.IO
open Mlx.Core
open Mlx.Tests.IO
open Mlx.Tests.Support

/// Reads every byte that it is given, which tells whether they are there.
type private Touch() =
    inherit Stream()
    let mutable sum = 0L
    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = sum
    override _.Flush() = ()
    override _.Read(_, _, _) = raise (NotSupportedException())
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())
    override this.Write(bytes: byte[], start, count) = this.Write(ReadOnlySpan(bytes, start, count))

    override _.Write(bytes: ReadOnlySpan<byte>) =
        for b in bytes do
            sum <- sum + int64 b

    override _.Position
        with get () = sum
        and set _ = raise (NotSupportedException())

type Reader =
    {
        Name: string
        /// How many times more seldom it runs than the others: files cost more than memory.
        Seldom: int
        /// Whether an exception is the one that a reader may throw.
        IsTyped: exn -> bool
        /// Reads an input and all of the arrays in it.
        Read: byte[] -> unit
    }

/// What .NET says where a check is missing; a reader that wraps it has not understood the file.
let private slips =
    [ "Index was out"
      "Object reference"
      "Arithmetic operation"
      "Array dimensions"
      "Specified argument"
      "Nullable object"
      "The given key"
      "Unable to cast" ]

let private isSlip (message: string) = slips |> List.exists (fun slip -> message.Contains slip)

let private isOfFiles (e: exn) = e :? MlxFileException && not (isSlip e.Message)

let private isOfEngine (e: exn) =
    match e with
    | :? MlxException as e -> e.EngineMessage.StartsWith "[load" && not (isSlip e.Message)
    | _ -> false

/// The readers of a format, which work in a folder of their own.
let ofFormat format (folder: string) : Reader list =
    let path = Path.Combine(folder, "input." + format)

    let touch (content: Layers.Content) =
        use sink = new Touch()

        for KeyValue(_, a) in content.Arrays do
            a.WriteTo sink

        for KeyValue(_, value) in content.Metadata do
            match value with
            | :? MlxArray as a -> a.WriteTo sink
            | _ -> ()

    let scoped f bytes =
        use scope = Scope.Enter()
        f bytes |> touch

    let file load (bytes: byte[]) =
        File.WriteAllBytes(path, bytes)
        load path

    let core name seldom load =
        { Name = $"core, {name}"
          Seldom = seldom
          IsTyped = isOfFiles
          Read = scoped load }

    let engine name seldom load =
        { Name = $"engine, {name}"
          Seldom = seldom
          IsTyped = isOfEngine
          Read = scoped load }

    let coreFile = core "file" 16 (file (Layers.core format))
    let stream (bytes: byte[]) = new MemoryStream(bytes)
    let coreStream = core "stream" 1 (stream >> Layers.coreStream format)
    let engineFile seldom = engine "file" seldom (file (Layers.engine format []))
    let callbacks = engine "callbacks" 1 (MemoryFile >> Layers.engineReader format)

    match format with
    | "npz" -> [ coreStream; coreFile ]
    | "gguf" -> [ coreStream; coreFile; engineFile 2 ]
    | "mlxfn" ->
        let read (bytes: byte[]) =
            File.WriteAllBytes(path, bytes)
            use f = ExportedFunction.Load path
            ()

        [ { Name = "core and engine, file"; Seldom = 1; IsTyped = isOfFiles; Read = read } ]
    | _ -> [ coreStream; coreFile; callbacks; engineFile 16 ]
