using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;
using Mlx.Formats;

namespace Mlx.Core;

/// <summary>
/// Memory of ours that arrays look into. It lives as long as somebody counts on it: the one who
/// made it, and each array.
/// </summary>
internal abstract unsafe class LentMemory(byte* start) : IDisposable
{
    private int users = 1;

    public byte* Start => start;

    /// <summary>An array over a stretch that the caller has checked.</summary>
    public MlxArray Array(long offset, ReadOnlySpan<int> shape, DType dtype)
    {
        // MLX may hand the memory to a GPU, whose demands ours does not meet, and copies anyway
        // where it cannot; our own engine reads in place, if aligned.
        var p = start + offset;
        return Engine.IsMlx || shape.Contains(0) || (nint)p % dtype.Size() != 0
            ? Copy(p, shape, dtype)
            : View(p, shape, dtype);
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref users) == 0)
        {
            Free();
        }
    }

    protected abstract void Free();

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
        var memory = (LentMemory)handle.Target!;
        handle.Free();
        memory.Dispose();
    }
}

/// <summary>A mapped file.</summary>
internal sealed unsafe class MappedMemory(FileMap map) : LentMemory(map.Start)
{
    protected override void Free() => map.Dispose();
}

/// <summary>A block that is filled and then lent. The collector is told of it.</summary>
internal sealed unsafe class BlockMemory : LentMemory
{
    private const int Alignment = 64;

    private static long taken;

    private readonly long bytes;

    /// <summary>Bytes of all blocks since the start, those given back included.</summary>
    public static long Taken => Interlocked.Read(ref taken);

    public BlockMemory(long bytes)
        : base((byte*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(bytes, 1)), Alignment))
    {
        this.bytes = Math.Max(bytes, 1);
        Interlocked.Add(ref taken, this.bytes);
        GC.AddMemoryPressure(this.bytes);
    }

    protected override void Free()
    {
        NativeMemory.AlignedFree(Start);
        GC.RemoveMemoryPressure(bytes);
    }
}
