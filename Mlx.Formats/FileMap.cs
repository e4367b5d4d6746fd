using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Mlx.Formats;

/// <summary>
/// A file as memory, read page by page as it is touched. It outlives the handle it was made from.
/// </summary>
internal sealed unsafe class FileMap : IDisposable
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    public FileMap(SafeFileHandle handle, long length)
    {
        file = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* p = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref p);
        Start = p + view.PointerOffset;
        Length = length;
    }

    public byte* Start { get; }

    public long Length { get; }

    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
