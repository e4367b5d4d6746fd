using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>A function of arrays, inside the engine. Results are held for the caller.</summary>
internal delegate Held Function(Node[] inputs);

/// <summary>
/// The object behind <c>mlx_closure</c>: a function, and what C wants freed with it.
/// </summary>
internal sealed unsafe class Closure : IDisposable
{
    private readonly Lifetime? lifetime;

    public Closure(Function function, Lifetime? lifetime = null)
    {
        Function = function;
        this.lifetime = lifetime;
        lifetime?.Share();
    }

    public Function Function { get; }

    /// <summary>Another handle to the same function.</summary>
    public Closure Another() => new(Function, lifetime);

    public void Dispose() => lifetime?.Dispose();

    /// <summary>
    /// Calls a C function pointer with a payload; its status 1 becomes an exception.
    /// </summary>
    public static Closure FromC(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (pointer, data) = ((nint)f, (nint)payload);
        return new Closure(
            inputs => Call(
                (delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, void*, int>)pointer,
                (void*)data,
                inputs),
            new Lifetime((nint)payload, (nint)destructor));
    }

    private static Held Call(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, void*, int> f,
        void* payload,
        Node[] inputs)
    {
        var given = new mlx_vector_array { ctx = Handles.New(new NodeVector(inputs)) };
        mlx_vector_array result = default;
        result.ctx = Handles.New(new NodeVector([]));
        try
        {
            if (f(&result, given, payload) != 0)
            {
                throw new InvalidOperationException("mlx_closure returned a non-zero value");
            }

            return new Held(Handles.Nodes(result));
        }
        finally
        {
            Handles.Free(given.ctx);
            Handles.Free(result.ctx);
        }
    }
}

/// <summary>A payload with its destructor, shared by all handles to one function.</summary>
internal sealed unsafe class Lifetime(nint payload, nint destructor) : IDisposable
{
    private readonly List<IDisposable> owned = [];
    private int count;

    /// <summary>Something of ours to be let go with the function.</summary>
    public static Lifetime Of(params IDisposable[] owned)
    {
        var l = new Lifetime(0, 0);
        l.owned.AddRange(owned);
        return l;
    }

    public void Share() => Interlocked.Increment(ref count);

    public void Dispose()
    {
        if (Interlocked.Decrement(ref count) != 0)
        {
            return;
        }

        owned.ForEach(o => o.Dispose());
        if (destructor != 0)
        {
            ((delegate* unmanaged[Cdecl]<void*, void>)destructor)((void*)payload);
        }
    }
}

/// <summary>
/// A share in a lifetime for a node of a graph, which may call the function when all handles to it
/// are gone; the collector says when the node is.
/// </summary>
internal sealed class LifetimeShare
{
    private readonly Lifetime lifetime;

    public LifetimeShare(Lifetime lifetime)
    {
        this.lifetime = lifetime;
        lifetime.Share();
    }

    ~LifetimeShare() => lifetime.Dispose();
}

/// <summary>closure.h, the plain closures.</summary>
internal static unsafe class Closures
{
    [RawExport("mlx_closure_new")]
    public static mlx_closure New() => default;

    [RawExport("mlx_closure_free")]
    public static void Free(mlx_closure c) => Handles.Free(c.ctx);

    [RawExport("mlx_closure_new_func")]
    public static mlx_closure NewFunc(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, int> f)
    {
        var pointer = (nint)f;
        return Wrap(new Closure(inputs => CallPlain(pointer, inputs)));
    }

    [RawExport("mlx_closure_new_func_payload")]
    public static mlx_closure NewPayload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, void*, int> f,
        void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor) =>
        Wrap(Closure.FromC(f, payload, destructor));

    [RawExport("mlx_closure_new_unary")]
    public static mlx_closure NewUnary(delegate* unmanaged[Cdecl]<mlx_array*, mlx_array, int> f)
    {
        var pointer = (nint)f;
        return Wrap(new Closure(inputs => CallUnary(pointer, inputs)));
    }

    [RawExport("mlx_closure_set")]
    public static void Set(mlx_closure* target, mlx_closure source) =>
        Handles.Replace(&target->ctx, Handles.New(Get(source).Another()));

    [RawExport("mlx_closure_apply")]
    public static void Apply(mlx_vector_array* result, mlx_closure c, mlx_vector_array inputs)
    {
        using var outputs = Get(c).Function(Handles.Nodes(inputs));
        Handles.Set(result, outputs.Nodes);
    }

    public static Closure Get(mlx_closure c) => Handles.Get<Closure>(c.ctx);

    public static mlx_closure Wrap(Closure c) => new() { ctx = Handles.New(c) };

    public static void Set(mlx_closure* target, Closure c) =>
        Handles.Replace(&target->ctx, Handles.New(c));

    private static Held CallPlain(nint f, Node[] inputs)
    {
        var given = new mlx_vector_array { ctx = Handles.New(new NodeVector(inputs)) };
        mlx_vector_array result = default;
        result.ctx = Handles.New(new NodeVector([]));
        try
        {
            Succeed(((delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, int>)f)(
                &result, given));
            return new Held(Handles.Nodes(result));
        }
        finally
        {
            Handles.Free(given.ctx);
            Handles.Free(result.ctx);
        }
    }

    private static Held CallUnary(nint f, Node[] inputs)
    {
        if (inputs.Length != 1)
        {
            throw new ArgumentException(
                $"[closure] a unary function was given {inputs.Length} inputs.");
        }

        var given = Arrays.Wrap(inputs[0]);
        mlx_array result = default;
        try
        {
            Succeed(((delegate* unmanaged[Cdecl]<mlx_array*, mlx_array, int>)f)(&result, given));
            return new Held([Handles.Node(result)]);
        }
        finally
        {
            Handles.Free(given.ctx);
            Handles.Free(result.ctx);
        }
    }

    private static void Succeed(int status)
    {
        if (status != 0)
        {
            throw new InvalidOperationException("mlx_closure returned a non-zero value");
        }
    }
}
