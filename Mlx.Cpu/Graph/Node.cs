using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Graph;

/// <summary>How the elements of a node lie in its storage.</summary>
[Flags]
internal enum Layout : byte
{
    None = 0,

    /// <summary>Row-major without gaps, so a flat loop visits the elements in order.</summary>
    Row = 1,

    /// <summary>
    /// Some permutation of the axes is row-major without gaps: flat, but in another order.
    /// </summary>
    Dense = 2,
}

/// <summary>
/// The lazy array: dtype and shape, and either data (storage, offset, strides) or the primitive
/// and inputs that will make it.
/// <para>
/// Nodes are counted so that memory goes back at once instead of when the collector finds out:
/// one count for every ABI handle, vector element, edge from an unevaluated consumer and explicit
/// hold. A node made inside the engine starts at zero and lives as any .NET object does; when its
/// count <em>falls</em> to zero it is dead: its storage is back in the pool and its edges no longer
/// count. A dead node that was never evaluated comes back to life when something counts on it
/// again, as long as its inputs live. Code that drops a counted reference and keeps using the node
/// must hold it (<see cref="Held"/>).
/// </para>
/// </summary>
internal sealed unsafe partial class Node
{
    public static readonly Node[] None = [];

    private static readonly long[] NoStrides = [];
    private static readonly long[] UnitStride = [1];

    public readonly Dtype Dtype;
    public readonly int[] Shape;
    public readonly long Size;

    private int count;
    private Storage? storage;
    private long offset;
    private Node[] inputs = None;
    private int edges;
    private volatile bool dead;

    private Node(int[] shape, Dtype dtype)
    {
        Nursery.Born(this);
        Shape = shape;
        Dtype = dtype;
        Size = Shapes.Size(shape, dtype);
    }

    /// <summary>Strides in elements; meaningful once there is data.</summary>
    public long[] Strides { get; private set; } = NoStrides;

    public Layout Layout { get; private set; }

    public Primitive? Primitive { get; private set; }

    public Node[] Inputs => inputs;

    /// <summary>
    /// All outputs of the primitive, when it has several; this node is one of them. The first
    /// counts the edges to the inputs for all, and the others count on the first: so an input sees
    /// one reader, however many outputs there are.
    /// </summary>
    public Node[]? Siblings { get; private set; }

    /// <summary>
    /// Depends on an argument of a trace. While the trace runs, evaluating such a node keeps its
    /// graph, because the transform still needs it.
    /// </summary>
    public bool IsTracer { get; private set; }

    /// <summary>
    /// Scratch of the evaluator and the transforms, valid while they hold their gate.
    /// </summary>
    public int Mark;

    public int Rank => Shape.Length;

    /// <summary>Bytes of the elements, gaps not counted.</summary>
    public long Bytes => Size * Dtype.Size();

    public bool HasData => Volatile.Read(ref storage) is not null;

    public Storage Storage => storage ?? throw Unavailable();

    public bool IsRow => (Layout & Layout.Row) != 0;

    public bool IsDense => (Layout & Layout.Dense) != 0;

    /// <summary>References counted now; 1 seen by a consumer means it is the last reader.</summary>
    public int Count => Volatile.Read(ref count);

    public byte* Data
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Storage.Pointer + offset;
    }

    /// <summary>Offset of the first element into the storage, in bytes.</summary>
    public long Offset => offset;

    public T* As<T>() where T : unmanaged => (T*)Data;

    public T Item<T>() where T : unmanaged => *(T*)Data;

    // ---- making nodes ----------------------------------------------------------------------

    public static Node Lazy(int[] shape, Dtype dtype, Primitive primitive, params Node[] inputs)
    {
        var n = new Node(shape, dtype) { Primitive = primitive, inputs = inputs };
        n.CountEdges();
        return n;
    }

    /// <summary>The outputs of a primitive that has several.</summary>
    public static Node[] LazyMany(
        ReadOnlySpan<(int[] Shape, Dtype Dtype)> outputs, Primitive primitive, params Node[] inputs)
    {
        var nodes = new Node[outputs.Length];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = new Node(outputs[i].Shape, outputs[i].Dtype)
            {
                Primitive = primitive,
                inputs = inputs,
                Siblings = nodes,
            };
            nodes[i].CountEdges();
        }

        return nodes;
    }

    /// <summary>A node with room for its elements, to be filled by the caller.</summary>
    public static Node Allocated(int[] shape, Dtype dtype)
    {
        var n = new Node(shape, dtype);
        n.Allocate();
        return n;
    }

    public static Node Copied(void* data, int[] shape, Dtype dtype)
    {
        var n = Allocated(shape, dtype);
        Buffer.MemoryCopy(data, n.Data, n.Bytes, n.Bytes);
        return n;
    }

    /// <summary>Row-major elements in memory that somebody else owns.</summary>
    public static Node Over(Storage storage, long offset, int[] shape, Dtype dtype)
    {
        var n = new Node(shape, dtype);
        n.SetData(storage, offset, RowStrides(shape), Layout.Row | Layout.Dense);
        return n;
    }

    /// <summary>A node without data or primitive: a place that a plan fills on each run.</summary>
    public static Node Slot(int[] shape, Dtype dtype) => new(shape, dtype);

    /// <summary>A node without data or primitive that stands for an argument in a trace.</summary>
    public static Node StandIn(int[] shape, Dtype dtype) => new(shape, dtype) { IsTracer = true };

    /// <summary>A stand-in for <paramref name="source"/> in a trace.</summary>
    public static Node Tracer(Node source)
    {
        var n = Lazy(source.Shape, source.Dtype, Ops.Copy.Instance, source);
        n.IsTracer = true;
        return n;
    }

    // ---- data ------------------------------------------------------------------------------

    /// <summary>Row-major storage from the pool.</summary>
    public void Allocate() =>
        SetData(StoragePool.Rent(Bytes), 0, RowStrides(Shape), Layout.Row | Layout.Dense);

    /// <summary>Storage from the pool in the (dense) order of <paramref name="like"/>.</summary>
    public void AllocateLike(Node like) =>
        SetData(StoragePool.Rent(Bytes), 0, like.Strides, like.Layout);

    /// <summary>
    /// Takes over the buffer of a dead input of the same element size, or allocates in its order.
    /// The input must be dense and of this node's shape.
    /// </summary>
    public void TakeOrAllocateLike(Node input)
    {
        if (CanTake(input))
        {
            SetData(input.Storage, input.offset, input.Strides, input.Layout);
        }
        else
        {
            AllocateLike(input);
        }
    }

    /// <summary>
    /// True when this node, being evaluated, is the last reader of <paramref name="input"/>, so
    /// that it may overwrite the elements in place.
    /// </summary>
    public bool CanTake(Node input) =>
        input.Count == 1
        && input.storage is { IsUnshared: true }
        && input.Dtype.Size() == Dtype.Size()
        && !(IsTracer && Evaluator.KeepsGraph);

    /// <summary>Becomes a view into the data of <paramref name="source"/>.</summary>
    public void View(Node source, long[] strides, long byteOffset) =>
        SetData(source.Storage, source.offset + byteOffset, strides, LayoutOf(Shape, strides));

    /// <summary>Becomes a view with the data of <paramref name="source"/> as it lies.</summary>
    public void Share(Node source) =>
        SetData(source.Storage, source.offset, source.Strides, source.Layout);

    private void SetData(Storage s, long byteOffset, long[] strides, Layout layout)
    {
        s.Retain();
        offset = byteOffset;
        Strides = strides;
        Layout = layout;
        Interlocked.Exchange(ref storage, s)?.Release();
    }

    /// <summary>Lets go of the data (of a slot, or of a dead node).</summary>
    public void Drop() => Interlocked.Exchange(ref storage, null)?.Release();

    // ---- counting --------------------------------------------------------------------------

    public void Retain()
    {
        Interlocked.Increment(ref count);
        if (dead)
        {
            dead = false;
            CountEdges();
        }
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref count) == 0)
        {
            Die(this);
        }
    }

    /// <summary>Counts the readers of a slot for one run of its plan.</summary>
    public void Expect(int readers) => count = readers;

    /// <summary>A reader of a slot is done; the last one lets go of the data.</summary>
    public void Read()
    {
        if (--count == 0)
        {
            Drop();
        }
    }

    /// <summary>Evaluated: the graph behind is no longer needed.</summary>
    public void Detach()
    {
        LetGoOfInputs();
        Primitive = null;
        Siblings = null;
        IsTracer = false;
        inputs = None;

        // A sibling whose last handle went while its group was being evaluated.
        if (dead)
        {
            Drop();
        }
    }

    /// <summary>
    /// Stops counting on the inputs: for a primitive that evaluates over a plan of its own, which
    /// has counted them itself and wants to see which are read by nobody else.
    /// </summary>
    public void LetGoOfInputs()
    {
        if (Interlocked.Exchange(ref edges, 0) == 0)
        {
            return;
        }

        if (Leader is { } leader)
        {
            leader.Release();
            return;
        }

        foreach (var i in inputs)
        {
            i.Release();
        }
    }

    private Node? Leader => Siblings is { } s && !ReferenceEquals(s[0], this) ? s[0] : null;

    private void CountEdges()
    {
        if (inputs.Length == 0 || Interlocked.Exchange(ref edges, 1) == 1)
        {
            return;
        }

        Leader?.Retain();
        foreach (var i in inputs)
        {
            IsTracer |= i.IsTracer;
            if (Leader is null)
            {
                i.Retain();
            }
        }
    }

    /// <summary>Nothing counts on a node that nobody can reach any more.</summary>
    public void LetDieUncounted()
    {
        if (Count == 0 && !dead)
        {
            Die(this);
        }
    }

    /// <summary>Iterative, because a chain of a million nodes must not exhaust the stack.</summary>
    private static void Die(Node node)
    {
        Stack<Node>? more = null;
        while (true)
        {
            node.dead = true;
            node.Drop();
            if (Interlocked.Exchange(ref node.edges, 0) == 1)
            {
                if (node.Leader is { } leader)
                {
                    Uncount(leader, ref more);
                }
                else
                {
                    foreach (var i in node.inputs)
                    {
                        Uncount(i, ref more);
                    }
                }
            }

            if (more is null || !more.TryPop(out node!))
            {
                return;
            }
        }
    }

    private static void Uncount(Node node, ref Stack<Node>? dying)
    {
        if (Interlocked.Decrement(ref node.count) == 0)
        {
            (dying ??= new Stack<Node>()).Push(node);
        }
    }

    // ---- layout ----------------------------------------------------------------------------

    public static long[] RowStrides(int[] shape)
    {
        switch (shape.Length)
        {
            case 0: return NoStrides;
            case 1: return UnitStride;
        }

        var strides = new long[shape.Length];
        long step = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= Math.Max(shape[i], 1);
        }

        return strides;
    }

    public static Layout LayoutOf(int[] shape, long[] strides)
    {
        long step = 1, size = 1;
        var row = true;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var d = shape[i];
            size *= d;
            if (d == 1)
            {
                continue;
            }

            row &= strides[i] == step;
            step *= d;
        }

        return row || size == 0 ? Layout.Row | Layout.Dense
            : IsPermutedRow(shape, strides) ? Layout.Dense
            : Layout.None;
    }

    private static bool IsPermutedRow(int[] shape, long[] strides)
    {
        long step = 1;
        var axes = 0;
        for (var i = 0; i < shape.Length; i++)
        {
            axes += shape[i] > 1 ? 1 : 0;
        }

        for (; axes > 0; axes--)
        {
            var next = -1;
            for (var i = 0; i < shape.Length && next < 0; i++)
            {
                next = shape[i] > 1 && strides[i] == step ? i : -1;
            }

            if (next < 0)
            {
                return false;
            }

            step *= shape[next];
        }

        return true;
    }

    private InvalidOperationException Unavailable() => new(Primitive is null
        ? "internal error: a node was used after its last reader was done"
        : $"internal error: {Primitive.Name} was read before it was evaluated");
}

/// <summary>Keeps nodes alive over a stretch of engine code; see <see cref="Node"/>.</summary>
internal readonly struct Held : IDisposable
{
    public readonly Node[] Nodes;

    public Held(Node[] nodes)
    {
        Nodes = nodes;
        foreach (var n in nodes)
        {
            n.Retain();
        }
    }

    public void Dispose()
    {
        foreach (var n in Nodes)
        {
            n.Release();
        }
    }
}
