using Mlx.Formats;

namespace Mlx.Core;

/// <summary>The rest of a stream from where it stands; it stays open.</summary>
internal sealed class StreamSource : ByteSource
{
    private readonly Stream stream;
    private readonly long origin;

    public StreamSource(Stream stream)
    {
        if (!stream.CanSeek || !stream.CanRead)
        {
            throw new ArgumentException("the stream cannot be read at any place", nameof(stream));
        }

        this.stream = stream;
        origin = stream.Position;
        Length = Math.Max(0, stream.Length - origin);
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> to)
    {
        stream.Position = origin + offset;
        if (stream.ReadAtLeast(to, to.Length, throwOnEndOfStream: false) < to.Length)
        {
            throw new FileFaultException(
                $"{to.Length} bytes were to follow byte {offset}, but the stream ends before");
        }
    }
}
