namespace Mlx

open System
open System.Collections.Generic
open Microsoft.FSharp.Core.CompilerServices
open Mlx.Core

/// <summary>
/// Names a record field in tree paths (and so in checkpoints) where its own name in snake_case will
/// not do: <c>[&lt;TreeName "input_layernorm"&gt;] AttentionNorm: RmsNorm</c>. A name may hold dots.
/// </summary>
[<AttributeUsage(AttributeTargets.Property ||| AttributeTargets.Field)>]
type TreeNameAttribute(name: string) =
    inherit Attribute()

    /// <summary>The segment of the path.</summary>
    member _.Name = name

namespace Mlx.Trees

open System
open System.Collections.Generic
open Microsoft.FSharp.Core.CompilerServices
open Mlx.Core

/// A place in an array of leaves: walkers read or write there and move on. It is handed on by
/// reference, so that a walk allocates nothing but its result.
[<Struct>]
type internal Cursor =
    val private Leaves: MlxArray[]
    val mutable private Position: int

    new(leaves) = { Leaves = leaves; Position = 0 }

    member this.Put(leaf: MlxArray) =
        this.Leaves[this.Position] <- leaf
        this.Position <- this.Position + 1

    member this.Take() =
        let leaf = this.Leaves[this.Position]
        this.Position <- this.Position + 1
        leaf

/// Collects what a tree is apart from its leaves: lengths, cases, keys and, where asked for, the
/// values that are no tensors. Two trees with equal parts have their leaves at the same places.
[<Sealed>]
type internal Skeleton(withValues: bool) =
    let parts = List<objnull>()
    member _.Add(part: objnull) = parts.Add part

    member _.AddValue(value: objnull) =
        if withValues then
            parts.Add value

    member _.ToArray() = parts.ToArray()

module internal Path =
    /// The path of a child: the root has the empty path, and an empty segment adds nothing.
    let child (parent: string) (segment: string) =
        if parent = "" then segment
        elif segment = "" then parent
        else parent + "." + segment

    /// PascalCase and camelCase to snake_case: QProj is q_proj, W1 is w1, L2Norm is l2_norm.
    let segment (name: string) =
        let text = Text.StringBuilder(name.Length + 4)

        for i in 0 .. name.Length - 1 do
            let c = name[i]

            if Char.IsUpper c && i > 0 && name[i - 1] <> '_' then
                let endsWord = not (Char.IsUpper name[i - 1])
                let startsWord = i + 1 < name.Length && Char.IsLower name[i + 1]

                if endsWord || startsWord then
                    text.Append '_' |> ignore

            text.Append(Char.ToLowerInvariant c) |> ignore

        text.ToString()

/// What is known about walking one type.
[<AbstractClass>]
type internal Walker() =
    /// Whether a value of the type can hold a tensor.
    abstract HasLeaves: bool

/// Walks the values of one type, leaves in a fixed order.
[<AbstractClass>]
type internal Walker<'T>() =
    inherit Walker()
    abstract Count: tree: 'T -> int
    abstract Read: tree: 'T * into: byref<Cursor> -> unit

    /// The same tree with the leaves taken from the cursor.
    abstract Build: like: 'T * from: byref<Cursor> -> 'T

    abstract Paths: tree: 'T * path: string * into: List<string> -> unit
    abstract Skeleton: tree: 'T * into: Skeleton -> unit

/// A tensor.
[<Sealed>]
type internal LeafWalker() =
    inherit Walker<MlxArray>()
    override _.HasLeaves = true
    override _.Count _ = 1

    override _.Read(tree, into) =
        if isNull (box tree) then
            raise (ArgumentNullException("tree", "a leaf of the tree is null"))

        into.Put tree

    override _.Build(_, from) = from.Take()
    override _.Paths(_, path, into) = into.Add path
    override _.Skeleton(_, _) = ()

/// A value without tensors: carried through as it is.
[<Sealed>]
type internal ValueWalker<'T>() =
    inherit Walker<'T>()
    override _.HasLeaves = false
    override _.Count _ = 0
    override _.Read(_, _) = ()
    override _.Build(like, _) = like
    override _.Paths(_, _, _) = ()
    override _.Skeleton(tree, into) = into.AddValue(box tree)

/// Stands in for a type that contains itself while its walker is being built.
[<Sealed>]
type internal LaterWalker<'T>(find: Func<Walker>) =
    inherit Walker<'T>()
    let walker = lazy (find.Invoke() :?> Walker<'T>)
    override _.HasLeaves = true
    override _.Count tree = walker.Value.Count tree
    override _.Read(tree, into) = walker.Value.Read(tree, &into)
    override _.Build(like, from) = walker.Value.Build(like, &from)
    override _.Paths(tree, path, into) = walker.Value.Paths(tree, path, into)
    override _.Skeleton(tree, into) = walker.Value.Skeleton(tree, into)

/// An option adds no segment to the path.
[<Sealed>]
type internal OptionWalker<'T>(item: Walker<'T>) =
    inherit Walker<'T option>()
    override _.HasLeaves = true

    override _.Count tree =
        match tree with
        | Some x -> item.Count x
        | None -> 0

    override _.Read(tree, into) =
        match tree with
        | Some x -> item.Read(x, &into)
        | None -> ()

    override _.Build(like, from) =
        match like with
        | Some x -> Some(item.Build(x, &from))
        | None -> None

    override _.Paths(tree, path, into) =
        match tree with
        | Some x -> item.Paths(x, path, into)
        | None -> ()

    override _.Skeleton(tree, into) =
        into.Add(box tree.IsSome)

        match tree with
        | Some x -> item.Skeleton(x, into)
        | None -> ()

[<Sealed>]
type internal ListWalker<'T>(item: Walker<'T>) =
    inherit Walker<'T list>()
    override _.HasLeaves = true

    override _.Count tree =
        let mutable count = 0

        for x in tree do
            count <- count + item.Count x

        count

    override _.Read(tree, into) =
        for x in tree do
            item.Read(x, &into)

    override _.Build(like, from) =
        let mutable result = ListCollector()

        for x in like do
            result.Add(item.Build(x, &from))

        result.Close()

    override _.Paths(tree, path, into) =
        tree |> List.iteri (fun i x -> item.Paths(x, Path.child path (string i), into))

    override _.Skeleton(tree, into) =
        into.Add(box tree.Length)

        for x in tree do
            item.Skeleton(x, into)

[<Sealed>]
type internal ArrayWalker<'T>(item: Walker<'T>) =
    inherit Walker<'T[]>()
    override _.HasLeaves = true

    override _.Count tree =
        let mutable count = 0

        for x in tree do
            count <- count + item.Count x

        count

    override _.Read(tree, into) =
        for x in tree do
            item.Read(x, &into)

    override _.Build(like, from) =
        let result = Array.zeroCreate like.Length

        for i in 0 .. like.Length - 1 do
            result[i] <- item.Build(like[i], &from)

        result

    override _.Paths(tree, path, into) =
        tree |> Array.iteri (fun i x -> item.Paths(x, Path.child path (string i), into))

    override _.Skeleton(tree, into) =
        into.Add(box tree.Length)

        for x in tree do
            item.Skeleton(x, into)

/// A map's leaves come in the order of its keys.
[<Sealed>]
type internal MapWalker<'K, 'V when 'K: comparison>(item: Walker<'V>) =
    inherit Walker<Map<'K, 'V>>()
    override _.HasLeaves = true

    override _.Count tree =
        let mutable count = 0

        for entry in tree do
            count <- count + item.Count entry.Value

        count

    override _.Read(tree, into) =
        for entry in tree do
            item.Read(entry.Value, &into)

    override _.Build(like, from) =
        // A closure holds no reference to a caller's variable.
        let place = ref from
        let result = like |> Map.map (fun _ x -> item.Build(x, &place.contents))
        from <- place.Value
        result

    override _.Paths(tree, path, into) =
        for entry in tree do
            item.Paths(entry.Value, Path.child path (string entry.Key), into)

    override _.Skeleton(tree, into) =
        into.Add(box tree.Count)

        for entry in tree do
            into.Add(box entry.Key)
            item.Skeleton(entry.Value, into)
