namespace Mlx.Trees

open System
open System.Collections.Generic
open System.Linq.Expressions
open System.Reflection

/// A part of a record, tuple or union case: how to get it, what to call it, how to walk it.
type internal Part = { Segment: string; Get: Expression -> Expression; Walker: Walker }

/// One shape that values of a type can have, told by a tag, with what puts it together again.
type internal Variant = { Tag: int; Parts: Part list; Make: (Expression list -> Expression) option }

/// A compiled <c>Walker.Read</c>.
type internal Reading<'T> = delegate of tree: 'T * into: byref<Cursor> -> unit

/// A compiled <c>Walker.Build</c>.
type internal Building<'T> = delegate of like: 'T * from: byref<Cursor> -> 'T

/// <summary>
/// Walks records, tuples and unions with code compiled for the type, so that a walk costs no
/// reflection and allocates nothing but its result.
/// </summary>
[<Sealed>]
type internal ProductWalker<'T>(tag: (Expression -> Expression) option, variants: Variant list) =
    inherit Walker<'T>()

    static let methodOf (t: Type) name =
        let flags = BindingFlags.Public ||| BindingFlags.NonPublic ||| BindingFlags.Instance
        nonNull (t.GetMethod(name, flags))

    static let call (walker: Walker) (method: string) (arguments: Expression list) : Expression =
        let t = walker.GetType()
        Expression.Call(Expression.Constant(walker, t), methodOf t method, arguments)

    static let zero: Expression = Expression.Constant 0

    /// The body for each variant, chosen by the tag.
    let choose (tree: Expression) (result: Type) (body: Variant -> Expression) : Expression =
        match tag, variants with
        | None, [ only ] -> body only
        | Some tag, _ ->
            let cases =
                [| for v in variants -> Expression.SwitchCase(body v, Expression.Constant v.Tag) |]

            let impossible =
                Expression.Throw(
                    Expression.Constant(InvalidOperationException "unknown case"),
                    result
                )

            Expression.Switch(result, tag tree, impossible, null, cases)
        | None, _ -> invalidOp "a type with several shapes has a tag"

    let block (steps: Expression list) : Expression =
        match steps with
        | [] -> Expression.Empty()
        | _ -> Expression.Block(typeof<Void>, steps)

    let tree = Expression.Parameter(typeof<'T>, "tree")
    let cursor = Expression.Parameter(typeof<Cursor>.MakeByRefType(), "cursor")
    let withLeaves (v: Variant) = v.Parts |> List.filter _.Walker.HasLeaves

    let count =
        lazy
            (let body v =
                withLeaves v
                |> List.map (fun p -> call p.Walker "Count" [ p.Get tree ])
                |> List.fold (fun sum n -> Expression.Add(sum, n) :> Expression) zero

             Expression.Lambda<Func<'T, int>>(choose tree typeof<int> body, tree).Compile())

    let read =
        lazy
            (let body v =
                withLeaves v
                |> List.map (fun p -> call p.Walker "Read" [ p.Get tree; cursor ])
                |> block

             Expression
                 .Lambda<Reading<'T>>(choose tree typeof<Void> body, tree, cursor)
                 .Compile())

    let build =
        lazy
            (let part p =
                if p.Walker.HasLeaves then
                    call p.Walker "Build" [ p.Get tree; cursor ]
                else
                    p.Get tree

             let body v =
                 match v.Make with
                 | Some make when not (withLeaves v).IsEmpty -> make (List.map part v.Parts)
                 | _ -> tree

             Expression
                 .Lambda<Building<'T>>(choose tree typeof<'T> body, tree, cursor)
                 .Compile())

    let paths =
        lazy
            (let path = Expression.Parameter(typeof<string>, "path")
             let into = Expression.Parameter(typeof<List<string>>, "into")
             let child = Func<string, string, string>(Path.child)

             let below (segment: string) : Expression =
                 Expression.Invoke(Expression.Constant child, path, Expression.Constant segment)

             let body v =
                 withLeaves v
                 |> List.map (fun p -> call p.Walker "Paths" [ p.Get tree; below p.Segment; into ])
                 |> block

             Expression
                 .Lambda<Action<'T, string, List<string>>>(
                     choose tree typeof<Void> body,
                     tree,
                     path,
                     into
                 )
                 .Compile())

    let skeleton =
        lazy
            (let into = Expression.Parameter(typeof<Skeleton>, "into")

             let add = methodOf typeof<Skeleton> "Add"

             let note (case: int) : Expression =
                 Expression.Call(into, add, Expression.Constant(box case, typeof<obj>))

             let body v =
                 [ if tag.IsSome then
                       note v.Tag
                   for p in v.Parts do
                       call p.Walker "Skeleton" [ p.Get tree; into ] ]
                 |> block

             Expression
                 .Lambda<Action<'T, Skeleton>>(choose tree typeof<Void> body, tree, into)
                 .Compile())

    override _.HasLeaves = true
    override _.Count tree = count.Value.Invoke tree
    override _.Read(tree, into) = read.Value.Invoke(tree, &into)
    override _.Build(like, from) = build.Value.Invoke(like, &from)
    override _.Paths(tree, path, into) = paths.Value.Invoke(tree, path, into)
    override _.Skeleton(tree, into) = skeleton.Value.Invoke(tree, into)
