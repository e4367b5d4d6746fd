namespace Mlx

open System
open Mlx.Core

/// <summary>
/// Shapes without numbers: what a function makes of them, and everything in it that does not fit,
/// in milliseconds and without memory, however large the model is.
/// </summary>
/// <remarks>
/// <para>Parameters need not be computed either: <c>Random.run key init</c> only says what they
/// would be, so a model of any size is checked before it exists.</para>
/// <para>The function runs once, in a trace. Where an op refuses its operands, the mismatch is
/// noted with the op, the shapes and the paths of the leaves they come from. If there is no doubt
/// about the shape that was meant (elementwise ops, matrix products, norms, attention), the check
/// goes on with it; elsewhere, as at a <c>reshape</c> or a <c>concatenate</c>, it ends there and
/// says so. So the first mismatch is a fact, and a later one may follow from it. Values are not
/// looked at: a function that reads them cannot be checked, and an index out of range is not
/// found.</para>
/// </remarks>
[<RequireQualifiedAccess>]
module Shape =
    /// <summary>A float32 tensor of which only the shape matters. It owns no memory unless someone
    /// reads it, and then holds zeros.</summary>
    /// <example><code>
    /// Shape.tensor [ 32; 784 ] |> Tensor.shape
    /// // => [32; 784]
    /// </code></example>
    let tensor (shape: seq<int>) : Tensor = Tensor.zeros shape

    /// <summary>A tensor of which only the dtype and the shape matter.</summary>
    /// <example><code>
    /// Shape.tensorOf DType.Int32 [ 32 ] |> Tensor.dtype
    /// // => Int32
    /// </code></example>
    let tensorOf (dtype: DType) (shape: seq<int>) : Tensor = Tensor.zerosOf dtype shape

    let private named (root: string) (tree: 'T) =
        [| for path in Tree.paths tree ->
               match root, path with
               | "", path -> path
               | root, "" -> root
               | root, path -> $"{root}.{path}" |]

    /// <summary>
    /// Runs a function of parameters and an input, both trees, on their shapes. Mismatches call
    /// parameters by their paths and the input <c>input</c>.
    /// </summary>
    /// <example><code>
    /// let layer = Linear.init 3 2 |> Random.run (Key.ofSeed 0)
    /// Shape.check Linear.apply layer (Shape.tensor [ 8; 3 ]) |> string
    /// // => "the shapes fit: (8, 2) float32"
    /// </code></example>
    /// <example><code>
    /// let layer = Linear.init 3 2 |> Random.run (Key.ofSeed 0)
    /// (Shape.check Linear.apply layer (Shape.tensor [ 8; 4 ])).Fits
    /// // => false
    /// </code></example>
    let check (f: 'P -> 'X -> 'Y) (parameters: 'P) (input: 'X) : ShapeReport =
        let leaves = Array.append (Tree.leaves parameters) (Tree.leaves input)
        let count = Tree.count parameters

        let run =
            Func<Tensor[], Tensor[]>(fun arguments ->
                let parameters = Tree.ofLeaves parameters (Array.take count arguments)
                let input = Tree.ofLeaves input (Array.skip count arguments)
                Tree.leaves (f parameters input))

        let names = Array.append (named "" parameters) (named "input" input)
        ShapeCheck.Run(run, names, ReadOnlySpan leaves)

    /// <summary>As <c>check</c>, and a mismatch is an error: for tests, and before a long
    /// run.</summary>
    /// <exception cref="T:System.ArgumentException">Something does not fit; the message tells
    /// all.</exception>
    /// <example><code>
    /// let layer = Linear.init 3 2 |> Random.run (Key.ofSeed 0)
    /// Shape.require Linear.apply layer (Shape.tensor [ 8; 3 ])
    /// // => ()
    /// </code></example>
    let require (f: 'P -> 'X -> 'Y) (parameters: 'P) (input: 'X) : unit =
        let report = check f parameters input

        if not report.Fits then
            invalidArg (nameof f) (string report)
