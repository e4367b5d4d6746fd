using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Abi;

/// <summary>closure.h: value_and_grad.</summary>
internal static unsafe class ValueAndGradClosures
{
    [RawExport("mlx_closure_value_and_grad_new")]
    public static mlx_closure_value_and_grad New() => default;

    [RawExport("mlx_closure_value_and_grad_free")]
    public static void Free(mlx_closure_value_and_grad c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_value_and_grad_set")]
    public static void Set(mlx_closure_value_and_grad* target, mlx_closure_value_and_grad source) =>
        Handles.Replace(
            &target->ctx, Handles.New(Handles.Get<ValueAndGradClosure>(source.ctx).Another()));

    [RawExport("mlx_closure_value_and_grad_new_func")]
    public static mlx_closure_value_and_grad NewFunc(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array*, mlx_vector_array, int> f)
    {
        var p = (nint)f;
        return Wrap(new Lifetime(0, 0), (v, g, x) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array*, mlx_vector_array, int>)p)(
                (mlx_vector_array*)v, (mlx_vector_array*)g, x));
    }

    [RawExport("mlx_closure_value_and_grad_new_func_payload")]
    public static mlx_closure_value_and_grad NewPayload(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array*, mlx_vector_array, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (p, data) = ((nint)f, (nint)payload);
        return Wrap(new Lifetime(data, (nint)destructor), (v, g, x) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array*, mlx_vector_array, void*, int>)p)(
                (mlx_vector_array*)v, (mlx_vector_array*)g, x, (void*)data));
    }

    private delegate int Callback(nint values, nint gradients, mlx_vector_array inputs);

    private static mlx_closure_value_and_grad Wrap(Lifetime lifetime, Callback call) => new()
    {
        ctx = Handles.New(new ValueAndGradClosure(inputs => Call(call, inputs), lifetime)),
    };

    private static (Held Values, Held Gradients) Call(Callback call, Node[] inputs)
    {
        var x = new mlx_vector_array { ctx = Handles.New(new NodeVector(inputs)) };
        var values = new mlx_vector_array { ctx = Handles.New(new NodeVector([])) };
        var gradients = new mlx_vector_array { ctx = Handles.New(new NodeVector([])) };
        try
        {
            return call((nint)(&values), (nint)(&gradients), x) == 0
                ? (new Held(Handles.Nodes(values)), new Held(Handles.Nodes(gradients)))
                : throw new InvalidOperationException("mlx_closure returned a non-zero value");
        }
        finally
        {
            Handles.Free(x.ctx);
            Handles.Free(values.ctx);
            Handles.Free(gradients.ctx);
        }
    }

    [RawExport("mlx_closure_value_and_grad_apply")]
    public static void Apply(
        mlx_vector_array* values, mlx_vector_array* gradients, mlx_closure_value_and_grad c,
        mlx_vector_array inputs)
    {
        var (v, g) = Handles.Get<ValueAndGradClosure>(c.ctx).Function(Handles.Nodes(inputs));
        using (v)
        using (g)
        {
            Handles.Set(values, v.Nodes);
            Handles.Set(gradients, g.Nodes);
        }
    }
}

/// <summary>The object behind the custom closures: a rule, and what is freed with it.</summary>
internal sealed class CustomClosure<TRule> : IDisposable where TRule : Delegate
{
    private readonly Lifetime lifetime;

    public CustomClosure(TRule rule, Lifetime lifetime)
    {
        Rule = rule;
        this.lifetime = lifetime;
        lifetime.Share();
    }

    public TRule Rule { get; }

    public CustomClosure<TRule> Another() => new(Rule, lifetime);

    public void Dispose() => lifetime.Dispose();
}

/// <summary>
/// closure.h: custom, custom_jvp and custom_vmap; and the functions that take them.
/// </summary>
internal static unsafe class CustomClosures
{
    // ---- custom (vjp) ----------------------------------------------------------------------

    [RawExport("mlx_closure_custom_new")]
    public static mlx_closure_custom New() => default;

    [RawExport("mlx_closure_custom_free")]
    public static void Free(mlx_closure_custom c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_custom_set")]
    public static void Set(mlx_closure_custom* target, mlx_closure_custom source) =>
        Handles.Replace(&target->ctx, Handles.New(Get<CustomVjp>(source.ctx).Another()));

    [RawExport("mlx_closure_custom_new_func")]
    public static mlx_closure_custom NewFunc(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, int> f)
    {
        var p = (nint)f;
        return WrapVjp(new Lifetime(0, 0), (r, x, c, o) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, int>)p)(
                (mlx_vector_array*)r, x, c, o));
    }

    [RawExport("mlx_closure_custom_new_func_payload")]
    public static mlx_closure_custom NewPayload(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (p, data) = ((nint)f, (nint)payload);
        return WrapVjp(new Lifetime(data, (nint)destructor), (r, x, c, o) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, void*,
                int>)p)((mlx_vector_array*)r, x, c, o, (void*)data));
    }

    [RawExport("mlx_closure_custom_apply")]
    public static void Apply(
        mlx_vector_array* result, mlx_closure_custom c, mlx_vector_array primals,
        mlx_vector_array cotangents, mlx_vector_array outputs)
    {
        using var r = Get<CustomVjp>(c.ctx).Rule(
            Handles.Nodes(primals), Handles.Nodes(cotangents), Handles.Nodes(outputs));
        Handles.Set(result, r.Nodes);
    }

    // ---- custom_jvp ------------------------------------------------------------------------

    [RawExport("mlx_closure_custom_jvp_new")]
    public static mlx_closure_custom_jvp NewJvp() => default;

    [RawExport("mlx_closure_custom_jvp_free")]
    public static void FreeJvp(mlx_closure_custom_jvp c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_custom_jvp_set")]
    public static void SetJvp(mlx_closure_custom_jvp* target, mlx_closure_custom_jvp source) =>
        Handles.Replace(&target->ctx, Handles.New(Get<CustomJvp>(source.ctx).Another()));

    [RawExport("mlx_closure_custom_jvp_new_func")]
    public static mlx_closure_custom_jvp NewJvpFunc(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, int> f)
    {
        var p = (nint)f;
        return WrapJvp(new Lifetime(0, 0), (r, x, t, a, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, int>)p)(
                (mlx_vector_array*)r, x, t, (int*)a, n));
    }

    [RawExport("mlx_closure_custom_jvp_new_func_payload")]
    public static mlx_closure_custom_jvp NewJvpPayload(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (p, data) = ((nint)f, (nint)payload);
        return WrapJvp(new Lifetime(data, (nint)destructor), (r, x, t, a, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, void*, int>)p)(
                (mlx_vector_array*)r, x, t, (int*)a, n, (void*)data));
    }

    [RawExport("mlx_closure_custom_jvp_apply")]
    public static void ApplyJvp(
        mlx_vector_array* result, mlx_closure_custom_jvp c, mlx_vector_array primals,
        mlx_vector_array tangents, int* argnums, nuint count)
    {
        using var r = Get<CustomJvp>(c.ctx).Rule(
            Handles.Nodes(primals), Handles.Nodes(tangents), Ints(argnums, count));
        Handles.Set(result, r.Nodes);
    }

    // ---- custom_vmap -----------------------------------------------------------------------

    [RawExport("mlx_closure_custom_vmap_new")]
    public static mlx_closure_custom_vmap NewVmap() => default;

    [RawExport("mlx_closure_custom_vmap_free")]
    public static void FreeVmap(mlx_closure_custom_vmap c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_custom_vmap_set")]
    public static void SetVmap(mlx_closure_custom_vmap* target, mlx_closure_custom_vmap source) =>
        Handles.Replace(&target->ctx, Handles.New(Get<CustomVmap>(source.ctx).Another()));

    [RawExport("mlx_closure_custom_vmap_new_func")]
    public static mlx_closure_custom_vmap NewVmapFunc(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, int> f)
    {
        var p = (nint)f;
        return WrapVmap(new Lifetime(0, 0), (r, o, x, a, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, int>)p)(
                (mlx_vector_array*)r, (mlx_vector_int*)o, x, (int*)a, n));
    }

    [RawExport("mlx_closure_custom_vmap_new_func_payload")]
    public static mlx_closure_custom_vmap NewVmapPayload(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (p, data) = ((nint)f, (nint)payload);
        return WrapVmap(new Lifetime(data, (nint)destructor), (r, o, x, a, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, void*, int>)p)(
                (mlx_vector_array*)r, (mlx_vector_int*)o, x, (int*)a, n, (void*)data));
    }

    [RawExport("mlx_closure_custom_vmap_apply")]
    public static void ApplyVmap(
        mlx_vector_array* result, mlx_vector_int* axes, mlx_closure_custom_vmap c,
        mlx_vector_array inputs, int* inAxes, nuint count)
    {
        var (outputs, outAxes) = Get<CustomVmap>(c.ctx).Rule(
            Handles.Nodes(inputs), Ints(inAxes, count));
        using (outputs)
        {
            Handles.Set(result, outputs.Nodes);
            Handles.Replace(&axes->ctx, Handles.New(new List<int>(outAxes)));
        }
    }

    // ---- the functions that take them ------------------------------------------------------

    [RawExport("mlx_custom_vjp")]
    public static void CustomVjpOf(mlx_closure* result, mlx_closure f, mlx_closure_custom vjp) =>
        CustomFunction(result, f, vjp, default, default);

    [RawExport("mlx_custom_function")]
    public static void CustomFunction(
        mlx_closure* result, mlx_closure f, mlx_closure_custom vjp, mlx_closure_custom_jvp jvp,
        mlx_closure_custom_vmap vmap)
    {
        var inner = Closures.Get(f).Another();
        var v = Handles.GetOrNull<CustomClosure<CustomVjp>>(vjp.ctx)?.Another();
        var j = Handles.GetOrNull<CustomClosure<CustomJvp>>(jvp.ctx)?.Another();
        var m = Handles.GetOrNull<CustomClosure<CustomVmap>>(vmap.ctx)?.Another();
        IDisposable?[] owned = [inner, v, j, m];
        var lifetime = Lifetime.Of([.. owned.OfType<IDisposable>()]);
        Closures.Set(result, new Closure(
            CustomTransform.Apply(inner.Function, lifetime, v?.Rule, j?.Rule, m?.Rule),
            lifetime));
    }

    // ----------------------------------------------------------------------------------------

    private delegate int VjpCall(
        nint result,
        mlx_vector_array primals,
        mlx_vector_array cotangents,
        mlx_vector_array outputs);

    private delegate int JvpCall(
        nint result,
        mlx_vector_array primals,
        mlx_vector_array tangents,
        nint argnums,
        nuint count);

    private delegate int VmapCall(
        nint result, nint axes, mlx_vector_array inputs, nint inAxes, nuint count);

    private static mlx_closure_custom WrapVjp(Lifetime lifetime, VjpCall call) => new()
    {
        ctx = Handles.New(new CustomClosure<CustomVjp>(
            (primals, cotangents, outputs) =>
            {
                using var x = new LentVector(primals);
                using var c = new LentVector(cotangents);
                using var o = new LentVector(outputs);
                using var r = new LentVector([]);
                var result = r.Handle;
                r.Adopt(call((nint)(&result), x.Handle, c.Handle, o.Handle), result);
                return new Held(Handles.Nodes(r.Handle));
            },
            lifetime)),
    };

    private static mlx_closure_custom_jvp WrapJvp(Lifetime lifetime, JvpCall call) => new()
    {
        ctx = Handles.New(new CustomClosure<CustomJvp>(
            (primals, tangents, argnums) =>
            {
                using var x = new LentVector(primals);
                using var t = new LentVector(tangents);
                using var r = new LentVector([]);
                var result = r.Handle;
                fixed (int* a = argnums)
                {
                    r.Adopt(
                        call((nint)(&result), x.Handle, t.Handle, (nint)a, (nuint)argnums.Length),
                        result);
                }

                return new Held(Handles.Nodes(r.Handle));
            },
            lifetime)),
    };

    private static mlx_closure_custom_vmap WrapVmap(Lifetime lifetime, VmapCall call) => new()
    {
        ctx = Handles.New(new CustomClosure<CustomVmap>(
            (inputs, inAxes) =>
            {
                using var x = new LentVector(inputs);
                using var r = new LentVector([]);
                var result = r.Handle;
                var axes = new mlx_vector_int { ctx = Handles.New(new List<int>()) };
                try
                {
                    fixed (int* a = inAxes)
                    {
                        r.Adopt(
                            call((nint)(&result), (nint)(&axes), x.Handle, (nint)a,
                                (nuint)inAxes.Length),
                            result);
                    }

                    var outputs = new Held(Handles.Nodes(r.Handle));
                    return (outputs, [.. Handles.Get<List<int>>(axes.ctx)]);
                }
                finally
                {
                    Handles.Free(axes.ctx);
                }
            },
            lifetime)),
    };

    private static CustomClosure<T> Get<T>(void* ctx) where T : Delegate =>
        Handles.Get<CustomClosure<T>>(ctx);

    private static int[] Ints(int* p, nuint n) =>
        new ReadOnlySpan<int>(p, checked((int)n)).ToArray();
}

/// <summary>A vector handle for the length of one call into C.</summary>
internal sealed unsafe class LentVector(Node[] nodes) : IDisposable
{
    public mlx_vector_array Handle { get; private set; } =
        new() { ctx = Handles.New(new NodeVector(nodes)) };

    /// <summary>C may have put another vector in the place of the one it was lent.</summary>
    public void Adopt(int status, mlx_vector_array result)
    {
        Handle = result;
        if (status != 0)
        {
            throw new InvalidOperationException("mlx_closure returned a non-zero value");
        }
    }

    public void Dispose() => Handles.Free(Handle.ctx);
}
