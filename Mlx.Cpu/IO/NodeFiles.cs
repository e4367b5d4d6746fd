using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>Elements of nodes from and to files.</summary>
internal static unsafe class NodeFiles
{
    /// <summary>
    /// Row-major elements from a place where they are known to be: read now, or when they are
    /// needed if the source is lazy.
    /// </summary>
    public static Node Read(
        ByteSource source, long offset, int[] shape, Dtype dtype, bool isSwapped = false)
    {
        if (source is LazySource lazy && !shape.Contains(0))
        {
            return Node.Lazy(shape, dtype, new Load(lazy, offset, isSwapped));
        }

        var n = Node.Allocated(shape, dtype);
        try
        {
            Fill(n, source, offset, isSwapped);
            return n;
        }
        catch
        {
            n.Drop();
            throw;
        }
    }

    /// <summary>The same as a view into a mapped file, where alignment and bools allow.</summary>
    public static Node Read(
        ByteSource source, Storage? map, long offset, int[] shape, Dtype dtype)
    {
        if (map is not null && !shape.Contains(0)
            && (nint)(map.Pointer + offset) % dtype.Size() == 0
            && (dtype != Dtype.Bool || Elements.AreBools(map.Pointer + offset, Shapes.Size(shape))))
        {
            return Node.Over(map, offset, shape, dtype);
        }

        return Read(source, offset, shape, dtype);
    }

    /// <summary>Reads the elements of an allocated node.</summary>
    public static void Fill(Node n, ByteSource source, long offset, bool isSwapped)
    {
        source.Read(offset, n.Data, n.Bytes);
        if (isSwapped)
        {
            Elements.Swap(n.Data, n.Bytes, (ElementType)n.Dtype);
        }

        if (n.Dtype == Dtype.Bool)
        {
            Elements.ToBools(n.Data, n.Bytes);
        }
    }

    /// <summary>A file as storage, where the source has one.</summary>
    public static Storage? Map(ByteSource source) => source.Map() is { } map
        ? Storage.External(map.Start, map.Length, map.Dispose)
        : null;

    /// <summary>Writes the elements in row-major order.</summary>
    public static void WriteRow(Stream stream, Node n)
    {
        using var row = new RowData(n);
        Write(stream, row.Data, n.Bytes);
    }

    public static void Write(Stream stream, byte* from, long bytes)
    {
        const int Most = 1 << 28;
        for (long done = 0; done < bytes; done += Most)
        {
            stream.Write(new ReadOnlySpan<byte>(from + done, (int)Math.Min(Most, bytes - done)));
        }
    }
}
