using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>What is done to one row, contiguous and in the type computed with.</summary>
internal unsafe interface IRowKernel<T>
    where T : unmanaged
{
    /// <summary>Makes the results of a row; may be in place.</summary>
    void Run(T* x, T* y, long count);
}

/// <summary>
/// Runs a kernel over the last axis: each row of the input makes one of the output, which is
/// row-major. Rows that are strided or of half precision pass through a buffer.
/// </summary>
internal static unsafe class RowLoop
{
    /// <summary>Elements worth a thread's attention, for kernels of some work an element.
    /// </summary>
    public const long Grain = 8192;

    public static void Run<T, TKernel>(Node input, Node output, TKernel kernel)
        where T : unmanaged
        where TKernel : struct, IRowKernel<T>
    {
        if (input.Size > 0)
        {
            var length = input.Shape[^1];
            ParallelFor.Run(
                input.Size / length, 1 + (Grain / length),
                new Body<T, TKernel>(input, output, kernel));
        }
    }

    private readonly struct Body<T, TKernel>(Node input, Node output, TKernel kernel) : IRangeBody
        where T : unmanaged
        where TKernel : struct, IRowKernel<T>
    {
        public void Run(long start, long end)
        {
            long length = input.Shape[^1];
            var inBuffer = RowReader<T>.IsDirect(input) ? 0 : length;
            var outBuffer = output.Dtype.Size() == sizeof(T) ? 0 : output.Shape[^1];
            using var buffer = new PackBuffer((nuint)((inBuffer + outBuffer) * sizeof(T)));
            var axes = stackalloc LoopAxis[input.Rank];
            var index = stackalloc long[input.Rank];
            var reader = new RowReader<T>(input, start, axes, index, (T*)buffer.Data);
            var writer = new RowWriter<T>(output, (T*)buffer.Data + inBuffer);
            for (var row = start; row < end; row++)
            {
                kernel.Run(reader.Next(), writer.Begin(row), length);
                writer.End(row);
            }
        }
    }
}
