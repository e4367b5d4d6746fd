using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// A function of arrays that the engine can call: a .NET delegate, or what a transform made of one.
/// The delegate runs in a <see cref="Scope"/> of its own, so all arrays it makes are freed at its
/// end except those it returns. What it throws comes out of the call unchanged.
/// </summary>
public sealed unsafe class Closure : IDisposable
{
    private readonly ClosureHandle owner;

    /// <summary>A closure over a delegate.</summary>
    public Closure(Func<MlxArray[], MlxArray[]> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        var c = Native.mlx_closure_new_func_payload(
            &Callbacks.Function, Callbacks.Payload(function), &Callbacks.FreePayload);
        Result.Check(c.ctx == 0 ? 1 : 0, nameof(Native.mlx_closure_new_func_payload));
        owner = new ClosureHandle(c.ctx, 0);
    }

    private Closure(mlx_closure c, nuint compileId) => owner = new ClosureHandle(c.ctx, compileId);

    internal EngineHandle Handle => owner;

    /// <summary>Calls the function.</summary>
    public MlxArray[] Apply(params ReadOnlySpan<MlxArray> inputs)
    {
        using var use = owner.Acquire();
        using var vector = new PinnedVector(inputs);
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array result = default;
                var status = Native.mlx_closure_apply(&result, x.Function, x.Inputs);
                return Result.Arrays(status, result, nameof(Native.mlx_closure_apply));
            },
            (Function: Of(use), Inputs: vector.Handle));
    }

    /// <summary>Calls the function over a list on the engine's side, touching no element.</summary>
    public ArrayVector Apply(ArrayVector inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        using var use = owner.Acquire();
        return inputs.Apply(Of(use));
    }

    /// <summary>Gives the function back.</summary>
    public void Dispose() => owner.Dispose();

    internal static mlx_closure Of(EngineHandle.Use use) => new() { ctx = use.Handle };

    /// <summary>Takes over a closure that a transform made.</summary>
    internal static Closure Own(int status, mlx_closure c, string function, nuint compileId = 0)
    {
        Result.Check(status, function);
        return new Closure(c, compileId);
    }

    internal void Step(ArrayVector state, ReadOnlySpan<MlxArray> extra, bool evaluate)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var use = owner.Acquire();
        state.Step(Of(use), extra, evaluate);
    }

    private sealed class ClosureHandle(nint handle, nuint compileId) : EngineHandle(handle)
    {
        protected override void Free(nint h)
        {
            // A compiled function's traces lie in a cache of the thread that runs it.
            if (compileId != 0)
            {
                MlxThread.Post(
                    static x =>
                    {
                        _ = Native.mlx_detail_compile_erase(x.compileId);
                        _ = Native.mlx_closure_free(new mlx_closure { ctx = x.h });
                    },
                    (h, compileId));
            }
            else
            {
                _ = Native.mlx_closure_free(new mlx_closure { ctx = h });
            }
        }
    }
}
