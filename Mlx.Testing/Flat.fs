namespace Mlx.Testing

open Mlx
open Mlx.Core

/// A function over trees as one over the floating leaves of its argument and of its value: what is
/// whole numbers has no derivative and stays as it is.
[<Sealed>]
type internal Flat<'A, 'B>(check: string, f: 'A -> 'B, at: 'A) =
    let all = Tree.leaves at
    let isFloating (x: Tensor) = x.DType.IsFloating()

    let positions =
        [| for i, leaf in Array.indexed all do
               if isFloating leaf then
                   i |]

    do
        if positions.Length = 0 then
            invalidArg (nameof at) $"{check}: the argument holds no floating tensor"

    let value = f at
    let outputs = Tree.named value |> Array.filter (snd >> isFloating)

    do
        if outputs.Length = 0 then
            invalidArg (nameof f) $"{check}: the value holds no floating tensor"

    let paths = Tree.paths at

    /// The paths of the floating leaves of the argument.
    member _.Paths = positions |> Array.map (fun i -> paths[i])

    /// The floating leaves of the argument.
    member _.Leaves = positions |> Array.map (fun i -> all[i])

    /// The floating leaves of the value, with their paths.
    member _.Outputs = outputs

    member _.Call(leaves: Tensor[]) : Tensor[] =
        let inputs = Array.copy all
        positions |> Array.iteri (fun k i -> inputs[i] <- leaves[k])
        Tree.ofLeaves at inputs |> f |> Tree.leaves |> Array.filter isFloating

/// Numbers drawn for checks.
module internal Draw =
    /// Numbers as a tensor, rounded once.
    let tensor (dtype: DType) (shape: int list) (values: float[]) : Tensor =
        use flat =
            if dtype = DType.Float64 then
                MlxArray.From values
            else
                MlxArray.From(Array.map float32 values)

        use rounded = Tensor.astype dtype flat
        Tensor.reshape shape rounded

    /// Tensors like others, of numbers in [-1, 1).
    let like (rng: System.Random) (tensors: Tensor[]) =
        tensors
        |> Array.map (fun x ->
            Array.init (int x.Size) (fun _ -> 2.0 * rng.NextDouble() - 1.0)
            |> tensor x.DType (Tensor.shape x))

    /// So many positions below a length, ascending: all of them where there are no more.
    let positions (rng: System.Random) count length =
        if length <= count then
            [| 0 .. length - 1 |]
        else
            let order = Array.init length id
            rng.Shuffle order
            order |> Array.take count |> Array.sort

    /// The same tree with its floating leaves scaled: other values, the same domain.
    let scaled (factor: float) (tree: 'T) : 'T =
        tree
        |> Tree.map (fun x ->
            if x.DType.IsInexact() then Ops.Multiply(x, MlxArray.Scalar(factor, x.DType)) else x)
