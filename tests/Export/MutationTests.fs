/// Damaged files: whatever is wrong with one, it is refused with the typed error, or gives a
/// function that computes or refuses. Nothing crashes, hangs, or takes memory that no file this
/// small can be worth.
module Mlx.Tests.Export.MutationTests

open System
open System.Diagnostics
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Export.Support
open Mlx.Tests.Output

let private seed = 20260731

let private mutations = 4000

/// Counts, sizes and dimensions that programs trip over.
let private tempting =
    [| 0UL
       1UL
       63UL
       255UL
       65536UL
       0x7FFFFFFFUL
       0x80000000UL
       0xFFFFFFFFUL
       1UL <<< 40
       1UL <<< 60
       UInt64.MaxValue |]

let private damage (random: Random) (bytes: byte[]) =
    let copy = Array.copy bytes
    let at width = random.Next(max 1 (copy.Length - width + 1))

    match random.Next 6 with
    | 0 -> Array.truncate (random.Next copy.Length) copy
    | 1 ->
        let i = at 1
        copy[i] <- copy[i] ^^^ byte (1 <<< random.Next 8)
        copy
    | 2 ->
        let value = tempting[random.Next tempting.Length]
        BitConverter.TryWriteBytes(Span(copy, at 8, 8), value) |> ignore
        copy
    | 3 ->
        let value = tempting[random.Next tempting.Length]
        BitConverter.TryWriteBytes(Span(copy, at 4, 4), uint32 value) |> ignore
        copy
    | 4 ->
        // A stretch of the file somewhere else in it.
        let length = random.Next(1, min 64 copy.Length)
        Array.Copy(bytes, at length, copy, at length, length)
        copy
    | _ ->
        // A stretch too much, or missing.
        let cut, length = at 1, random.Next(1, 32)
        let rest = if random.Next 2 = 0 then cut else min copy.Length (cut + length)
        Array.append copy[.. cut - 1] copy[rest..]

/// Small results are computed; what a file may ask for when it is called is up to the caller.
let private call (f: ExportedFunction) =
    use x = Ops.Ones(span [| 3 |])

    try
        use scope = Scope.Enter()

        for y in f.Apply(span [| x |]) do
            if y.Size < 100000L then
                y.Eval()
    with :? MlxException ->
        ()

/// Bytes that importing allocates for each byte of the file, at most; and for any file at all.
let private perByte, private anyway = 64L, 200_000L

let private attempt (path: string) (bytes: byte[]) what =
    File.WriteAllBytes(path, bytes)
    let clock = Stopwatch.StartNew()
    let before = GC.GetAllocatedBytesForCurrentThread()

    let accepted =
        try
            use f = ExportedFunction.Load path
            let allocated = GC.GetAllocatedBytesForCurrentThread() - before
            Expect.isLessThan allocated (anyway + perByte * int64 bytes.Length) $"{what}: memory"

            // MLX trusts the positions in a constant, so a native engine only reads.
            if not Engine.IsNative then
                call f

            true
        with :? MlxFileException ->
            let allocated = GC.GetAllocatedBytesForCurrentThread() - before
            Expect.isLessThan allocated (anyway + perByte * int64 bytes.Length) $"{what}: memory"
            false

    Expect.isLessThan clock.Elapsed.TotalSeconds 2.0 $"{what}: time"
    accepted

let private files =
    lazy
        (Directory.GetFiles(data "", "*.mlxfn")
         |> Array.sort
         |> Array.map (fun path -> Path.GetFileName path, File.ReadAllBytes path))

let private survive () =
    let random = Random seed

    withFile (fun path ->
        let mutable accepted = 0

        for i in 1..mutations do
            let name, bytes = files.Value[random.Next files.Value.Length]

            if attempt path (damage random bytes) $"seed {seed}, mutation {i} of {name}" then
                accepted <- accepted + 1

        print "  mutations: %d of %d refused (seed %d)" (mutations - accepted) mutations seed
        Expect.isGreaterThan accepted 0 "some change nothing that matters"
        Expect.isLessThan accepted mutations "most must be noticed")

/// Every prefix of a file is cut within something.
let private prefixes () =
    let bytes = File.ReadAllBytes(data "bad/base_is_good.mlxfn")

    withFile (fun path ->
        for length in 0 .. bytes.Length - 1 do
            Expect.isFalse (attempt path bytes[.. length - 1] $"{length} bytes") $"{length} bytes")

/// A header that declares as many functions as a file of zeros could just hold.
let private manyTraces () =
    withFile (fun path ->
        let version = Array.append (BitConverter.GetBytes 6UL) "0.31.2"B
        let header = Array.concat [ version; BitConverter.GetBytes 2000; [| 0uy |] ]
        let bytes = Array.append header (Array.zeroCreate 100_000)
        attempt path bytes "2000 functions of nothing" |> ignore)

let suite () =
    testList
        "damaged files"
        [ testCase $"{mutations} mutations" survive
          testCase "every prefix" prefixes
          testCase "as many functions as would fit" manyTraces ]
