using System.Runtime.InteropServices;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Working memory of one factorization, aligned for vectors; freed at the end of it.
/// </summary>
internal readonly unsafe ref struct Scratch<T> where T : unmanaged
{
    public readonly T* Data;

    public Scratch(long count, bool clear = false)
    {
        var bytes = checked((nuint)Math.Max(count, 1) * (nuint)sizeof(T));
        Data = (T*)NativeMemory.AlignedAlloc(bytes, 64);
        if (clear)
        {
            NativeMemory.Clear(Data, bytes);
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(Data);
}
