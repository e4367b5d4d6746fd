using System.Numerics;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Turns index arrays into offsets: for position p, the sum over the arrays of
/// index[p] * stride(axis). Negative indices count from the end. An index outside its axis is an
/// error, where MLX would read or write memory that is not the array's.
/// </summary>
internal sealed unsafe class IndexReader
{
    private readonly string op;
    private readonly Node[] indices;
    private readonly int[] axes;
    private readonly int[] lengths;
    private readonly long[] scales;
    private readonly int[] room;
    private readonly int[] shape;
    private readonly long[][] strides;

    /// <summary>
    /// Indices are <c>inputs[1]</c> on, of one shape, one for each of <paramref name="axes"/> of
    /// an array of the given shape and strides; <paramref name="window"/> is the length taken along
    /// each axis from the index on.
    /// </summary>
    public IndexReader(
        string op, ReadOnlySpan<Node> indices, int[] axes, int[] arrayShape, long[] arrayStrides,
        ReadOnlySpan<int> window)
    {
        this.op = op;
        this.indices = indices.ToArray();
        this.axes = axes;
        lengths = Array.ConvertAll(axes, a => arrayShape[a]);
        scales = Array.ConvertAll(axes, a => arrayStrides[a]);
        room = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            room[i] = arrayShape[axes[i]] - window[axes[i]];
        }

        var steps = Array.ConvertAll(this.indices, n => n.Strides);
        (shape, strides) = indices.Length > 0 ? Axes.Merge(indices[0].Shape, steps) : ([1], []);
        Count = indices.Length > 0 ? indices[0].Size : 1;
    }

    /// <summary>How many positions there are.</summary>
    public long Count { get; }

    /// <summary>Offsets (in elements) of the positions from <paramref name="start"/> on.</summary>
    public void Read(long start, Span<long> offsets)
    {
        offsets.Clear();
        for (var i = 0; i < indices.Length; i++)
        {
            switch (indices[i].Dtype)
            {
                case Dtype.UInt8: Read<byte>(i, start, offsets); break;
                case Dtype.UInt16: Read<ushort>(i, start, offsets); break;
                case Dtype.UInt32: Read<uint>(i, start, offsets); break;
                case Dtype.UInt64: Read<ulong>(i, start, offsets); break;
                case Dtype.Int8: Read<sbyte>(i, start, offsets); break;
                case Dtype.Int16: Read<short>(i, start, offsets); break;
                case Dtype.Int32: Read<int>(i, start, offsets); break;
                default: Read<long>(i, start, offsets); break;
            }
        }
    }

    /// <summary>The offset when the indices are the elements of one array.</summary>
    public long ReadOne(Node positions)
    {
        long offset = 0;
        for (var i = 0; i < axes.Length; i++)
        {
            var index = At(positions, i);
            if ((ulong)Normal(index, lengths[i]) > (ulong)room[i])
            {
                throw OutOfRange(i, index);
            }

            offset += Normal(index, lengths[i]) * scales[i];
        }

        return offset;
    }

    private static long At(Node n, int i)
    {
        var at = n.Data + (n.Rank > 0 ? i * n.Strides[0] : 0) * n.Dtype.Size();
        return n.Dtype switch
        {
            Dtype.UInt8 => *at,
            Dtype.UInt16 => *(ushort*)at,
            Dtype.UInt32 => *(uint*)at,
            Dtype.Int8 => *(sbyte*)at,
            Dtype.Int16 => *(short*)at,
            Dtype.Int32 => *(int*)at,
            _ => *(long*)at,
        };
    }

    private void Read<T>(int which, long start, Span<long> offsets)
        where T : unmanaged, IBinaryInteger<T>
    {
        var (steps, rank) = (strides[which], shape.Length);
        var (length, limit, scale) = (lengths[which], room[which], scales[which]);
        var from = indices[which].As<T>();
        var inner = shape[rank - 1];
        var step = steps[rank - 1];
        var done = 0;
        while (done < offsets.Length)
        {
            // The rest of the row that this position is in.
            var position = start + done;
            var at = position % inner;
            var n = (int)Math.Min(inner - at, offsets.Length - done);
            var row = position / inner;
            var source = from + at * step;
            for (var a = rank - 2; a >= 0; a--)
            {
                source += row % shape[a] * steps[a];
                row /= shape[a];
            }

            for (var i = 0; i < n; i++)
            {
                var index = Normal(long.CreateTruncating(*source), length);
                if ((ulong)index > (ulong)limit)
                {
                    throw OutOfRange(which, long.CreateTruncating(*source));
                }

                offsets[done + i] += index * scale;
                source += step;
            }

            done += n;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Normal(long index, int length) => index + ((index >> 63) & length);

    private IndexOutOfRangeException OutOfRange(int which, long index) => new(
        $"[{op}] Index {index} is out of bounds for axis {axes[which]} with size " +
        $"{lengths[which]}" + (room[which] < lengths[which] - 1
            ? $" and a slice of {lengths[which] - room[which]}."
            : "."));
}
