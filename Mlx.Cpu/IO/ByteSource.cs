using System.IO.MemoryMappedFiles;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>Bytes that can be read at any place: a file, or what a C program offers.</summary>
internal abstract unsafe class ByteSource : IDisposable
{
    /// <summary>What errors call it.</summary>
    public abstract string Label { get; }

    public abstract long Length { get; }

    /// <summary>
    /// Whether bytes behind the data are no fault: a C program's buffer may be longer than what was
    /// written to it.
    /// </summary>
    public virtual bool HasSpareRoom => false;

    /// <summary>Fills the span or throws.</summary>
    public abstract void Read(long offset, Span<byte> to);

    /// <summary>The whole of it as memory, if that costs nothing.</summary>
    public virtual Storage? Map() => null;

    public virtual void Dispose()
    {
    }

    /// <summary>Reads any number of bytes to native memory.</summary>
    public void Read(long offset, byte* to, long bytes)
    {
        const int Most = 1 << 28;
        for (long done = 0; done < bytes; done += Most)
        {
            Read(offset + done, new Span<byte>(to + done, (int)Math.Min(Most, bytes - done)));
        }
    }

    /// <summary>Refuses to look beyond the end.</summary>
    public ReadOnlySpan<byte> Take(long offset, long bytes, string op, string what)
    {
        if (bytes < 0 || offset > Length || bytes > Length - offset)
        {
            throw new InvalidDataException(
                $"[{op}] {Label} is cut off: {what} would take {bytes} bytes, but " +
                $"{Math.Max(0, Length - offset)} are left.");
        }

        var buffer = new byte[bytes];
        Read(offset, buffer);
        return buffer;
    }
}

internal sealed unsafe class FileSource : ByteSource
{
    private readonly string path;
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle handle;

    public FileSource(string path, string op)
    {
        this.path = path;
        try
        {
            handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            Length = RandomAccess.GetLength(handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or NotSupportedException or ArgumentException)
        {
            handle?.Dispose();
            throw new IOException($"[{op}] Failed to open {Label}: {e.Message}", e);
        }
    }

    public override string Label => $"file {path}";

    public override long Length { get; }

    public override void Read(long offset, Span<byte> to)
    {
        while (to.Length > 0)
        {
            var n = RandomAccess.Read(handle, to, offset);
            if (n == 0)
            {
                throw new EndOfStreamException($"[read] {Label} ended while it was read.");
            }

            offset += n;
            to = to[n..];
        }
    }

    public override Storage? Map()
    {
        if (Length == 0)
        {
            return null;
        }

        var file = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        var view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        return Storage.External(pointer + view.PointerOffset, Length, () =>
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file.Dispose();
        });
    }

    public override void Dispose() => handle.Dispose();
}
