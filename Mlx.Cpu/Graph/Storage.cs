namespace Mlx.Cpu.Graph;

/// <summary>
/// A block of native memory, 64-byte aligned, counted by the nodes that look into it. When the
/// last one lets go the block (and this object with it) goes back to <see cref="StoragePool"/>.
/// The finalizer is the net for blocks whose nodes were dropped without being counted down.
/// </summary>
internal sealed unsafe class Storage
{
    private static long live;

    private int references;
    private Action? release;

    /// <summary>Blocks in use now: neither in the pool nor freed.</summary>
    public static long LiveCount => Interlocked.Read(ref live);

    public byte* Pointer { get; private set; }

    /// <summary>Usable bytes.</summary>
    public long Bytes { get; }

    /// <summary>
    /// Looked into by one node only, so that node's data may be overwritten or donated.
    /// </summary>
    public bool IsUnshared => Volatile.Read(ref references) == 1 && release is null;

    internal Storage(byte* pointer, long bytes)
    {
        Pointer = pointer;
        Bytes = bytes;
    }

    /// <summary>
    /// Memory owned by somebody else: <paramref name="release"/> runs once at the end.
    /// </summary>
    public static Storage External(byte* pointer, long bytes, Action release)
    {
        var s = new Storage(pointer, bytes) { release = release };
        s.Start();
        return s;
    }

    /// <summary>A block leaves the pool: nobody looks into it yet.</summary>
    internal void Start()
    {
        references = 0;
        Interlocked.Increment(ref live);
    }

    public void Retain() => Interlocked.Increment(ref references);

    public void Release()
    {
        if (Interlocked.Decrement(ref references) == 0)
        {
            End();
        }
    }

    private void End()
    {
        Interlocked.Decrement(ref live);
        if (release is { } free)
        {
            release = null;
            Pointer = null;
            GC.SuppressFinalize(this);
            free();
        }
        else
        {
            StoragePool.Return(this);
        }
    }

    /// <summary>Gives the memory back to the system; only the pool calls this.</summary>
    internal void Free()
    {
        AlignedMemory.Free(Pointer);
        Pointer = null;
        GC.SuppressFinalize(this);
    }

    ~Storage()
    {
        if (Pointer != null)
        {
            // Resurrect: the pool keeps the object together with its block.
            if (release is null)
            {
                GC.ReRegisterForFinalize(this);
            }

            End();
        }
    }
}
