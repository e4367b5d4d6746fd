using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// A file in memory, read as it is touched. It lives as long as somebody counts on it: the one who
/// opened it, and each array that looks into it.
/// </summary>
internal sealed unsafe class FileMapping : IDisposable
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private int users = 1;

    public FileMapping(FileStream stream)
    {
        Length = stream.Length;
        file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* p = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref p);
        start = p + view.PointerOffset;
    }

    public long Length { get; }

    /// <summary>An array over a stretch of the file that the caller has checked.</summary>
    public MlxArray Array(long offset, long bytes, ReadOnlySpan<int> shape, DType dtype)
    {
        if (offset < 0 || bytes < 0 || offset > Length - bytes)
        {
            throw new ArgumentOutOfRangeException(nameof(offset));
        }

        // MLX may hand the memory to a GPU, whose demands a read-only mapping does not meet, and
        // copies anyway where it cannot; our own engine reads in place, if aligned.
        var p = start + offset;
        return Engine.IsMlx || bytes == 0 || (nint)p % dtype.Size() != 0
            ? Copy(p, shape, dtype)
            : View(p, shape, dtype);
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref users) == 0)
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file.Dispose();
        }
    }

    private static MlxArray Copy(byte* p, ReadOnlySpan<int> shape, DType dtype)
    {
        fixed (int* s = shape)
        {
            var a = Native.mlx_array_new_data(p, s, shape.Length, (mlx_dtype)dtype);
            Result.Check(a.ctx == 0 ? 1 : 0, nameof(Native.mlx_array_new_data));
            return MlxArray.Own(a);
        }
    }

    private MlxArray View(byte* p, ReadOnlySpan<int> shape, DType dtype)
    {
        Interlocked.Increment(ref users);
        var payload = (void*)GCHandle.ToIntPtr(GCHandle.Alloc(this));
        fixed (int* s = shape)
        {
            var a = Native.mlx_array_new_data_managed_payload(
                p, s, shape.Length, (mlx_dtype)dtype, payload, &Release);
            Result.Check(a.ctx == 0 ? 1 : 0, nameof(Native.mlx_array_new_data_managed_payload));
            return MlxArray.Own(a);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(void* payload)
    {
        var handle = GCHandle.FromIntPtr((nint)payload);
        var mapping = (FileMapping)handle.Target!;
        handle.Free();
        mapping.Dispose();
    }
}
