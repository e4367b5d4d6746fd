/// Random numbers that can be had again: each execution draws from the seed and its own number.
namespace Mlx.Tests.Fuzz

/// SplitMix64. Starting one costs nothing, unlike a seeded System.Random.
type Dice(seed: uint64) =
    let mutable state = seed

    /// The dice of one execution.
    static member Of(seed: uint64, execution: int64) =
        Dice(seed ^^^ (uint64 execution * 0xD1342543DE82EF95UL))

    member _.Next64() =
        state <- state + 0x9E3779B97F4A7C15UL
        let a = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let b = (a ^^^ (a >>> 27)) * 0x94D049BB133111EBUL
        b ^^^ (b >>> 31)

    /// From 0 to below the bound, which is at least 1.
    member this.Below(bound: int) = int (this.Next64() % uint64 bound)

    member this.Pick(items: 'T[]) = items[this.Below items.Length]

    /// True once in so many times.
    member this.Once(times: int) = this.Below times = 0
