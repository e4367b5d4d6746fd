namespace Mlx

open System
open System.Collections.Generic
open Mlx.Core

/// <summary>
/// The state of a random number generator: two 32-bit words. Whatever is drawn from a key is a pure
/// function of it, so a key is used once, and split where more are needed.
/// </summary>
[<Struct>]
type Key =
    {
        /// The words, uint32 of shape (2).
        Data: Tensor
    }

/// <summary>Keys of the counter-based generator (threefry, bit for bit as MLX has it).</summary>
[<RequireQualifiedAccess>]
module Key =
    /// <summary>The key of a seed; the same seed gives the same numbers on every engine.</summary>
    let ofSeed (seed: int) : Key = { Data = MlxRandom.Key(uint64 (int64 seed)) }

    /// <summary>Two independent keys; the one given is used up (<c>mlx.core.random.split</c>).</summary>
    let split (key: Key) : struct (Key * Key) =
        let struct (a, b) = MlxRandom.Split key.Data
        struct ({ Data = a }, { Data = b })

/// <summary>
/// A value drawn at random: a function that takes a key and gives the value and the next key.
/// Composed with <c>random { }</c>, run with <c>Random.run</c>.
/// </summary>
[<Struct; NoEquality; NoComparison>]
type Random<'T> = internal Random of draw: (Key -> struct ('T * Key))

/// <summary>Drawing at random, as values that compose.</summary>
[<RequireQualifiedAccess>]
module Random =
    /// <summary>Draws with a key; answers the value and the key for what comes next.</summary>
    let runNext (key: Key) (Random draw: Random<'T>) : struct ('T * Key) = draw key

    /// <summary>Draws with a key.</summary>
    /// <example><code>let w = Random.normal [ 3; 4 ] |> Random.run (Key.ofSeed 42)</code></example>
    let run (key: Key) (Random draw: Random<'T>) : 'T =
        let struct (value, _) = draw key
        value

    /// <summary>Always this value; draws nothing.</summary>
    let result (value: 'T) : Random<'T> = Random(fun key -> struct (value, key))

    /// <summary>Draws, then draws what the value says.</summary>
    let bind (f: 'T -> Random<'U>) (Random draw: Random<'T>) : Random<'U> =
        Random(fun key ->
            let struct (value, next) = draw key
            runNext next (f value))

    /// <summary>Applies a function to what is drawn.</summary>
    let map (f: 'T -> 'U) (Random draw: Random<'T>) : Random<'U> =
        Random(fun key ->
            let struct (value, next) = draw key
            struct (f value, next))

    /// <summary>Draws both, the first before the second.</summary>
    let zip (a: Random<'T>) (b: Random<'U>) : Random<'T * 'U> =
        a |> bind (fun x -> b |> map (fun y -> x, y))

    /// <summary>A fresh key.</summary>
    let key: Random<Key> =
        Random(fun key ->
            // As MLX's global generator: the second half is used, the first one goes on.
            let struct (next, fresh) = Key.split key
            struct (fresh, next))

    /// <summary>What a function draws from a fresh key.</summary>
    let draw (f: Key -> 'T) : Random<'T> = map f key

    /// <summary>Draws for every element, in order.</summary>
    let traverse (f: 'T -> Random<'U>) (items: seq<'T>) : Random<'U list> =
        Random(fun key ->
            let mutable key = key

            let drawn =
                [ for item in items do
                      let struct (value, next) = runNext key (f item)
                      key <- next
                      value ]

            struct (drawn, key))

    /// <summary>Draws all, in order.</summary>
    let list (items: seq<Random<'T>>) : Random<'T list> = traverse id items

    /// <summary>Draws so many times: <c>Random.replicate 24 (Block.init 512)</c>.</summary>
    let replicate (count: int) (one: Random<'T>) : Random<'T list> =
        traverse (fun _ -> one) (seq { 1..count })

    let private shaped (shape: seq<int>) draw : Random<Tensor> =
        let shape = Array.ofSeq shape
        map (fun (k: Key) -> draw shape k.Data) key

    /// <summary>Uniform float32 numbers from 0 up to, and without, 1.</summary>
    let uniform (shape: seq<int>) : Random<Tensor> =
        shaped shape (fun shape key -> MlxRandom.Uniform(ReadOnlySpan shape, key = key))

    /// <summary>Uniform float32 numbers from <c>low</c> up to, and without, <c>high</c>.</summary>
    let uniformIn (low: float) (high: float) (shape: seq<int>) : Random<Tensor> =
        shaped shape (fun shape key -> MlxRandom.Uniform(float32 low, float32 high, ReadOnlySpan shape, key = key))

    /// <summary>Normal float32 numbers of mean 0 and standard deviation 1.</summary>
    let normal (shape: seq<int>) : Random<Tensor> =
        shaped shape (fun shape key -> MlxRandom.Normal(ReadOnlySpan shape, key = key))
