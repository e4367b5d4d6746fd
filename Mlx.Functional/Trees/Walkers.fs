namespace Mlx.Trees

open System
open System.Linq.Expressions
open System.Reflection
open Microsoft.FSharp.Reflection
open Mlx.Core.Trees

/// The walkers of the types that F# has; the rest is known to Mlx.Core.
module internal Walkers =
    let private flags = BindingFlags.Public ||| BindingFlags.NonPublic

    let private isGeneric (definition: Type) (t: Type) =
        t.IsGenericType && t.GetGenericTypeDefinition() = definition

    let private getMember (m: MemberInfo) (tree: Expression) : Expression =
        let owner =
            match m.DeclaringType with
            | null -> tree
            | t when t = tree.Type || tree.Type.IsValueType -> tree
            | t -> Expression.Convert(tree, t)

        match m with
        | :? PropertyInfo as p -> Expression.Property(owner, p)
        | m -> Expression.Field(owner, m :?> FieldInfo)

    let private part (find: Func<Type, TreeWalker>) segment (p: PropertyInfo) =
        let walker = TreeTypes.Below(segment, find, p.PropertyType)
        TreePart(segment, Func<_, _>(getMember p), walker)

    let private record (t: Type) find : TreeWalker =
        let fields = FSharpType.GetRecordFields(t, flags)
        let make = FSharpValue.PreComputeRecordConstructorInfo(t, flags)
        let parts = fields |> Array.map (fun p -> part find (TreeTypes.Segment p) p)

        let variant =
            TreeVariant(0, t.Name, parts, Func<_, _, _>(fun _ x -> Expression.New(make, x)))

        TreeTypes.Product(t, null, [| variant |])

    /// The path segment of the i-th field of a union case: none for a single unnamed one.
    let caseSegment (t: Type) (fields: PropertyInfo[]) (i: int) =
        match fields[i].Name with
        | "Item" -> ""
        | _ when fields.Length = 1 && isGeneric typedefof<ValueOption<_>> t -> ""
        | name when name = $"Item{i + 1}" -> string i
        | name -> TreePath.Segment name

    let private union (t: Type) find : TreeWalker =
        let tag (tree: Expression) : Expression =
            match FSharpValue.PreComputeUnionTagMemberInfo(t, flags) with
            | :? MethodInfo as m when m.IsStatic -> Expression.Call(m, tree)
            | :? MethodInfo as m -> Expression.Call(tree, m)
            | m -> Expression.Property(tree, m :?> PropertyInfo)

        let variant (case: UnionCaseInfo) =
            let fields = case.GetFields()
            let make = FSharpValue.PreComputeUnionConstructorInfo(case, flags)
            let parts = fields |> Array.mapi (fun i p -> part find (caseSegment t fields i) p)

            TreeVariant(
                case.Tag,
                case.Name,
                parts,
                Func<_, _, _>(fun _ x -> Expression.Call(make, x))
            )

        TreeTypes.Product(t, tag, FSharpType.GetUnionCases(t, flags) |> Array.map variant)

    let private over (definition: Type) (t: Type) (find: Func<Type, TreeWalker>) =
        let arguments = t.GetGenericArguments()
        let item = TreeTypes.Below("*", find, Array.last arguments)

        if item.HasLeaves then
            TreeTypes.Create(definition, arguments, item)
        else
            TreeTypes.Create(typedefof<ValueWalker<_>>, [| t |])

    let private construct (t: Type) (find: Func<Type, TreeWalker>) : TreeWalker | null =
        if isGeneric typedefof<option<_>> t then over typedefof<OptionWalker<_>> t find
        elif isGeneric typedefof<list<_>> t then over typedefof<ListWalker<_>> t find
        elif isGeneric typedefof<Map<int, _>> t then over typedefof<MapWalker<int, _>> t find
        elif FSharpType.IsRecord(t, flags) then record t find
        elif FSharpType.IsUnion(t, flags) then union t find
        else null

    let private kinds = "records, tuples, lists, arrays, options, maps and unions of tensors"
    let private types = TreeTypes(Func<_, _, _>(construct), "Tensor", kinds)

    /// The walker of a type.
    let ofType (t: Type) = types.Of t
