using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// The elements of a node in row-major order: its own, or a copy that goes back to the pool.
/// </summary>
internal readonly unsafe struct RowData : IDisposable
{
    private readonly Storage? copy;

    public RowData(Node n)
    {
        if (n.IsRow)
        {
            Data = n.Data;
            return;
        }

        copy = StoragePool.Rent(n.Bytes);
        copy.Retain();
        Data = copy.Pointer;
        Transfer.CopyRow(n, Data);
    }

    public byte* Data { get; }

    public void Dispose() => copy?.Release();
}
