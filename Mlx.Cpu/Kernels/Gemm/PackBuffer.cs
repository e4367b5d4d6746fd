using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Scratch memory for one multiplication, kept by the thread for its next one.
/// </summary>
/// <remarks>
/// Fresh pages cost more than packing into them does, so they are reused. A thread keeps two
/// buffers, one for a product and one for a task of it, of at most <see cref="KeptBytes"/> each;
/// they go when the thread does. Buffers start on a cache line, so that no vector of a packed
/// panel straddles two.
/// </remarks>
internal readonly unsafe ref struct PackBuffer : IDisposable
{
    private const nuint KeptBytes = 32 << 20;

    [ThreadStatic]
    private static Kept? t_kept;

    private readonly nuint _bytes;

    public PackBuffer(nuint bytes)
    {
        Kept kept = t_kept ??= new Kept();
        ref Slot slot = ref kept[kept.Depth++ & 1];
        if (slot.Bytes >= bytes)
        {
            Data = slot.Data;
            _bytes = slot.Bytes;
            slot = default;
        }
        else
        {
            Data = AlignedMemory.Allocate(bytes);
            _bytes = bytes;
        }
    }

    public byte* Data { get; }

    /// <summary>Rounds a size up, so that what follows it starts on a cache line.</summary>
    public static nuint Align(nuint bytes)
    {
        const nuint Alignment = AlignedMemory.Alignment;
        return (bytes + Alignment - 1) / Alignment * Alignment;
    }

    public void Dispose()
    {
        if (Data is null)
        {
            return;
        }

        Kept kept = t_kept!;
        ref Slot slot = ref kept[--kept.Depth & 1];
        if (_bytes > KeptBytes || slot.Bytes >= _bytes)
        {
            AlignedMemory.Free(Data);
            return;
        }

        AlignedMemory.Free(slot.Data);
        slot = new Slot { Data = Data, Bytes = _bytes };
    }

    private struct Slot
    {
        public byte* Data;
        public nuint Bytes;
    }

    /// <summary>A thread's idle buffers, by how deep in one another they are used.</summary>
    private sealed class Kept
    {
        private Slot _outer;
        private Slot _inner;

        public int Depth;

        public ref Slot this[int slot] => ref slot == 0 ? ref _outer : ref _inner;

        ~Kept()
        {
            AlignedMemory.Free(_outer.Data);
            AlignedMemory.Free(_inner.Data);
        }
    }
}
