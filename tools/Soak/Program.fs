/// Long runs whose memory must stay flat: `dotnet fsi build.fsx soak [-- --only TEXT]`.
module Mlx.Soak.Program

open System
open System.Diagnostics
open Mlx.Core

let private warmUp = 100

let private report name (seconds: float) readings =
    // The collector's heap and the pool find their size in the first half.
    let verdict =
        match readings with
        | [ first; middle; last ] -> Gauge.growth { first with Resident = middle.Resident } last
        | _ -> invalidArg (nameof readings) "three are wanted"

    let says =
        match verdict with
        | None -> "flat"
        | Some what -> "GREW: " + what

    printfn $"{name}: {seconds:F1} s, {says}"

    for reading in readings do
        printfn $"  {Gauge.show reading}"

    Option.isNone verdict

/// Read after the first hundred rounds, in the middle, and at the end.
let private soak (loop: Loops.Loop) =
    let run, finish = loop.Start()
    run warmUp
    let first = Gauge.settled ()
    let clock = Stopwatch.StartNew()
    run (loop.Count / 2)
    let middle = Gauge.settled ()
    run (loop.Count - loop.Count / 2)
    let seconds = clock.Elapsed.TotalSeconds
    let last = Gauge.settled ()
    finish ()
    report $"{loop.Name} x {loop.Count:N0}" seconds [ first; middle; last ]

let private crowd () =
    let clock = Stopwatch.StartNew()
    let mutable faults = []

    let readings =
        [ for _ in 1..3 do
              faults <- faults @ Crowd.run ()
              Gauge.settled () ]

    faults |> List.iter (eprintfn "%s")
    let name = $"3 x {Crowd.threads} threads x {Crowd.operations:N0} operations"
    report name clock.Elapsed.TotalSeconds readings && faults.IsEmpty

[<EntryPoint>]
let main arguments =
    let chosen (name: string) =
        match arguments with
        | [| "--only"; text |] -> name.Contains(text, StringComparison.OrdinalIgnoreCase)
        | _ -> true

    match arguments with
    | [||]
    | [| "--only"; _ |] ->
        printfn $"engine {Engine.Name}"

        let flat =
            [ for loop in Loops.all do
                  if chosen loop.Name then
                      soak loop
              if chosen "threads" then
                  crowd () ]

        let atEnd = Gauge.settled ()
        printfn $"at the end: {Gauge.show atEnd}"
        if List.forall id flat then 0 else 1
    | _ ->
        eprintfn "--only TEXT   the runs whose name contains TEXT"
        2
