namespace Mlx.Formats;

/// <summary>
/// Bytes that can be read at any place: a file, a stream, or what a C program offers. Readers go
/// from front to back, so that a source may be one that cannot go back.
/// </summary>
internal abstract unsafe class ByteSource : IDisposable
{
    private const int MostAtOnce = 1 << 28;

    public abstract long Length { get; }

    /// <summary>
    /// Whether bytes behind the data are no fault: a C program's buffer may be longer than what was
    /// written to it.
    /// </summary>
    public virtual bool HasSpareRoom => false;

    /// <summary>Fills the span or throws.</summary>
    public abstract void Read(long offset, Span<byte> to);

    /// <summary>The whole of it as memory, where that costs nothing.</summary>
    public virtual FileMap? Map() => null;

    public virtual void Dispose()
    {
    }

    /// <summary>Fills native memory of any size.</summary>
    public virtual void Read(long offset, byte* to, long bytes)
    {
        for (long done = 0; done < bytes; done += MostAtOnce)
        {
            var part = (int)Math.Min(MostAtOnce, bytes - done);
            Read(offset + done, new Span<byte>(to + done, part));
        }
    }

    /// <summary>Reads what must be there; nothing is allocated for what cannot be.</summary>
    public byte[] Take(long offset, long bytes, string what)
    {
        var left = Math.Max(0, Length - offset);
        if (bytes > left || bytes > Array.MaxLength)
        {
            throw new FileFaultException($"{what} would take {bytes} bytes, but {left} are left");
        }

        var buffer = new byte[bytes];
        Read(offset, buffer);
        return buffer;
    }
}
