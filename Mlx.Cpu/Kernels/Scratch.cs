using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>Aligned memory from the pool for the length of a kernel.</summary>
internal readonly unsafe struct Scratch : IDisposable
{
    private readonly Storage storage;

    public Scratch(long bytes)
    {
        storage = StoragePool.Rent(bytes);
        storage.Retain();
    }

    public byte* Pointer => storage.Pointer;

    public float* Floats => (float*)storage.Pointer;

    public void Dispose() => storage.Release();
}
