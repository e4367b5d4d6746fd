using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Mlx.Formats;

/// <summary>
/// What stands before the elements in a .npy file (NEP 1): magic, version, length, and the literal
/// of a Python dict. It is checked against the bytes that are there.
/// </summary>
internal sealed record NpyHeader(ElementType Type, bool IsSwapped, bool IsFortran, int[] Shape)
{
    private const int LongestText = 1 << 20;

    private static ReadOnlySpan<byte> Magic =>
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Where the elements start.</summary>
    public long Start { get; private init; }

    /// <summary>How many bytes they take. More may follow: files can be joined.</summary>
    public long Bytes { get; private init; }

    public static NpyHeader Read(ByteSource source)
    {
        var start = source.Take(0, 8, "the magic and the version");
        if (!start.AsSpan().StartsWith(Magic))
        {
            throw new FileFaultException("it does not begin as a .npy file does");
        }

        if (start is not [.., 1 or 2 or 3, 0])
        {
            throw new FileFaultException($"the version {start[6]}.{start[7]} is unknown");
        }

        var size = source.Take(8, start[6] == 1 ? 2 : 4, "the length of the header");
        long length = size.Length == 2
            ? BinaryPrimitives.ReadUInt16LittleEndian(size)
            : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestText)
        {
            throw new FileFaultException($"a header of {length} bytes is no header");
        }

        var textStart = start.Length + size.Length;
        var text = source.Take(textStart, length, "the header");
        return Check(NpyLiteral.Parse(text), textStart + length, source.Length);
    }

    /// <summary>Version 1.0 where the header is short enough; elements start at a multiple of 64.
    /// </summary>
    public static byte[] Write(ElementType type, ReadOnlySpan<int> shape, bool isFortran)
    {
        var text = new StringBuilder("{'descr': '").Append(NpyLiteral.Descr(type))
            .Append("', 'fortran_order': ").Append(isFortran ? "True" : "False")
            .Append(", 'shape': (");
        foreach (var length in shape)
        {
            text.Append(CultureInfo.InvariantCulture, $"{length}, ");
        }

        // (), (3,) and (3, 4): the comma stays where it makes the tuple.
        text.Length -= shape.Length > 1 ? 2 : shape.Length;
        text.Append("), }");

        var isLong = text.Length + 75 > ushort.MaxValue;
        var before = Magic.Length + 2 + (isLong ? 4 : 2);
        var whole = (before + text.Length + 1 + 63) / 64 * 64;
        text.Append(' ', whole - before - text.Length - 1).Append('\n');

        var header = new byte[whole];
        Magic.CopyTo(header);
        header[6] = isLong ? (byte)2 : (byte)1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)text.Length);
        if (isLong)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), text.Length);
        }

        Encoding.ASCII.GetBytes(text.ToString(), header.AsSpan(before));
        return header;
    }

    private static NpyHeader Check(NpyHeader header, long start, long end)
    {
        var shape = Elements.Text(header.Shape);
        return Elements.Bytes(header.Type, header.Shape) switch
        {
            null => throw new FileFaultException($"there is no array of shape {shape}"),
            { } bytes when bytes > end - start => throw new FileFaultException(
                $"{header.Type.Name()} of shape {shape} takes {bytes} bytes, but {end - start} "
                + "follow the header"),
            { } bytes => header with { Start = start, Bytes = bytes },
        };
    }
}
