namespace Mlx.Trees

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Linq.Expressions
open System.Reflection
open Microsoft.FSharp.Reflection
open Mlx
open Mlx.Core

/// A type that holds tensors and is no tree, and the way to it from the type that was asked for.
exception internal HidesTensors of hidden: Type * path: string list

/// Finds or builds the walker of a type: reflection happens once for each type.
module internal Walkers =
    let private flags = BindingFlags.Public ||| BindingFlags.NonPublic
    let private known = ConcurrentDictionary<Type, Walker>()

    let private create (definition: Type) (types: Type list) (arguments: objnull list) =
        let walker = definition.MakeGenericType(Array.ofList types)

        let flags = BindingFlags.Instance ||| BindingFlags.Public ||| BindingFlags.NonPublic

        Activator.CreateInstance(walker, flags, null, Array.ofList arguments, null) |> nonNull
        :?> Walker

    let private isGeneric (definition: Type) (t: Type) =
        t.IsGenericType && t.GetGenericTypeDefinition() = definition

    /// The walker of what lies below a type; an error says on which way.
    let private below (segment: string) (walkerOf: Type -> Walker) (t: Type) : Walker =
        try
            walkerOf t
        with HidesTensors(hidden, path) ->
            raise (HidesTensors(hidden, segment :: path))

    let private parts get (members: (string * Type * MemberInfo) list) walkerOf =
        [ for segment, fieldType, m in members ->
              { Segment = segment
                Get = fun tree -> get tree m
                Walker = below segment walkerOf fieldType } ]

    let private getMember (tree: Expression) (m: MemberInfo) : Expression =
        let owner =
            match m.DeclaringType with
            | null -> tree
            | t when t = tree.Type || tree.Type.IsValueType -> tree
            | t -> Expression.Convert(tree, t)

        match m with
        | :? PropertyInfo as p -> Expression.Property(owner, p)
        | m -> Expression.Field(owner, m :?> FieldInfo)

    let private product
        (t: Type)
        (tag: (Expression -> Expression) option)
        (variants: Variant list)
        =
        let noTensors =
            variants
            |> List.forall (fun v -> v.Parts |> List.forall (fun p -> not p.Walker.HasLeaves))

        if noTensors then
            create typedefof<ValueWalker<_>> [ t ] []
        else
            create typedefof<ProductWalker<_>> [ t ] [ tag; variants ]

    let private record walkerOf (t: Type) =
        let named (p: PropertyInfo) =
            match p.GetCustomAttribute<TreeNameAttribute>() with
            | null -> Path.segment p.Name
            | attribute -> attribute.Name

        let fields = FSharpType.GetRecordFields(t, flags)
        let make = FSharpValue.PreComputeRecordConstructorInfo(t, flags)

        product
            t
            None
            [ { Tag = 0
                Parts = parts getMember [ for p in fields -> named p, p.PropertyType, p ] walkerOf
                Make = Some(fun arguments -> Expression.New(make, arguments)) } ]

    /// The members of a tuple, those of an eighth element's rest included.
    let rec private elements (t: Type) (get: Expression -> Expression) =
        [ for i, argument in Array.indexed (t.GetGenericArguments()) do
              let access (name: string) (tree: Expression) : Expression =
                  Expression.PropertyOrField(get tree, name)

              if i = 7 then
                  yield! elements argument (access "Rest")
              else
                  argument, access $"Item{i + 1}" ]

    let rec private makeTuple (t: Type) (arguments: Expression list) : Expression =
        let types = t.GetGenericArguments()

        let arguments =
            if types.Length < 8 then
                arguments
            else
                List.take 7 arguments @ [ makeTuple types[7] (List.skip 7 arguments) ]

        Expression.New(nonNull (t.GetConstructor types), arguments)

    let private tuple walkerOf (t: Type) =
        product
            t
            None
            [ { Tag = 0
                Parts =
                  [ for i, (element, get) in List.indexed (elements t id) ->
                        { Segment = string i
                          Get = get
                          Walker = below (string i) walkerOf element } ]
                Make = Some(makeTuple t) } ]

    let private union walkerOf (t: Type) =
        let tag (tree: Expression) : Expression =
            match FSharpValue.PreComputeUnionTagMemberInfo(t, flags) with
            | :? MethodInfo as m when m.IsStatic -> Expression.Call(m, tree)
            | :? MethodInfo as m -> Expression.Call(tree, m)
            | m -> Expression.Property(tree, m :?> PropertyInfo)

        let segment (fields: PropertyInfo[]) (i: int) =
            match fields[i].Name with
            | "Item" -> ""
            | name when fields.Length = 1 && isGeneric typedefof<ValueOption<_>> t -> ""
            | name when name = $"Item{i + 1}" -> string i
            | name -> Path.segment name

        let variant (case: UnionCaseInfo) =
            let fields = case.GetFields()
            let make = FSharpValue.PreComputeUnionConstructorInfo(case, flags)

            { Tag = case.Tag
              Parts =
                parts
                    getMember
                    [ for i in 0 .. fields.Length - 1 ->
                          segment fields i, fields[i].PropertyType, fields[i] ]
                    walkerOf
              Make = Some(fun arguments -> Expression.Call(make, arguments)) }

        product t (Some tag) [ for case in FSharpType.GetUnionCases(t, flags) -> variant case ]

    let private isForeign (t: Type) =
        t.IsPrimitive
        || t.IsEnum
        || t.IsPointer
        || t.Assembly = typeof<MlxArray>.Assembly
        || (string t.Namespace).StartsWith "System"

    let private fieldsOf (t: Type) =
        t.GetFields(flags ||| BindingFlags.Instance) |> Array.map _.FieldType

    /// Whether tensors hide in a type that trees cannot take apart: among its type arguments, or in
    /// a field. Functions may close over tensors; those are constants.
    let rec private hidesTensors (t: Type) =
        t = typeof<MlxArray>
        || (t.HasElementType && hidesTensors (nonNull (t.GetElementType())))
        || (not (FSharpType.IsFunction t)
            && not (typeof<Delegate>.IsAssignableFrom t)
            && ((t.IsGenericType && Array.exists hidesTensors (t.GetGenericArguments()))
                || (not (isForeign t) && Array.contains typeof<MlxArray> (fieldsOf t))))

    /// A type as F# writes it.
    let rec private nameOf (t: Type) : string =
        if t = typeof<MlxArray> then
            "Tensor"
        elif t.IsArray then
            nameOf (nonNull (t.GetElementType())) + "[" + String(',', t.GetArrayRank() - 1) + "]"
        elif t.IsGenericType then
            let name = t.Name.Substring(0, t.Name.IndexOf '`')
            let arguments = t.GetGenericArguments() |> Array.map nameOf
            name + "<" + String.Join(", ", arguments) + ">"
        else
            t.Name

    let private unsupported (root: Type) (hidden: Type) (path: string list) =
        let where = List.fold Path.child "" path

        let what =
            if where = "" then
                $"{nameOf root} is no tree, though it holds tensors"
            else
                $"{nameOf root} is no tree: {where} is a {nameOf hidden}, which holds tensors"

        NotSupportedException(
            what + ". Trees are records, tuples, lists, arrays, options, maps and unions of tensors"
        )

    let private over definition (t: Type) walkerOf =
        let arguments = List.ofArray (t.GetGenericArguments())
        let item: Walker = below "*" walkerOf (List.last arguments)

        if item.HasLeaves then
            create definition arguments [ item ]
        else
            create typedefof<ValueWalker<_>> [ t ] []

    let private construct (walkerOf: Type -> Walker) (t: Type) : Walker =
        if t = typeof<MlxArray> then
            LeafWalker()
        elif isGeneric typedefof<option<_>> t then
            over typedefof<OptionWalker<_>> t walkerOf
        elif isGeneric typedefof<list<_>> t then
            over typedefof<ListWalker<_>> t walkerOf
        elif isGeneric typedefof<Map<int, _>> t then
            over typedefof<MapWalker<int, _>> t walkerOf
        elif t.IsSZArray then
            let element = nonNull (t.GetElementType())
            let item: Walker = below "*" walkerOf element

            if item.HasLeaves then
                create typedefof<ArrayWalker<_>> [ element ] [ item ]
            else
                create typedefof<ValueWalker<_>> [ t ] []
        elif FSharpType.IsTuple t then
            tuple walkerOf t
        elif FSharpType.IsRecord(t, flags) then
            record walkerOf t
        elif FSharpType.IsUnion(t, flags) then
            union walkerOf t
        elif hidesTensors t then
            raise (HidesTensors(t, []))
        else
            create typedefof<ValueWalker<_>> [ t ] []

    let rec private find (building: HashSet<Type>) (t: Type) : Walker =
        match known.TryGetValue t with
        | true, walker -> walker
        | _ when building.Add t ->
            let walker = construct (find building) t
            building.Remove t |> ignore
            known.GetOrAdd(t, walker)
        | _ ->
            // The type contains itself: look it up when the first value is walked.
            let later = Func<Walker>(fun () -> known[t])
            create typedefof<LaterWalker<_>> [ t ] [ later ]

    /// The walker of a type.
    let ofType (t: Type) =
        try
            find (HashSet()) t
        with HidesTensors(hidden, path) ->
            raise (unsupported t hidden path)
