using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// Functions of functions: derivatives, vectorisation, compilation. All nest. A function given here
/// runs in a <see cref="Scope"/> of its own, and what it throws comes out unchanged. The delegates
/// answered hold engine objects, which go when they are collected; for a definite end use
/// <see cref="ValueAndGradFunction"/>, <see cref="CompiledFunction"/> and <see cref="Closure"/>.
/// </summary>
public static unsafe partial class Transforms
{
    /// <summary>The gradient of a scalar function of one array (<c>mlx.core.grad</c>).</summary>
    /// <example><code>var slope = Transforms.Grad(x => Ops.Sum(x * x))(x);  // 2x</code></example>
    public static Func<MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray> function)
    {
        var f = new ValueAndGradFunction(Listed(function));
        return x =>
        {
            var (values, grads) = f.Apply(x);
            values[0].Dispose();
            return grads[0];
        };
    }

    /// <summary>
    /// The gradients of a function whose first output is a scalar, by the arguments at some
    /// positions (<c>mlx.core.grad</c>).
    /// </summary>
    public static Func<MlxArray[], MlxArray[]> Grad(
        Func<MlxArray[], MlxArray[]> function, params ReadOnlySpan<int> argNums)
    {
        var f = new ValueAndGradFunction(function, argNums);
        return xs =>
        {
            var (values, grads) = f.Apply(xs);
            Array.ForEach(values, static v => v.Dispose());
            return grads;
        };
    }

    /// <summary>
    /// The value and the gradient of a scalar function of one array
    /// (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    public static Func<MlxArray, (MlxArray Value, MlxArray Grad)> ValueAndGrad(
        Func<MlxArray, MlxArray> function)
    {
        var f = new ValueAndGradFunction(Listed(function));
        return x =>
        {
            var (values, grads) = f.Apply(x);
            return (values[0], grads[0]);
        };
    }

    /// <summary>
    /// The values and gradients of a function whose first output is a scalar, by the arguments at
    /// some positions (<c>mlx.core.value_and_grad</c>).
    /// </summary>
    public static Func<MlxArray[], (MlxArray[] Values, MlxArray[] Grads)> ValueAndGrad(
        Func<MlxArray[], MlxArray[]> function, params ReadOnlySpan<int> argNums)
    {
        var f = new ValueAndGradFunction(function, argNums);
        return xs => f.Apply(xs);
    }

    /// <summary>
    /// The outputs at <paramref name="primals"/>, and the cotangents of the outputs carried back to
    /// the arguments: v'J (<c>mlx.core.vjp</c>).
    /// </summary>
    public static (MlxArray[] Outputs, MlxArray[] Vjps) Vjp(
        Func<MlxArray[], MlxArray[]> function,
        ReadOnlySpan<MlxArray> primals,
        ReadOnlySpan<MlxArray> cotangents)
    {
        using var f = new Closure(function);
        using var use = f.Handle.Acquire();
        using var at = new PinnedVector(primals);
        using var back = new PinnedVector(cotangents);
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array outputs = default;
                mlx_vector_array vjps = default;
                var status = Native.mlx_vjp(&outputs, &vjps, x.F, x.At, x.Back);
                return Take(status, outputs, vjps, nameof(Native.mlx_vjp));
            },
            (F: Closure.Of(use), At: at.Handle, Back: back.Handle));
    }

    /// <summary>
    /// The outputs at <paramref name="primals"/>, and the tangents of the arguments carried forward
    /// to the outputs: Jv (<c>mlx.core.jvp</c>).
    /// </summary>
    public static (MlxArray[] Outputs, MlxArray[] Jvps) Jvp(
        Func<MlxArray[], MlxArray[]> function,
        ReadOnlySpan<MlxArray> primals,
        ReadOnlySpan<MlxArray> tangents)
    {
        using var f = new Closure(function);
        using var use = f.Handle.Acquire();
        using var at = new PinnedVector(primals);
        using var along = new PinnedVector(tangents);
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array outputs = default;
                mlx_vector_array jvps = default;
                var status = Native.mlx_jvp(&outputs, &jvps, x.F, x.At, x.Along);
                return Take(status, outputs, jvps, nameof(Native.mlx_jvp));
            },
            (F: Closure.Of(use), At: at.Handle, Along: along.Handle));
    }

    /// <summary>
    /// The function traced once for each signature and replayed fused; see
    /// <see cref="CompiledFunction"/> (<c>mlx.core.compile</c>).
    /// </summary>
    public static Func<MlxArray[], MlxArray[]> Compile(
        Func<MlxArray[], MlxArray[]> function, bool shapeless = false)
    {
        var f = new CompiledFunction(function, shapeless);
        return xs => f.Apply(xs);
    }

    /// <summary>As the other, for one array (<c>mlx.core.compile</c>).</summary>
    public static Func<MlxArray, MlxArray> Compile(
        Func<MlxArray, MlxArray> function, bool shapeless = false)
    {
        var f = new CompiledFunction(Listed(function), shapeless);
        return x => f.Apply(x)[0];
    }

    /// <summary>
    /// The same function, which in a gradient keeps its arguments only and computes the rest again
    /// (<c>mlx.core.checkpoint</c>).
    /// </summary>
    public static Func<MlxArray[], MlxArray[]> Checkpoint(Func<MlxArray[], MlxArray[]> function)
    {
        ArgumentNullException.ThrowIfNull(function);

        // MLX's own lets the second run wait for the outputs of the first, so it may begin at once,
        // and then all that was to be saved is there again: here it waits for the way back.
        return CustomVjp(function, (primals, cotangents, _) =>
        {
            var later = Ops.Depends(primals, cotangents);
            return Vjp(function, later, cotangents).Vjps;
        });
    }

    internal static Func<MlxArray[], MlxArray[]> Listed(Func<MlxArray, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return xs => [function(xs[0])];
    }

    /// <summary>Takes two result vectors.</summary>
    internal static (MlxArray[], MlxArray[]) Take(
        int status, mlx_vector_array first, mlx_vector_array second, string function)
    {
        try
        {
            return (Result.Arrays(status, first, function), Result.Elements(second));
        }
        finally
        {
            _ = Native.mlx_vector_array_free(second);
        }
    }
}
