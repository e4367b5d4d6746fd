namespace Mlx.Tests.Laws

open System
open System.Numerics

/// Where the elements of an input are drawn from: an op is sampled where it is defined, and its
/// slope where it has one.
type Domain =
    | Between of low: float * high: float
    /// Of either sign, with a magnitude in these bounds.
    | Away of low: float * high: float
    /// No two are close: an order that a small step does not change.
    | Apart
    /// Well inside a step of floor, ceil and round.
    | Inside
    /// Positions in an axis of this length, from either end.
    | Index of length: int
    /// Positions in an axis of this length, each once along the last axis.
    | Distinct of length: int
    /// Arbitrary 32-bit words.
    | Words
    /// A square matrix with a large diagonal.
    | Dominant
    /// The same, symmetric (Hermitian).
    | Definite
    /// Exactly these.
    | These of float list

[<RequireQualifiedAccess>]
module Domain =
    let private shuffled (rng: Random) count =
        let order = Array.init count id
        rng.Shuffle order
        order

    let private between (rng: Random) low high = low + (high - low) * rng.NextDouble()

    let private diagonal (shape: int[]) i =
        let n = shape[shape.Length - 1]
        i / n % n = i % n

    let private symmetric (shape: int[]) (data: Complex[]) =
        let n = shape[shape.Length - 1]

        data
        |> Array.mapi (fun i x ->
            let matrix, row, column = i / (n * n), i / n % n, i % n
            0.5 * (x + Complex.Conjugate data[(matrix * n + column) * n + row]))

    let rec private reals (rng: Random) domain (shape: int[]) =
        let count = Nd.size shape

        match domain with
        | Between(low, high) -> Array.init count (fun _ -> between rng low high)
        | Away(low, high) ->
            Array.init count (fun _ ->
                let x = between rng low high
                if rng.Next 2 = 0 then x else -x)
        | Apart ->
            let step = 6.0 / float (max 1 count)

            shuffled rng count |> Array.map (fun k -> step * (float k + between rng 0.3 0.7) - 3.0)
        | Inside -> Array.init count (fun _ -> float (rng.Next(-4, 4)) + between rng 0.1 0.4)
        | Index length -> Array.init count (fun _ -> float (rng.Next(-length, length)))
        | Distinct length ->
            let line = Array.last shape

            Array.init (count / max 1 line) (fun _ ->
                (shuffled rng length)[.. line - 1] |> Array.map float)
            |> Array.concat
        | Words -> Array.init count (fun _ -> float (rng.NextInt64 0x1_0000_0000L))
        | Dominant
        | Definite ->
            let n = float (Array.last shape)

            Array.init count (fun i ->
                between rng -1.0 1.0 + (if diagonal shape i then n + 1.0 else 0.0))
        | These values -> List.toArray values

    /// Complex elements have the domain's real part and a small imaginary one.
    let draw (rng: Random) domain (shape: int[]) isComplex : Nd =
        let re = reals rng domain shape

        let data =
            match domain with
            | Index _
            | Distinct _
            | Words
            | These _ -> re |> Array.map Nd.real
            | _ when isComplex -> re |> Array.map (fun x -> Complex(x, between rng -1.0 1.0))
            | _ -> re |> Array.map Nd.real

        { Shape = shape
          Data = if domain = Definite then symmetric shape data else data }
