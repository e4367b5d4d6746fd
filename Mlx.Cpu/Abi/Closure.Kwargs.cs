using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>A function of arrays and named arrays.</summary>
internal delegate Held NamedFunction(Node[] inputs, ArrayMap named);

/// <summary>closure.h: functions with named arguments.</summary>
internal static unsafe class NamedClosures
{
    [RawExport("mlx_closure_kwargs_new")]
    public static mlx_closure_kwargs New() => default;

    [RawExport("mlx_closure_kwargs_free")]
    public static void Free(mlx_closure_kwargs c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_kwargs_set")]
    public static void Set(mlx_closure_kwargs* target, mlx_closure_kwargs source) =>
        Handles.Replace(&target->ctx, Handles.New(Get(source).Another()));

    [RawExport("mlx_closure_kwargs_new_func")]
    public static mlx_closure_kwargs NewFunc(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, int> f)
    {
        var p = (nint)f;
        return Wrap(new Lifetime(0, 0), (r, x, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, int>)p)(
                (mlx_vector_array*)r, x, n));
    }

    [RawExport("mlx_closure_kwargs_new_func_payload")]
    public static mlx_closure_kwargs NewPayload(
        delegate* unmanaged[Cdecl]<
            mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (p, data) = ((nint)f, (nint)payload);
        return Wrap(new Lifetime(data, (nint)destructor), (r, x, n) =>
            ((delegate* unmanaged[Cdecl]<
                mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, void*, int>)p)(
                (mlx_vector_array*)r, x, n, (void*)data));
    }

    [RawExport("mlx_closure_kwargs_apply")]
    public static void Apply(
        mlx_vector_array* result, mlx_closure_kwargs c, mlx_vector_array inputs,
        mlx_map_string_to_array named)
    {
        using var r = Get(c).Rule(Handles.Nodes(inputs), ArrayMaps.Get(named));
        Handles.Set(result, r.Nodes);
    }

    public static CustomClosure<NamedFunction> Get(mlx_closure_kwargs c) =>
        Handles.Get<CustomClosure<NamedFunction>>(c.ctx);

    private delegate int Callback(nint result, mlx_vector_array x, mlx_map_string_to_array named);

    private static mlx_closure_kwargs Wrap(Lifetime lifetime, Callback call) => new()
    {
        ctx = Handles.New(new CustomClosure<NamedFunction>(
            (inputs, named) => Call(call, inputs, named), lifetime)),
    };

    private static Held Call(Callback call, Node[] inputs, ArrayMap named)
    {
        var x = new mlx_vector_array { ctx = Handles.New(new NodeVector(inputs)) };
        var result = new mlx_vector_array { ctx = Handles.New(new NodeVector([])) };
        var map = new mlx_map_string_to_array { ctx = Handles.New(named.Copy()) };
        try
        {
            return call((nint)(&result), x, map) == 0
                ? new Held(Handles.Nodes(result))
                : throw new InvalidOperationException("mlx_closure returned a non-zero value");
        }
        finally
        {
            Handles.Free(x.ctx);
            Handles.Free(result.ctx);
            Handles.Free(map.ctx);
        }
    }
}
