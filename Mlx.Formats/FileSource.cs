using Microsoft.Win32.SafeHandles;

namespace Mlx.Formats;

/// <summary>A file, open for reading.</summary>
internal sealed class FileSource : ByteSource
{
    private readonly SafeFileHandle handle;

    public FileSource(string path)
    {
        handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        try
        {
            Length = RandomAccess.GetLength(handle);
        }
        catch (NotSupportedException e)
        {
            handle.Dispose();
            throw new IOException($"{path} is a pipe or a device, which has no length", e);
        }
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            var n = RandomAccess.Read(handle, to, offset);
            if (n == 0)
            {
                throw new FileFaultException(
                    $"{to.Length} bytes were to follow byte {offset}, but the file ends there");
            }

            offset += n;
            to = to[n..];
        }
    }

    public override FileMap? Map() => Length == 0 ? null : new FileMap(handle, Length);

    public override void Dispose() => handle.Dispose();
}
