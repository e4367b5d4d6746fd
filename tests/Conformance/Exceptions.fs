/// Recorded cases that are not replayed, each with its reason.
module Mlx.Tests.Conformance.Exceptions

open Mlx.Core
open Mlx.Tests.Conformance.Vectors

/// Faults of MLX 0.31.2 itself, which answers these cases by luck. The embedded engine is asked.
let private upstream case =
    match case.Call.Function, case.Transform with
    | "mlx_fast_scaled_dot_product_attention", (Jvp _ | JvpVjp _ | VjpJvp _) ->
        Some "MLX reads past the end of the tangents (Select::jvp) and may crash"
    | "mlx_divmod", (Vmap _ | VmapVjp _ | VjpVmap _) ->
        Some "MLX reads past the end of the axes (DivMod::vmap) and refuses at random"
    | _ -> None

/// Answers inside nested transforms that contradict finite differences of the same function in
/// MLX: its jvp of power, addmm, logsumexp (which even answers bool), attention and of transforms
/// over one axis of several, and its vjp of sort when the cotangent is a constant.
let private wrongInside =
    set
        [ "addmm.vjp_jvp.0"
          "power.vjp_jvp.0"
          "power.vjp_jvp.1"
          "logsumexp_axes.vjp_jvp.0"
          "fast_scaled_dot_product_attention.vjp_jvp.1"
          "fft_fft.vjp_jvp.0"
          "fft_ifft.vjp_jvp.0"
          "fft_rfft.vjp_jvp.0"
          "fft_irfft.vjp_jvp.0"
          "sort_axis.vjp_vjp.0"
          "sort_axis.vmap_vjp.0" ]

let reason case =
    match case.Transform, case.Expected with
    | ValueAndGrad [||], Rejected _ -> Some "the binding takes no positions for the first argument"
    | _ when Engine.IsMlx -> upstream case
    | _ when Set.contains case.Id wrongInside ->
        Some
            "MLX's answer is not the derivative: finite differences of MLX's own function agree with ours"
    | _ when case.Id = "segmented_mm.1" || case.Id = "segmented_mm.2" ->
        Some "MLX reads a 16-bit segment of A as if its rows lay together (segmented_mm, CPU)"
    | _ -> None
