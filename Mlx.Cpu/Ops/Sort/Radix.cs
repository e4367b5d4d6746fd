using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>An item of a radix sort: where its key's bits are.</summary>
internal interface IRadixItem<T> where T : unmanaged
{
    static abstract uint Digit(T item, int shift, uint mask);
}

internal readonly struct Key32 : IRadixItem<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Digit(uint item, int shift, uint mask) => (item >> shift) & mask;
}

/// <summary>A key of 64 bits, or one of 32 above a position.</summary>
internal readonly struct Key64 : IRadixItem<ulong>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Digit(ulong item, int shift, uint mask) => (uint)(item >> shift) & mask;
}

/// <summary>A key of 64 bits beside a position.</summary>
internal readonly record struct KeyAndPlace(ulong Key, uint Place) : IRadixItem<KeyAndPlace>,
    IComparable<KeyAndPlace>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Digit(KeyAndPlace item, int shift, uint mask) =>
        (uint)(item.Key >> shift) & mask;

    public int CompareTo(KeyAndPlace other) =>
        Key != other.Key ? Key.CompareTo(other.Key) : Place.CompareTo(other.Place);
}

/// <summary>
/// Least significant digit first, by counting: stable, and linear in the number of items. Long
/// sequences are cut into parts that threads count and move by themselves: the counts of all parts
/// together say where each part's items of a digit go.
/// </summary>
internal static unsafe class Radix
{
    /// <summary>Below this, comparing is faster than counting.</summary>
    public const int Small = 192;

    private const int LongSequence = 32768;

    /// <summary>
    /// Sorts by the bits from <paramref name="low"/> up to <paramref name="high"/>; answers which
    /// of the two buffers holds the result.
    /// </summary>
    public static T* Sort<T, TItem>(T* items, T* scratch, long n, int low, int high)
        where T : unmanaged where TItem : struct, IRadixItem<T>
    {
        var width = n < LongSequence ? 8 : 11;
        var passes = (high - low + width - 1) / width;
        width = (high - low + passes - 1) / passes;
        var parts = n < LongSequence ? 1 : ParallelFor.AvailableDegree * 2;
        var buckets = 1 << width;
        var storage = StoragePool.Rent((long)parts * buckets * sizeof(uint));
        storage.Retain();
        try
        {
            var counts = (uint*)storage.Pointer;
            for (var pass = 0; pass < passes; pass++)
            {
                var step = new Step<T, TItem>(
                    items, scratch, n, parts, counts, buckets, low + pass * width);
                ParallelFor.Run(parts, 1, new Count<T, TItem>(step));
                if (Places(counts, parts, buckets, n))
                {
                    ParallelFor.Run(parts, 1, new Move<T, TItem>(step));
                    var swap = items;
                    items = scratch;
                    scratch = swap;
                }
            }
        }
        finally
        {
            storage.Release();
        }

        return items;
    }

    /// <summary>
    /// Turns counts into the place of each part's first item of each digit. False if all items
    /// have the same digit, so that nothing would move.
    /// </summary>
    private static bool Places(uint* counts, int parts, int buckets, long n)
    {
        uint place = 0;
        for (var d = 0; d < buckets; d++)
        {
            var first = place;
            for (var p = 0; p < parts; p++)
            {
                var at = counts + (long)p * buckets + d;
                var c = *at;
                *at = place;
                place += c;
            }

            if (place - first == n)
            {
                return false;
            }
        }

        return true;
    }

    private readonly struct Step<T, TItem>(
        T* from, T* to, long n, int parts, uint* counts, int buckets, int shift)
        where T : unmanaged where TItem : struct, IRadixItem<T>
    {
        public void Count(long part)
        {
            var c = counts + part * buckets;
            new Span<uint>(c, buckets).Clear();
            var mask = (uint)buckets - 1;
            var end = n * (part + 1) / parts;
            for (var i = n * part / parts; i < end; i++)
            {
                c[TItem.Digit(from[i], shift, mask)]++;
            }
        }

        public void Move(long part)
        {
            var c = counts + part * buckets;
            var (mask, s) = ((uint)buckets - 1, shift);
            var end = n * (part + 1) / parts;
            var source = from;
            var target = to;
            for (var i = n * part / parts; i < end; i++)
            {
                var item = source[i];
                target[c[TItem.Digit(item, s, mask)]++] = item;
            }
        }
    }

    private readonly struct Count<T, TItem>(Step<T, TItem> step) : IRangeBody
        where T : unmanaged where TItem : struct, IRadixItem<T>
    {
        public void Run(long start, long end)
        {
            for (; start < end; start++)
            {
                step.Count(start);
            }
        }
    }

    private readonly struct Move<T, TItem>(Step<T, TItem> step) : IRangeBody
        where T : unmanaged where TItem : struct, IRadixItem<T>
    {
        public void Run(long start, long end)
        {
            for (; start < end; start++)
            {
                step.Move(start);
            }
        }
    }

    /// <summary>
    /// The k-th smallest of some keys (which are used up): looks at the highest digits first and
    /// goes on with the one bucket that the k-th key is in.
    /// </summary>
    public static T Select<T, TItem>(T* keys, long n, long k, int high)
        where T : unmanaged where TItem : struct, IRadixItem<T>
    {
        const int Width = 8;
        var counts = stackalloc uint[1 << Width];
        for (var shift = high - Width; shift >= 0 && n > 1; shift -= Width)
        {
            new Span<uint>(counts, 1 << Width).Clear();
            for (long i = 0; i < n; i++)
            {
                counts[TItem.Digit(keys[i], shift, (1 << Width) - 1)]++;
            }

            uint digit = 0;
            for (; k >= counts[digit]; digit++)
            {
                k -= counts[digit];
            }

            if (counts[digit] == n)
            {
                continue;
            }

            long kept = 0;
            for (long i = 0; i < n; i++)
            {
                keys[kept] = keys[i];
                kept += TItem.Digit(keys[i], shift, (1 << Width) - 1) == digit ? 1 : 0;
            }

            n = kept;
        }

        return keys[0];
    }
}
