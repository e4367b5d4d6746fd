using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Mlx.Formats;

/// <summary>
/// Reads a source from front to back in small pieces. Every length is checked against what is left
/// before anything is allocated for it.
/// </summary>
internal sealed class ByteCursor(ByteSource source)
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] window = new byte[Math.Min(source.Length, 1 << 14)];
    private long windowStart;
    private int windowLength;

    public long Position { get; private set; }

    private long Left => source.Length - Position;

    public T Number<T>() where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(ref MemoryMarshal.GetReference(Take((ulong)Unsafe.SizeOf<T>())));

    public byte[] Bytes(long count) => Take((ulong)count).ToArray();

    /// <summary>A count of things of which each takes at least so many bytes.</summary>
    public int Count(int least, string what)
    {
        var count = Number<ulong>();
        return count <= (ulong)(Left / least) && count <= int.MaxValue
            ? (int)count
            : throw new FileFaultException($"{count} {what} do not fit into the file");
    }

    /// <summary>UTF-8 behind its length.</summary>
    public string Text()
    {
        try
        {
            return Utf8.GetString(Take(Number<ulong>()));
        }
        catch (DecoderFallbackException e)
        {
            throw new FileFaultException($"the text before byte {Position} is no UTF-8", inner: e);
        }
    }

    /// <summary>The next bytes, valid until more are taken.</summary>
    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)Left || count > (ulong)Array.MaxLength)
        {
            throw new FileFaultException(
                $"{count} bytes were to follow byte {Position}, but {Left} are left");
        }

        var size = (int)count;
        var start = Position;
        Position += size;
        if (size > window.Length)
        {
            var bytes = new byte[size];
            source.Read(start, bytes);
            return bytes;
        }

        if (Position > windowStart + windowLength)
        {
            windowStart = start;
            windowLength = (int)Math.Min(window.Length, source.Length - start);
            source.Read(start, window.AsSpan(0, windowLength));
        }

        return window.AsSpan((int)(start - windowStart), size);
    }
}
