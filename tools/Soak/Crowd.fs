/// Many threads at once: building, evaluating, differentiating, compiling, freeing each other's
/// arrays, leaving some to the finalizer. Every answer is checked.
module Mlx.Soak.Crowd

open System
open System.Collections.Concurrent
open System.Threading
open Mlx
open Mlx.Core

let threads = 64
let operations = 1_000

/// Arrays made by one thread and read and freed by another, with the sum of their elements.
let private passed = ConcurrentBag<Tensor * float>()

let private expect what (wanted: float) (got: float) =
    if not (abs (got - wanted) <= 1e-3 * (1.0 + abs wanted)) then
        failwith $"{what}: {got} instead of {wanted}"

let private line (random: System.Random) =
    Array.init (1 + random.Next 300) (fun _ -> random.NextSingle())

let private sum (values: float32[]) = values |> Array.sumBy float
let private squares (values: float32[]) = values |> Array.sumBy (fun x -> float x * float x)

let private elementwise (random: System.Random) =
    let values = line random
    use x = Tensor.ofArray values
    use y = x * x + x
    use total = Tensor.sum y
    expect "x^2 + x" (squares values + sum values) (Tensor.toFloat total)

let private product (random: System.Random) =
    let values = line random
    use x = Tensor.ofArray values
    use row = x |> Tensor.reshape [ 1; -1 ]
    use column = x |> Tensor.reshape [ -1; 1 ]
    use inner = row @@ column
    use norm = inner |> Tensor.reshape []
    expect "norm" (squares values) (Tensor.toFloat norm)

let private gradient (random: System.Random) =
    let values = line random
    use x = Tensor.ofArray values
    use g = grad (fun x () -> Tensor.sum (x * x * x)) x ()
    use total = Tensor.sum g
    expect "3 x^2" (3.0 * squares values) (Tensor.toFloat total)

let private softmax = compile (fun (x: Tensor) -> x |> Tensor.softmax -1 |> Tensor.sum)

let private compiled (random: System.Random) =
    use x = Tensor.ofArray (Array.init (1 + random.Next 4) (fun _ -> random.NextSingle()))
    use total = softmax x
    expect "softmax" 1.0 (Tensor.toFloat total)

let private give (random: System.Random) =
    let values = line random
    use x = Tensor.ofArray values
    passed.Add(x |> Tensor.square, squares values)

let private take (_: System.Random) =
    match passed.TryTake() with
    | true, (x, wanted) ->
        use total = Tensor.sum x
        expect "passed on" wanted (Tensor.toFloat total)
        x.Dispose()
    | _ -> ()

let private forget (random: System.Random) =
    let x = Tensor.ofArray (line random)
    Tensor.exp x |> Tensor.eval |> ignore

let private refused (random: System.Random) =
    use x = Tensor.ofArray (line random)

    try
        x |> Tensor.reshape [ 1000; 1000 ] |> ignore
        failwith "a reshape to another size was accepted"
    with :? MlxException ->
        ()

let private work = [| elementwise; product; gradient; compiled; give; take; forget; refused |]

/// Runs the crowd; answers what went wrong.
let run () =
    let faults = ConcurrentQueue<string>()
    use start = new Barrier(threads)

    let body seed () =
        let random = System.Random seed
        start.SignalAndWait()

        try
            for _ in 1..operations do
                work[random.Next work.Length] random
        with e ->
            faults.Enqueue $"seed {seed}: {e}"

    let crowd = [ for seed in 1..threads -> Thread(body seed) ]
    crowd |> List.iter _.Start()
    crowd |> List.iter _.Join()

    for x, _ in passed do
        x.Dispose()

    passed.Clear()
    List.ofSeq faults
