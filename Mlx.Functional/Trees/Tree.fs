namespace Mlx

open System
open System.Collections.Generic
open System.Globalization
open Mlx.Core
open Mlx.Core.Trees
open Mlx.Trees

/// <summary>An entry whose shape is not the one the tree wants.</summary>
type MisshapedLeaf = Mlx.Core.MisshapedLeaf

/// <summary>
/// Named tensors do not fit a tree. Tells everything that is wrong at once: paths without an
/// entry, entries without a place, and entries of another shape.
/// </summary>
type TreeMismatchException = Mlx.Core.TreeMismatchException

/// <summary>
/// What a tree is apart from its tensors: its type, lengths, cases, keys and the values that are no
/// tensors. Trees of equal structure have their leaves at the same places, so the structure is what
/// traced functions are kept by.
/// </summary>
type TreeStructure = Mlx.Core.TreeStructure

/// <summary>
/// The name of a field in the paths of a tree, where snake_case of its own name will not do:
/// <c>[&lt;TreeName "input_layernorm"&gt;] AttentionNorm: RmsNorm</c>. A name may hold dots.
/// </summary>
type TreeNameAttribute = Mlx.Core.TreeNameAttribute

/// <summary> Parameters as plain data. Any record, struct record, anonymous record, tuple, list,
/// array, option, Map or union of tensors, nested at will, is a tree whose leaves are its tensors;
/// other values (numbers, strings, functions) are part of its structure and carried through
/// unchanged. </summary>
/// <remarks>
/// A leaf's path is made of the names on the way to it: record fields in snake_case (or as
/// <c>TreeName</c> says), positions in tuples, lists and arrays, keys of maps:
/// <c>layers.3.attention.wq</c>. Options, and union cases with one unnamed field, add nothing.
/// </remarks>
[<RequireQualifiedAccess>]
module Tree =
    [<AbstractClass; Sealed>]
    type private Of<'T> =
        [<DefaultValue>]
        static val mutable private walker: TreeWalker<'T> | null

        static member Walker =
            match Of<'T>.walker with
            | null ->
                let found = Walkers.ofType typeof<'T> :?> TreeWalker<'T>
                Of<'T>.walker <- found
                found
            | known -> known

    /// How F# walks a type.
    let internal walker<'T> : TreeWalker<'T> = Of<'T>.Walker

    /// <summary>The number of tensors in a tree.</summary>
    /// <example><code>
    /// Tree.count (Tensor.scalar 1, [ Tensor.scalar 2; Tensor.scalar 3 ])
    /// // => 3
    /// </code></example>
    let count (tree: 'T) = walker.Count tree

    /// <summary>The tensors of a tree, in the order of fields, positions and keys.</summary>
    /// <example><code>
    /// Tree.leaves {| W = Tensor.scalar 1; B = Tensor.scalar 2 |} // F# sorts anonymous fields
    /// // => [|array(2, dtype=int32); array(1, dtype=int32)|]
    /// </code></example>
    let leaves (tree: 'T) : Tensor[] = walker.Leaves tree

    /// <summary>The tree with other tensors, in the order of <c>Tree.leaves</c>.</summary>
    /// <exception cref="T:System.ArgumentException">There are more or fewer than the tree
    /// has.</exception>
    /// <example><code>
    /// Tree.ofLeaves {| A = Tensor.scalar 1 |} [| Tensor.scalar 7 |]
    /// // => {| A = array(7, dtype=int32) |}
    /// </code></example>
    let ofLeaves (like: 'T) (leaves: Tensor[]) : 'T = walker.FromLeaves(like, leaves)

    /// <summary>The path of each leaf, in the order of <c>Tree.leaves</c>.</summary>
    /// <example><code>
    /// {| Layers = [ {| W = Tensor.scalar 1 |} ]; Scale = Tensor.scalar 2 |} |> Tree.paths
    /// // => [|"layers.0.w"; "scale"|]
    /// </code></example>
    let paths (tree: 'T) : string[] = walker.Paths tree

    /// <summary>What the tree is apart from its tensors; see <c>TreeStructure</c>.</summary>
    /// <example><code>
    /// Tree.structure [ Tensor.scalar 1 ] = Tree.structure [ Tensor.zeros [ 2 ] ]
    /// // => true
    /// </code></example>
    let structure (tree: 'T) : TreeStructure = walker.Structure tree

    /// <summary>The leaves with their paths.</summary>
    /// <example><code>
    /// Tree.named {| W = Tensor.scalar 1 |}
    /// // => [|("w", array(1, dtype=int32))|]
    /// </code></example>
    let named (tree: 'T) : (string * Tensor)[] = Array.zip (paths tree) (leaves tree)

    /// <summary>Applies a function to every leaf.</summary>
    /// <example><code>
    /// {| W = Tensor.ones [ 2 ] |} |> Tree.map (Tensor.astype DType.Float16)
    /// // => {| W = array([1, 1], dtype=float16) |}
    /// </code></example>
    let map (f: Tensor -> Tensor) (tree: 'T) : 'T =
        let leaves = leaves tree

        for i in 0 .. leaves.Length - 1 do
            leaves[i] <- f leaves[i]

        ofLeaves tree leaves

    /// <summary>Applies a function to the path and the value of every leaf.</summary>
    /// <example><code>
    /// [ Tensor.scalar 1; Tensor.scalar 2 ]
    /// |> Tree.mapNamed (fun path x -> if path = "0" then x else -x)
    /// // => [array(1, dtype=int32); array(-2, dtype=int32)]
    /// </code></example>
    let mapNamed (f: string -> Tensor -> Tensor) (tree: 'T) : 'T =
        Array.map2 f (paths tree) (leaves tree) |> ofLeaves tree

    /// <summary>Combines two trees of the same structure leaf by leaf.</summary>
    /// <exception cref="T:System.ArgumentException">The trees differ; the message names the
    /// paths.</exception>
    /// <example><code>
    /// let a, b = Tensor.ofSeq [ 1; 2 ], Tensor.ofSeq [ 10; 20 ]
    /// Tree.map2 Tensor.add {| W = a |} {| W = b |}
    /// // => {| W = array([11, 22], dtype=int32) |}
    /// </code></example>
    let map2 (f: Tensor -> Tensor -> Tensor) (a: 'T) (b: 'T) : 'T =
        walker.RequireSame("Tree.map2", a, b)
        Array.map2 f (leaves a) (leaves b) |> ofLeaves a

    /// <summary>Combines three trees of the same structure leaf by leaf.</summary>
    /// <exception cref="T:System.ArgumentException">The trees differ; the message names the
    /// paths.</exception>
    /// <example><code>
    /// let a, b, c = Tensor.scalar 1, Tensor.scalar 10, Tensor.scalar 100
    /// Tree.map3 (fun x y z -> x + y + z) [ a ] [ b ] [ c ]
    /// // => [array(111, dtype=int32)]
    /// </code></example>
    let map3 (f: Tensor -> Tensor -> Tensor -> Tensor) (a: 'T) (b: 'T) (c: 'T) : 'T =
        walker.RequireSame("Tree.map3", a, b)
        walker.RequireSame("Tree.map3", a, c)
        Array.map3 f (leaves a) (leaves b) (leaves c) |> ofLeaves a

    /// <summary>The leaves of two trees of the same structure, side by side, with their
    /// paths.</summary>
    /// <exception cref="T:System.ArgumentException">The trees differ; the message names the
    /// paths.</exception>
    /// <example><code>
    /// Tree.zip [ Tensor.scalar 1 ] [ Tensor.scalar 2 ]
    /// // => [|("0", array(1, dtype=int32), array(2, dtype=int32))|]
    /// </code></example>
    let zip (a: 'T) (b: 'T) : (string * Tensor * Tensor)[] =
        walker.RequireSame("Tree.zip", a, b)
        Array.zip3 (paths a) (leaves a) (leaves b)

    /// <summary>Folds over the leaves in order.</summary>
    /// <example><code>
    /// [ Tensor.scalar 1; Tensor.zeros [ 3 ] ] |> Tree.fold (fun n x -> n + Tensor.size x) 0L
    /// // => 4L
    /// </code></example>
    let fold (f: 'State -> Tensor -> 'State) (state: 'State) (tree: 'T) : 'State =
        Array.fold f state (leaves tree)

    /// <summary>Does something with every leaf, in order.</summary>
    /// <example><code>
    /// [ Tensor.scalar 1 ] |> Tree.iter (fun x -> x.Eval())
    /// // => ()
    /// </code></example>
    let iter (f: Tensor -> unit) (tree: 'T) = Array.iter f (leaves tree)

    /// <summary>The number of elements in all leaves: the size of a model.</summary>
    /// <example><code>
    /// {| W = Tensor.zeros [ 2; 3 ]; B = Tensor.zeros [ 3 ] |} |> Tree.size
    /// // => 9L
    /// </code></example>
    let size (tree: 'T) = tree |> fold (fun sum (leaf: Tensor) -> sum + leaf.Size) 0L

    /// <summary>The bytes of all leaves, once they are computed.</summary>
    /// <example><code>
    /// {| W = Tensor.zeros [ 2; 3 ]; B = Tensor.zeros [ 3 ] |} |> Tree.bytes
    /// // => 36L
    /// </code></example>
    let bytes (tree: 'T) = tree |> fold (fun sum (leaf: Tensor) -> sum + leaf.NBytes) 0L

    /// <summary>A table of the leaves: paths, shapes, dtypes, numbers of elements, and their
    /// sum. Nothing is computed.</summary>
    /// <example><code>
    /// {| W = Tensor.zeros [ 2; 3 ]; B = Tensor.zeros [ 3 ] |} |> Tree.summary |> printfn "%s"
    /// // => ()
    /// </code></example>
    let summary (tree: 'T) : string =
        let count (n: int64) = n.ToString("N0", CultureInfo.InvariantCulture)
        let rows = [ for path, x in named tree -> path, Text.shape x, x.DType.Name(), count x.Size ]
        let total = "total", "", "", $"{count (size tree)} ({count (bytes tree)} bytes)"
        let all = rows @ [ total ]
        let width get = all |> List.map (get >> String.length) |> List.max
        let paths = width (fun (path, _, _, _) -> path)
        let shapes = width (fun (_, shape, _, _) -> shape)
        let dtypes = width (fun (_, _, dtype, _) -> dtype)
        let sizes = rows |> List.map (fun (_, _, _, n) -> n.Length) |> List.append [ 0 ] |> List.max

        let line (path: string, shape: string, dtype: string, n: string) =
            let n = n.Split ' '
            let rest = if n.Length > 1 then " " + String.Join(' ', Array.skip 1 n) else ""
            let left = $"{path.PadRight paths}  {shape.PadRight shapes}  {dtype.PadRight dtypes}  "
            left + n[0].PadLeft(max sizes (count (size tree)).Length) + rest

        all |> List.map line |> String.concat "\n"

    /// <summary>
    /// The leaves that a predicate of path and value picks, by path: a tree of its own, so that
    /// gradients and optimizers take it, and its paths are those of the whole.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">Two leaves have the same path.</exception>
    /// <example><code>
    /// {| W = Tensor.zeros [ 2 ]; B = Tensor.scalar 1 |} |> Tree.filter (fun path _ -> path = "b")
    /// // => map [("b", array(1, dtype=int32))]
    /// </code></example>
    let filter (pick: string -> Tensor -> bool) (tree: 'T) : Map<string, Tensor> =
        walker.RequireDistinct("Tree.filter", tree)
        named tree |> Array.filter (fun (path, x) -> pick path x) |> Map.ofArray

    /// <summary>
    /// The leaves that a predicate of path and value picks, and the others. <c>Tree.replace</c>
    /// puts them back, so a part of a model is trained while the rest stays as it is.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">Two leaves have the same path.</exception>
    /// <example><code>
    /// let trained, frozen = model |> Tree.partition (fun path _ -> path.StartsWith "out.")
    /// let ofPart part batch = loss (model |> Tree.replace part) batch
    /// let slope = grad ofPart trained batch // nothing flows into what is frozen
    /// </code></example>
    let partition (pick: string -> Tensor -> bool) (tree: 'T) =
        let picked = filter pick tree
        picked, filter (fun path _ -> not (picked.ContainsKey path)) tree

    /// <summary>The tree with other tensors at some of its paths.</summary>
    /// <exception cref="T:Mlx.Core.TreeMismatchException">An entry has no place in the tree or
    /// another shape; it lists all of them.</exception>
    /// <example><code>
    /// [ Tensor.scalar 1; Tensor.scalar 2 ] |> Tree.replace (Map [ "1", Tensor.scalar 9 ])
    /// // => [array(1, dtype=int32); array(9, dtype=int32)]
    /// </code></example>
    let replace (entries: Map<string, Tensor>) (tree: 'T) : 'T = walker.Replace(tree, entries)

    /// <summary>The tree with its tensors taken by path, for loading.</summary>
    /// <param name="like">Gives structure and shapes; its own tensors are not used
    /// otherwise.</param>
    /// <param name="entries">Tensors by path: a dictionary or a <c>Map</c>.</param>
    /// <exception cref="T:Mlx.Core.TreeMismatchException">
    /// Some entries are missing, unexpected or of another shape; it lists all of them.
    /// </exception>
    /// <example><code>
    /// {| W = Tensor.zeros [ 2 ] |} |> Tree.ofNamed (Map [ "w", Tensor.ofSeq [ 1; 2 ] ])
    /// // => {| W = array([1, 2], dtype=int32) |}
    /// </code></example>
    let ofNamed (entries: IReadOnlyDictionary<string, Tensor>) (like: 'T) : 'T =
        walker.FromNamed(like, entries)


    /// <summary>Computes all leaves in one go; answers the tree.</summary>
    /// <example><code>
    /// {| W = Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.exp |> Tensor.log |} |> Tree.eval
    /// // => {| W = array([1, 2], dtype=float32) |}
    /// </code></example>
    let eval (tree: 'T) : 'T =
        MlxArray.Eval(ReadOnlySpan(leaves tree))
        tree

    /// <summary>Starts to compute all leaves and returns; reading one waits.</summary>
    /// <example><code>
    /// [ Tensor.ones [ 2 ] ] |> Tree.asyncEval
    /// // => [array([1, 1], dtype=float32)]
    /// </code></example>
    let asyncEval (tree: 'T) : 'T =
        MlxArray.AsyncEval(ReadOnlySpan(leaves tree))
        tree

    /// <summary>Frees the leaves at once rather than when the collector finds them.</summary>
    /// <example><code>
    /// [ Tensor.ones [ 2 ] ] |> Tree.dispose
    /// // => ()
    /// </code></example>
    let dispose (tree: 'T) = tree |> iter _.Dispose()

    /// <summary>
    /// Runs a function in a scope: of the tensors made inside, only those of its result survive.
    /// A loop whose body is scoped runs in flat memory.
    /// </summary>
    /// <example><code>
    /// Tree.scoped (fun () -> Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.square |> Tensor.sum)
    /// // => array(5, dtype=float32)
    /// </code></example>
    let scoped (f: unit -> 'T) : 'T =
        use scope = Scope.Enter()
        let tree = f ()
        scope.Keep(leaves tree) |> ignore
        tree
