using System.Runtime.InteropServices;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Scratch memory for one multiplication, kept by the thread for its next one.
/// </summary>
/// <remarks>
/// Fresh pages cost more than packing into them does, so they are reused. A thread keeps one
/// buffer of at most <see cref="KeptBytes"/>; it goes when the thread is collected. Buffers start
/// on a cache line, so that no vector of a packed panel straddles two.
/// </remarks>
internal readonly unsafe ref struct PackBuffer : IDisposable
{
    public const int Alignment = 64;

    private const nuint KeptBytes = 32 << 20;

    [ThreadStatic]
    private static Kept? t_kept;

    private readonly byte* _data;
    private readonly nuint _bytes;

    public PackBuffer(nuint bytes)
    {
        Kept kept = t_kept ??= new Kept();
        if (kept.Bytes >= bytes && kept.Data is not null)
        {
            _data = kept.Data;
            _bytes = kept.Bytes;
            kept.Data = null;
            return;
        }

        _data = (byte*)NativeMemory.AlignedAlloc(bytes, Alignment);
        _bytes = bytes;
    }

    public byte* Data => _data;

    /// <summary>Rounds a size up, so that what follows it starts on a cache line.</summary>
    public static nuint Align(nuint bytes) => (bytes + Alignment - 1) & ~(nuint)(Alignment - 1);

    public void Dispose()
    {
        Kept kept = t_kept!;
        if (_bytes > KeptBytes || (kept.Data is not null && kept.Bytes >= _bytes))
        {
            NativeMemory.AlignedFree(_data);
            return;
        }

        NativeMemory.AlignedFree(kept.Data);
        kept.Data = _data;
        kept.Bytes = _bytes;
    }

    private sealed class Kept
    {
        public byte* Data;
        public nuint Bytes;

        ~Kept() => NativeMemory.AlignedFree(Data);
    }
}
