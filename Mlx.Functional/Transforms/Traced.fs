namespace Mlx.Transforming

open System
open Mlx
open Mlx.Core

/// A function over trees as the engine sees it: over their leaves. The structure of the result is
/// learnt when the function runs.
[<Sealed>]
type internal Traced<'A, 'B>(like: 'A, f: 'A -> 'B) =
    let mutable output: 'B voption = ValueNone

    member val Function =
        Func<Tensor[], Tensor[]>(fun leaves ->
            let result = f (Tree.ofLeaves like leaves)
            output <- ValueSome result
            Tree.leaves result)

    /// The result with the leaves that the engine gave back.
    member _.Result(leaves: Tensor[]) : 'B =
        match output with
        | ValueSome like -> Tree.ofLeaves like leaves
        | ValueNone -> invalidOp "the function has not run"

/// What a compiled function is kept by: the structure of its argument, and each leaf's dtype and
/// shape.
[<Sealed>]
type internal Signature(structure: TreeStructure, leaves: Tensor[]) =
    let shapes =
        let length = leaves |> Array.sumBy (fun leaf -> leaf.NDim + 2)
        let numbers = Array.zeroCreate length
        let mutable at = 0

        for leaf in leaves do
            let shape = leaf.Shape
            numbers[at] <- int leaf.DType
            numbers[at + 1] <- shape.Length
            shape.CopyTo(numbers.AsSpan(at + 2))
            at <- at + 2 + shape.Length

        numbers

    let hash =
        let mutable h = HashCode()
        h.Add structure

        for n in shapes do
            h.Add n

        h.ToHashCode()

    member _.Structure = structure
    member _.Shapes = shapes
    override _.GetHashCode() = hash

    override _.Equals other =
        match other with
        | :? Signature as s ->
            s.Structure.Equals structure && s.Shapes.AsSpan().SequenceEqual shapes
        | _ -> false

module internal Checked =
    let private shape (x: Tensor) = "(" + String.Join(", ", x.Shape.ToArray()) + ")"

    /// The leaves of a tree to differentiate by.
    let parameters (caller: string) (tree: 'P) : Tensor[] =
        let leaves = Tree.leaves tree

        if leaves.Length = 0 then
            invalidArg "parameters" $"{caller}: the type {typeof<'P>} holds no tensors"

        if leaves |> Array.exists (fun leaf -> not (leaf.DType.IsInexact())) then
            let wrong =
                [ for path, leaf in Tree.named tree do
                      if not (leaf.DType.IsInexact()) then
                          if path = "" then leaf.DType.Name() else $"'{path}' ({leaf.DType.Name()})" ]
                |> String.concat ", "

            invalidArg
                "parameters"
                $"{caller}: only floating tensors have gradients, not {wrong}; keep the others outside the parameters"

        leaves

    /// A loss must be one number.
    let scalar (caller: string) (loss: Tensor) : Tensor =
        if loss.NDim <> 0 then
            invalidArg
                "loss"
                $"{caller}: the loss must be one number, its shape is {shape loss}; end it with Tensor.mean or Tensor.sum"

        loss
