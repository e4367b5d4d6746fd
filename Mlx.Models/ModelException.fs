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
             | _ ->
                 // A folder of another model has thousands; the first tell what kind they are.
                 let most = 50
                 let told = [ for p in List.truncate most problems -> "  " + p ]
                 let left = problems.Length - most
                 let rest = if left > 0 then [ $"  and {left} more" ] else []
                 source + ":" :: told @ rest |> String.concat "\n"),
            cause
        )

    /// <summary>Without an exception behind it.</summary>
    new(source, problems) = ModelException(source, problems, null)

    /// <summary>What was read: a path, or the name of a configuration.</summary>
    member _.Where = source

    /// <summary>Everything that is wrong with it, one sentence each.</summary>
    member _.Problems = problems
