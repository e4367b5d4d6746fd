namespace Mlx

open System.Collections.Generic
open Mlx.Core

/// <summary>
/// Trees in files: safetensors, each tensor under its path in the tree. What is no tensor (numbers,
/// strings) is not stored: it comes from the tree that a file is loaded into.
/// </summary>
[<RequireQualifiedAccess>]
module Checkpoint =
    /// <summary>Writes a tree. The file is there whole or not at all.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written.</exception>
    /// <example><code>
    /// state |> TrainStep.current |> Checkpoint.save "run.safetensors"
    /// </code></example>
    let save (path: string) (tree: 'T) : unit =
        Safetensors.Save(path, [ for name, leaf in Tree.named tree -> KeyValuePair(name, leaf) ])

    /// <summary>Reads a tree of the structure and shapes of another.</summary>
    /// <exception cref="T:Mlx.Core.TreeMismatchException">The file does not fit the tree; it lists
    /// every missing, unexpected and misshaped entry.</exception>
    /// <exception cref="T:Mlx.Core.MlxFileException">The file is malformed.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>let model = model |> Checkpoint.load "run.safetensors"</code></example>
    let load (path: string) (like: 'T) : 'T =
        Tree.scoped (fun () -> Tree.ofNamed (Safetensors.Load path).Arrays like)
