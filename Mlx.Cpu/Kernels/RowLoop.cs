using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>What is done to one row, contiguous and in the type computed with.</summary>
internal unsafe interface IRowKernel<T>
    where T : unmanaged
{
    /// <summary>Makes the results of row number <paramref name="row"/>; may be in place.</summary>
    void Run(T* x, T* y, long count, long row);
}

/// <summary>
/// Runs a kernel over the last axis: each row of <paramref name="input"/> makes one of
/// <paramref name="output"/>, which is row-major. Rows that are strided or of half precision pass
/// through a buffer.
/// </summary>
internal static unsafe class RowLoop
{
    /// <summary>Elements worth a thread's attention, for kernels of some work an element.
    /// </summary>
    private const long Grain = 8192;

    public static void Run<T, TKernel>(Node input, Node output, TKernel kernel)
        where T : unmanaged
        where TKernel : struct, IRowKernel<T>
    {
        if (input.Size == 0)
        {
            return;
        }

        var axes = stackalloc LoopAxis[input.Rank];
        var count = 0;
        for (var a = 0; a < input.Rank - 1; a++)
        {
            if (input.Shape[a] != 1)
            {
                axes[count++] = new(input.Shape[a], input.Strides[a], 0);
            }
        }

        count = LoopAxis.Join(new Span<LoopAxis>(axes, count));
        var length = input.Rank == 0 ? 1 : input.Shape[^1];
        ParallelFor.Run(
            input.Size / length, 1 + (Grain / length),
            new Body<T, TKernel>(input, output, axes, count, length, kernel));
    }

    private readonly struct Body<T, TKernel>(
        Node input, Node output, LoopAxis* axes, int count, long length, TKernel kernel)
        : IRangeBody
        where T : unmanaged
        where TKernel : struct, IRowKernel<T>
    {
        public void Run(long start, long end)
        {
            var size = input.Dtype.Size();
            var stride = input.Rank == 0 ? 1 : input.Strides[^1];
            var results = output.Rank == 0 ? 1 : output.Shape[^1];
            var outSize = output.Dtype.Size();
            var direct = (stride == 1 || length == 1) && size == sizeof(T);
            var outDirect = outSize == sizeof(T);
            using var buffer = new PackBuffer(
                (nuint)(((direct ? 0 : length) + (outDirect ? 0 : results)) * sizeof(T)));
            var widen = Widening.Widen(input.Dtype);
            var narrow = Widening.Narrow(output.Dtype);
            var index = stackalloc long[count];
            var walk = new AxisWalk(axes, count, index, start);
            for (var row = start; row < end; row++)
            {
                var x = (T*)(input.Data + (walk.In * size));
                var target = output.Data + (row * results * outSize);
                if (!direct)
                {
                    widen((byte*)x, stride, buffer.Data, length);
                    x = (T*)buffer.Data;
                }

                var y = outDirect ? (T*)target : (T*)buffer.Data + (direct ? 0 : length);
                kernel.Run(x, y, length, row);
                if (!outDirect)
                {
                    narrow((byte*)y, target, 1, results);
                }

                walk.Next();
            }
        }
    }
}
