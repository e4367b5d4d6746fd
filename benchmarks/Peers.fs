/// Rows of other people's libraries in the same run, so that a ratio compares like with like.
module Mlx.Benchmarks.Peers

open System
open System.Numerics.Tensors
open System.Threading.Tasks
open System.Runtime.InteropServices

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type private Sgemm =
    delegate of
        order: int *
        transA: int *
        transB: int *
        m: int *
        n: int *
        k: int *
        alpha: float32 *
        a: float32[] *
        lda: int *
        b: float32[] *
        ldb: int *
        beta: float32 *
        c: float32[] *
        ldc: int ->
            unit

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type private SetThreads = delegate of threads: int -> unit

let private openBlas =
    lazy
        ([ "libopenblas.so.0"; "libopenblas.so"; "libopenblas.dylib"; "libopenblas.dll" ]
         |> List.tryPick (fun name ->
             match NativeLibrary.TryLoad name with
             | true, library -> Some library
             | _ -> None))

let private entry<'f> (library: nativeint) name =
    Marshal.GetDelegateForFunctionPointer<'f>(NativeLibrary.GetExport(library, name))

/// Row-major C = A B of uniform inputs with OpenBLAS on so many threads.
let private matmul n threads () =
    match openBlas.Value with
    | None -> raise (Skipped "the system's loader finds no libopenblas")
    | Some library ->
        let sgemm = entry<Sgemm> library "cblas_sgemm"
        let setThreads = entry<SetThreads> library "openblas_set_num_threads"
        let random = Random 7
        let a = Array.init (n * n) (fun _ -> random.NextSingle())
        let b = Array.init (n * n) (fun _ -> random.NextSingle())
        let c = Array.zeroCreate<float32>(n * n)
        let rowMajor, asIs = 101, 111

        fun () ->
            setThreads.Invoke threads
            sgemm.Invoke(rowMajor, asIs, asIs, n, n, n, 1f, a, n, b, n, 0f, c, n)

/// What the machine can read: all cores sum 256 MiB, more than any cache holds. The limit of every
/// product with few vectors; 268.4 divided by the milliseconds is GB/s.
let private readBandwidth () =
    let elements = 1 <<< 26
    let data = GC.AllocateUninitializedArray<float32>(elements, pinned = true)
    Array.Fill(data, 1f)
    let parts = Environment.ProcessorCount
    let sums = Array.zeroCreate<float32> parts

    fun () ->
        let part i =
            let start, stop = elements / parts * i, elements / parts * (i + 1)
            sums[i] <- TensorPrimitives.Sum(ReadOnlySpan(data, start, stop - start))

        Parallel.For(0, parts, part) |> ignore

let rows =
    [ yield Row.create "peer_read_bandwidth_256MiB" readBandwidth
      for n in [ 512; 1024; 2048 ] do
          for threads in [ 1; 2 ] do
              yield Row.create $"peer_openblas_matmul_f32_{n}_t{threads}" (matmul n threads) ]
