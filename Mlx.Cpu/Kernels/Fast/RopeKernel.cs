using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Rotates rows by tables of cosines and sines, which are made once for all rows of a position.
/// </summary>
internal static unsafe class RopeKernel
{
    public static void Run(Node x, Node offset, Node? freqs, Node y, RopeSettings settings)
    {
        // Attention asks for its rows in another order of axes: they stay as they lie.
        if (x.IsDense && x.Strides[^1] == 1)
        {
            y.TakeOrAllocateLike(x);
        }
        else
        {
            y.Allocate();
        }

        if (x.Size == 0)
        {
            return;
        }

        var (positions, half) = (x.Shape[^2], settings.Dims / 2);
        var tables = offset.Size;
        using var buffer = new PackBuffer((nuint)((tables * positions * settings.Dims) + half) * 4);
        var inverse = (float*)buffer.Data;
        for (var i = 0; i < half; i++)
        {
            inverse[i] = freqs is null
                ? MathF.Exp(-i * (MathF.Log(settings.Base) / half))
                : 1 / freqs.As<float>()[i * freqs.Strides[0]];
        }

        var table = inverse + half;
        ParallelFor.Run(
            tables * positions, 1 + (1024 / half),
            new Tables(offset, inverse, table, positions, settings));
        ParallelFor.Run(
            x.Size / x.Shape[^1], 1 + (RowLoop.Grain / x.Shape[^1]),
            new Rotation(x, y, table, tables > 1, settings));
    }

    /// <summary>For each position the cosines and then the sines of its pairs.</summary>
    private readonly struct Tables(
        Node offset, float* inverse, float* table, int positions, RopeSettings settings)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            var half = settings.Dims / 2;
            var pad = stackalloc float[16];
            for (var row = start; row < end; row++)
            {
                var from = (row / positions) * (offset.Rank == 0 ? 0 : offset.Strides[0]);
                float first = offset.Dtype == Dtype.UInt32
                    ? offset.As<uint>()[from]
                    : offset.As<int>()[from];
                var position = Vector512.Create(((row % positions) + first) * settings.Scale);
                var cos = table + (row * settings.Dims);
                var sin = cos + half;
                var sign = Vector512.Create(settings.Forward ? 1f : -1f);
                for (var i = 0; i < half; i += 16)
                {
                    var n = Math.Min(16, half - i);
                    new Span<float>(pad, 16).Clear();
                    new Span<float>(inverse + i, n).CopyTo(new Span<float>(pad, 16));
                    var angle = position * Vector512.Load(pad);
                    VectorMath.Cos(angle).Store(pad);
                    new Span<float>(pad, n).CopyTo(new Span<float>(cos + i, n));
                    (VectorMath.Sin(angle) * sign).Store(pad);
                    new Span<float>(pad, n).CopyTo(new Span<float>(sin + i, n));
                }
            }
        }
    }

    private readonly struct Rotation(
        Node x, Node y, float* table, bool perBatch, RopeSettings settings) : IRangeBody
    {
        public void Run(long start, long end)
        {
            var (positions, length) = (x.Shape[^2], x.Shape[^1]);
            var rowsOfBatch = x.Size / length / x.Shape[0];
            var axes = stackalloc LoopAxis[x.Rank];
            var count = 0;
            for (var a = 0; a < x.Rank - 1; a++)
            {
                axes[count++] = new(x.Shape[a], x.Strides[a], y.Strides[a]);
            }

            var index = stackalloc long[count];
            var walk = new AxisWalk(axes, count, index, start);
            if (x.Dtype == Dtype.Float32 && x.Strides[^1] == 1)
            {
                for (var row = start; row < end; row++)
                {
                    var batch = perBatch ? row / rowsOfBatch : 0;
                    Row(
                        x.As<float>() + walk.In, y.As<float>() + walk.Out,
                        table + (((batch * positions) + (row % positions)) * settings.Dims), length);
                    walk.Next();
                }

                return;
            }

            using var buffer = new PackBuffer((nuint)length * 8);
            var widen = Widening.Widen(x.Dtype);
            var narrow = Widening.Narrow(y.Dtype);
            for (var row = start; row < end; row++)
            {
                var batch = perBatch ? row / rowsOfBatch : 0;
                var wide = (float*)buffer.Data;
                widen(x.Data + (walk.In * x.Dtype.Size()), x.Strides[^1], buffer.Data, length);
                Row(
                    wide, wide,
                    table + (((batch * positions) + (row % positions)) * settings.Dims), length);
                narrow(buffer.Data, y.Data + (walk.Out * y.Dtype.Size()), 1, length);
                walk.Next();
            }
        }

        /// <summary>May be in place.</summary>
        private void Row(float* from, float* to, float* cos, int length)
        {
            var half = settings.Dims / 2;
            var sin = cos + half;
            if (settings.Traditional)
            {
                for (var i = 0; i < half; i++)
                {
                    var (a, b) = (from[2 * i], from[(2 * i) + 1]);
                    to[2 * i] = (a * cos[i]) - (b * sin[i]);
                    to[(2 * i) + 1] = (a * sin[i]) + (b * cos[i]);
                }
            }
            else
            {
                var i = 0;
                for (; i <= half - 16; i += 16)
                {
                    var (a, b) = (Vector512.Load(from + i), Vector512.Load(from + half + i));
                    var (c, s) = (Vector512.Load(cos + i), Vector512.Load(sin + i));
                    ((a * c) - (b * s)).Store(to + i);
                    ((a * s) + (b * c)).Store(to + half + i);
                }

                for (; i < half; i++)
                {
                    var (a, b) = (from[i], from[half + i]);
                    to[i] = (a * cos[i]) - (b * sin[i]);
                    to[half + i] = (a * sin[i]) + (b * cos[i]);
                }
            }

            if (from != to && length > settings.Dims)
            {
                new Span<float>(from + settings.Dims, length - settings.Dims)
                    .CopyTo(new Span<float>(to + settings.Dims, length - settings.Dims));
            }
        }
    }
}
