/// What a native engine is asked. On much of the rest MLX 0.31.2 ends the process: an exception on
/// its evaluating thread, a division by zero, a read beyond an array. Float64 is only as good as
/// float32 there, or refused (docs/upstream.md).
module Mlx.Tests.Laws.Native

open Mlx.Core

/// Rows of which a native engine is known to be unable, and what it says.
let faults = dict [ "qqmm", "[QQMatmul] NYI for the general case" ]

let private isFault law row = law = "reference" && faults.ContainsKey row.Function

let reason law row = if Engine.IsNative && isFault law row then Some faults[row.Function] else None

/// The cases of a law that are asked of the engine that is loaded.
let asked law (cases: Case list) =
    if not Engine.IsNative then
        cases
    else
        match law with
        | "refused nulls" -> cases
        | "reference" -> cases |> List.filter (fun case -> case.Name.StartsWith "float32 ")
        | _ -> []
