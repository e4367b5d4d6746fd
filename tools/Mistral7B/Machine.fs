/// What the machine can do: how fast it reads memory, and how fast our own matrix product is.
module Mlx.Mistral7B.Machine

open System
open System.Diagnostics
open System.Numerics
open System.Runtime.InteropServices
open System.Threading.Tasks
open Mlx
open Mlx.Core

let private seconds (work: unit -> unit) =
    let start = Stopwatch.GetTimestamp()
    work ()
    Stopwatch.GetElapsedTime(start).TotalSeconds

let private best (times: int) (work: unit -> unit) =
    work ()
    List.min [ for _ in 1..times -> seconds work ]

/// Sums a part, with sums of its own to keep the loads coming.
let private sum (part: ReadOnlySpan<int64>) =
    let vectors = MemoryMarshal.Cast<int64, Vector<int64>> part
    let mutable a = Vector<int64>.Zero
    let mutable b = Vector<int64>.Zero
    let mutable c = Vector<int64>.Zero
    let mutable d = Vector<int64>.Zero
    let mutable i = 0

    while i + 3 < vectors.Length do
        a <- a + vectors[i]
        b <- b + vectors[i + 1]
        c <- c + vectors[i + 2]
        d <- d + vectors[i + 3]
        i <- i + 4

    Vector.Sum(a + b + c + d)

/// Bytes a second that all cores read from memory far larger than the caches.
let bandwidth () : float =
    let parts = Environment.ProcessorCount
    let words = (1 <<< 30) / 8 / parts
    let memory = [| for _ in 1..parts -> Array.create words 1L |]

    let time =
        best 8 (fun () ->
            Parallel.For(0, parts, fun i -> sum (ReadOnlySpan memory[i]) |> ignore) |> ignore)

    float (parts * words) * 8.0 / time

/// Operations a second of products of 512 rows with a matrix of the model's size.
let matmulRate (dtype: DType) : float =
    let random shape =
        Random.normal shape |> Random.run (Key.ofSeed 0) |> Tensor.astype dtype |> Tensor.eval

    use x = random [ 512; 4096 ]
    use w = random [ 14336; 4096 ]

    let time =
        best 3 (fun () ->
            use _ = Scope.Enter()
            x @@ Tensor.transpose w |> Tensor.eval |> ignore)

    2.0 * 512.0 * 4096.0 * 14336.0 / time
