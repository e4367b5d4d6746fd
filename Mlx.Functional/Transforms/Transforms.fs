namespace Mlx

open System
open System.Collections.Concurrent
open Mlx.Core
open Mlx.Transforming

/// <summary>
/// Functions of functions over trees. All nest: a gradient of a gradient, a compiled gradient, a
/// mapped one. A function given here must be pure; the tensors it makes on the way are freed.
/// </summary>
[<AutoOpen>]
module Transforms =
    let private allOf (leaves: Tensor[]) = ReadOnlySpan [| 0 .. leaves.Length - 1 |]

    /// <summary>
    /// The loss and what else the function answers, and the gradient of the loss by the parameters:
    /// <c>loss: 'p -> 'b -> Tensor * 'aux</c>, answers <c>(loss, aux), gradient</c>
    /// (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    let valueAndGradAux (loss: 'P -> 'B -> Tensor * 'Aux) (parameters: 'P) (batch: 'B) =
        let leaves = Checked.parameters "valueAndGradAux" parameters

        let traced =
            Traced(
                parameters,
                fun p ->
                    let value, aux = loss p batch
                    Checked.scalar "valueAndGradAux" value, aux
            )

        use f = new ValueAndGradFunction(traced.Function, allOf leaves)
        let struct (values, grads) = f.Apply(ReadOnlySpan leaves)
        traced.Result values, Tree.ofLeaves parameters grads

    /// <summary>
    /// The loss and its gradient by the parameters, which may be any tree of floating tensors: the
    /// gradient is a tree of the same type (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The loss is not one number, or a leaf is no
    /// floating tensor; the message names it.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no derivative.</exception>
    /// <example><code>let value, slope = valueAndGrad loss model (x, y)</code></example>
    let valueAndGrad (loss: 'P -> 'B -> Tensor) (parameters: 'P) (batch: 'B) : Tensor * 'P =
        let leaves = Checked.parameters "valueAndGrad" parameters

        let traced = Traced(parameters, (fun p -> loss p batch |> Checked.scalar "valueAndGrad"))

        use f = new ValueAndGradFunction(traced.Function, allOf leaves)
        let struct (values, grads) = f.Apply(ReadOnlySpan leaves)
        values[0], Tree.ofLeaves parameters grads

    /// <summary>The gradient of a loss by the parameters; see <c>valueAndGrad</c>
    /// (<c>mlx.core.grad</c>).</summary>
    /// <example><code>let slope: Mlp = grad loss model (x, y)</code></example>
    let grad (loss: 'P -> 'B -> Tensor) (parameters: 'P) (batch: 'B) : 'P =
        let value, gradient = valueAndGrad loss parameters batch
        value.Dispose()
        gradient

    /// <summary>The gradient of a function of one argument.</summary>
    /// <example><code>
    /// gradient (fun x -> Tensor.sum (x ** 3)) (Tensor.ofSeq [ 1.0; 2.0 ]) // 3x²
    /// // => array([3, 12], dtype=float32)
    /// </code></example>
    let gradient (f: 'P -> Tensor) (at: 'P) : 'P = grad (fun p () -> f p) at ()

    /// <summary>
    /// The value of a function, and a cotangent of the value carried back to the argument: v'J
    /// (<c>mlx.core.vjp</c>).
    /// </summary>
    let vjp (f: 'A -> 'B) (at: 'A) (cotangent: 'B) : 'B * 'A =
        let traced = Traced(at, f)

        let struct (outputs, back) =
            Transforms.Vjp(
                traced.Function,
                ReadOnlySpan(Tree.leaves at),
                ReadOnlySpan(Tree.leaves cotangent)
            )

        traced.Result outputs, Tree.ofLeaves at back

    /// <summary>
    /// The value of a function, and a tangent of the argument carried forward to the value: Jv
    /// (<c>mlx.core.jvp</c>).
    /// </summary>
    let jvp (f: 'A -> 'B) (at: 'A) (tangent: 'A) : 'B * 'B =
        let traced = Traced(at, f)

        let struct (outputs, forward) =
            Transforms.Jvp(
                traced.Function,
                ReadOnlySpan(Tree.leaves at),
                ReadOnlySpan(Tree.leaves tangent)
            )

        traced.Result outputs, traced.Result forward

    /// <summary>
    /// The function over one more axis, the first of every leaf of its argument and of its result: as
    /// if called for each slice and stacked, in one go (<c>mlx.core.vmap</c>).
    /// </summary>
    /// <example><code>let rows = vmap (fun (a, b) -> Tensor.inner b a) (x, y)</code></example>
    let vmap (f: 'A -> 'B) (x: 'A) : 'B =
        let traced = Traced(x, f)
        Transforms.Vmap(traced.Function).Invoke(Tree.leaves x) |> traced.Result

    /// <summary>
    /// The function, whose value a gradient computes again rather than keep what it needs of it
    /// (<c>mlx.core.checkpoint</c>).
    /// </summary>
    let checkpoint (f: 'A -> 'B) (x: 'A) : 'B =
        let traced = Traced(x, f)
        Transforms.Checkpoint(traced.Function).Invoke(Tree.leaves x) |> traced.Result

    /// <summary>The same tree, through which no gradient flows
    /// (<c>mlx.core.stop_gradient</c>).</summary>
    let stopGradient (tree: 'T) : 'T = tree |> Tree.map Ops.StopGradient

    /// <summary>
    /// The function with a derivative of its own: the rule takes the argument, the value and the
    /// cotangent of the value, and answers that of the argument
    /// (<c>mlx.core.custom_function</c>).
    /// </summary>
    /// <example><code>
    /// let clipped = customVjp id (fun _ _ ct -> Tensor.clip -1.0 1.0 ct)
    /// </code></example>
    let customVjp (f: 'A -> 'B) (rule: 'A -> 'B -> 'B -> 'A) (x: 'A) : 'B =
        let traced = Traced(x, f)

        let vjp =
            VjpRule(fun primals cotangents outputs ->
                rule (Tree.ofLeaves x primals) (traced.Result outputs) (traced.Result cotangents)
                |> Tree.leaves)

        Transforms.CustomVjp(traced.Function, vjp).Invoke(Tree.leaves x) |> traced.Result

    /// <summary>
    /// The function traced once for each structure, shapes and dtypes of its argument, then replayed
    /// as a fused graph without running again (<c>mlx.core.compile</c>).
    /// </summary>
    /// <remarks>
    /// Keep the answer: each call of <c>compile</c> traces anew. Tensors that the function captures
    /// are constants of the trace; give what changes as an argument.
    /// </remarks>
    /// <example><code>let f = compile (fun (x, y) -> Tensor.sum (x * y))</code></example>
    let compile (f: 'A -> 'B) : 'A -> 'B =
        let known =
            ConcurrentDictionary<Signature, Lazy<struct (CompiledFunction * Traced<'A, 'B>)>>()

        fun x ->
            let leaves = Tree.leaves x

            let make _ =
                lazy
                    (let traced = Traced(x, f)
                     struct (new CompiledFunction(traced.Function), traced))

            let signature = Signature(Tree.structure x, leaves)
            let struct (compiled, traced) = known.GetOrAdd(signature, make).Value
            compiled.Apply(ReadOnlySpan leaves) |> traced.Result
