namespace Mlx

open System
open Mlx.Core

/// <summary>How rotary positions turn features. Nothing in it is learnt.</summary>
type Rope =
    {
        /// The first so many features turn, the others stay.
        Dims: int
        /// Neighbours turn against each other, not halves.
        Traditional: bool
        /// The base of the frequencies.
        Base: float
        /// Positions are multiplied by it.
        Scale: float
    }

/// <summary>Rotary positions (<c>mlx.nn.RoPE</c>): pairs of features turn by position
/// base^(-2 i / dims) (<see href="https://arxiv.org/abs/2104.09864">RoFormer</see>).</summary>
[<RequireQualifiedAccess>]
module Rope =
    /// <summary>Halves against each other, base 10000, scale 1, as in MLX.</summary>
    /// <example><code>
    /// { Rope.defaults 64 with Base = 500000.0 }.Dims
    /// // => 64
    /// </code></example>
    let defaults (dims: int) : Rope =
        { Dims = dims; Traditional = false; Base = 10000.0; Scale = 1.0 }

    /// <summary>x of shape (..., length, features), whose first element stands at the position
    /// <c>offset</c>, to the same shape.</summary>
    /// <example><code>
    /// let x = Tensor.ofRows [ [ 1.0; 0.0 ]; [ 1.0; 0.0 ]; [ 1.0; 0.0 ] ] |> Tensor.expandDims 0
    /// x |> Rope.apply (Rope.defaults 2) 0 // turned by 0, 1 and 2 radians
    /// // => array([[[1, 0], [0.540302, 0.841471], [-0.416147, 0.909297]]], dtype=float32)
    /// </code></example>
    let apply (rope: Rope) (offset: int) (x: Tensor) : Tensor =
        Fast.Rope(x, rope.Dims, rope.Traditional, float32 rope.Base, float32 rope.Scale, offset)

    /// <summary>The same with an int32 offset for each entry of the batch, of shape (batch), or one
    /// for all.</summary>
    /// <example><code>
    /// let x = Tensor.ones [ 2; 1; 4; 8 ] // two sequences, one has 5 tokens before these
    /// x |> Rope.applyAt (Rope.defaults 8) (Tensor.ofSeq [ 0; 5 ]) |> Tensor.shape
    /// // => [2; 1; 4; 8]
    /// </code></example>
    let applyAt (rope: Rope) (offset: Tensor) (x: Tensor) : Tensor =
        Fast.Rope(x, rope.Dims, offset, rope.Traditional, float32 rope.Base, float32 rope.Scale)

/// <summary>Attention with linear biases (<c>mlx.nn.ALiBi</c>): a score falls with the distance of
/// its key, each head at its own rate
/// (<see href="https://arxiv.org/abs/2108.12409">Press et al.</see>).</summary>
[<RequireQualifiedAccess>]
module Alibi =
    /// <summary>The rate of each head: 2^(-8 i / heads) for a power of two; others take every
    /// second of the next power's.</summary>
    /// <exception cref="T:System.ArgumentException">There is no head.</exception>
    /// <example><code>
    /// Alibi.slopes 4
    /// // => [0.25; 0.0625; 0.015625; 0.00390625]
    /// </code></example>
    let slopes (heads: int) : float list =
        if heads < 1 then
            invalidArg (nameof heads) $"{heads} heads"

        let ofPower n = [ for i in 1..n -> Math.Pow(2.0, -8.0 * float i / float n) ]

        let power = pown 2 (int (Math.Floor(Math.Log2(float heads))))

        let others =
            ofPower (2 * power)
            |> List.indexed
            |> List.filter (fun (i, _) -> i % 2 = 0)
            |> List.map snd

        ofPower power @ List.take (heads - power) others

    /// <summary>What is added to scores, of shape (1, heads, queries, keys): minus the slope times
    /// the distance, where the first query stands at the position <c>offset</c>.</summary>
    /// <exception cref="T:System.ArgumentException">There is no head.</exception>
    /// <example><code>
    /// Alibi.bias DType.Float32 1 3 1 3 // one head, whose only query stands at position 3
    /// // => array([[[[-0.0117188, -0.0078125, -0.00390625]]]], dtype=float32)
    /// </code></example>
    let bias (dtype: DType) (heads: int) (offset: int) (queries: int) (keys: int) : Tensor =
        let places = Tensor.arangeFrom offset (offset + queries) |> Tensor.expandDims 1
        let distance = Tensor.abs (places - Tensor.arange keys) |> Tensor.astype DType.Float32

        let slopes =
            Tensor.ofSeq (slopes heads) |> Tensor.astype dtype |> Tensor.reshape [ 1; -1; 1; 1 ]

        Tensor.astype dtype (slopes * -distance)

    /// <summary>Scores of shape (batch, heads, queries, keys) with the bias added.</summary>
    /// <example><code>scores |> Alibi.apply 0 |> Tensor.softmax -1</code></example>
    let apply (offset: int) (scores: Tensor) : Tensor =
        scores + bias scores.DType (scores.Dim 1) offset (scores.Dim -2) (scores.Dim -1)

/// <summary>How positions become sines and cosines. Nothing in it is learnt.</summary>
type SinusoidalEncoding =
    {
        /// Features: half of them sines, half cosines.
        Dims: int
        /// The lowest frequency.
        MinFreq: float
        /// The highest frequency.
        MaxFreq: float
        /// The result is multiplied by it.
        Scale: float
        /// Cosines before sines.
        CosFirst: bool
        /// A frequency counts turns, not radians.
        FullTurns: bool
    }

/// <summary>Positions as sines and cosines of frequencies in geometric steps
/// (<c>mlx.nn.SinusoidalPositionalEncoding</c>).</summary>
[<RequireQualifiedAccess>]
module SinusoidalEncoding =
    /// <summary>Frequencies from 1 down to 0.0001, scale sqrt(2 / dims), sines first, as in
    /// MLX.</summary>
    /// <example><code>
    /// (SinusoidalEncoding.defaults 8).Scale
    /// // => 0.5
    /// </code></example>
    let defaults (dims: int) : SinusoidalEncoding =
        { Dims = dims
          MinFreq = 0.0001
          MaxFreq = 1.0
          Scale = Math.Sqrt(2.0 / float dims)
          CosFirst = false
          FullTurns = false }

    /// <summary>Positions of shape (...) to (..., dims).</summary>
    /// <exception cref="T:System.ArgumentException">The dims are odd or less than 4: there are at
    /// least two frequencies.</exception>
    /// <example><code>
    /// let encoding = SinusoidalEncoding.defaults 64
    /// Tensor.arange 10 |> SinusoidalEncoding.apply encoding |> Tensor.shape
    /// // => [10; 64]
    /// </code></example>
    let apply (encoding: SinusoidalEncoding) (positions: Tensor) : Tensor =
        if encoding.Dims < 4 || encoding.Dims % 2 <> 0 then
            invalidArg (nameof encoding) $"an even number of dims from 4 on, not {encoding.Dims}"

        let half = encoding.Dims / 2
        let low, high = Math.Log encoding.MinFreq, Math.Log encoding.MaxFreq
        let fromOne = 1.0 - Tensor.astype DType.Float32 (Tensor.arange half) / float (half - 1)
        let frequencies = Tensor.exp (fromOne * (high - low) + low)

        let frequencies = if encoding.FullTurns then frequencies * (2.0 * Math.PI) else frequencies

        let angles = Tensor.expandDims -1 positions * frequencies
        let sines, cosines = Tensor.sin angles, Tensor.cos angles

        (if encoding.CosFirst then [ cosines; sines ] else [ sines; cosines ])
        |> Tensor.concatenate -1
        |> fun y -> if encoding.Scale = 1.0 then y else y * encoding.Scale
