namespace Mlx

open System

/// <summary>A vector for each of so many ids.</summary>
type Embedding =
    {
        /// Shape (ids, size).
        Weight: Tensor
    }

/// <summary>Looking up vectors by id (<c>mlx.nn.Embedding</c>).</summary>
[<RequireQualifiedAccess>]
module Embedding =
    /// <summary>Normal with deviation 1 / sqrt size, as in MLX.</summary>
    /// <example><code>
    /// let p = Embedding.init 1000 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.shape p.Weight
    /// // => [1000; 16]
    /// </code></example>
    let init (ids: int) (size: int) : Random<Embedding> =
        Random.normalIn 0.0 (Math.Sqrt(1.0 / float size)) [ ids; size ]
        |> Random.map (fun w -> { Weight = w })

    /// <summary>Integer ids of shape (...) to vectors (..., size).</summary>
    /// <example><code>
    /// let p = Embedding.init 1000 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.ofSeq [ 3; 1; 3 ] |> Embedding.apply p |> Tensor.shape
    /// // => [3; 16]
    /// </code></example>
    let apply (p: Embedding) (ids: Tensor) : Tensor = p.Weight |> Tensor.take 0 ids

    /// <summary>The same weights as a linear map, (..., size) to (..., ids): a tied output
    /// layer.</summary>
    /// <example><code>
    /// let p = Embedding.init 1000 16 |> Random.run (Key.ofSeed 0)
    /// let hidden = Tensor.ofSeq [ 3; 1; 3 ] |> Embedding.apply p
    /// hidden |> Embedding.asLinear p |> Tensor.shape
    /// // => [3; 1000]
    /// </code></example>
    let asLinear (p: Embedding) (x: Tensor) : Tensor = x *@ Tensor.transpose p.Weight
