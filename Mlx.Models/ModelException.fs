namespace Mlx.Models

open System

/// <summary>
/// A folder, a file or a configuration that is no usable model. It lists everything that is wrong,
/// not only what was found first.
/// </summary>
[<Sealed>]
type ModelException(source: string, problems: string list, cause: exn | null) =
    inherit
        Exception(
            (match problems with
             | [ one ] -> $"{source}: {one}"
             | _ -> source + ":" :: [ for p in problems -> "  " + p ] |> String.concat "\n"),
            cause
        )

    /// <summary>Without an exception behind it.</summary>
    new(source, problems) = ModelException(source, problems, null)

    /// <summary>What was read: a path, or the name of a configuration.</summary>
    member _.Where = source

    /// <summary>Everything that is wrong with it, one sentence each.</summary>
    member _.Problems = problems
