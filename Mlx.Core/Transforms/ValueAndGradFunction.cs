using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// A function that answers what another answers, and the gradient of its first output, a scalar,
/// with respect to some arguments (<c>mlx.core.value_and_grad</c>). Holds the function; reusable.
/// </summary>
public sealed unsafe class ValueAndGradFunction : IDisposable
{
    private readonly Closure function;
    private readonly GradHandle owner;
    private readonly int[] argNums;

    /// <summary>Differentiates <paramref name="function"/>.</summary>
    /// <param name="function">
    /// Its first output is a scalar; no gradient flows through the others.
    /// </param>
    /// <param name="argNums">
    /// Positions of the arguments to differentiate by, negative ones from the end; the first one
    /// when none is given.
    /// </param>
    public ValueAndGradFunction(
        Func<MlxArray[], MlxArray[]> function, params ReadOnlySpan<int> argNums)
    {
        this.function = new Closure(function);
        this.argNums = argNums.IsEmpty ? [0] : argNums.ToArray();
        using var use = this.function.Handle.Acquire();
        mlx_closure_value_and_grad g = default;
        fixed (int* p = this.argNums)
        {
            var count = (nuint)this.argNums.Length;
            var status = Native.mlx_value_and_grad(&g, Closure.Of(use), p, count);
            Result.Check(status, nameof(Native.mlx_value_and_grad));
        }

        owner = new GradHandle(g.ctx);
    }

    /// <summary>
    /// The outputs, and a gradient for each of the argument positions, in their order and of their
    /// arguments' shapes and dtypes.
    /// </summary>
    /// <exception cref="MlxException">
    /// The first output is no scalar, or an op on the way has no derivative.
    /// </exception>
    public (MlxArray[] Values, MlxArray[] Grads) Apply(params ReadOnlySpan<MlxArray> inputs)
    {
        using var use = owner.Acquire();
        using var vector = new PinnedVector(inputs);
        var (values, grads) = MlxThread.Run(
            static x =>
            {
                mlx_vector_array values = default;
                mlx_vector_array grads = default;
                var status = Native.mlx_closure_value_and_grad_apply(
                    &values, &grads, x.Function, x.Inputs);
                return Transforms.Take(
                    status, values, grads, nameof(Native.mlx_closure_value_and_grad_apply));
            },
            (Function: new mlx_closure_value_and_grad { ctx = use.Handle }, Inputs: vector.Handle));
        return (values, InOrder(grads, inputs.Length));
    }

    /// <summary>Gives the function back.</summary>
    public void Dispose()
    {
        owner.Dispose();
        function.Dispose();
    }

    // MLX answers by ascending position, whatever the order asked for.
    private MlxArray[] InOrder(MlxArray[] ascending, int count)
    {
        var places = new int[argNums.Length];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = argNums[i] < 0 ? argNums[i] + count : argNums[i];
        }

        var order = new int[places.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(places, order);
        var grads = new MlxArray[ascending.Length];
        for (var i = 0; i < order.Length; i++)
        {
            grads[order[i]] = ascending[i];
        }

        return grads;
    }

    private sealed class GradHandle(nint handle) : EngineHandle(handle)
    {
        protected override void Free(nint h) =>
            _ = Native.mlx_closure_value_and_grad_free(new mlx_closure_value_and_grad { ctx = h });
    }
}
