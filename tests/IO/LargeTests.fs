/// Files beyond 2 and 4 GB: mapped, so that only what is looked at is read; sparse, so that they
/// take no room.
module Mlx.Tests.IO.LargeTests

open System
open System.IO
open System.Text
open Expecto
open Mlx.Core
open Mlx.Tests.IO.Layers
open Mlx.Tests.Support

let private gigabyte = 1L <<< 30

let private scoped f =
    use scope = Scope.Enter()
    f ()

/// 3 GB of bytes, 2 GB of floats, and four integers behind all that.
let private write (path: string) =
    let entry name dtype shape first last =
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{first},{last}]}}"

    let bytes, floats = 3L * gigabyte, 5L * gigabyte

    let text =
        String.Join(
            ",",
            [ entry "bytes" "U8" "[3,1073741824]" 0L bytes
              entry "floats" "F32" "[536870912]" bytes floats
              entry "last" "I32" "[4]" floats (floats + 16L) ]
        )

    let header = Encoding.ASCII.GetBytes("{" + text + "}")
    let padded = (header.Length + 7) / 8 * 8
    use file = File.Create path
    file.Write(ReadOnlySpan(BitConverter.GetBytes(int64 padded)))
    file.Write(ReadOnlySpan header)
    file.Write(ReadOnlySpan(Array.create (padded - header.Length) 32uy))
    let start = file.Position

    let put (offset: int64) (value: byte[]) =
        file.Position <- start + offset
        file.Write(ReadOnlySpan value)

    put (bytes - 1L) [| 7uy |]
    put (floats - 4L) (BitConverter.GetBytes 1.5f)
    put floats (Array.collect (fun (i: int) -> BitConverter.GetBytes i) [| 1; 2; 3; 4 |])

let private hasRoom () =
    // A file system without holes would have to write it all.
    not (OperatingSystem.IsWindows())

let private withLarge f =
    if not (hasRoom ()) then
        skiptest "files have no holes here"

    scoped (fun () ->
        withTemporary ".safetensors" (fun path ->
            write path
            f path))

/// The last element, through a slice far beyond 2^31 bytes.
let private check (arrays: Map<string, MlxArray>) =
    let bytes =
        Ops.Slice(
            arrays["bytes"],
            ReadOnlySpan [| 2; (1 <<< 30) - 1 |],
            ReadOnlySpan [| 3; 1 <<< 30 |]
        )

    Expect.equal (bytes.ToArray<byte>()) [| 7uy |] "the last byte"
    let last = (1 <<< 29) - 1
    let floats = Ops.Slice(arrays["floats"], ReadOnlySpan [| last |], ReadOnlySpan [| last + 1 |])
    Expect.equal (floats.ToArray<float32>()) [| 1.5f |] "the last float"
    Expect.equal (arrays["last"].ToArray<int>()) [| 1; 2; 3; 4 |] "what lies beyond 5 GB"

let private core =
    testCase "5 GB of safetensors in Core"
    <| fun () ->
        withLarge (fun path ->
            let before = Memory.Active
            check (Layers.core "safetensors" path).Arrays
            Expect.isLessThan (Memory.Active - before) gigabyte "nothing was copied")

let private engine =
    testCase "5 GB of safetensors in the engine"
    <| fun () -> withLarge (fun path -> check (Layers.engine "safetensors" [] path).Arrays)

let private wanted =
    testCase "a tensor of 5 GB of safetensors"
    <| fun () ->
        withLarge (fun path ->
            let found = Safetensors.Load(path, fun name -> name = "last")
            Expect.equal (found.Arrays["last"].ToArray<int>()) [| 1; 2; 3; 4 |] "the last one")

let tests =
    [ wanted
      // MLX would copy all of it.
      if not Engine.IsMlx then
          core
          engine ]
