namespace Mlx.Models

open Mlx

/// <summary>Parameters of a gated feed-forward block (SwiGLU), named as in a checkpoint.</summary>
type FeedForward =
    {
        /// (inner, hidden).
        GateProj: Projection
        /// (inner, hidden).
        UpProj: Projection
        /// (hidden, inner).
        DownProj: Projection
    }

/// <summary>The gated feed-forward block (Shazeer, 2020: "GLU variants improve
/// transformer").</summary>
[<RequireQualifiedAccess>]
module FeedForward =
    /// <summary>down(silu(gate x) * up x): (..., hidden) -> (..., hidden).</summary>
    let apply (parameters: FeedForward) (x: Tensor) : Tensor =
        let gate = x |> Projection.apply parameters.GateProj |> Nn.silu
        gate * (x |> Projection.apply parameters.UpProj) |> Projection.apply parameters.DownProj
