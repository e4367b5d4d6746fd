using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.IO;

/// <summary>
/// NumPy's file of one array (NEP 1): magic, version, and a Python dict literal that says how the
/// bytes behind it are to be read. The literal is read by <see cref="NpyHeader"/>, never evaluated.
/// </summary>
internal static unsafe class Npy
{
    private const int LongestHeader = 1 << 20;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static Node Load(ByteSource source)
    {
        var start = source.Take(0, 8, "load", "the magic and the version");
        if (!start[..6].SequenceEqual(Magic))
        {
            throw new InvalidDataException($"[load] Invalid header in {source.Label}: no .npy file.");
        }

        if (start[6] is 0 or > 3)
        {
            throw new InvalidDataException(
                $"[load] Unsupported npy format version {start[6]}.{start[7]} in {source.Label}.");
        }

        var wide = start[6] > 1;
        var size = source.Take(8, wide ? 4 : 2, "load", "the length of the header");
        long length = wide ? MemoryMarshal.Read<uint>(size) : MemoryMarshal.Read<ushort>(size);
        if (length > LongestHeader)
        {
            throw new InvalidDataException(
                $"[load] {source.Label}: a header of {length} bytes is no header.");
        }

        var data = 8 + size.Length + length;
        var header = NpyHeader.Parse(
            source.Take(8 + size.Length, length, "load", "the header"), source.Label);
        return Read(source, header, data);
    }

    private static Node Read(ByteSource source, NpyHeader header, long start)
    {
        var shape = header.Shape;
        var bytes = Bytes(shape, header.Dtype.Size());
        if (bytes < 0 || bytes > source.Length - start)
        {
            throw new InvalidDataException(
                $"[load] {source.Label}: an array of shape {Shapes.Text(shape)} and dtype " +
                $"{header.Dtype.Name()} does not fit into the {source.Length - start} bytes of data.");
        }

        var columns = header.Fortran && shape.Length > 1;
        if (columns)
        {
            Array.Reverse(shape);
        }

        var n = Node.Allocated(shape, header.Dtype);
        source.Read(start, n.Data, n.Bytes);
        if (header.BigEndian)
        {
            Swap(n);
        }

        Normalize(n);
        return columns ? Op.Transpose(n) : n;
    }

    /// <summary>Bytes of so many elements; -1 if there is no such number.</summary>
    internal static long Bytes(ReadOnlySpan<int> shape, int width)
    {
        Int128 bytes = width;
        foreach (var d in shape)
        {
            bytes *= Math.Max(1, d);
            if (bytes > long.MaxValue)
            {
                return -1;
            }
        }

        return shape.Contains(0) ? 0 : (long)bytes;
    }

    /// <summary>A bool is 0 or 1 in memory, whatever the file says.</summary>
    internal static void Normalize(Node n)
    {
        if (n.Dtype != Dtype.Bool)
        {
            return;
        }

        for (long i = 0; i < n.Size; i++)
        {
            n.Data[i] = n.Data[i] != 0 ? (byte)1 : (byte)0;
        }
    }

    private static void Swap(Node n)
    {
        // Complex numbers are two floats.
        var width = n.Dtype == Dtype.Complex64 ? 4 : n.Dtype.Size();
        for (long i = 0; i < n.Bytes; i += width)
        {
            new Span<byte>(n.Data + i, width).Reverse();
        }
    }

    /// <summary>
    /// Version 1.0, as it lies if that is row-major or column-major. An empty array is written too
    /// (MLX refuses it).
    /// </summary>
    public static void Save(ByteSink sink, Node array)
    {
        Evaluator.Eval(array);
        var columns = !array.IsRow && IsColumnMajor(array);
        var dict = new StringBuilder("{'descr': '").Append(NpyHeader.Descr(array.Dtype))
            .Append("', 'fortran_order': ").Append(columns ? "True" : "False")
            .Append(", 'shape': (");
        foreach (var d in array.Shape)
        {
            dict.Append(d.ToString(CultureInfo.InvariantCulture)).Append(", ");
        }

        if (array.Rank > 1)
        {
            dict.Length -= 2;
        }
        else if (array.Rank == 1)
        {
            dict.Length--;
        }

        dict.Append("), }");
        var wide = dict.Length + 75 > ushort.MaxValue;
        var before = wide ? 12 : 10;
        dict.Append(' ', (64 - ((before + dict.Length + 1) % 64)) % 64).Append('\n');
        sink.Write(Magic);
        sink.Write([wide ? (byte)2 : (byte)1, 0]);
        sink.Write(BitConverter.GetBytes(dict.Length).AsSpan(0, wide ? 4 : 2));
        sink.Write(Encoding.ASCII.GetBytes(dict.ToString()));
        if (columns)
        {
            sink.Write(array.Data, array.Bytes);
            return;
        }

        using var row = new RowData(array);
        sink.Write(row.Data, array.Bytes);
    }

    private static bool IsColumnMajor(Node n)
    {
        var (shape, strides) = ((int[])n.Shape.Clone(), (long[])n.Strides.Clone());
        Array.Reverse(shape);
        Array.Reverse(strides);
        return (Node.LayoutOf(shape, strides) & Layout.Row) != 0;
    }
}
