using System.Numerics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Sorts and partitions the lines along one axis. Many lines are shared out between threads; a
/// single long one is sorted by all of them.
/// </summary>
internal static unsafe class SortKernel
{
    /// <summary>
    /// <paramref name="kth"/> is null for a full sort; <paramref name="places"/> asks for positions
    /// (uint32) instead of elements.
    /// </summary>
    public static void Run(Node input, Node output, int axis, int? kth, bool places)
    {
        output.Allocate();
        if (output.Size == 0)
        {
            return;
        }

        var n = input.Shape[axis];
        var job = new Job(input, output, axis, kth, places);
        ParallelFor.Run(input.Size / n, Math.Max(1, 4096 / n), new Lines(job));
    }

    private sealed class Job(Node input, Node output, int axis, int? kth, bool places)
    {
        public readonly Node Input = input;
        public readonly Node Output = output;
        public readonly int Axis = axis;
        public readonly int? Kth = kth;
        public readonly bool Places = places;

        /// <summary>Keys and two copies of keys with positions, whatever the way.</summary>
        public long ScratchBytes =>
            (long)Input.Shape[Axis] * (Input.Dtype.Size() == 8 ? 48 : 24) + 256;
    }

    private readonly struct Lines(Job job) : IRangeBody
    {
        public void Run(long start, long end)
        {
            var scratch = StoragePool.Rent(job.ScratchBytes);
            scratch.Retain();
            try
            {
                for (; start < end; start++)
                {
                    Line(start, scratch.Pointer);
                }
            }
            finally
            {
                scratch.Release();
            }
        }

        private void Line(long line, byte* scratch)
        {
            var (input, output, axis) = (job.Input, job.Output, job.Axis);
            var from = input.Data;
            var to = output.Data;
            for (var a = input.Rank - 1; a >= 0; a--)
            {
                if (a != axis)
                {
                    var at = line % input.Shape[a];
                    line /= input.Shape[a];
                    from += at * input.Strides[a] * input.Dtype.Size();
                    to += at * output.Strides[a] * output.Dtype.Size();
                }
            }

            var n = input.Shape[axis];
            var target = new Target(job, to, output.Strides[axis], n);
            if (input.Dtype.Size() == 8)
            {
                SortKeys.Load(
                    input.Dtype, from, input.Strides[axis], n, (ulong*)scratch, job.Places);
                Wide((ulong*)scratch, n, target);
            }
            else
            {
                SortKeys.Load(
                    input.Dtype, from, input.Strides[axis], n, (uint*)scratch, job.Places);
                Narrow((uint*)scratch, n, target);
            }
        }

        /// <summary>Keys of up to 32 bits; with positions they are items of 64.</summary>
        private void Narrow(uint* keys, int n, Target to)
        {
            var bits = SortKeys.Bits(job.Input.Dtype);
            var more = keys + ((n + RankSort.Lanes + 1) & ~1);
            var items = (ulong*)more;
            if (n < Radix.Small && job.Kth is null)
            {
                RankSort.Ranks(keys, n, more);
                to.Write(keys, more);
            }
            else if (job.Places && (job.Kth is null || n <= Introselect.Longest))
            {
                for (var i = 0; i < n; i++)
                {
                    items[i] = ((ulong)keys[i] << 32) | (uint)i;
                }

                if (job.Kth is not { } k)
                {
                    to.Places(Radix.Sort<ulong, Key64>(items, items + n, n, 32, 32 + bits));
                }
                else if (Introselect.TryRun(items, n, k))
                {
                    to.Places(items);
                }
                else
                {
                    Partition<uint, Key32>(keys, more, n, k, bits, to);
                }
            }
            else if (job.Kth is { } k)
            {
                new ReadOnlySpan<uint>(keys, n).CopyTo(new Span<uint>(more, n));
                if (n <= Introselect.Longest && Introselect.TryRun(more, n, k))
                {
                    to.Elements(more);
                }
                else
                {
                    Partition<uint, Key32>(keys, more, n, k, bits, to);
                }
            }
            else
            {
                to.Elements(Radix.Sort<uint, Key32>(keys, more, n, 0, bits));
            }
        }

        private void Wide(ulong* keys, int n, Target to)
        {
            var items = (KeyAndPlace*)(keys + n);
            if (job.Places && (job.Kth is null || n <= Introselect.Longest))
            {
                for (var i = 0; i < n; i++)
                {
                    items[i] = new KeyAndPlace(keys[i], (uint)i);
                }

                if (job.Kth is not { } k)
                {
                    if (n < 2 * Radix.Small)
                    {
                        new Span<KeyAndPlace>(items, n).Sort();
                        to.Places(items);
                    }
                    else
                    {
                        to.Places(Radix.Sort<KeyAndPlace, KeyAndPlace>(items, items + n, n, 0, 64));
                    }
                }
                else if (Introselect.TryRun(items, n, k))
                {
                    to.Places(items);
                }
                else
                {
                    Partition<ulong, Key64>(keys, keys + n, n, k, 64, to);
                }
            }
            else if (job.Kth is { } k)
            {
                var copy = keys + n;
                new ReadOnlySpan<ulong>(keys, n).CopyTo(new Span<ulong>(copy, n));
                if (n <= Introselect.Longest && Introselect.TryRun(copy, n, k))
                {
                    to.Elements(copy);
                }
                else
                {
                    Partition<ulong, Key64>(keys, copy, n, k, 64, to);
                }
            }
            else if (n < 2 * Radix.Small)
            {
                new Span<ulong>(keys, n).Sort();
                to.Elements(keys);
            }
            else
            {
                to.Elements(Radix.Sort<ulong, Key64>(keys, keys + n, n, 0, 64));
            }
        }

        /// <summary>
        /// Finds the k-th key, then puts the smaller ones, the equal ones and the larger ones one
        /// behind the other, each in their order.
        /// </summary>
        private void Partition<T, TItem>(T* keys, T* scratch, int n, int k, int bits, Target to)
            where T : unmanaged, IBinaryInteger<T>
            where TItem : struct, IRadixItem<T>
        {
            new ReadOnlySpan<T>(keys, n).CopyTo(new Span<T>(scratch, n));
            var pivot = Radix.Select<T, TItem>(scratch, n, k, bits);
            int less = 0, equal = 0;
            for (var i = 0; i < n; i++)
            {
                less += keys[i] < pivot ? 1 : 0;
                equal += keys[i] == pivot ? 1 : 0;
            }

            var (small, same, large) = (0, less, less + equal);
            for (var i = 0; i < n; i++)
            {
                var at = keys[i] < pivot ? small++ : keys[i] == pivot ? same++ : large++;
                if (job.Places)
                {
                    to.Place(at, (uint)i);
                }
                else
                {
                    scratch[at] = keys[i];
                }
            }

            if (!job.Places)
            {
                to.Elements(scratch);
            }
        }
    }

    /// <summary>Where a line's result goes.</summary>
    private readonly struct Target(Job job, byte* to, long step, int n)
    {
        public void Place(int at, uint place) => ((uint*)to)[at * step] = place;

        public void Places(ulong* items)
        {
            for (var i = 0; i < n; i++)
            {
                Place(i, (uint)items[i]);
            }
        }

        public void Places(KeyAndPlace* items)
        {
            for (var i = 0; i < n; i++)
            {
                Place(i, items[i].Place);
            }
        }

        public void Elements<T>(T* keys) where T : unmanaged
        {
            if (typeof(T) == typeof(uint))
            {
                SortKeys.Store(job.Input.Dtype, (uint*)keys, to, step, n);
            }
            else
            {
                SortKeys.Store(job.Input.Dtype, (ulong*)keys, to, step, n);
            }
        }

        /// <summary>Every key, or its position, to its rank.</summary>
        public void Write(uint* keys, uint* ranks)
        {
            if (job.Places)
            {
                for (var i = 0; i < n; i++)
                {
                    Place((int)ranks[i], (uint)i);
                }

                return;
            }

            var sorted = ranks + n;
            for (var i = 0; i < n; i++)
            {
                sorted[ranks[i]] = keys[i];
            }

            Elements(sorted);
        }
    }
}
