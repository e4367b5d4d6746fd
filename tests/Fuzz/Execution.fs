/// One reader on one input, and what it may do: read it, or throw the typed error; within a second,
/// and within memory in proportion to the input.
module Mlx.Tests.Fuzz.Execution

open System
open System.Diagnostics
open Mlx.Core
open Mlx.Tests.Fuzz.Readers

type Verdict =
    | Accepted
    | Refused
    | Failed of string

/// A verdict, and the bytes taken for it.
type Outcome = { Verdict: Verdict; Taken: int64 }

/// What any input may take, and what one may take for each of its bytes. Deflate packs a byte into
/// a thousandth of one, so a small archive may be worth a large array.
let bound format (input: byte[]) =
    let each = if format = "npz" then 1032L + 128L else 128L
    (1L <<< 18) + each * int64 input.Length

let private slowest = TimeSpan.FromSeconds 1.0

let private taken () = GC.GetAllocatedBytesForCurrentThread() + BlockMemory.Taken

/// A collection in between may take a while on a machine that does other things too: an input is
/// slow if it is so twice.
let run format (reader: Reader) (input: byte[]) =
    let attempt () =
        let clock = Stopwatch.StartNew()
        let before = taken ()
        let active = Memory.Active
        Memory.ResetPeak()

        let verdict =
            try
                reader.Read input
                Accepted
            with
            | e when reader.IsTyped e -> Refused
            | e -> Failed $"threw {e.GetType().Name}: {e.Message}\n{e.StackTrace}"

        let took = taken () - before + max 0L (Memory.Peak - active)

        if clock.Elapsed > slowest then
            { Verdict = Failed $"took {clock.Elapsed.TotalSeconds:F1} s"; Taken = took }
        elif took > bound format input then
            let text = $"took {took} bytes for an input of {input.Length}"
            { Verdict = Failed text; Taken = took }
        else
            { Verdict = verdict; Taken = took }

    match attempt () with
    | { Verdict = Failed text } when text.EndsWith " s" -> attempt ()
    | outcome -> outcome
