using System.Numerics;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Copies the slice at every index. Slices that lie in one piece are copied as such (rows of an
/// embedding, single elements), others axis by axis.
/// </summary>
internal static unsafe class GatherKernel
{
    private const int Block = 256;

    public static void Run(Node[] inputs, int[] axes, int[] sizes, Node output)
    {
        var source = inputs[0];
        var reader = new IndexReader(
            "gather", inputs.AsSpan(1), axes, source.Shape, source.Strides, sizes);
        var slice = Shapes.Size(sizes);
        var bytes = slice * source.Dtype.Size();
        var body = new Body(reader, source, sizes, output, slice, IsOnePiece(source, sizes));
        ParallelFor.Run(reader.Count, Math.Max(1, 65536 / Math.Max(32, bytes)), body);
    }

    private static bool IsOnePiece(Node source, int[] sizes)
    {
        long step = 1;
        for (var a = sizes.Length - 1; a >= 0; a--)
        {
            if (sizes[a] != 1)
            {
                if (source.Strides[a] != step)
                {
                    return false;
                }

                step *= sizes[a];
            }
        }

        return true;
    }

    private struct Body(
        IndexReader reader, Node source, int[] sizes, Node output, long slice, bool onePiece)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            Span<long> offsets = stackalloc long[Block];
            var width = source.Dtype.Size();
            var target = output.Data + start * slice * width;
            Span<long> steps = stackalloc long[sizes.Length];
            Transfer.RowSteps(sizes, steps);
            for (; start < end; start += Block)
            {
                var part = offsets[..(int)Math.Min(Block, end - start)];
                reader.Read(start, part);
                if (onePiece && slice == 1)
                {
                    Elements(part, source.Data, target, width);
                }
                else
                {
                    for (var i = 0; i < part.Length; i++)
                    {
                        var from = source.Data + part[i] * width;
                        var to = target + i * slice * width;
                        if (onePiece)
                        {
                            Buffer.MemoryCopy(from, to, slice * width, slice * width);
                        }
                        else
                        {
                            Transfer.Copy(from, source.Strides, to, steps, sizes, width);
                        }
                    }
                }

                target += part.Length * slice * width;
            }
        }
    }

    private static void Elements(ReadOnlySpan<long> offsets, byte* from, byte* to, int width)
    {
        switch (width)
        {
            case 1: Elements(offsets, from, to); break;
            case 2: Elements(offsets, (ushort*)from, (ushort*)to); break;
            case 4: Elements(offsets, (uint*)from, (uint*)to); break;
            default: Elements(offsets, (ulong*)from, (ulong*)to); break;
        }
    }

    private static void Elements<T>(ReadOnlySpan<long> offsets, T* from, T* to)
        where T : unmanaged
    {
        for (var i = 0; i < offsets.Length; i++)
        {
            to[i] = from[offsets[i]];
        }
    }
}
