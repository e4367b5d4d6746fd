namespace Mlx.Trees

open System
open System.Reflection
open Microsoft.FSharp.Reflection
open Mlx.Core
open Mlx.Core.Trees

/// Collections item by item, their item's type found at run time.
[<AbstractClass; Sealed>]
type internal ItemsOf<'T> =
    static member List(f: int -> objnull -> objnull, items: 'T list) : 'T list =
        items |> List.mapi (fun i x -> unbox (f i x))

    static member Array(f: int -> objnull -> objnull, items: 'T[]) : 'T[] =
        items |> Array.mapi (fun i x -> unbox (f i x))

/// A map's values by the text of their keys.
[<AbstractClass; Sealed>]
type internal EntriesOf<'K, 'V when 'K: comparison> =
    static member Map(f: string -> objnull -> objnull, items: Map<'K, 'V>) : Map<'K, 'V> =
        items |> Map.map (fun key x -> unbox (f (string key) x))

/// Subtrees of one type inside a tree. Done once, when a model is changed as a whole; so it
/// reflects over values, where walkers compile.
module internal Nodes =
    let private flags = BindingFlags.Public ||| BindingFlags.NonPublic
    let private anyStatic = BindingFlags.Static ||| flags

    let private isGeneric (definition: Type) (t: Type) =
        t.IsGenericType && t.GetGenericTypeDefinition() = definition

    let private invoke (owner: Type) (arguments: Type[]) name (values: objnull[]) : objnull =
        let methodOf = owner.MakeGenericType(arguments).GetMethod(name, anyStatic)
        // What a change throws comes out as it is.
        (nonNull methodOf).Invoke(null, BindingFlags.DoNotWrapExceptions, null, values, null)

    /// The tree with each outermost subtree of a type changed, given its path.
    let rec map (node: Type) (change: string -> objnull -> objnull) path (t: Type) (tree: objnull) =
        let inside segment = map node change (TreePath.Child(path, segment))
        let parts segment types values = Array.map3 inside segment types values

        if t = node then
            change path tree
        elif isNull tree || t = typeof<MlxArray> || FSharpType.IsFunction t then
            tree
        elif isGeneric typedefof<list<_>> t then
            let item = t.GetGenericArguments()
            let f i x = inside (string (i: int)) item[0] x
            invoke typedefof<ItemsOf<_>> item "List" [| f; tree |]
        elif t.IsSZArray then
            let item = nonNull (t.GetElementType())
            let f i x = inside (string (i: int)) item x
            invoke typedefof<ItemsOf<_>> [| item |] "Array" [| f; tree |]
        elif isGeneric typedefof<Map<int, _>> t then
            let arguments = t.GetGenericArguments()
            let f key x = inside key arguments[1] x
            invoke typedefof<EntriesOf<int, _>> arguments "Map" [| f; tree |]
        elif FSharpType.IsTuple t then
            let types = FSharpType.GetTupleElements t
            let segments = Array.init types.Length string
            let values = FSharpValue.GetTupleFields(nonNull tree)
            FSharpValue.MakeTuple(parts segments types values, t)
        elif FSharpType.IsRecord(t, flags) then
            let fields = FSharpType.GetRecordFields(t, flags)
            let types = fields |> Array.map _.PropertyType
            let values = FSharpValue.GetRecordFields(nonNull tree, flags)

            FSharpValue.MakeRecord(
                t,
                parts (Array.map TreeTypes.Segment fields) types values,
                flags
            )
        elif FSharpType.IsUnion(t, flags) then
            let case, values = FSharpValue.GetUnionFields(tree, t, flags)
            let fields = case.GetFields()
            let types = fields |> Array.map _.PropertyType

            let segments =
                if isGeneric typedefof<option<_>> t then
                    fields |> Array.map (fun _ -> "")
                else
                    Array.init fields.Length (Walkers.caseSegment t fields)

            FSharpValue.MakeUnion(case, parts segments types values, flags)
        else
            tree

namespace Mlx

open Mlx.Trees

/// <summary>Whole parts of trees.</summary>
[<AutoOpen>]
module TreeNodes =
    /// <summary>Trees of tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tree =
        /// <summary>Applies a function to each subtree of a type, given its path; outermost ones
        /// where they nest. The tree keeps its type, so a part can become another case of a union:
        /// a plain layer a quantized one.</summary>
        /// <example><code>
        /// let layer: Linear = { Weight = Tensor.ones [ 2; 2 ]; Bias = Some(Tensor.ones [ 2 ]) }
        /// let withoutBias _ (p: Linear) = { p with Bias = None }
        /// [ layer; layer ] |> Tree.mapNodes withoutBias |> Tree.paths
        /// // => [|"0.weight"; "1.weight"|]
        /// </code></example>
        let mapNodes (f: string -> 'Node -> 'Node) (tree: 'T) : 'T =
            let change path (node: objnull) : objnull = box (f path (unbox<'Node> node))
            Nodes.map typeof<'Node> change "" typeof<'T> tree |> unbox
