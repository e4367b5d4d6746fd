namespace Mlx.Trees

open System.Collections.Generic
open Microsoft.FSharp.Core.CompilerServices
open Mlx.Core.Trees

/// An option adds no segment to the path.
[<Sealed>]
type internal OptionWalker<'T>(item: TreeWalker<'T>) =
    inherit TreeWalker<'T option>()
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

    override _.Describe(tree, path, into) =
        match tree with
        | Some x ->
            into.Add(TreeEntry.Structure(path, "Some"))
            item.Describe(x, path, into)
        | None -> into.Add(TreeEntry.Structure(path, "None"))

    override _.Skeleton(tree, into) =
        into.Add(box tree.IsSome)

        match tree with
        | Some x -> item.Skeleton(x, into)
        | None -> ()

[<Sealed>]
type internal ListWalker<'T>(item: TreeWalker<'T>) =
    inherit TreeWalker<'T list>()
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

    override _.Describe(tree, path, into) =
        into.Add(TreeEntry.Structure(path, $"{tree.Length} items"))
        tree |> List.iteri (fun i x -> item.Describe(x, TreePath.Child(path, string i), into))

    override _.Skeleton(tree, into) =
        into.Add(box tree.Length)

        for x in tree do
            item.Skeleton(x, into)

/// A map's leaves come in the order of its keys.
[<Sealed>]
type internal MapWalker<'K, 'V when 'K: comparison>(item: TreeWalker<'V>) =
    inherit TreeWalker<Map<'K, 'V>>()
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

    override _.Describe(tree, path, into) =
        let keys = tree |> Map.keys |> Seq.map string |> String.concat ", "
        into.Add(TreeEntry.Structure(path, $"keys {keys}"))

        for entry in tree do
            item.Describe(entry.Value, TreePath.Child(path, string entry.Key), into)

    override _.Skeleton(tree, into) =
        into.Add(box tree.Count)

        for entry in tree do
            into.Add(box entry.Key)
            item.Skeleton(entry.Value, into)
