namespace Mlx.Models

open Mlx

/// <summary>Parameters of a gated feed-forward block (SwiGLU), named as in a checkpoint.</summary>
type FeedForward =
    {
        /// (inner, hidden).
        GateProj: Dense
        /// (inner, hidden).
        UpProj: Dense
        /// (hidden, inner).
        DownProj: Dense
    }

/// <summary>The gated feed-forward block (Shazeer, 2020: "GLU variants improve
/// transformer").</summary>
[<RequireQualifiedAccess>]
module FeedForward =
    /// <summary>down(silu(gate x) * up x): (..., hidden) -> (..., hidden).</summary>
    /// <example><code>
    /// let map inputs outputs = Dense.initNoBias inputs outputs |> Random.run (Key.ofSeed 0)
    /// let p = { GateProj = map 8 32; UpProj = map 8 32; DownProj = map 32 8 }
    /// Tensor.ones [ 2; 5; 8 ] |> FeedForward.apply p |> Tensor.shape
    /// // => [2; 5; 8]
    /// </code></example>
    let apply (parameters: FeedForward) (x: Tensor) : Tensor =
        let gate = x |> Dense.apply parameters.GateProj |> Nn.silu
        gate * (x |> Dense.apply parameters.UpProj) |> Dense.apply parameters.DownProj
