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
        var lines = input.Size / n;
        var job = new Job(input, output, axis, kth, places);
        var bytes = (long)n * (input.Dtype.Size() == 8 ? 40 : 24);
        ParallelFor.Run(lines, Math.Max(1, 4096 / n), new Body(job, bytes));
    }

    private sealed class Job(Node input, Node output, int axis, int? kth, bool places)
    {
        public readonly Node Input = input;
        public readonly Node Output = output;
        public readonly int Axis = axis;
        public readonly int? Kth = kth;
        public readonly bool Places = places;
    }

    private readonly struct Body(Job job, long bytes) : IRangeBody
    {
        public void Run(long start, long end)
        {
            var scratch = StoragePool.Rent(bytes);
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
            var (fromStep, toStep) = (input.Strides[axis], output.Strides[axis]);
            if (input.Dtype.Size() == 8)
            {
                var keys = (ulong*)scratch;
                SortKeys.Load(input.Dtype, from, fromStep, n, keys, job.Places);
                Wide(keys, n, to, toStep);
            }
            else
            {
                var keys = (uint*)scratch;
                SortKeys.Load(input.Dtype, from, fromStep, n, keys, job.Places);
                Narrow(keys, n, to, toStep);
            }
        }

        private void Narrow(uint* keys, int n, byte* to, long step)
        {
            var dtype = job.Input.Dtype;
            var bits = SortKeys.Bits(dtype);
            if (job.Kth is { } kth)
            {
                if (n > Introselect.Longest || !TryNarrow(keys, n, kth, to, step))
                {
                    Partition<uint, Key32>(keys, keys + n, n, kth, bits, to, step);
                }

                return;
            }

            if (job.Places)
            {
                var items = (ulong*)(keys + n + (n & 1));
                for (var i = n - 1; i >= 0; i--)
                {
                    items[i] = ((ulong)keys[i] << 32) | (uint)i;
                }

                var sorted = items;
                if (n < Radix.Small)
                {
                    new Span<ulong>(items, n).Sort();
                }
                else
                {
                    sorted = Radix.Sort<ulong, Key64>(items, items + n, n, 32, 32 + bits);
                }

                for (var i = 0; i < n; i++)
                {
                    ((uint*)to)[i * step] = (uint)sorted[i];
                }

                return;
            }

            if (n < Radix.Small)
            {
                new Span<uint>(keys, n).Sort();
            }
            else
            {
                keys = Radix.Sort<uint, Key32>(keys, keys + n, n, 0, bits);
            }

            if (dtype == Dtype.Float32 && step == 1)
            {
                SortKeys.StoreFloats(keys, (uint*)to, n);
            }
            else
            {
                SortKeys.Store(dtype, keys, to, step, n);
            }
        }

        private void Wide(ulong* keys, int n, byte* to, long step)
        {
            if (job.Kth is { } kth)
            {
                if (n > Introselect.Longest || !TryWide(keys, n, kth, to, step))
                {
                    Partition<ulong, Key64>(keys, keys + n, n, kth, 64, to, step);
                }

                return;
            }

            if (job.Places)
            {
                var items = (KeyAndPlace*)(keys + n);
                for (var i = 0; i < n; i++)
                {
                    items[i] = new KeyAndPlace(keys[i], (uint)i);
                }

                var sorted = items;
                if (n < 2 * Radix.Small)
                {
                    new Span<KeyAndPlace>(items, n).Sort();
                }
                else
                {
                    sorted = Radix.Sort<KeyAndPlace, KeyAndPlace>(items, items + n, n, 0, 64);
                }

                for (var i = 0; i < n; i++)
                {
                    ((uint*)to)[i * step] = sorted[i].Place;
                }

                return;
            }

            if (n < 2 * Radix.Small)
            {
                new Span<ulong>(keys, n).Sort();
            }
            else
            {
                keys = Radix.Sort<ulong, Key64>(keys, keys + n, n, 0, 64);
            }

            SortKeys.Store(job.Input.Dtype, keys, to, step, n);
        }

        private bool TryNarrow(uint* keys, int n, int kth, byte* to, long step)
        {
            var items = (ulong*)(keys + n + (n & 1));
            for (var i = 0; i < n; i++)
            {
                items[i] = ((ulong)keys[i] << 32) | (uint)i;
            }

            var values = (uint*)(items + n);
            new ReadOnlySpan<uint>(keys, n).CopyTo(new Span<uint>(values, n));
            if (!(job.Places ? Introselect.TryRun(items, n, kth) : Introselect.TryRun(values, n, kth)))
            {
                return false;
            }

            if (!job.Places)
            {
                SortKeys.Store(job.Input.Dtype, values, to, step, n);
                return true;
            }

            for (var i = 0; i < n; i++)
            {
                ((uint*)to)[i * step] = (uint)items[i];
            }

            return true;
        }

        private bool TryWide(ulong* keys, int n, int kth, byte* to, long step)
        {
            var items = (KeyAndPlace*)(keys + n);
            for (var i = 0; i < n; i++)
            {
                items[i] = new KeyAndPlace(keys[i], (uint)i);
            }

            var values = (ulong*)(items + n);
            new ReadOnlySpan<ulong>(keys, n).CopyTo(new Span<ulong>(values, n));
            if (!(job.Places ? Introselect.TryRun(items, n, kth) : Introselect.TryRun(values, n, kth)))
            {
                return false;
            }

            if (!job.Places)
            {
                SortKeys.Store(job.Input.Dtype, values, to, step, n);
                return true;
            }

            for (var i = 0; i < n; i++)
            {
                ((uint*)to)[i * step] = items[i].Place;
            }

            return true;
        }

        /// <summary>
        /// Finds the k-th key, then writes the smaller ones, the equal ones and the larger ones,
        /// each in their order: as many smaller ones come first as there are.
        /// </summary>
        private void Partition<T, TItem>(
            T* keys, T* scratch, int n, int kth, int bits, byte* to, long step)
            where T : unmanaged, IBinaryInteger<T>
            where TItem : struct, IRadixItem<T>
        {
            new ReadOnlySpan<T>(keys, n).CopyTo(new Span<T>(scratch, n));
            var pivot = Radix.Select<T, TItem>(scratch, n, kth, bits);
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
                    ((uint*)to)[at * step] = (uint)i;
                }
                else
                {
                    scratch[at] = keys[i];
                }
            }

            if (job.Places)
            {
                return;
            }

            if (typeof(T) == typeof(uint))
            {
                SortKeys.Store(job.Input.Dtype, (uint*)scratch, to, step, n);
            }
            else
            {
                SortKeys.Store(job.Input.Dtype, (ulong*)scratch, to, step, n);
            }
        }
    }
}
