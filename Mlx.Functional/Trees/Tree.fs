namespace Mlx

open System
open System.Collections.Generic
open Mlx.Core
open Mlx.Trees

/// <summary>An entry whose shape is not the one the tree wants.</summary>
type MisshapedLeaf =
    {
        /// The path in the tree.
        Path: string
        /// The shape that the tree wants.
        Expected: int list
        /// The shape of the entry.
        Actual: int list
    }

/// <summary>
/// Named tensors do not fit a tree. Tells everything that is wrong at once: paths without an
/// entry, entries without a place, and entries of another shape.
/// </summary>
[<Sealed>]
type TreeMismatchException
    (missing: string list, unexpected: string list, misshaped: MisshapedLeaf list) =
    inherit
        Exception(
            let some title (lines: string list) =
                match lines with
                | [] -> []
                | _ -> $"{lines.Length} {title}:" :: [ for line in lines -> "  " + line ]

            let shape (s: int list) = "(" + String.Join(", ", s) + ")"

            let misshaped =
                [ for m in misshaped ->
                      $"{m.Path}: {shape m.Expected} is wanted, {shape m.Actual} was found" ]

            [ "the named tensors do not fit the tree" ]
            @ some "missing" missing
            @ some "unexpected" unexpected
            @ some "of another shape" misshaped
            |> String.concat "\n"
        )

    /// <summary>Paths of the tree without an entry.</summary>
    member _.Missing = missing

    /// <summary>Names without a place in the tree.</summary>
    member _.Unexpected = unexpected

    /// <summary>Entries of another shape.</summary>
    member _.Misshaped = misshaped

/// <summary>
/// What a tree is apart from its tensors: its type, lengths, cases, keys and the values that are no
/// tensors. Trees of equal structure have their leaves at the same places, so the structure is what
/// traced functions are kept by.
/// </summary>
[<Sealed>]
type TreeStructure internal (root: Type, parts: objnull[]) =
    let hash =
        let mutable h = HashCode()
        h.Add root

        for part in parts do
            h.Add part

        h.ToHashCode()

    member private _.Root = root
    member private _.Parts = parts

    /// <inheritdoc/>
    override _.GetHashCode() = hash

    /// <inheritdoc/>
    override _.Equals other =
        match other with
        | :? TreeStructure as s ->
            s.Root = root
            && s.Parts.Length = parts.Length
            && Array.forall2 (fun a b -> Object.Equals(a, b)) parts s.Parts
        | _ -> false

/// <summary>
/// Parameters as plain data. Any record, struct record, anonymous record, tuple, list, array, option,
/// Map or union of tensors, nested at will, is a tree whose leaves are its tensors; other values
/// (numbers, strings, functions) are part of its structure and carried through unchanged.
/// </summary>
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
        static val mutable private walker: Walker<'T> | null

        static member Walker =
            match Of<'T>.walker with
            | null ->
                let found = Walkers.ofType typeof<'T> :?> Walker<'T>
                Of<'T>.walker <- found
                found
            | known -> known

    /// <summary>The number of tensors in a tree.</summary>
    let count (tree: 'T) = Of<'T>.Walker.Count tree

    /// <summary>The tensors of a tree, in the order of fields, positions and keys.</summary>
    /// <example><code>Tree.leaves {| W = w; B = b |} // [| b; w |]: F# sorts anonymous fields</code></example>
    let leaves (tree: 'T) : Tensor[] =
        let walker = Of<'T>.Walker

        match walker.Count tree with
        | 0 -> Array.Empty()
        | n ->
            let leaves = Array.zeroCreate n
            walker.Read(tree, Cursor leaves)
            leaves

    let private build (like: 'T) (leaves: Tensor[]) : 'T =
        if leaves.Length = 0 then like else Of<'T>.Walker.Build(like, Cursor leaves)

    /// <summary>The tree with other tensors, in the order of <c>Tree.leaves</c>.</summary>
    /// <exception cref="T:System.ArgumentException">There are more or fewer than the tree has.</exception>
    let ofLeaves (like: 'T) (leaves: Tensor[]) : 'T =
        let wanted = count like

        if leaves.Length <> wanted then
            invalidArg (nameof leaves) $"the tree has {wanted} leaves, {leaves.Length} were given"

        build like leaves

    /// <summary>The path of each leaf, in the order of <c>Tree.leaves</c>.</summary>
    let paths (tree: 'T) : string[] =
        let paths = List<string>()
        Of<'T>.Walker.Paths(tree, "", paths)
        paths.ToArray()

    let private skeleton withValues (tree: 'T) =
        let parts = Skeleton withValues
        Of<'T>.Walker.Skeleton(tree, parts)
        TreeStructure(typeof<'T>, parts.ToArray())

    /// <summary>What the tree is apart from its tensors; see <c>TreeStructure</c>.</summary>
    let structure (tree: 'T) = skeleton true tree

    /// <summary>The leaves with their paths.</summary>
    let named (tree: 'T) : (string * Tensor)[] = Array.zip (paths tree) (leaves tree)

    let private requireSame (caller: string) (a: 'T) (b: 'T) =
        if skeleton false a <> skeleton false b then
            let a, b = paths a, paths b
            let only xs ys = Array.except ys xs |> Seq.truncate 3 |> String.concat ", "
            let orNothing text = if text = "" then "nothing" else text

            invalidArg
                "tree"
                (caller
                 + ": the trees differ: "
                 + $"{orNothing (only a b)} is only in the first, "
                 + $"{orNothing (only b a)} only in the second")

    /// <summary>Applies a function to every leaf.</summary>
    /// <example><code>let halves = model |> Tree.map (Tensor.astype DType.Float16)</code></example>
    let map (f: Tensor -> Tensor) (tree: 'T) : 'T =
        let leaves = leaves tree

        for i in 0 .. leaves.Length - 1 do
            leaves[i] <- f leaves[i]

        build tree leaves

    /// <summary>Applies a function to the path and the value of every leaf.</summary>
    let mapNamed (f: string -> Tensor -> Tensor) (tree: 'T) : 'T =
        Array.map2 f (paths tree) (leaves tree) |> build tree

    /// <summary>Combines two trees of the same structure leaf by leaf.</summary>
    /// <exception cref="T:System.ArgumentException">The trees differ; the message names the paths.</exception>
    let map2 (f: Tensor -> Tensor -> Tensor) (a: 'T) (b: 'T) : 'T =
        requireSame "Tree.map2" a b
        Array.map2 f (leaves a) (leaves b) |> build a

    /// <summary>Folds over the leaves in order.</summary>
    let fold (f: 'State -> Tensor -> 'State) (state: 'State) (tree: 'T) : 'State =
        Array.fold f state (leaves tree)

    /// <summary>Does something with every leaf, in order.</summary>
    let iter (f: Tensor -> unit) (tree: 'T) = Array.iter f (leaves tree)

    /// <summary>The number of elements in all leaves: the size of a model.</summary>
    let size (tree: 'T) = tree |> fold (fun sum (leaf: Tensor) -> sum + leaf.Size) 0L

    /// <summary>The tree with its tensors taken by path, for loading.</summary>
    /// <param name="like">Gives structure and shapes; its own tensors are not used otherwise.</param>
    /// <param name="entries">Tensors by path: a dictionary or a <c>Map</c>.</param>
    /// <exception cref="T:Mlx.TreeMismatchException">
    /// Some entries are missing, unexpected or of another shape; it lists all of them.
    /// </exception>
    let ofNamed (entries: IReadOnlyDictionary<string, Tensor>) (like: 'T) : 'T =
        let wanted = named like
        let isWanted = HashSet(Array.map fst wanted)

        let missing =
            [ for path, _ in wanted do
                  if not (entries.ContainsKey path) then
                      path ]

        let unexpected =
            [ for path in entries.Keys do
                  if not (isWanted.Contains path) then
                      path ]

        let misshaped =
            [ for path, leaf in wanted do
                  match entries.TryGetValue path with
                  | true, entry when not (leaf.Shape.SequenceEqual entry.Shape) ->
                      { Path = path
                        Expected = List.ofArray (leaf.Shape.ToArray())
                        Actual = List.ofArray (entry.Shape.ToArray()) }
                  | _ -> () ]

        if not (missing.IsEmpty && unexpected.IsEmpty && misshaped.IsEmpty) then
            raise (TreeMismatchException(missing, List.sort unexpected, misshaped))

        build like [| for path, _ in wanted -> entries[path] |]

    /// <summary>Computes all leaves in one go; answers the tree.</summary>
    let eval (tree: 'T) : 'T =
        MlxArray.Eval(ReadOnlySpan(leaves tree))
        tree

    /// <summary>Starts to compute all leaves and returns; reading one waits.</summary>
    let asyncEval (tree: 'T) : 'T =
        MlxArray.AsyncEval(ReadOnlySpan(leaves tree))
        tree

    /// <summary>Frees the leaves at once rather than when the collector finds them.</summary>
    let dispose (tree: 'T) = tree |> iter _.Dispose()

    /// <summary>
    /// Runs a function in a scope: of the tensors made inside, only those of its result survive.
    /// A loop whose body is scoped runs in flat memory.
    /// </summary>
    let scoped (f: unit -> 'T) : 'T =
        use scope = Scope.Enter()
        let tree = f ()
        scope.Keep(leaves tree) |> ignore
        tree
