using Mlx.Formats;

namespace Mlx.Core;

/// <summary>
/// Makes arrays of stretches of a source: over the mapped file where there is one, else over blocks
/// read from it.
/// </summary>
internal sealed unsafe class ArrayLoader : IDisposable
{
    private readonly ByteSource source;
    private readonly MappedMemory? file;

    private ArrayLoader(ByteSource source, FileMap? map)
    {
        this.source = source;
        file = map is null ? null : new MappedMemory(map);
    }

    /// <summary>Work on bytes that are valid for its length.</summary>
    public delegate void Work(byte* bytes);

    /// <summary>Arrays look into the file, which must stay as it is.</summary>
    public static ArrayLoader Mapped(ByteSource source) => new(source, source.Map());

    /// <summary>Arrays have memory of their own.</summary>
    public static ArrayLoader Copying(ByteSource source) => new(source, null);

    /// <summary>An array of elements that are known to be in the source.</summary>
    public MlxArray Load(
        long offset, ReadOnlySpan<int> shape, ElementType type, bool isSwapped = false)
    {
        var bytes = Elements.Bytes(type, shape)!.Value;
        if (file is not null && !isSwapped
            && (type != ElementType.Bool || Elements.AreBools(file.Start + offset, bytes)))
        {
            return file.Array(offset, shape, (DType)type);
        }

        using var block = new BlockMemory(bytes);
        source.Read(offset, block.Start, bytes);
        if (isSwapped)
        {
            Elements.Swap(block.Start, bytes, type);
        }

        if (type == ElementType.Bool)
        {
            Elements.ToBools(block.Start, bytes);
        }

        return block.Array(0, shape, (DType)type);
    }

    /// <summary>Lends bytes of the source.</summary>
    public void Borrow(long offset, long bytes, Work work)
    {
        if (file is not null)
        {
            work(file.Start + offset);
            return;
        }

        using var block = new BlockMemory(bytes);
        source.Read(offset, block.Start, bytes);
        work(block.Start);
    }

    public void Dispose() => file?.Dispose();
}
