namespace Mlx

open System
open Mlx.Core
open Mlx.Transforming

/// <summary>
/// Functions over trees in files (<c>.mlxfn</c>), as MLX writes and reads them in any language. A
/// file knows only the leaves, in the order of <c>Tree.leaves</c>; see
/// <see cref="T:Mlx.Core.ExportedFunction"/> for what else it keeps.
/// </summary>
[<RequireQualifiedAccess>]
module Export =
    /// <summary>
    /// Traces the function for an argument like this one, and writes the graph with the tensors it
    /// captures (<c>mlx.core.export_function</c>).
    /// </summary>
    /// <exception cref="T:Mlx.Core.MlxException">
    /// The function uses an op that cannot be written, or the argument's tensors besides it.
    /// </exception>
    /// <example><code>Export.save "mlp.mlxfn" (Mlp.forward model) x</code></example>
    let save (path: string) (f: 'A -> 'B) (x: 'A) : unit =
        ExportedFunction.Save(path, (Traced.ofFunction x f).Function, ReadOnlySpan(Tree.leaves x))

    /// <summary>
    /// As <c>save</c>, for arguments of other shapes (of the same ranks) too, as far as the
    /// function builds none into its graph.
    /// </summary>
    /// <example><code>
    /// Export.saveShapeless "mlp.mlxfn" (Mlp.forward model) x
    /// </code></example>
    let saveShapeless (path: string) (f: 'A -> 'B) (x: 'A) : unit =
        ExportedFunction.Save(
            path,
            (Traced.ofFunction x f).Function,
            ReadOnlySpan(Tree.leaves x),
            true
        )

    /// <summary>
    /// The function of a file, checked in full before it is used (<c>mlx.core.import_function</c>).
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="like">Gives the structure of the results; its tensors are not used.</param>
    /// <exception cref="T:Mlx.Core.MlxFileException">The file is malformed.</exception>
    /// <example><code>let forward: Tensor -> Tensor = Export.load "mlp.mlxfn" y</code></example>
    let load (path: string) (like: 'B) : 'A -> 'B =
        let f = ExportedFunction.Load path
        fun x -> f.Apply(ReadOnlySpan(Tree.leaves x)) |> Tree.ofLeaves like
