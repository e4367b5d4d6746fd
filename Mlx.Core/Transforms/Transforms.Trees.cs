using System.Diagnostics.CodeAnalysis;
using Mlx.Core.Trees;

namespace Mlx.Core;

// Over trees: records, tuples, arrays ... of arrays; see Tree.
public static unsafe partial class Transforms
{
    /// <summary>
    /// The gradient of a scalar function by its argument, a tree of floating arrays; the gradient is
    /// a tree of the same type (<c>mlx.core.grad</c>).
    /// </summary>
    /// <example><code>Mlp slope = Transforms.Grad((Mlp p) => Loss(p, x, y))(model);</code></example>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<T, T> Grad<T>(Func<T, MlxArray> function)
    {
        var f = ValueAndGrad(function);
        return x =>
        {
            var (value, slope) = f(x);
            value.Dispose();
            return slope;
        };
    }

    /// <summary>As the other, for a function of parameters and a batch.</summary>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<T, TBatch, T> Grad<T, TBatch>(Func<T, TBatch, MlxArray> function)
    {
        var f = ValueAndGrad(function);
        return (x, batch) =>
        {
            var (value, slope) = f(x, batch);
            value.Dispose();
            return slope;
        };
    }

    /// <summary>
    /// The value of a scalar function and its gradient by its argument, a tree
    /// (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    /// <exception cref="ArgumentException">
    /// When called: the value is not one number, or a leaf is no floating array; the message names
    /// it.
    /// </exception>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<T, (MlxArray Value, T Grad)> ValueAndGrad<T>(Func<T, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return x => Differentiate(p => (function(p), default(ValueTuple)), x) switch
        {
            var (value, _, slope) => (value, slope),
        };
    }

    /// <summary>
    /// The value of a scalar function of parameters and a batch, and its gradient by the parameters
    /// (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    /// <example><code>
    /// var gradient = Transforms.ValueAndGrad((Mlp p, (MlxArray X, MlxArray Y) b) => Loss(p, b));
    /// var (loss, slope) = gradient(model, batch);
    /// </code></example>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<T, TBatch, (MlxArray Value, T Grad)> ValueAndGrad<T, TBatch>(
        Func<T, TBatch, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return (x, batch) => Differentiate(p => (function(p, batch), default(ValueTuple)), x) switch
        {
            var (value, _, slope) => (value, slope),
        };
    }

    /// <summary>
    /// As <see cref="ValueAndGrad{T, TBatch}"/> for a function that answers more than the value: no
    /// gradient flows through the rest.
    /// </summary>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<T, TBatch, (MlxArray Value, TAux Aux, T Grad)>
        ValueAndGradAux<T, TBatch, TAux>(Func<T, TBatch, (MlxArray Value, TAux Aux)> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return (x, batch) => Differentiate(p => function(p, batch), x);
    }

    /// <summary>
    /// The function over one more axis, as if called for each slice and stacked, but in one go
    /// (<c>mlx.core.vmap</c>).
    /// </summary>
    /// <param name="function">A function of slices.</param>
    /// <param name="inAxis">
    /// Where the leaf of a path carries the axis, null for one that is shared; all the first when
    /// absent.
    /// </param>
    /// <param name="outAxis">Where it is carried in the result; all the first when absent.</param>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<TIn, TOut> Vmap<TIn, TOut>(
        Func<TIn, TOut> function,
        Func<string, int?>? inAxis = null,
        Func<string, int>? outAxis = null)
    {
        ArgumentNullException.ThrowIfNull(function);
        return x =>
        {
            int?[]? outAxes = null;
            var traced = Traced(
                x,
                slice =>
                {
                    var y = function(slice);
                    outAxes = outAxis is null
                        ? null
                        : [.. Tree.Paths(y).Select(p => (int?)outAxis(p))];
                    return y;
                });
            int?[]? inAxes = inAxis is null ? null : [.. Tree.Paths(x).Select(inAxis)];
            return traced.Result(
                Vmap(traced.Function, inAxes, () => outAxes)(Tree.Leaves(x)));
        };
    }

    /// <summary>
    /// The function traced once for each structure, shapes and dtypes of its argument, then replayed
    /// as a fused graph (<c>mlx.core.compile</c>); <see cref="Explain"/> tells its traces.
    /// </summary>
    /// <example><code>var forward = Transforms.Compile((Mlp p) => p.Forward(x));</code></example>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<TIn, TOut> Compile<TIn, TOut>(Func<TIn, TOut> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return new CompiledTree<TIn, TOut>(
            function, Tree.Walker<TIn>(), Tree.Walker<TOut>()).Invoke;
    }

    /// <summary>
    /// How often a function made by <see cref="Compile{TIn, TOut}"/> was called and traced, and what
    /// each trace was needed for.
    /// </summary>
    /// <exception cref="ArgumentException">The function was not made so.</exception>
    public static CompileExplanation Explain(Delegate compiled)
    {
        ArgumentNullException.ThrowIfNull(compiled);
        return compiled.Target is IExplained explained
            ? explained.Explain()
            : throw new ArgumentException(
                "only a function that Transforms.Compile made of one over trees can be explained",
                nameof(compiled));
    }

    /// <summary>
    /// The same function, which in a gradient keeps its argument only and computes the rest again
    /// (<c>mlx.core.checkpoint</c>). What it is differentiated by must be its argument.
    /// </summary>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static Func<TIn, TOut> Checkpoint<TIn, TOut>(Func<TIn, TOut> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return x =>
        {
            var traced = Traced(x, function);
            return traced.Result(Checkpoint(traced.Function)(Tree.Leaves(x)));
        };
    }

    /// <summary>
    /// The value at <paramref name="at"/>, and a cotangent of the value carried back to the argument:
    /// v'J (<c>mlx.core.vjp</c>).
    /// </summary>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static (TOut Value, TIn Vjp) Vjp<TIn, TOut>(
        Func<TIn, TOut> function, TIn at, TOut cotangent)
    {
        var traced = Traced(at, function);
        var (values, back) = Vjp(traced.Function, Tree.Leaves(at), Tree.Leaves(cotangent));
        return (traced.Result(values), Tree.FromLeaves(at, back));
    }

    /// <summary>
    /// The value at <paramref name="at"/>, and a tangent of the argument carried forward to the
    /// value: Jv (<c>mlx.core.jvp</c>).
    /// </summary>
    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    public static (TOut Value, TOut Jvp) Jvp<TIn, TOut>(
        Func<TIn, TOut> function, TIn at, TIn tangent)
    {
        var traced = Traced(at, function);
        var (values, along) = Jvp(traced.Function, Tree.Leaves(at), Tree.Leaves(tangent));
        return (traced.Result(values), traced.Result(along));
    }

    /// <summary>As the one over spans; no tree is looked for in arrays.</summary>
    public static (MlxArray[] Outputs, MlxArray[] Vjps) Vjp(
        Func<MlxArray[], MlxArray[]> function, MlxArray[] primals, MlxArray[] cotangents) =>
        Vjp(function, new ReadOnlySpan<MlxArray>(primals), new ReadOnlySpan<MlxArray>(cotangents));

    /// <summary>As the one over spans; no tree is looked for in arrays.</summary>
    public static (MlxArray[] Outputs, MlxArray[] Jvps) Jvp(
        Func<MlxArray[], MlxArray[]> function, MlxArray[] primals, MlxArray[] tangents) =>
        Jvp(function, new ReadOnlySpan<MlxArray>(primals), new ReadOnlySpan<MlxArray>(tangents));

    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    private static TracedTree<TIn, TOut> Traced<TIn, TOut>(TIn like, Func<TIn, TOut> function) =>
        new(like, function, Tree.Walker<TIn>(), Tree.Walker<TOut>());

    [RequiresUnreferencedCode(TreeTypes.Reflects)]
    [RequiresDynamicCode(TreeTypes.Compiles)]
    private static (MlxArray Value, TAux Aux, T Grad) Differentiate<T, TAux>(
        Func<T, (MlxArray, TAux)> function, T at)
    {
        var leaves = Tree.Leaves(at);
        RequireFloating(leaves, Tree.Paths(at));
        var traced = Traced(at, p =>
        {
            var (value, aux) = function(p);
            return value.NDim == 0 ? (value, aux) : throw new ArgumentException(
                $"the function must answer one number, its shape is {Shapes.Text(value.Shape)}; "
                + "end it with Ops.Mean or Ops.Sum",
                nameof(function));
        });
        using var f = new ValueAndGradFunction(
            traced.Function, [.. Enumerable.Range(0, leaves.Length)]);
        var (values, grads) = f.Apply(leaves);
        var (first, rest) = traced.Result(values);
        return (first, rest, Tree.FromLeaves(at, grads));
    }

    private static void RequireFloating(MlxArray[] leaves, string[] paths)
    {
        if (leaves.Length == 0)
        {
            throw new ArgumentException("the argument holds no arrays to differentiate by");
        }

        var wrong = Enumerable.Range(0, leaves.Length)
            .Where(i => !leaves[i].DType.IsInexact())
            .Select(i => $"'{paths[i]}' ({leaves[i].DType.Name()})");
        if (string.Join(", ", wrong) is { Length: > 0 } names)
        {
            throw new ArgumentException(
                $"only floating arrays have gradients, not {names}; keep the others in the batch");
        }
    }
}
