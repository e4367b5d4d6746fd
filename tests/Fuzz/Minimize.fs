/// Makes an input that fails short: pieces go, then bytes become zero, as long as it fails alike.
module Mlx.Tests.Fuzz.Minimize

open System

/// The first words of what went wrong: what has to stay the same.
let private kind (text: string) = text.Split [| ' '; '\n'; ':' |] |> Array.truncate 2

let private tries = 2000

/// Removes pieces of half the length, a quarter, and so on down to single bytes.
let private shorter fails (input: byte[]) =
    let mutable best = input
    let mutable size = input.Length / 2
    let mutable left = tries

    while size > 0 && left > 0 do
        let mutable start = 0

        while start < best.Length && left > 0 do
            let candidate = Mutate.replace best start (min size (best.Length - start)) [||]
            left <- left - 1

            if fails candidate then best <- candidate else start <- start + size

        size <- size / 2

    best

let private plainer fails (input: byte[]) =
    let best = Array.copy input

    for i in 0 .. min tries best.Length - 1 do
        let old = best[i]

        if old <> 0uy then
            best[i] <- 0uy

            if not (fails best) then
                best[i] <- old

    best

/// The shortest input found for which `run` fails as it failed on this one.
let input (run: byte[] -> string option) (failure: string) (bytes: byte[]) =
    let wanted = kind failure

    let fails candidate =
        match run candidate with
        | Some text -> kind text = wanted
        | None -> false

    bytes |> shorter fails |> plainer fails
