using System.Numerics;

namespace Mlx.Cpu.Graph;

/// <summary>
/// Recycles blocks by size class: four classes to a power of two, so at most a fifth is wasted and
/// a training loop, which asks for the same sizes again and again, never reaches the allocator.
/// The free list is last-in first-out: the block handed out is the one still warm in the cache.
/// </summary>
internal static unsafe class StoragePool
{
    private const int SmallestBlock = 64;
    private const int Classes = 4 * 48;

    private static readonly Lock Gate = new();
    private static readonly Stack<Storage>?[] Free = new Stack<Storage>?[Classes];
    private static long active;
    private static long cached;
    private static long peak;
    private static long cacheLimit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
    private static long memoryLimit = (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 0.95);

    public static long ActiveBytes => Volatile.Read(ref active);

    public static long CachedBytes => Volatile.Read(ref cached);

    public static long PeakBytes => Volatile.Read(ref peak);

    public static long MemoryLimit => Volatile.Read(ref memoryLimit);

    public static Storage Rent(long bytes)
    {
        var index = ClassOf(bytes, out var size);
        Storage? s = null;
        lock (Gate)
        {
            if (Free[index] is { Count: > 0 } stack)
            {
                s = stack.Pop();
                cached -= size;
            }

            active += size;
            peak = Math.Max(peak, active);
        }

        if (s is null)
        {
            try
            {
                s = Allocate(size);
            }
            catch
            {
                lock (Gate)
                {
                    active -= size;
                }

                throw;
            }
        }

        s.Start();
        return s;
    }

    internal static void Return(Storage s)
    {
        var index = ClassOf(s.Bytes, out _);
        lock (Gate)
        {
            active -= s.Bytes;
            if (cached + s.Bytes <= cacheLimit)
            {
                cached += s.Bytes;
                (Free[index] ??= new Stack<Storage>()).Push(s);
                return;
            }
        }

        s.Free();
    }

    public static void Clear() => Trim(0);

    public static long SetCacheLimit(long bytes)
    {
        var old = Interlocked.Exchange(ref cacheLimit, bytes);
        Trim(bytes);
        return old;
    }

    public static long SetMemoryLimit(long bytes) => Interlocked.Exchange(ref memoryLimit, bytes);

    public static void ResetPeak() => Interlocked.Exchange(ref peak, 0);

    private static Storage Allocate(long size)
    {
        // A pool that hoards while the system has nothing left would fail needlessly.
        try
        {
            return new Storage(AlignedMemory.Allocate(checked((nuint)size)), size);
        }
        catch (OutOfMemoryException)
        {
            Clear();
            return new Storage(AlignedMemory.Allocate(checked((nuint)size)), size);
        }
    }

    private static void Trim(long limit)
    {
        var victims = new List<Storage>();
        lock (Gate)
        {
            for (var i = Classes - 1; i >= 0 && cached > limit; i--)
            {
                while (cached > limit && Free[i] is { Count: > 0 } stack)
                {
                    var s = stack.Pop();
                    cached -= s.Bytes;
                    victims.Add(s);
                }
            }
        }

        victims.ForEach(s => s.Free());
    }

    /// <summary>The class of a request and the size of its blocks.</summary>
    private static int ClassOf(long bytes, out long size)
    {
        if (bytes <= SmallestBlock)
        {
            size = SmallestBlock;
            return 0;
        }

        // Within [2^p, 2^(p+1)) the classes end at 1.25, 1.5, 1.75 and 2 times 2^p.
        var p = BitOperations.Log2((ulong)(bytes - 1));
        var quarter = 1L << (p - 2);
        var step = (bytes - (1L << p) + quarter - 1) / quarter;
        size = (1L << p) + step * quarter;
        return 4 * (p - 6) + (int)step;
    }
}
