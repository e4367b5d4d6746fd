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

/// Answers that the function itself contradicts, which Contested shows: MLX's jvp of power, addmm,
/// logsumexp (which even answers bool), attention and of transforms over one axis of several, and
/// its vjp of sort when the cotangent is a constant.
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

let private wrongProducts = set [ "segmented_mm.1"; "segmented_mm.2" ]

let isContested case = wrongInside.Contains case.Id || wrongProducts.Contains case.Id

let reason case =
    match case.Transform, case.Expected with
    | ValueAndGrad [||], Rejected _ -> Some "the binding takes no positions for the first argument"
    | _ when Engine.IsMlx -> upstream case
    | _ when wrongInside.Contains case.Id ->
        Some "MLX's answer is not the derivative of its own function, ours is (Contested)"
    | _ when wrongProducts.Contains case.Id ->
        Some "MLX reads a 16-bit segment of A as if its rows lay together (segmented_mm, CPU)"
    | _ -> None
