namespace Mlx.Tests.Laws

open System
open Mlx.Core

/// One check. `Run` is given its random numbers and answers what is wrong, if anything.
type Case = { Name: string; Run: Random -> string option }

[<RequireQualifiedAccess>]
module Case =
    /// Changes every draw of every case (`--seed N`).
    let mutable seed = 0

    /// FNV-1a: the same on every run and machine, as String.GetHashCode is not.
    let private hash (text: string) =
        let mutable h = 2166136261u

        for c in text do
            h <- (h ^^^ uint32 c) * 16777619u

        int h

    let seedOf law row case = hash $"{law}/{row}/{case}" ^^^ seed

    let private failure (seed: int) case message = $"{case} (seed {seed}): {message}"

    /// Runs a case in a scope of its own.
    let run law row (case: Case) =
        let seed = seedOf law row case.Name
        use scope = Scope.Enter()
        scope |> ignore

        try
            case.Run(Random seed) |> Option.map (failure seed case.Name)
        with e ->
            Some(failure seed case.Name $"{e.GetType().Name}: {e.Message}")
