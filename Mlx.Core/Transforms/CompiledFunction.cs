using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// A function traced once for each signature of its arguments (shapes and dtypes; only ranks and
/// dtypes when shapeless), then replayed as a simplified and fused graph without running the
/// delegate again.
/// </summary>
/// <remarks>
/// <para>
/// For a training step, keep parameters and optimizer state in an <see cref="ArrayVector"/> and
/// call <see cref="Step"/>. Let the function return <c>[m results..., n state...]</c> and take
/// <c>[m ignored..., n state..., batch...]</c>: then its output, with the next batch appended, is
/// its next input, and a step costs five crossings of the ABI whatever n is. Start the vector with
/// m placeholders of the results' shapes and dtypes, so that the first step has the signature of
/// all.
/// </para>
/// </remarks>
public sealed unsafe class CompiledFunction : IDisposable
{
    // Ids of functions in MLX's compile cache are addresses of functions elsewhere; no address is
    // that high.
    private static long lastId = 0x4D4C_0000_0000_0000;

    private readonly Closure traced;
    private readonly Closure compiled;
    private readonly nuint id;

    /// <summary>Compiles a function; it runs, as a trace, at the first call.</summary>
    public CompiledFunction(Func<MlxArray[], MlxArray[]> function, bool shapeless = false)
    {
        traced = new Closure(function);
        using var use = traced.Handle.Acquire();
        mlx_closure c = default;
        if (Engine.IsMlx)
        {
            // With an id of our own we can clear what a failed trace leaves in MLX's cache: an
            // entry that counts as traced and answers garbage.
            id = (nuint)Interlocked.Increment(ref lastId);
            var status = Native.mlx_detail_compile(
                &c, Closure.Of(use), id, shapeless ? (byte)1 : (byte)0, null, 0);
            compiled = Closure.Own(status, c, nameof(Native.mlx_detail_compile), id);
        }
        else
        {
            var status = Native.mlx_compile(&c, Closure.Of(use), shapeless ? (byte)1 : (byte)0);
            compiled = Closure.Own(status, c, nameof(Native.mlx_compile));
        }
    }

    /// <summary>Calls the function.</summary>
    public MlxArray[] Apply(params ReadOnlySpan<MlxArray> inputs)
    {
        try
        {
            return compiled.Apply(inputs);
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>Calls the function over a list on the engine's side, touching no element.</summary>
    public ArrayVector Apply(ArrayVector inputs)
    {
        try
        {
            return compiled.Apply(inputs);
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>
    /// Appends a batch to the state, replaces the state by the function's outputs, and evaluates
    /// them. When the function throws, the state is as it was.
    /// </summary>
    /// <param name="state">Argument and result.</param>
    /// <param name="batch">Further arguments at the end.</param>
    /// <param name="evaluate">False to leave evaluation to a later call.</param>
    public void Step(ArrayVector state, ReadOnlySpan<MlxArray> batch, bool evaluate = true)
    {
        try
        {
            compiled.Step(state, batch, evaluate);
        }
        catch
        {
            Forget();
            throw;
        }
    }

    /// <summary>Gives the function and its traces back.</summary>
    public void Dispose()
    {
        compiled.Dispose();
        traced.Dispose();
    }

    private void Forget()
    {
        if (id != 0)
        {
            MlxThread.Run(static i => _ = Native.mlx_detail_compile_erase(i), id);
        }
    }
}
