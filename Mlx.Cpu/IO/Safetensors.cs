using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.IO;

/// <summary>
/// Named arrays behind a JSON header (huggingface/safetensors). The header is checked as the
/// format asks for: the arrays fill the data without holes or overlaps. Arrays of a file are views
/// into its mapped pages, so that loading costs nothing until they are read.
/// </summary>
internal static unsafe class Safetensors
{
    private const long LongestHeader = 100_000_000;

    public static (List<(string Name, Node Array)> Arrays, List<(string Key, string Value)> Metadata)
        Load(ByteSource source)
    {
        var size = source.Take(0, 8, Header.Op, "the length of the header");
        var length = MemoryMarshal.Read<ulong>(size);
        if (length is 0 or >= LongestHeader)
        {
            throw new InvalidDataException(
                $"[{Header.Op}] {source.Label}: invalid header length {length}.");
        }

        var start = 8 + (long)length;
        var header = Header.Parse(
            source.Take(8, (long)length, Header.Op, "the header"), source.Length - start,
            source.HasSpareRoom, source.Label);
        var map = header.Tensors.Count > 0 ? source.Map() : null;
        map?.Retain();
        try
        {
            var arrays = header.Tensors.ConvertAll(t => (t.Name, Read(source, map, start, t)));
            return (arrays, header.Metadata);
        }
        finally
        {
            map?.Release();
        }
    }

    private static Node Read(ByteSource source, Storage? map, long start, Header.Tensor t)
    {
        var offset = start + t.Begin;
        if (map is not null && t.End > t.Begin
            && (nint)(map.Pointer + offset) % t.Dtype.Size() == 0
            && (t.Dtype != Dtype.Bool || AreBools(map.Pointer + offset, t.End - t.Begin)))
        {
            return Node.Over(map, offset, t.Shape, t.Dtype);
        }

        var n = Node.Allocated(t.Shape, t.Dtype);
        source.Read(offset, n.Data, n.Bytes);
        Npy.Normalize(n);
        return n;
    }

    private static bool AreBools(byte* data, long count)
    {
        for (long i = 0; i < count; i++)
        {
            if (data[i] > 1)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Wide elements first, then by name, behind a header padded to 8 bytes: so every array is
    /// aligned when the file is mapped.
    /// </summary>
    public static void Save(
        ByteSink sink, IEnumerable<(string Name, Node Array)> arrays,
        IEnumerable<(string Key, string Value)> metadata)
    {
        var ordered = arrays.OrderByDescending(a => a.Array.Dtype.Size())
            .ThenBy(a => a.Name, StringComparer.Ordinal).ToArray();
        Evaluator.Eval(Array.ConvertAll(ordered, a => a.Array));
        var header = Header.Write(ordered, metadata);
        sink.Write(BitConverter.GetBytes((ulong)header.Length));
        sink.Write(header);
        foreach (var (_, array) in ordered)
        {
            using var row = new RowData(array);
            sink.Write(row.Data, array.Bytes);
        }
    }
}
