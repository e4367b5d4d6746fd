using System.IO.Compression;
using System.IO.Hashing;
using Mlx.Formats;

namespace Mlx.Core;

/// <summary>
/// The unpacked bytes of an entry, from front to back. Its size is what the directory says; whether
/// that and the checksum are true shows at the end.
/// </summary>
internal sealed class ZipEntrySource : ByteSource
{
    private readonly ZipEntry entry;
    private readonly Stream unpacked;
    private readonly Crc32 crc = new();
    private long position;

    public ZipEntrySource(ByteSource archive, ZipEntry entry)
    {
        this.entry = entry;
        var packed = new Section(archive, entry.Start, entry.Packed);
        unpacked = entry.IsDeflated
            ? new DeflateStream(packed, CompressionMode.Decompress)
            : packed;
    }

    public override long Length => entry.Unpacked;

    public override void Read(long offset, Span<byte> to)
    {
        if (offset != position)
        {
            throw new InvalidOperationException("an entry of an archive is read from the front");
        }

        if (Unpack(to) < to.Length)
        {
            throw new FileFaultException(
                $"ends after {position} bytes, though it is said to have {Length}", entry.Name);
        }
    }

    /// <summary>All has been read: nothing may follow, and the checksum must be right.</summary>
    public void CheckEnd()
    {
        if (position < Length || Unpack(stackalloc byte[1]) > 0)
        {
            throw new FileFaultException("has bytes behind its array", entry.Name);
        }

        if (crc.GetCurrentHashAsUInt32() != entry.Crc)
        {
            throw new FileFaultException("has another checksum than it should", entry.Name);
        }
    }

    public override void Dispose() => unpacked.Dispose();

    private int Unpack(Span<byte> to)
    {
        try
        {
            var n = unpacked.ReadAtLeast(to, to.Length, throwOnEndOfStream: false);
            crc.Append(to[..n]);
            position += n;
            return n;
        }
        catch (InvalidDataException e)
        {
            throw new FileFaultException($"is no deflate stream: {e.Message}", entry.Name, e);
        }
    }

    /// <summary>A stretch of the archive as a stream.</summary>
    private sealed class Section(ByteSource archive, long start, long length) : Stream
    {
        private long at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => at;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var n = (int)Math.Min(buffer.Length, length - at);
            archive.Read(start + at, buffer[..n]);
            at += n;
            return n;
        }

        public override int Read(byte[] buffer, int offset, int count) =>
            Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException();
    }
}
