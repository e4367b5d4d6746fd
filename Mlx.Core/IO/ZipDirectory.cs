using System.Buffers.Binary;
using System.Text;
using Mlx.Formats;

namespace Mlx.Core;

/// <summary>One file in a zip archive; <c>Start</c> and <c>Packed</c> say where its bytes lie.
/// </summary>
internal sealed record ZipEntry(
    string Name, bool IsDeflated, uint Crc, long Packed, long Unpacked, long Header, long Start);

/// <summary>
/// The directory at the end of a zip archive (PKWARE's APPNOTE, with zip64). It is read here and
/// not by <c>ZipArchive</c>, because that one believes sizes: here entries must lie in the file,
/// not overlap, agree with their local headers, and not promise more than deflate can pack.
/// </summary>
internal static class ZipDirectory
{
    private const uint EndMagic = 0x06054b50;
    private const uint End64LocatorMagic = 0x07064b50;
    private const uint End64Magic = 0x06064b50;
    private const uint EntryMagic = 0x02014b50;
    private const uint LocalMagic = 0x04034b50;
    private const int EndBytes = 22;
    private const int End64LocatorBytes = 20;
    private const int End64Bytes = 56;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;

    // Deflate packs at most 258 bytes into two bits.
    private const long MostPerByte = 1032;

    private const ushort Stored = 0, Deflated = 8;
    private const ushort Zip64Field = 1;
    private const int EncryptedFlags = 1 | 1 << 6 | 1 << 13;
    private const int Utf8Flag = 1 << 11;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    public static List<ZipEntry> Read(ByteSource source)
    {
        var (count, start, bytes, shift) = End(source);
        var directory = source.Take(start, bytes, "the directory");
        var entries = new List<ZipEntry>();
        var names = new HashSet<string>();
        for (var rest = directory.AsSpan(); !rest.IsEmpty;)
        {
            var entry = Entry(ref rest);
            if (!names.Add(entry.Name))
            {
                throw new FileFaultException("comes twice", entry.Name);
            }

            entries.Add(Locate(source, entry, shift, start));
        }

        if (entries.Count != count)
        {
            throw new FileFaultException(
                $"the directory is said to have {count} entries, but has {entries.Count}");
        }

        CheckOverlap(entries);
        return entries;
    }

    /// <summary>
    /// What the record at the end says of the directory. Something may stand before the archive
    /// (a program that unpacks itself), which shifts all that the directory points to.
    /// </summary>
    private static (long Count, long Start, long Bytes, long Shift) End(ByteSource source)
    {
        var tailBytes = (int)Math.Min(source.Length, EndBytes + ushort.MaxValue);
        var tailStart = source.Length - tailBytes;
        ReadOnlySpan<byte> tail = source.Take(tailStart, tailBytes, "the end of the archive");
        var at = FindEnd(tail);
        if (at < 0)
        {
            throw new FileFaultException("it does not end as a zip archive does");
        }

        var end = tail[at..];
        long disks = U16(end, 4) | U16(end, 6);
        long count = U16(end, 10), bytes = U32(end, 12), offset = U32(end, 16);
        var directoryEnd = tailStart + at;
        if (at >= End64LocatorBytes && U32(tail, at - End64LocatorBytes) == End64LocatorMagic)
        {
            directoryEnd -= End64LocatorBytes + End64Bytes;
            ReadOnlySpan<byte> end64 = source.Take(
                Math.Max(0, directoryEnd), End64Bytes, "the zip64 record");
            if (U32(end64, 0) != End64Magic)
            {
                throw new FileFaultException("there is no zip64 record where one is due");
            }

            disks = U32(end64, 16) | U32(end64, 20);
            (count, bytes, offset) = (I64(end64, 32), I64(end64, 40), I64(end64, 48));
        }

        var start = directoryEnd - bytes;
        if (disks != 0 || bytes < 0 || offset < 0 || start < offset)
        {
            throw new FileFaultException(
                $"the directory of {bytes} bytes at {offset} does not lie in the file");
        }

        return (count, start, bytes, start - offset);
    }

    /// <summary>The last record that could be the end, with its comment inside the file.</summary>
    private static int FindEnd(ReadOnlySpan<byte> tail)
    {
        for (var at = tail.Length - EndBytes; at >= 0; at--)
        {
            if (U32(tail, at) == EndMagic && at + EndBytes + U16(tail, at + 20) <= tail.Length)
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>An entry of the directory, with the offset as it stands there.</summary>
    private static ZipEntry Entry(ref Span<byte> rest)
    {
        if (rest.Length < EntryBytes || U32(rest, 0) != EntryMagic)
        {
            throw new FileFaultException("the directory holds something that is no entry");
        }

        int flags = U16(rest, 8), method = U16(rest, 10);
        int nameBytes = U16(rest, 28), extraBytes = U16(rest, 30), commentBytes = U16(rest, 32);
        var whole = EntryBytes + nameBytes + extraBytes + commentBytes;
        if (rest.Length < whole)
        {
            throw new FileFaultException("the directory ends in the middle of an entry");
        }

        var name = Name(rest.Slice(EntryBytes, nameBytes), (flags & Utf8Flag) != 0);
        if ((flags & EncryptedFlags) != 0)
        {
            throw new FileFaultException("is encrypted", name);
        }

        if (method is not (Stored or Deflated))
        {
            throw new FileFaultException($"is packed with the unknown method {method}", name);
        }

        var extra = rest.Slice(EntryBytes + nameBytes, extraBytes);
        var (unpacked, packed, offset) = Sizes(rest, extra, name);
        var entry = new ZipEntry(
            name, method == Deflated, U32(rest, 16), packed, unpacked, offset, 0);
        rest = rest[whole..];
        return entry;
    }

    /// <summary>Sizes and offset; what does not fit into 32 bits stands in the zip64 field.
    /// </summary>
    private static (long Unpacked, long Packed, long Offset) Sizes(
        ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra, string name)
    {
        Span<long> sizes = [U32(entry, 24), U32(entry, 20), U32(entry, 42)];
        var wide = Field(extra, Zip64Field);
        foreach (ref var size in sizes)
        {
            if (size == uint.MaxValue)
            {
                if (wide.Length < sizeof(long))
                {
                    throw new FileFaultException("has no zip64 sizes where they are due", name);
                }

                size = I64(wide, 0);
                wide = wide[sizeof(long)..];
            }

            if (size < 0)
            {
                throw new FileFaultException("has a size or an offset beyond 2^63", name);
            }
        }

        return (sizes[0], sizes[1], sizes[2]);
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> extra, ushort id)
    {
        while (extra.Length >= 4)
        {
            var bytes = Math.Min(U16(extra, 2), extra.Length - 4);
            if (U16(extra, 0) == id)
            {
                return extra.Slice(4, bytes);
            }

            extra = extra[(4 + bytes)..];
        }

        return default;
    }

    /// <summary>Finds an entry's bytes behind its local header, which must tell the same.</summary>
    private static ZipEntry Locate(ByteSource source, ZipEntry entry, long shift, long end)
    {
        var header = entry.Header > long.MaxValue - shift ? long.MaxValue : entry.Header + shift;
        if (header > end - LocalBytes)
        {
            throw new FileFaultException($"is said to start at {header}, outside", entry.Name);
        }

        ReadOnlySpan<byte> local = source.Take(header, LocalBytes, "a local header");
        var nameBytes = U16(local, 26);
        var start = header + LocalBytes + nameBytes + U16(local, 28);
        if (U32(local, 0) != LocalMagic || start > end || entry.Packed > end - start)
        {
            throw new FileFaultException("does not lie where the directory says", entry.Name);
        }

        var name = source.Take(header + LocalBytes, nameBytes, "a name");
        var isUtf8 = (U16(local, 6) & Utf8Flag) != 0;
        if (Name(name, isUtf8) != entry.Name
            || U16(local, 8) != (entry.IsDeflated ? Deflated : Stored))
        {
            throw new FileFaultException("is another file than the directory says", entry.Name);
        }

        var most = entry.IsDeflated
            ? Math.Min(entry.Packed, long.MaxValue / MostPerByte) * MostPerByte
            : entry.Packed;
        if (entry.Unpacked > most || (!entry.IsDeflated && entry.Unpacked < most))
        {
            throw new FileFaultException(
                $"cannot hold {entry.Unpacked} bytes in {entry.Packed}", entry.Name);
        }

        return entry with { Header = header, Start = start };
    }

    private static void CheckOverlap(List<ZipEntry> entries)
    {
        long end = 0;
        foreach (var e in entries.OrderBy(e => e.Header))
        {
            if (e.Header < end)
            {
                throw new FileFaultException("overlaps another entry", e.Name);
            }

            end = e.Start + e.Packed;
        }
    }

    private static string Name(ReadOnlySpan<byte> bytes, bool isUtf8)
    {
        try
        {
            return isUtf8 ? Utf8.GetString(bytes) : CodePage437.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new FileFaultException("the name of an entry is no UTF-8", inner: e);
        }
    }

    private static ushort U16(ReadOnlySpan<byte> s, int at) =>
        BinaryPrimitives.ReadUInt16LittleEndian(s[at..]);

    private static uint U32(ReadOnlySpan<byte> s, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(s[at..]);

    private static long I64(ReadOnlySpan<byte> s, int at) =>
        BinaryPrimitives.ReadInt64LittleEndian(s[at..]);
}
