namespace Mlx.Transforming

open System
open Mlx
open Mlx.Core

module internal Traced =
    /// A function over trees as the engine sees it: over their leaves.
    let ofFunction (like: 'A) (f: 'A -> 'B) : TracedTree<'A, 'B> =
        TracedTree(like, Func<_, _>(f), Tree.walker, Tree.walker)

/// A compiled function: one of F#, whose traces can be told.
[<Sealed>]
type internal ExplainedFunction<'A, 'B>(tree: CompiledTree<'A, 'B>) =
    inherit FSharpFunc<'A, 'B>()
    override _.Invoke x = tree.Invoke x

    interface IExplained with
        member _.Explain() = tree.Explain()

/// Refusals that name a leaf by its path.
module internal Checked =
    let private shape (x: Tensor) = "(" + String.Join(", ", x.Shape.ToArray()) + ")"
    let private leafAt path = if path = "" then "the tensor" else $"'{path}'"

    /// The positions of the leaves to differentiate by.
    let chosen (caller: string) (choose: string -> bool) (tree: 'P) : int[] =
        let leaves = Tree.leaves tree

        if leaves.Length = 0 then
            invalidArg "parameters" $"{caller}: the type {typeof<'P>} holds no tensors"

        let chosen =
            [| for i, path in Array.indexed (Tree.paths tree) do
                   if choose path then
                       i |]

        if chosen.Length = 0 then
            invalidArg "choose" $"{caller}: no leaf of the parameters is chosen"

        let wrong = chosen |> Array.filter (fun i -> not (leaves[i].DType.IsInexact()))

        if wrong.Length > 0 then
            let paths = Tree.paths tree

            let names =
                [ for i in wrong ->
                      let name = leaves[i].DType.Name()
                      if paths[i] = "" then name else $"'{paths[i]}' ({name})" ]
                |> String.concat ", "

            invalidArg
                "parameters"
                $"{caller}: only floating tensors have gradients, not {names}; keep the others outside the parameters"

        chosen

    /// The leaves of a tree to differentiate by, all of them.
    let parameters (caller: string) (tree: 'P) : Tensor[] =
        chosen caller (fun _ -> true) tree |> ignore
        Tree.leaves tree

    /// A loss must be one number.
    let scalar (caller: string) (loss: Tensor) : Tensor =
        if loss.NDim <> 0 then
            invalidArg
                "loss"
                $"{caller}: the loss must be one number, its shape is {shape loss}; end it with Tensor.mean or Tensor.sum"

        loss

    /// A direction must be a tree like the one it belongs to.
    let direction (caller: string) (what: string) (like: 'T) (direction: 'T) : unit =
        Tree.walker.RequireSame(caller, like, direction)

        for (path, x), (_, d) in Array.zip (Tree.named like) (Tree.named direction) do
            if not (x.Shape.SequenceEqual d.Shape) then
                invalidArg
                    what
                    $"{caller}: the {what} at {leafAt path} has the shape {shape d}, not {shape x}"

    /// Where each leaf carries the mapped axis, whose length they must agree on.
    let mapped (caller: string) (axis: string -> int option) (tree: 'T) : Nullable<int>[] =
        let mutable first = ValueNone

        [| for path, x in Tree.named tree ->
               match axis path with
               | None -> Nullable()
               | Some axis when axis < -x.NDim || axis >= x.NDim ->
                   invalidArg
                       "tree"
                       $"{caller}: {leafAt path} of shape {shape x} has no axis {axis} to map over"
               | Some axis ->
                   match first with
                   | ValueSome(other, length) when length <> x.Dim axis ->
                       invalidArg
                           "tree"
                           ($"{caller}: {leafAt other} has {length} slices, "
                            + $"{leafAt path} has {x.Dim axis}")
                   | ValueSome _ -> ()
                   | ValueNone -> first <- ValueSome(path, x.Dim axis)

                   Nullable axis |]
