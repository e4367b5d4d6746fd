namespace Mlx

open Mlx.Core
open Mlx.Transforming

/// <summary>
/// Whole matrices of derivatives, and products with them. They are made of <c>vjp</c>,
/// <c>jvp</c> and <c>vmap</c>, so they nest with those and with <c>compile</c>.
/// </summary>
[<AutoOpen>]
module Jacobians =
    let private requireReal caller (what: string) (x: Tensor) =
        if not (x.DType.IsFloating()) then
            invalidArg
                (nameof x)
                $"{caller}: {what} must be a floating tensor, its dtype is {x.DType.Name()}"

    /// All unit vectors of a shape, along a new first axis.
    let private units (like: Tensor) =
        let count = int like.Size
        let shape = count :: Tensor.shape like

        if count = 0 then
            Tensor.zerosOf like.DType shape
        else
            Tensor.eye count |> Tensor.astype like.DType |> Tensor.reshape shape

    let private shapes (first: Tensor) (second: Tensor) = Tensor.shape first @ Tensor.shape second

    /// <summary>
    /// The derivative of every element of the value by every element of the argument, one reverse
    /// pass for each element of the value: take it where the value is the smaller of the two. Each
    /// leaf of the answer has the value's shape followed by that of the argument's leaf
    /// (<c>jax.jacrev</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The value or a leaf is no floating
    /// tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no derivative.</exception>
    /// <example><code>let j: Linear = jacrev (fun p -> Linear.apply p x) layer</code></example>
    let jacrev (f: 'A -> Tensor) (at: 'A) : 'A =
        Checked.parameters "jacrev" at |> ignore

        Tree.scoped (fun () ->
            let value = f at
            requireReal "jacrev" "the value" value
            let rows = units value |> vmap (fun cotangent -> vjp f at cotangent |> snd)
            Tree.map2 (fun leaf row -> Tensor.reshape (shapes value leaf) row) at rows)

    /// <summary>
    /// The derivative of every element of the value by every element of the argument, one forward
    /// pass for each element of the argument: take it where the argument is the smaller of the two.
    /// Each leaf of the answer has the shape of the value's leaf followed by the argument's
    /// (<c>jax.jacfwd</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The argument is no floating tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no forward
    /// derivative.</exception>
    /// <example><code>let j = jacfwd (fun t -> Tensor.sin (t * frequencies)) time</code></example>
    let jacfwd (f: Tensor -> 'B) (at: Tensor) : 'B =
        requireReal "jacfwd" "the argument" at

        Tree.scoped (fun () ->
            let columns = units at |> vmap (fun tangent -> jvp f at tangent |> snd)

            columns
            |> Tree.map (fun column ->
                let last = Tensor.moveaxis 0 -1 column
                let valueShape = Tensor.shape column |> List.tail
                last |> Tensor.reshape (valueShape @ Tensor.shape at)))

    /// <summary>
    /// The derivative of every element of the value by every element of the argument, shape of the
    /// value followed by that of the argument: by <c>jacfwd</c> where the argument has fewer
    /// elements, else by <c>jacrev</c>.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The argument or the value is no floating
    /// tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no derivative.</exception>
    /// <example><code>
    /// let a = Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]
    /// jacobian (fun x -> a *@ x) (Tensor.ones [ 2 ])
    /// // => array([[1, 2], [3, 4]], dtype=float32)
    /// </code></example>
    let jacobian (f: Tensor -> Tensor) (at: Tensor) : Tensor =
        Tree.scoped (fun () ->
            let value = f at
            requireReal "jacobian" "the argument" at
            requireReal "jacobian" "the value" value
            if at.Size < value.Size then jacfwd f at else jacrev f at)

    /// <summary>
    /// The second derivatives of a scalar function of one tensor: the argument's shape twice. A
    /// reverse pass through the gradient for each element (<c>jax.hessian</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The value is not one number, or the argument is
    /// no floating tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no second
    /// derivative.</exception>
    /// <example><code>
    /// hessian (fun x -> Tensor.sum (x ** 3)) (Tensor.ofSeq [ 1.0; 2.0 ]) // diag (6 x)
    /// // => array([[6, 0], [0, 12]], dtype=float32)
    /// </code></example>
    let hessian (f: Tensor -> Tensor) (at: Tensor) : Tensor =
        // Not forward through the gradient: MLX has no forward rule for what a slice's gradient is.
        jacrev (gradient f) at

    /// <summary>
    /// The second derivatives of a scalar function of a tree, as blocks: for each leaf, by its
    /// path, the derivatives of its gradient by all leaves. A block has the shape of the one leaf
    /// followed by that of the other (<c>jax.hessian</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The value is not one number, or a leaf is no
    /// floating tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no second
    /// derivative.</exception>
    /// <example><code>
    /// let blocks = hessianBlocks (fun p -> loss p batch) model |> Map.ofArray
    /// let h = blocks["out.weight"].Hidden.Weight // d²loss / d out.weight d hidden.weight
    /// </code></example>
    let hessianBlocks (f: 'P -> Tensor) (at: 'P) : (string * 'P)[] =
        Tree.paths at
        |> Array.mapi (fun i path -> path, jacrev (fun p -> (Tree.leaves (gradient f p))[i]) at)

    /// <summary>
    /// The second derivatives of a scalar function, times a direction: Hv, a tree like the
    /// argument. A reverse pass through the gradient, never the matrix, so it costs a few gradients
    /// whatever the size (<c>v'H</c>, which is the same as H is symmetric).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The value is not one number, or a leaf is no
    /// floating tensor.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no second
    /// derivative.</exception>
    /// <example><code>
    /// let curvature: Mlp = hvp (fun p -> loss p batch) model direction
    /// </code></example>
    let hvp (f: 'P -> Tensor) (at: 'P) (direction: 'P) : 'P =
        Checked.parameters "hvp" at |> ignore
        Tree.scoped (fun () -> vjp (gradient f) at direction |> snd)
