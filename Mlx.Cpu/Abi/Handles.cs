using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>
/// Handles are <c>{ void* ctx }</c> structs; here <c>ctx</c> is a <see cref="GCHandle"/> to the
/// object behind. A handle to a node counts on it. A null <c>ctx</c> is the empty handle.
/// </summary>
internal static unsafe class Handles
{
    private static long live;

    /// <summary>Handles of any kind given out and not yet freed.</summary>
    public static long LiveCount => Interlocked.Read(ref live);

    public static void* New(object o)
    {
        Interlocked.Increment(ref live);
        return (void*)GCHandle.ToIntPtr(GCHandle.Alloc(o));
    }

    public static void* NewNode(Node n)
    {
        n.Retain();
        return New(n);
    }

    public static T Get<T>(void* ctx) where T : class => GetOrNull<T>(ctx)
        ?? throw new ArgumentException($"an empty handle was given where {Kind<T>()} is needed");

    public static T? GetOrNull<T>(void* ctx) where T : class =>
        ctx == null ? null : (T)GCHandle.FromIntPtr((nint)ctx).Target!;

    /// <summary>Frees the handle; what it held dies if nothing else counts on it.</summary>
    public static void Free(void* ctx)
    {
        if (ctx == null)
        {
            return;
        }

        var handle = GCHandle.FromIntPtr((nint)ctx);
        var o = handle.Target;
        handle.Free();
        Interlocked.Decrement(ref live);
        switch (o)
        {
            case Node n: n.Release(); break;
            case IDisposable d: d.Dispose(); break;
        }
    }

    // ---- what the generated thunks call ----------------------------------------------------

    public static Node Node(mlx_array a) => Get<Node>(a.ctx);

    public static Node? NodeOrNull(mlx_array a) => GetOrNull<Node>(a.ctx);

    public static Node[] Nodes(mlx_vector_array v) => [.. Get<NodeVector>(v.ctx).Items];

    public static void Set(mlx_array* target, Node value) => Replace(&target->ctx, NewNode(value));

    public static void Set(mlx_vector_array* target, Node[] values) =>
        Replace(&target->ctx, New(new NodeVector(values)));

    /// <summary>Results are assigned: what the target held before is freed.</summary>
    public static void Replace(void** target, void* value)
    {
        var old = *target;
        *target = value;
        Free(old);
    }

    private static string Kind<T>() =>
        typeof(T) == typeof(Node) ? "an array" : $"a {typeof(T).Name.ToLowerInvariant()}";
}

/// <summary>The object behind <c>mlx_vector_array</c>; counts on its elements.</summary>
internal sealed class NodeVector : IDisposable
{
    public readonly List<Node> Items;

    public NodeVector(ReadOnlySpan<Node> nodes)
    {
        Items = new List<Node>(nodes.Length);
        foreach (var n in nodes)
        {
            Add(n);
        }
    }

    public void Add(Node n)
    {
        n.Retain();
        Items.Add(n);
    }

    public void Dispose()
    {
        foreach (var n in Items)
        {
            n.Release();
        }

        Items.Clear();
    }
}
