using Mlx.Core.Abi;

namespace Mlx.Core;

public static unsafe partial class Transforms
{
    /// <summary>
    /// The function with a derivative of its own (<c>mlx.core.custom_function</c> with <c>vjp</c>).
    /// </summary>
    public static Func<MlxArray[], MlxArray[]> CustomVjp(
        Func<MlxArray[], MlxArray[]> function, VjpRule vjp)
    {
        using var f = new Closure(function);
        using var use = f.Handle.Acquire();
        var rule = New(vjp);
        try
        {
            mlx_closure c = default;
            var status = Native.mlx_custom_vjp(&c, Closure.Of(use), rule);
            var made = Closure.Own(status, c, nameof(Native.mlx_custom_vjp));
            return xs => made.Apply(xs);
        }
        finally
        {
            _ = Native.mlx_closure_custom_free(rule);
        }
    }

    /// <summary>
    /// The function with rules of its own for the transforms; where a rule is absent the function's
    /// own ops decide (<c>mlx.core.custom_function</c>).
    /// </summary>
    public static Func<MlxArray[], MlxArray[]> CustomFunction(
        Func<MlxArray[], MlxArray[]> function,
        VjpRule? vjp = null,
        JvpRule? jvp = null,
        VmapRule? vmap = null)
    {
        using var f = new Closure(function);
        using var use = f.Handle.Acquire();
        var v = vjp is null ? default : New(vjp);
        var j = jvp is null ? default : Native.mlx_closure_custom_jvp_new_func_payload(
            &Callbacks.Jvp, Callbacks.Payload(jvp), &Callbacks.FreePayload);
        var m = vmap is null ? default : Native.mlx_closure_custom_vmap_new_func_payload(
            &Callbacks.Vmap, Callbacks.Payload(vmap), &Callbacks.FreePayload);
        try
        {
            mlx_closure c = default;
            var status = Native.mlx_custom_function(&c, Closure.Of(use), v, j, m);
            var made = Closure.Own(status, c, nameof(Native.mlx_custom_function));
            return xs => made.Apply(xs);
        }
        finally
        {
            Free(v, j, m);
        }
    }

    private static mlx_closure_custom New(VjpRule vjp) =>
        Native.mlx_closure_custom_new_func_payload(
            &Callbacks.Vjp, Callbacks.Payload(vjp), &Callbacks.FreePayload);

    private static void Free(
        mlx_closure_custom v, mlx_closure_custom_jvp j, mlx_closure_custom_vmap m)
    {
        if (v.ctx != 0)
        {
            _ = Native.mlx_closure_custom_free(v);
        }

        if (j.ctx != 0)
        {
            _ = Native.mlx_closure_custom_jvp_free(j);
        }

        if (m.ctx != 0)
        {
            _ = Native.mlx_closure_custom_vmap_free(m);
        }
    }
}
