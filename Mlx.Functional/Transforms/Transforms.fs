namespace Mlx

open System
open Mlx.Core
open Mlx.Transforming

/// <summary>
/// Functions of functions over trees. All nest: a gradient of a gradient, a compiled gradient, a
/// mapped one. A function given here must be pure; the tensors it makes on the way are freed.
/// </summary>
[<AutoOpen>]
module Transforms =
    let private all (_: string) = true

    /// The value, what the function answers besides, and the gradient by the chosen leaves; the
    /// others have zeros.
    let private differentiate caller choose (loss: 'P -> Tensor * 'Aux) (parameters: 'P) =
        let leaves = Tree.leaves parameters
        let chosen = Checked.chosen caller choose parameters

        let traced =
            Traced.ofFunction parameters (fun p ->
                let value, aux = loss p
                Checked.scalar caller value, aux)

        use f = new ValueAndGradFunction(traced.Function, ReadOnlySpan chosen)
        let struct (values, grads) = f.Apply(ReadOnlySpan leaves)
        let value, aux = traced.Result values

        let gradient =
            if chosen.Length = leaves.Length then
                grads
            else
                let slopes = Array.zip chosen grads |> Map.ofArray

                leaves
                |> Array.mapi (fun i leaf ->
                    match Map.tryFind i slopes with
                    | Some slope -> slope
                    | None -> Tensor.zerosLike leaf)

        value, aux, Tree.ofLeaves parameters gradient

    /// <summary>
    /// The loss and what else the function answers, and the gradient of the loss by the parameters:
    /// <c>loss: 'p -> 'b -> Tensor * 'aux</c>, answers <c>(loss, aux), gradient</c>
    /// (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    /// <returns>The loss, a scalar, what else, and a tree with the shapes of the
    /// parameters.</returns>
    /// <example><code>
    /// let both p (x, y) = (let logits = forward p x in loss p (x, y), logits)
    /// let (value, logits), slope = valueAndGradAux both model (x, y)
    /// </code></example>
    let valueAndGradAux (loss: 'P -> 'B -> Tensor * 'Aux) (parameters: 'P) (batch: 'B) =
        let value, aux, gradient =
            differentiate "valueAndGradAux" all (fun p -> loss p batch) parameters

        (value, aux), gradient

    /// <summary>
    /// The loss and its gradient by the parameters, which may be any tree of floating tensors: the
    /// gradient is a tree of the same type (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The loss is not one number, or a leaf is no
    /// floating tensor; the message names it.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">An op on the way has no derivative.</exception>
    /// <example><code>let value, slope = valueAndGrad loss model (x, y)</code></example>
    let valueAndGrad (loss: 'P -> 'B -> Tensor) (parameters: 'P) (batch: 'B) : Tensor * 'P =
        let value, (), gradient =
            differentiate "valueAndGrad" all (fun p -> loss p batch, ()) parameters

        value, gradient

    /// <summary>
    /// The loss and its gradient by the leaves whose path is chosen (<c>argnums</c> of
    /// <c>mlx.core.value_and_grad</c>). The others are constants, which may be integers, and have
    /// zeros for a gradient: a frozen part of a model costs no backward pass.
    /// </summary>
    /// <example><code>
    /// let value, slope = valueAndGradWhere (fun path -> path.StartsWith "out.") loss model batch
    /// </code></example>
    let valueAndGradWhere
        (choose: string -> bool)
        (loss: 'P -> 'B -> Tensor)
        (parameters: 'P)
        (batch: 'B)
        : Tensor * 'P =
        let value, (), gradient =
            differentiate "valueAndGradWhere" choose (fun p -> loss p batch, ()) parameters

        value, gradient

    /// <summary>The gradient of a loss by the parameters; see <c>valueAndGrad</c>
    /// (<c>mlx.core.grad</c>).</summary>
    /// <returns>The tree and the shapes of the parameters.</returns>
    /// <example><code>let slope: Mlp = grad loss model (x, y)</code></example>
    let grad (loss: 'P -> 'B -> Tensor) (parameters: 'P) (batch: 'B) : 'P =
        let value, gradient = valueAndGrad loss parameters batch
        value.Dispose()
        gradient

    /// <summary>The gradient of a function of one argument.</summary>
    /// <returns>The tree and the shapes of the argument.</returns>
    /// <example><code>
    /// gradient (fun x -> Tensor.sum (x ** 3)) (Tensor.ofSeq [ 1.0; 2.0 ]) // 3x²
    /// // => array([3, 12], dtype=float32)
    /// </code></example>
    let gradient (f: 'P -> Tensor) (at: 'P) : 'P = grad (fun p () -> f p) at ()

    /// <summary>
    /// The value of a function, and a cotangent of the value carried back to the argument: v'J
    /// (<c>mlx.core.vjp</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The cotangent is no tree like the value; the
    /// message names the leaf.</exception>
    /// <example><code>let value, back = vjp Tensor.exp x (Tensor.onesLike x)</code></example>
    let vjp (f: 'A -> 'B) (at: 'A) (cotangent: 'B) : 'B * 'A =
        let traced =
            Traced.ofFunction at (fun x ->
                let y = f x
                Checked.direction "vjp" "cotangent" y cotangent
                y)

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
    /// <exception cref="T:System.ArgumentException">The tangent is no tree like the argument; the
    /// message names the leaf.</exception>
    /// <example><code>let value, along = jvp Tensor.exp x (Tensor.onesLike x)</code></example>
    let jvp (f: 'A -> 'B) (at: 'A) (tangent: 'A) : 'B * 'B =
        Checked.direction "jvp" "tangent" at tangent
        let traced = Traced.ofFunction at f

        let struct (outputs, forward) =
            Transforms.Jvp(
                traced.Function,
                ReadOnlySpan(Tree.leaves at),
                ReadOnlySpan(Tree.leaves tangent)
            )

        traced.Result outputs, traced.Result forward

    /// <summary>
    /// The function over one more axis, which each leaf of its argument carries where its path
    /// says, or not at all (<c>None</c>: shared by all slices), and each leaf of its result where
    /// its path says; what does not depend on the slice is repeated (<c>in_axes</c> and
    /// <c>out_axes</c> of <c>mlx.core.vmap</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">A leaf has no such axis, or the axes differ in
    /// length; the message names the leaves.</exception>
    /// <example><code>
    /// // The weight, first in the pair, is shared; x and the result carry the axis last.
    /// let columns (weight: Tensor) =
    ///     let inAxis path = if path = "1" then Some -1 else None
    ///     vmapAxes inAxis (fun _ -> -1) (fun (w: Tensor, x) -> w *@ x) (weight, x)
    /// </code></example>
    let vmapAxes
        (inAxis: string -> int option)
        (outAxis: string -> int)
        (f: 'A -> 'B)
        (x: 'A)
        : 'B =
        let inAxes = Checked.mapped "vmap" inAxis x
        let mutable outAxes: Nullable<int>[] = [||]

        let traced =
            Traced.ofFunction x (fun x ->
                let y = f x

                // Filled before the engine asks where the outputs carry the axis.
                outAxes <- [| for path in Tree.paths y -> Nullable(outAxis path) |]

                y)

        Transforms.Vmap(traced.Function, inAxes, (fun () -> outAxes)).Invoke(Tree.leaves x)
        |> traced.Result

    /// <summary>
    /// The function over one more axis, the first of every leaf of its argument and of its result:
    /// as if called for each slice and stacked, in one go (<c>mlx.core.vmap</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">A leaf has no axis, or the first axes differ in
    /// length; the message names the leaves.</exception>
    /// <example><code>let rows = vmap (fun (a, b) -> Tensor.inner b a) (x, y)</code></example>
    let vmap (f: 'A -> 'B) (x: 'A) : 'B = vmapAxes (fun _ -> Some 0) (fun _ -> 0) f x

    /// <summary>
    /// The function, whose value a gradient computes again rather than keep what it needs of it
    /// (<c>mlx.core.checkpoint</c>). What it is differentiated by must be its argument: a tensor
    /// that it captures is a constant.
    /// </summary>
    /// <example><code>
    /// let again (layers: Linear list) =
    ///     let apply (layer, x) = Linear.apply layer x |> Nn.gelu
    ///     (x, layers) ||> List.fold (fun x layer -> checkpoint apply (layer, x))
    /// </code></example>
    let checkpoint (f: 'A -> 'B) (x: 'A) : 'B =
        let traced = Traced.ofFunction x f
        Transforms.Checkpoint(traced.Function).Invoke(Tree.leaves x) |> traced.Result

    /// <summary>The same tree, through which no gradient flows
    /// (<c>mlx.core.stop_gradient</c>).</summary>
    /// <example><code>let target = stopGradient (Tensor.square x)</code></example>
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
        let traced = Traced.ofFunction x f

        let vjp =
            VjpRule(fun primals cotangents outputs ->
                let x = Tree.ofLeaves x primals
                let slope = rule x (traced.Result outputs) (traced.Result cotangents)
                Checked.direction "customVjp" "rule's answer" x slope
                Tree.leaves slope)

        Transforms.CustomVjp(traced.Function, vjp).Invoke(Tree.leaves x) |> traced.Result

    /// <summary>
    /// The function with a forward derivative of its own: the rule takes the argument and its
    /// tangent, and answers the tangent of the value (<c>mlx.core.custom_function</c> with
    /// <c>jvp</c>). Gradients still go through the function's ops.
    /// </summary>
    /// <example><code>
    /// let half = customJvp Tensor.square (fun x dx -> x * dx)   // not 2 x dx
    /// </code></example>
    let customJvp (f: 'A -> 'B) (rule: 'A -> 'A -> 'B) (x: 'A) : 'B =
        let traced = Traced.ofFunction x f

        let jvp =
            JvpRule(fun primals tangents argNums ->
                // Where there is no tangent it is zero.
                let all = primals |> Array.map Tensor.zerosLike
                Array.iter2 (fun i tangent -> all[i] <- tangent) argNums tangents
                let along = rule (Tree.ofLeaves x primals) (Tree.ofLeaves x all)
                Tree.walker.RequireSame("customJvp", traced.Like, along)
                Tree.leaves along)

        Transforms.CustomFunction(traced.Function, jvp = jvp).Invoke(Tree.leaves x)
        |> traced.Result

    /// <summary>
    /// The function traced once for each structure, shapes and dtypes of its argument, then
    /// replayed as a fused graph without running again (<c>mlx.core.compile</c>).
    /// <c>Compile.explain</c> tells its traces.
    /// </summary>
    /// <remarks>
    /// Keep the answer: each call of <c>compile</c> traces anew. Tensors that the function captures
    /// are constants of the trace; give what changes as an argument.
    /// </remarks>
    /// <example><code>let f = compile (fun (x, y) -> Tensor.sum (x * y))</code></example>
    let compile (f: 'A -> 'B) : 'A -> 'B =
        CompiledTree(Func<_, _>(f), Tree.walker, Tree.walker) |> ExplainedFunction |> box |> unbox

/// <summary>How often a compiled function was called and traced, and why.</summary>
type CompileExplanation = Mlx.Core.CompileExplanation

/// <summary>What compiled functions do behind the scenes.</summary>
[<RequireQualifiedAccess>]
module Compile =
    /// <summary>
    /// How often a function made by <c>compile</c> was called and traced, and for each trace what
    /// was unlike the nearest earlier one: shapes, dtypes and parts of the structure, by tree path.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The function was not made by <c>compile</c>:
    /// give that one itself, not one composed with it.</exception>
    /// <example><code>
    /// let f = compile (forward model)
    /// printfn $"{Compile.explain f}"
    /// </code></example>
    let explain (f: 'A -> 'B) : CompileExplanation =
        match box f with
        | :? IExplained as compiled -> compiled.Explain()
        | _ ->
            invalidArg
                (nameof f)
                "Compile.explain: only what 'compile' answered can be explained, not a function around it"
